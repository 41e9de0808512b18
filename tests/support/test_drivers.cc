#include "tests/support/test_drivers.h"

#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace brimfs {

std::unique_ptr<MappedFile> FileDriver(const std::string& directory, WindowCache& windows) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    std::perror(directory.c_str());
    std::abort();
  }
  return std::make_unique<MappedFile>(fd, windows);
}

const std::vector<DriverCase>& AllDrivers() {
  static const std::vector<DriverCase> all = {
      {"Mmap", [](const std::string& directory,
                  WindowCache& windows) { return FileDriver(directory, windows); }},
      {"Memory",
       [](const std::string& /*directory*/, WindowCache& windows) -> std::unique_ptr<Driver> {
         auto made = MappedFile::InMemory(windows);
         if (!made) std::abort();
         return std::move(*made);
       }},
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
