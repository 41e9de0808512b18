#include "fs/growing_listing.h"

#include <algorithm>
#include <utility>

#include "core/log.h"

namespace brimfs {

GrowingListing::GrowingListing(std::string path, std::string url, TimePoint fetched)
    : path_(std::move(path)), url_(std::move(url)), fetched_(fetched) {}

GrowingListing::GrowingListing(std::shared_ptr<const Listing> complete)
    : fetched_(complete->fetched()), ended_(true), complete_(std::move(complete)) {}

void GrowingListing::Add(const ListedName& listed) {
  if (listed.name.empty() || listed.name.size() > NameTable::kMaxNameBytes) return;
  std::vector<Call> ready;
  {
    MutexLock lock(mu_);
    AddLocked(listed);
    if (!listed.others_follow) ready = TakeReady();
  }
  for (const Call& call : ready) call();
}

void GrowingListing::AddLocked(const ListedName& listed) {
  const bool directory = listed.kind == ObjectKind::kDirectory;
  std::string key = directory ? listed.name + '/' : listed.name;
  if (key < last_key_) in_order_ = false;
  last_key_ = std::move(key);

  const std::optional<size_t> row = names_.Find(listed.name);
  if (!row) {
    if (names_.size() == 0) begun_.NotifyAll();
    const TimePoint asked = std::max(listed.asked.value_or(fetched_), names_.latest());
    names_.Append(listed.name, listed.kind, listed.version, std::max(asked, fetched_), attempt_);
    return;
  }
  const bool again = names_.mark(*row) == attempt_;
  if (again && names_.kind(*row) != listed.kind) {
    LogOnce("file and directory", LogLevel::kWarning,
            url_ + ": '" + listed.name + "' is a file and a directory; the directory is shown");
  }
  if (again && (!directory || names_.kind(*row) == ObjectKind::kDirectory)) return;
  names_.Replace(*row, listed.kind, listed.version);
  names_.SetMark(*row, attempt_);
}

void GrowingListing::BeginAnew() {
  MutexLock lock(mu_);
  in_order_ = true;
  last_key_.clear();
  if (++attempt_ != 0) return;
  // The marks are used up.
  attempt_ = 1;
  for (size_t row = 0; row < names_.size(); ++row) names_.SetMark(row, 0);
}

std::shared_ptr<const Listing> GrowingListing::Seal() {
  const NameTable* names;
  uint8_t attempt;
  {
    MutexLock lock(mu_);
    names = &names_;
    attempt = attempt_;
  }
  // This thread alone changes the names: they are sorted while others read them.
  NameOrders orders(*names, attempt, path_);
  MutexLock lock(mu_);
  names_.Seal();
  complete_ =
      std::make_shared<const Listing>(std::move(names_), std::move(orders), attempt, fetched_);
  names_ = NameTable();
  return complete_;
}

void GrowingListing::End(const Status& status) {
  std::vector<Call> ready;
  {
    MutexLock lock(mu_);
    ended_ = true;
    failure_ = status;
    begun_.NotifyAll();
    ready = TakeReady();
  }
  for (const Call& call : ready) call();
}

std::vector<GrowingListing::Call> GrowingListing::TakeReady() {
  std::vector<Call> ready;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto here = at++;
    if (NextLocked(here->second.row).code() == Code::kWouldBlock) continue;
    ready.push_back(std::move(here->second.call));
    waiting_.erase(here);
  }
  return ready;
}

Result<std::optional<Shown>> GrowingListing::NextFrom(size_t row) const {
  MutexLock lock(mu_);
  return NextLocked(row);
}

Result<std::optional<Shown>> GrowingListing::NextLocked(size_t row) const {
  std::optional<Shown> next;
  if (complete_) {
    next = complete_->NextFrom(row);
  } else if (row < names_.size() && names_.mark(row) == attempt_ &&
             (names_.name(row) != last_key_ || IsSettled(row))) {
    next = Shown{row, std::string(names_.name(row)), names_.kind(row)};
  }
  if (next || (ended_ && failure_.ok())) return next;
  return ended_ ? failure_ : Status(Code::kWouldBlock);
}

uint64_t GrowingListing::WhenThereIsMore(size_t row, Call call) const {
  {
    MutexLock lock(mu_);
    if (NextLocked(row).code() == Code::kWouldBlock) {
      waiting_.emplace(++last_id_, Waiting{row, std::move(call)});
      return last_id_;
    }
  }
  call();
  return 0;
}

void GrowingListing::Forget(uint64_t id) const {
  Waiting forgotten;  // let go of after the lock
  MutexLock lock(mu_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  forgotten = std::move(found->second);
  waiting_.erase(found);
}

bool GrowingListing::IsSettled(size_t row) const {
  return names_.kind(row) == ObjectKind::kDirectory || !in_order_ ||
         last_key_ >= std::string(names_.name(row)) + '/';
}

bool GrowingListing::begun() const {
  MutexLock lock(mu_);
  return ended_ || complete_ || names_.size() > 0;
}

bool GrowingListing::ended() const {
  MutexLock lock(mu_);
  return ended_;
}

Status GrowingListing::AwaitBegun(Clock& clock, TimePoint deadline,
                                  const std::stop_token& stop) const {
  // Made and unmade outside the lock, which it takes.
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mu_);
    begun_.NotifyAll();
  });
  MutexLock lock(mu_);
  while (!ended_ && !complete_ && names_.size() == 0) {
    if (stop.stop_requested()) return Status(Code::kInterrupted);
    if (clock.Now() >= deadline) return Status(Code::kTimedOut, "waiting for a listing");
    clock.WaitUntil(begun_, mu_, deadline);
  }
  return failure_;
}

std::optional<Listed> GrowingListing::Find(const std::string& name) const {
  MutexLock lock(mu_);
  if (complete_) return complete_->Find(name);
  const std::optional<size_t> row = names_.Find(name);
  if (!row || names_.mark(*row) != attempt_) return std::nullopt;
  if (!IsSettled(*row)) return std::nullopt;
  return Listed{{names_.kind(*row), names_.version(*row)}, names_.asked(*row)};
}

}  // namespace brimfs
