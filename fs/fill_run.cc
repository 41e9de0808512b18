#include "fs/fill_run.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "core/file_fill.h"

namespace brimfs {
namespace {

void Add(uint64_t id, const FillProgress& progress, std::vector<ControlAnswer>& answers) {
  ControlAnswer& answer = answers.emplace_back();
  answer.id = id;
  answer.what = progress;
}

}  // namespace

// What the jobs of a run have in common, and may outlive it.
struct FillRun::Shared {
  explicit Shared(std::function<void()> tell) : on_end(std::move(tell)) {}

  const std::function<void()> on_end;
  std::stop_source stop;
  std::atomic<uint64_t> brought{0};  // bytes that the files that fit so far took, or will take

  // False: it does not fit beside them.
  bool TakeRoom(uint64_t bytes, uint64_t capacity) {
    uint64_t before = brought;
    do {
      if (before > capacity || bytes > capacity - before) return false;
    } while (!brought.compare_exchange_weak(before, before + bytes));
    return true;
  }
};

struct FillRun::Job {
  Job(uint64_t asked, NodeId of, std::shared_ptr<Shared> run)
      : id(asked), node(of), shared(std::move(run)) {}

  void Run(Filler& filler, const std::stop_token& unmount);
  Status Fill(Filler& filler);

  // Constant after construction.
  const uint64_t id;
  const NodeId node;
  const std::shared_ptr<Shared> shared;

  std::optional<uint64_t> told;  // filled bytes; of the run's thread

  Mutex mu;  // a leaf
  std::shared_ptr<CachedFile> file ABSL_GUARDED_BY(mu);
  FillProgress progress ABSL_GUARDED_BY(mu);
  std::optional<FillProgress> found ABSL_GUARDED_BY(mu);  // as it was before
  std::optional<Status> outcome ABSL_GUARDED_BY(mu);
};

void FillRun::Job::Run(Filler& filler, const std::stop_token& unmount) {
  const std::stop_callback on_unmount(unmount, [this] { shared->stop.request_stop(); });
  ++filler.filling_;
  const Status status = Fill(filler);
  --filler.filling_;
  std::shared_ptr<CachedFile> done;  // let go with no lock held
  {
    MutexLock lock(mu);
    done.swap(file);
    if (done != nullptr) progress.filled = done->FilledBytes();
    outcome = status;
  }
  done.reset();
  shared->on_end();
}

Status FillRun::Job::Fill(Filler& filler) {
  const std::stop_token stop = shared->stop.get_token();
  if (stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
  Result<std::shared_ptr<CachedFile>> opened = filler.filesystem_.OpenBytes(node, stop);
  if (!opened.ok()) return opened.status();
  const uint64_t length = (*opened)->resource().length().value_or(0);
  const uint64_t before = (*opened)->FilledBytes();
  {
    MutexLock lock(mu);
    file = *opened;
    progress.length = length;
    found = FillProgress{before, length};
  }
  const uint64_t missing = length - std::min(length, before);
  if (!shared->TakeRoom(missing, filler.filesystem_.cache().capacity())) {
    return Status(Code::kNoSpace, "the cache has no room for it beside what was filled before");
  }
  // Half of what readers may have ahead of them.
  const uint64_t most =
      std::clamp(filler.filesystem_.cache().readahead() / 2, kFillBlock, Filler::kWindow);
  const auto window = [&filler, most] {
    return std::max(std::min(Filler::kLeastWindow, most),
                    most / std::max<size_t>(1, filler.filling()));
  };
  Status filled = FillFile(**opened, filler.clock_, window, stop);
  if (!filled.ok()) shared->brought -= missing;
  return filled;
}

std::shared_ptr<AheadWork> Filler::WorkOf(const FillShare& share) {
  MutexLock lock(mu_);
  std::erase_if(work_, [](const auto& one) { return one.second.expired(); });
  std::weak_ptr<AheadWork>& known = work_[share.user];
  std::shared_ptr<AheadWork> work = known.lock();
  if (work == nullptr) {
    work = std::make_shared<AheadWork>(share.files, std::numeric_limits<size_t>::max());
    known = work;
  }
  return work;
}

FillRun::FillRun(Filler& filler, FillShare share, std::function<void()> on_end)
    : filler_(filler), share_(share), shared_(std::make_shared<Shared>(std::move(on_end))) {}

FillRun::~FillRun() {
  shared_->stop.request_stop();
  if (work_ != nullptr) work_->Drop(this);
}

Status FillRun::Begin(uint64_t id, NodeId node) {
  if (jobs_.size() >= kMostFiles) return Status(Code::kBusy, "too many fills at a time");
  auto job = std::make_shared<Job>(id, node, shared_);
  jobs_.push_back(job);
  if (work_ == nullptr) work_ = filler_.WorkOf(share_);
  work_->Submit(this, [job = std::move(job), &filler = filler_](const std::stop_token& unmount) {
    job->Run(filler, unmount);
  });
  return OkStatus();
}

std::vector<ControlAnswer> FillRun::Progress() {
  std::vector<ControlAnswer> answers;
  for (const std::shared_ptr<Job>& job : jobs_) {
    std::shared_ptr<CachedFile> file;
    FillProgress progress;
    {
      MutexLock lock(job->mu);
      file = job->file;
      progress = job->progress;
      if (file != nullptr && !job->told) {
        Add(job->id, *job->found, answers);
        job->told = job->found->filled;
      }
    }
    if (file == nullptr) continue;
    progress.filled = file->FilledBytes();
    if (std::exchange(job->told, progress.filled) != progress.filled) {
      Add(job->id, progress, answers);
    }
  }
  return answers;
}

std::vector<ControlAnswer> FillRun::TakeEnded() {
  std::vector<ControlAnswer> answers;
  std::erase_if(jobs_, [&](const std::shared_ptr<Job>& job) {
    MutexLock lock(job->mu);
    if (!job->outcome) return false;
    if (job->found && !job->told) answers.push_back({job->id, *job->found});
    if (job->outcome->ok()) {
      answers.push_back({job->id, Done{.files = 1, .bytes = job->progress.filled}});
    } else {
      answers.push_back({job->id, *job->outcome});
    }
    return true;
  });
  return answers;
}

}  // namespace brimfs
