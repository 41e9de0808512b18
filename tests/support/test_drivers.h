// Every driver there is, for the suites that run over all of them, and one that can be disturbed.
#ifndef BRIMFS_TESTS_SUPPORT_TEST_DRIVERS_H_
#define BRIMFS_TESTS_SUPPORT_TEST_DRIVERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/driver.h"
#include "core/mapped_file.h"
#include "core/mutex.h"

namespace brimfs {

struct DriverCase {
  std::string name;  // fit for a test's name
  bool one_file;     // all bytes always lie in one file, whose descriptor it gives
  // An empty one. `directory` exists; both outlive it.
  std::function<std::unique_ptr<Driver>(const std::string& directory, WindowCache& windows)> make;
};

const std::vector<DriverCase>& AllDrivers();

// A MappedFile over a new, unlinked file of `directory`; the others outlive it.
std::unique_ptr<MappedFile> FileDriver(const std::string& directory, WindowCache& windows,
                                       FileIo& io = FileIo::System());

// Stores nothing and has room for any length.
class NullDriver : public Driver {
 public:
  Status SetLength(uint64_t /*length*/) override { return OkStatus(); }
  Status Write(uint64_t /*offset*/, std::span<const std::byte> /*data*/) override {
    return OkStatus();
  }
  Result<View> Map(const Range& /*range*/) override { return View(); }
  Status Read(const Range& /*range*/, std::span<std::byte> /*out*/) override { return OkStatus(); }
  Status Punch(const Range& /*range*/) override { return OkStatus(); }
  Result<uint64_t> AllocatedBytes() const override { return uint64_t{0}; }
};

// Passes everything on to another driver, after a hook has had its say: one that answers an error
// takes the call's place, one that waits stands in for a slow disk. Thread-safe.
class HookedDriver : public Driver {
 public:
  using Hook = std::function<Status(const Range& range)>;

  explicit HookedDriver(std::unique_ptr<Driver> inner) : inner_(std::move(inner)) {}

  void BeforeWrite(Hook hook);
  void BeforePunch(Hook hook);
  std::vector<Range> writes();  // that reached the inner driver

  Status SetLength(uint64_t length) override { return inner_->SetLength(length); }
  Status Write(uint64_t offset, std::span<const std::byte> data) override;
  Result<View> Map(const Range& range) override { return inner_->Map(range); }
  Status Read(const Range& range, std::span<std::byte> out) override {
    return inner_->Read(range, out);
  }
  Status Punch(const Range& range) override;
  std::vector<Range> InMemory(const Range& range) const override { return inner_->InMemory(range); }
  int BackingFd() const override { return inner_->BackingFd(); }
  Result<uint64_t> AllocatedBytes() const override { return inner_->AllocatedBytes(); }

 private:
  const std::unique_ptr<Driver> inner_;
  Mutex mu_;
  Hook before_write_ ABSL_GUARDED_BY(mu_);
  Hook before_punch_ ABSL_GUARDED_BY(mu_);
  std::vector<Range> writes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_TEST_DRIVERS_H_
