// The half of FileSystem that deals with open files and their reads.
#include <algorithm>
#include <utility>

#include "core/log.h"
#include "fs/filesystem.h"

namespace brimfs {
namespace {

// Kernel reads are rounded up to pages.
Range CutAtEnd(const Range& range, const OpenFile& file) {
  return {range.begin, std::min(range.end, file.node->size())};
}

// The kernel's readahead asks for pieces that may come out of order.
constexpr uint64_t kDisorder = 256 << 10;

bool HasGap(OpenFile& file, const Range& range) {
  return !range.empty() && file.file->resource().NextGap(range.begin, range.end).has_value();
}

}  // namespace

Status FileSystem::MarkStale(Node& node) {
  Doubt(PathOf(node));
  if (node.MarkGone()) node.parent->directory().Distrust(std::string(node.name()));
  return Status(Code::kStale, backend_.DisplayUrl(PathOf(node)) + ": this version is gone");
}

Status FileSystem::Revalidate(Node& node, Ask ask, std::stop_token stop) {
  if (ask == Ask::kMemoryOnly) return Status(Code::kWouldBlock);
  const Result<Known> known =
      node.check_flight().Do(clock_, After(clock_.Now(), options_.timeout), stop,
                             [&] { return AskCacheOrSource(PathOf(node), stop); });
  if (!known.ok()) return known.status();
  const bool same = Confirm(node, *known);
  Status status = same ? OkStatus() : MarkStale(node);
  // After MarkStale, which clears what is known of the name: the kernel looks it up again at once.
  node.parent->directory().Remember(std::string(node.name()), *known);
  return status;
}

Status FileSystem::CheckCurrent(Node& node, Ask ask, const std::stop_token& stop) {
  if (node.gone()) return MarkStale(node);
  if (clock_.Now() - node.checked() < options_.metadata_ttl) return OkStatus();
  return Revalidate(node, ask, stop);
}

bool FileSystem::IsTooVague(const Node& node) {
  return !node.version().HasValidator() && cache_.Remembers(PathOf(node));
}

Result<std::shared_ptr<CachedFile>> FileSystem::FileOf(Node& node, Ask ask, std::stop_token stop) {
  std::shared_ptr<CachedFile> file = node.file();
  if (!file) {
    if (IsTooVague(node)) BRIMFS_RETURN_IF_ERROR(Revalidate(node, ask, stop));
    Result<std::shared_ptr<CachedFile>> opened = cache_.Open(PathOf(node), node.version());
    if (!opened.ok()) return opened;
    file = *opened;
  }
  Resource& resource = file->resource();
  if (resource.state() == Resource::State::kFailed) {
    // Found stale by a fetch, by this node or an earlier one of the same version: only the source
    // can say that it is back.
    if (resource.failure().code() == Code::kStale) {
      Doubt(PathOf(node));
      BRIMFS_RETURN_IF_ERROR(Revalidate(node, ask, std::move(stop)));
    }
    resource.Reactivate();
  }
  if (!node.Learn(file->version())) return MarkStale(node);
  node.SetFile(file);
  cache_.Confirm(*file, clock_.Now() - node.checked());
  return file;
}

Result<std::unique_ptr<OpenFile>> FileSystem::Open(NodeId id, Ask ask, std::stop_token stop) {
  const NodePtr node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (node->is_directory()) return Status(Code::kIsDirectory);
  BRIMFS_RETURN_IF_ERROR(CheckCurrent(*node, ask, stop));
  const Result<std::shared_ptr<CachedFile>> opened = FileOf(*node, ask, std::move(stop));
  if (!opened.ok()) return opened.status();
  const std::shared_ptr<CachedFile>& file = *opened;

  // The first open of what was fetched ahead is an ordinary one: only that shows whether it is
  // read.
  const bool was_ahead = siblings_.Take(*file);
  const bool may_pass = !was_ahead && kernel_ && kernel_->enabled() && node->size() > 0 &&
                        file->resource().state() == Resource::State::kCommitted;
  const int backing_id = node->open_mode().Enter(may_pass, [&]() -> Result<int> {
    const int fd = file->FreezeForKernel();
    if (fd < 0) return Status(Code::kUnsupported);
    return kernel_->Register(fd);
  });
  cache_.stats().open_files.fetch_add(1, std::memory_order_relaxed);
  if (backing_id != 0) cache_.stats().open_passed.fetch_add(1, std::memory_order_relaxed);
  return std::make_unique<OpenFile>(node, file, backing_id);
}

void FileSystem::Release(std::unique_ptr<OpenFile> open) {
  Node& node = *open->node;
  NoteEnd(*open);
  cache_.stats().open_files.fetch_sub(1, std::memory_order_relaxed);
  if (open->backing_id != 0) cache_.stats().open_passed.fetch_sub(1, std::memory_order_relaxed);
  // The cache may let the file go from now on; what its fetches have taught stays with the node.
  if (!node.Learn(open->file->version())) (void)MarkStale(node);
  const int unused = node.open_mode().Leave(open->backing_id);
  if (unused != 0) kernel_->Unregister(unused);
}

void FileSystem::StartReadahead(OpenFile& file, const Range& read) {
  if (read.empty()) return;
  Fetcher& fetcher = file.file->fetcher();
  const Readahead::Limits limits = fetcher.PrefetchLimits(file.node->size());
  std::vector<Range> ahead;
  {
    MutexLock lock(file.mu);
    ahead = file.readahead.OnRead(read, limits);
  }
  if (ahead.empty() || file.file->resource().state() == Resource::State::kCommitted) return;
  for (const Range& range : ahead) fetcher.Prefetch(range, Priority::kReadahead);
}

void FileSystem::CountRead(OpenFile& file, bool waited, const Range& read) {
  Stats& stats = cache_.stats();
  (waited ? stats.reads_waited : stats.reads_covered).fetch_add(1, std::memory_order_relaxed);
  stats.bytes_read.fetch_add(read.size(), std::memory_order_relaxed);
  file.file->Touch(read);
  NoteFront(file, read);
}

void FileSystem::NoteFront(OpenFile& file, const Range& read) {
  uint64_t front = 0;
  {
    MutexLock lock(file.mu);
    if (file.front_is_told || read.begin > file.front + kDisorder) return;
    file.front = front = std::max(file.front, read.end);
    if (front < std::min(file.node->size(), SiblingReads::kMost)) return;
    file.front_is_told = true;
  }
  FetchSiblings(*file.node, front);
}

void FileSystem::NoteEnd(OpenFile& file) {
  uint64_t front = 0;
  {
    MutexLock lock(file.mu);
    if (file.front_is_told) return;
    front = file.front;
  }
  if (front > 0) FetchSiblings(*file.node, front);
}

void FileSystem::FetchSiblings(const Node& node, uint64_t front) {
  const uint64_t limit = siblings_.limit();
  if (limit == 0) return;
  Node& parent = *node.parent;
  if (nodes_.Find(parent.id) != node.parent) return;  // forgotten: nobody would drop what is kept
  Directory::Siblings siblings =
      parent.directory().OnRead(std::string(node.name()), node.size(), front, limit);
  if (siblings.random) siblings_.Drop(&parent);
  for (Directory::Sibling& file : siblings.files) {
    siblings_.Fetch(&parent, ChildPath(parent, file.name), std::move(file.version), file.bytes);
  }
}

void FileSystem::OnWaited(OpenFile& file, std::optional<TimePoint> since,
                          const Result<Lease>& outcome) {
  Stats& stats = cache_.stats();
  if (since) stats.read_wait.Observe(clock_.Now() - *since);
  if (outcome.ok()) {
    CountRead(file, since.has_value(), outcome->range());
  } else if (ToErrno(outcome.code()) != 0 && outcome.code() != Code::kInterrupted) {
    stats.reads_failed.fetch_add(1, std::memory_order_relaxed);
  }
  if (outcome.code() == Code::kStale) (void)MarkStale(*file.node);
}

std::optional<Lease> FileSystem::TryRead(OpenFile& file, const Range& range) {
  const Range cut = CutAtEnd(range, file);
  if (cut.empty()) return std::nullopt;
  std::optional<Lease> lease = file.file->resource().TryLease(cut);
  if (!lease) return std::nullopt;
  CountRead(file, /*waited=*/false, cut);
  StartReadahead(file, cut);
  return lease;
}

Result<Lease> FileSystem::Read(OpenFile& file, const Range& range, std::stop_token stop) {
  const Range cut = CutAtEnd(range, file);
  const TimePoint now = clock_.Now();
  const std::optional<TimePoint> since = HasGap(file, cut) ? std::optional(now) : std::nullopt;
  // Before the wait, which sleeps: the demand overtakes it, and a connection is kept for demands.
  StartReadahead(file, cut);
  Result<Lease> outcome =
      file.file->resource().WaitRange(range, After(now, options_.timeout), std::move(stop));
  OnWaited(file, since, outcome);
  return outcome;
}

void FileSystem::ReadAsync(OpenFile& file, const Range& range, std::stop_token stop,
                           Resource::WaitCallback done) {
  const Range cut = CutAtEnd(range, file);
  const TimePoint now = clock_.Now();
  const std::optional<TimePoint> since = HasGap(file, cut) ? std::optional(now) : std::nullopt;
  // Before the wait: once `done` has answered, the file may be released.
  StartReadahead(file, cut);
  file.file->resource().WaitRangeAsync(
      range, After(now, options_.timeout), std::move(stop),
      [this, &file, since, done = std::move(done)](Result<Lease> outcome) {
        OnWaited(file, since, outcome);
        done(std::move(outcome));
      });
}

void FileSystem::MarkUnreadable(const Node& node, CachedFile& file, const Range& range) {
  Log(LogLevel::kWarning, backend_.DisplayUrl(PathOf(node)) + ": cached bytes " +
                              std::to_string(range.begin) + "-" + std::to_string(range.end) +
                              " cannot be read; fetching them again");
  file.resource().MarkAbsent(range);
}

}  // namespace brimfs
