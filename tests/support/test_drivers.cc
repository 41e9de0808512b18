#include "tests/support/test_drivers.h"

#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/disk_health.h"
#include "core/overflow_file.h"
#include "tests/support/faulty_disk.h"

namespace brimfs {

std::unique_ptr<MappedFile> FileDriver(const std::string& directory, WindowCache& windows,
                                       FileIo& io) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    std::perror(directory.c_str());
    std::abort();
  }
  return std::make_unique<MappedFile>(fd, windows, io);
}

namespace {

// Moves on by itself, so that a disk that has failed is asked again at once.
class LeapingClock : public Clock {
 public:
  TimePoint Now() override { return TimePoint() + (++leaps_ * 2 * DiskHealth::kPause); }
  void WaitUntil(CondVar& /*cv*/, Mutex& /*mu*/, TimePoint /*deadline*/) override { std::abort(); }

 private:
  std::atomic<int> leaps_ = 1;
};

struct OverflowParts {
  LeapingClock clock;
  FailingDisk failing;
  DiskHealth health{"the test's directory", clock};
};

// An OverflowFile with all that it needs, over a disk that `arrange` has disturbed.
class OverflowDriver : private OverflowParts, public OverflowFile {
 public:
  OverflowDriver(const std::string& directory, WindowCache& windows,
                 const std::function<void(FailingDisk&)>& arrange)
      : OverflowFile(FileDriver(directory, windows, failing), windows, nullptr, health) {
    arrange(failing);
  }
};

DriverCase Overflow(const std::string& name, bool one_file,
                    const std::function<void(FailingDisk&)>& arrange) {
  return {name, one_file, [arrange](const std::string& directory, WindowCache& windows) {
            return std::make_unique<OverflowDriver>(directory, windows, arrange);
          }};
}

}  // namespace

const std::vector<DriverCase>& AllDrivers() {
  static const std::vector<DriverCase> all = {
      {"Mmap", true,
       [](const std::string& directory, WindowCache& windows) {
         return FileDriver(directory, windows);
       }},
      {"Memory", true,
       [](const std::string& /*directory*/, WindowCache& windows) -> std::unique_ptr<Driver> {
         auto made = MappedFile::InMemory(windows);
         if (!made) std::abort();
         return std::move(*made);
       }},
      Overflow("OverflowOnAHealthyDisk", true, [](FailingDisk&) {}),
      Overflow("OverflowOnARefusingDisk", false,
               [](FailingDisk& disk) {
                 disk.Fail(
                     {.error = ENOSPC, .count = FailingDisk::kForEver, .kind = DiskCall::kWrite});
               }),
      Overflow("OverflowOnAFailingDisk", false,
               [](FailingDisk& disk) { disk.FailSome(DiskCall::kWrite, EIO, 1); }),
  };
  return all;
}

void HookedDriver::BeforeWrite(Hook hook) {
  MutexLock lock(mu_);
  before_write_ = std::move(hook);
}

void HookedDriver::BeforePunch(Hook hook) {
  MutexLock lock(mu_);
  before_punch_ = std::move(hook);
}

std::vector<Range> HookedDriver::writes() {
  MutexLock lock(mu_);
  return writes_;
}

Status HookedDriver::Write(uint64_t offset, std::span<const std::byte> data) {
  const Range range{offset, offset + data.size()};
  Hook hook;
  {
    MutexLock lock(mu_);
    hook = before_write_;
  }
  if (hook) BRIMFS_RETURN_IF_ERROR(hook(range));
  {
    MutexLock lock(mu_);
    writes_.push_back(range);
  }
  return inner_->Write(offset, data);
}

Status HookedDriver::Punch(const Range& range) {
  Hook hook;
  {
    MutexLock lock(mu_);
    hook = before_punch_;
  }
  if (hook) BRIMFS_RETURN_IF_ERROR(hook(range));
  return inner_->Punch(range);
}

}  // namespace brimfs
