#include "tests/support/faulty_disk.h"

#include <numeric>

namespace brimfs {

int InterceptedDisk::Create(int directory, const std::string& name, int* fd) {
  return Answer(
      {.kind = DiskCall::kCreate, .pass = [&] { return System().Create(directory, name, fd); }});
}

int InterceptedDisk::Write(int fd, uint64_t offset, std::span<const std::byte> data) {
  return Answer({.kind = DiskCall::kWrite,
                 .pass = [&] { return System().Write(fd, offset, data); },
                 .half = [&] { (void)System().Write(fd, offset, data.first(data.size() / 2)); }});
}

int InterceptedDisk::Read(int fd, uint64_t offset, std::span<std::byte> out) {
  return Answer({.kind = DiskCall::kRead, .pass = [&] { return System().Read(fd, offset, out); }});
}

int InterceptedDisk::Truncate(int fd, uint64_t length) {
  return Answer(
      {.kind = DiskCall::kTruncate, .pass = [&] { return System().Truncate(fd, length); }});
}

int InterceptedDisk::Punch(int fd, const Range& range) {
  return Answer({.kind = DiskCall::kPunch, .pass = [&] { return System().Punch(fd, range); }});
}

int InterceptedDisk::Sync(int fd) {
  return Answer({.kind = DiskCall::kSync, .pass = [&] { return System().Sync(fd); }});
}

int InterceptedDisk::SyncDirectory(int fd) {
  return Answer(
      {.kind = DiskCall::kSyncDirectory, .pass = [&] { return System().SyncDirectory(fd); }});
}

int InterceptedDisk::SyncFileSystem(int fd) {
  return Answer(
      {.kind = DiskCall::kSyncFileSystem, .pass = [&] { return System().SyncFileSystem(fd); }});
}

int InterceptedDisk::Rename(int from, const std::string& old_name, int to,
                            const std::string& new_name) {
  return Answer({.kind = DiskCall::kRename,
                 .pass = [&] { return System().Rename(from, old_name, to, new_name); }});
}

int InterceptedDisk::Unlink(int directory, const std::string& name) {
  return Answer(
      {.kind = DiskCall::kUnlink, .pass = [&] { return System().Unlink(directory, name); }});
}

void FailingDisk::Fail(const Fault& fault) {
  MutexLock lock(mu_);
  fault_ = fault;
  since_fault_ = 0;
  at_random_ = false;
}

void FailingDisk::FailSome(DiskCall kind, int error, uint32_t seed) {
  MutexLock lock(mu_);
  fault_ = Fault{.error = error, .first = 1, .count = kForEver, .kind = kind};
  since_fault_ = 0;
  at_random_ = true;
  random_.seed(seed);
}

void FailingDisk::Mend() {
  MutexLock lock(mu_);
  fault_.reset();
}

uint64_t FailingDisk::calls() const {
  MutexLock lock(mu_);
  return std::accumulate(calls_.begin(), calls_.end(), uint64_t{0});
}

uint64_t FailingDisk::calls(DiskCall kind) const {
  MutexLock lock(mu_);
  return calls_[static_cast<size_t>(kind)];
}

int FailingDisk::Answer(const Call& call) {
  const std::optional<int> error = ErrorFor(call.kind);
  if (!error) return call.pass();
  call.half();
  return *error;
}

std::optional<int> FailingDisk::ErrorFor(DiskCall kind) {
  MutexLock lock(mu_);
  ++calls_[static_cast<size_t>(kind)];
  if (!fault_ || (fault_->kind && *fault_->kind != kind)) return std::nullopt;
  const uint64_t number = ++since_fault_;
  if (number < fault_->first || number - fault_->first >= fault_->count) return std::nullopt;
  if (at_random_ && random_() % 2 == 0) return std::nullopt;
  return fault_->error;
}

}  // namespace brimfs
