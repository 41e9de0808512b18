// The base of the tests of what outlives a mount: one origin, one cache directory, many mounts of
// the one over the other.
#ifndef BRIMFS_TESTS_E2E_DURABLE_TEST_H_
#define BRIMFS_TESTS_E2E_DURABLE_TEST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/range_set.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/cache_contents.h"

namespace brimfs {

class DurableTest : public E2eTest {
 protected:
  void SetUp() override;

  std::string cache() const { return dir_ / "cache"; }

  // A mount of the origin over our cache directory, or another one. `options` are added.
  Mount& MountAgain(const std::vector<std::string>& options = {});
  std::vector<std::string> Over(const std::string& cache,
                                const std::vector<std::string>& options = {}) const;

  // One that a test may kill: it belongs to the test, and how it ends is not looked at.
  std::unique_ptr<Mount> MountToKill(const std::string& cache,
                                     const std::vector<std::string>& options = {});

  // SIGKILL, and the dead mount is taken away.
  static void Kill(Mount& mount);

  // Bytes of the bodies of `path` that the origin has sent.
  uint64_t Sent(const std::string& path) const;

  // What has been asked for since `mark`, a value of RequestCount(): the ranges of `path`, and how
  // many requests there were.
  uint64_t RequestCount() const { return origin_->counters().requests; }
  RangeSet AskedSince(uint64_t mark, const std::string& path, uint64_t size) const;
  std::vector<Origin::Seen> SeenSince(uint64_t mark) const;

  // Whether the kernel reads this file, of `size` bytes, without the daemon.
  static bool IsPassedThrough(Mount& mount, const std::string& name, uint64_t size);

  const TempDir dir_;
  std::unique_ptr<Origin> origin_;
};

// Threads that read what they like of some files until they are stopped; every byte is checked.
class Readers {
 public:
  struct File {
    std::string path;
    uint64_t size;
    uint64_t seed;
  };

  Readers(int count, std::vector<File> files, uint32_t seed);
  ~Readers() { Stop(); }

  // From now on errors are expected: the daemon is about to be killed. Wrong bytes are not.
  void ExpectErrors() { errors_expected_ = true; }
  void Stop();

  // The first that went wrong; "" if nothing did. After Stop.
  std::string trouble() const;
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  void Read(uint32_t seed);
  void Report(std::string trouble);

  const std::vector<File> files_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> errors_expected_{false};
  std::atomic<uint64_t> bytes_read_{0};
  mutable Mutex mu_;
  std::string trouble_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

// What both have.
RangeSet Both(const RangeSet& a, const RangeSet& b);

// "0-65536,131072-196608", for messages.
std::string ToText(const RangeSet& ranges);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_DURABLE_TEST_H_
