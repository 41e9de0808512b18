// Disks that fail at a call that the test chooses (core/file_io.h).
#ifndef BRIMFS_TESTS_SUPPORT_FAULTY_DISK_H_
#define BRIMFS_TESTS_SUPPORT_FAULTY_DISK_H_

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>

#include "core/file_io.h"
#include "core/mutex.h"

namespace brimfs {

enum class DiskCall {
  kCreate,
  kWrite,
  kRead,
  kTruncate,
  kPunch,
  kSync,
  kSyncDirectory,
  kSyncFileSystem,
  kRename,
  kUnlink,
};
inline constexpr size_t kDiskCalls = 10;

// Every call of a FileIo, passed through one place.
class InterceptedDisk : public FileIo {
 public:
  int Create(int directory, const std::string& name, int* fd) override;
  int Write(int fd, uint64_t offset, std::span<const std::byte> data) override;
  int Read(int fd, uint64_t offset, std::span<std::byte> out) override;
  int Truncate(int fd, uint64_t length) override;
  int Punch(int fd, const Range& range) override;
  int Sync(int fd) override;
  int SyncDirectory(int fd) override;
  int SyncFileSystem(int fd) override;
  int Rename(int from, const std::string& old_name, int to, const std::string& new_name) override;
  int Unlink(int directory, const std::string& name) override;

 protected:
  struct Call {
    DiskCall kind;
    std::function<int()> pass;           // does it
    std::function<void()> half = [] {};  // of a write: does half of it
  };

  // What the caller is told.
  virtual int Answer(const Call& call) = 0;
};

// Passes calls on to the real disk, but for those that are to fail. A write that fails has written
// half of its bytes. Thread-safe.
class FailingDisk : public InterceptedDisk {
 public:
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  // Calls number `first` (1: the next one) up to and without `first` + `count` fail with `error`;
  // counted are those of `kind`, or all. Replaces what was asked for before.
  struct Fault {
    int error = EIO;
    uint64_t first = 1;
    uint64_t count = 1;
    std::optional<DiskCall> kind = std::nullopt;
  };
  void Fail(const Fault& fault);

  // Every other call of `kind` fails, in no order.
  void FailSome(DiskCall kind, int error, uint32_t seed);

  // Nothing fails any more.
  void Mend();

  // So far, those that failed included.
  uint64_t calls() const;
  uint64_t calls(DiskCall kind) const;

 protected:
  int Answer(const Call& call) override;

 private:
  std::optional<int> ErrorFor(DiskCall kind);

  mutable Mutex mu_;
  std::array<uint64_t, kDiskCalls> calls_ ABSL_GUARDED_BY(mu_) = {};
  std::optional<Fault> fault_ ABSL_GUARDED_BY(mu_);
  uint64_t since_fault_ ABSL_GUARDED_BY(mu_) = 0;  // calls that fault_ counts
  bool at_random_ ABSL_GUARDED_BY(mu_) = false;
  std::minstd_rand random_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_FAULTY_DISK_H_
