// A file system over a backend in memory, with a clock that is moved by hand and no kernel.
#ifndef BRIMFS_TESTS_COMPONENT_FILESYSTEM_FIXTURE_H_
#define BRIMFS_TESTS_COMPONENT_FILESYSTEM_FIXTURE_H_

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "fs/filesystem.h"
#include "gtest/gtest.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"

namespace brimfs {

// Says that it registers, and remembers what.
class FakeKernel : public KernelBacking {
 public:
  bool enabled() const override;
  Result<int> Register(int fd) override;
  void Unregister(int backing_id) override;

  void SetEnabled(bool enabled);
  void SetRefusing(bool refusing);

  int registrations() const;  // tried so far
  int registered() const;     // now
  // The bytes of `range` in the file that was registered as `backing_id`.
  std::vector<std::byte> ReadBacking(int backing_id, const Range& range) const;

 private:
  mutable Mutex mu_;
  bool enabled_ ABSL_GUARDED_BY(mu_) = true;
  bool refusing_ ABSL_GUARDED_BY(mu_) = false;
  int tried_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int, int> fds_ ABSL_GUARDED_BY(mu_);  // by backing id; the driver's
};

class FileSystemTest : public testing::Test {
 protected:
  using Ask = FileSystem::Ask;
  static constexpr Duration kTtl = std::chrono::seconds(60);
  static constexpr Duration kNegativeTtl = std::chrono::seconds(5);

  ~FileSystemTest() override;

  void Mount(FileSystem::Options options = {});  // of backend(), with driver_
  void Unmount();

  virtual Backend& backend() { return backend_; }

  // The entry of a name that exists.
  FileSystem::Entry LookUp(const std::string& name, NodeId parent = kRootNode);
  // kNotFound: it is known that there is nothing of that name.
  Code LookUpCode(const std::string& name, NodeId parent = kRootNode, Ask ask = Ask::kSource);
  // All names of a directory, as its listing has them.
  std::vector<std::string> List(NodeId directory = kRootNode);
  std::shared_ptr<const GrowingListing> OpenDirectory(NodeId directory = kRootNode);
  // The first name at `row` or after it, once it has come; nothing at the end.
  static std::optional<Shown> AwaitNext(const GrowingListing& listing, size_t row);

  // An open that succeeds.
  std::unique_ptr<OpenFile> Open(NodeId node);
  std::unique_ptr<OpenFile> Open(const std::string& name) { return Open(LookUp(name).node); }
  Code OpenCode(NodeId node, Ask ask = Ask::kSource);
  void Release(std::unique_ptr<OpenFile> file) { fs_->Release(std::move(file)); }

  // As the kernel reads: what is covered at once, else by waiting. Fails the test if a byte differs
  // from the oracle of `seed`.
  Code Read(OpenFile& file, const Range& range, uint64_t seed = 1);

  // Until what was read of it is recorded: a reader has its bytes a moment before they can be.
  void Settle(OpenFile& file);

  // Opens, reads all, closes.
  void Fill(const std::string& name, uint64_t seed = 1);

  std::string Xattr(NodeId node, const std::string& name);

  // Set before Mount.
  DriverKind driver_ = DriverKind::kMemory;
  Scheduler::Options scheduler_;
  size_t max_idle_files_ = 100;
  uint64_t readahead_ = SourceTraffic::Options{}.readahead;
  bool with_kernel_ = true;

  FakeClock clock_;
  FakeBackend backend_;
  FakeKernel kernel_;
  std::filesystem::path cache_directory_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FileSystem> fs_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_FILESYSTEM_FIXTURE_H_
