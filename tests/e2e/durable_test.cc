#include "tests/e2e/durable_test.h"

#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "tests/e2e/reading.h"
#include "tests/support/oracle.h"
#include "tests/support/origin/http.h"

namespace brimfs {

using std::chrono::milliseconds;
using std::chrono::seconds;

void DurableTest::SetUp() {
  E2eTest::SetUp();
  if (IsSkipped()) return;
  origin_ = StartOrigin();
}

std::vector<std::string> DurableTest::Over(const std::string& cache,
                                           const std::vector<std::string>& options) const {
  std::vector<std::string> all = {"cache=" + cache};
  all.insert(all.end(), options.begin(), options.end());
  return all;
}

Mount& DurableTest::MountAgain(const std::vector<std::string>& options) {
  return Attach(origin_->url(), Over(cache(), options));
}

std::unique_ptr<Mount> DurableTest::MountToKill(const std::string& cache,
                                                const std::vector<std::string>& options) {
  auto mount = std::make_unique<Mount>(origin_->url(), Over(cache, options));
  EXPECT_TRUE(mount->started().ok()) << mount->started().message();
  return mount;
}

void DurableTest::Kill(Mount& mount) {
  mount.daemon().Signal(SIGKILL);
  mount.daemon().Wait();
  (void)mount.Stop();
}

uint64_t DurableTest::Sent(const std::string& path) const {
  const Origin::Counters counters = origin_->counters();
  const auto it = counters.paths.find(path);
  return it == counters.paths.end() ? 0 : it->second.body_bytes;
}

std::vector<Origin::Seen> DurableTest::SeenSince(uint64_t mark) const {
  const std::deque<Origin::Seen> seen = origin_->seen();
  const uint64_t count = std::min<uint64_t>(RequestCount() - mark, seen.size());
  return {seen.end() - static_cast<std::ptrdiff_t>(count), seen.end()};
}

RangeSet DurableTest::AskedSince(uint64_t mark, const std::string& path, uint64_t size) const {
  RangeSet asked;
  for (const Origin::Seen& request : SeenSince(mark)) {
    if (request.path != path || request.method != "GET") continue;
    const auto range = request.headers.find("range");
    asked.Add(range == request.headers.end()
                  ? Range{0, size}
                  : ParseRange(range->second, size).value_or(Range{0, size}));
  }
  return asked;
}

bool DurableTest::IsPassedThrough(Mount& mount, const std::string& name, uint64_t size) {
  // The reader stops the daemon, drops the kernel's pages and reads all.
  Process reader({"sh", "-c",
                  "exec 3< \"$1\"; kill -STOP \"$2\"; dd iflag=nocache count=0 status=none <&3; "
                  "cat <&3",
                  "sh", mount.File(name), std::to_string(mount.daemon().pid())});
  const bool alone = reader.Wait(milliseconds(400)) == 0;
  mount.daemon().Signal(SIGCONT);
  EXPECT_EQ(reader.Wait(seconds(20)), 0) << mount.log();
  const std::string text = reader.out();
  EXPECT_EQ(text.size(), size);
  EXPECT_EQ(CheckOracleBytes(std::as_bytes(std::span(text.data(), text.size()))), "");
  return alone;
}

Readers::Readers(int count, std::vector<File> files, uint32_t seed) : files_(std::move(files)) {
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, seed, i] { Read(seed * 31 + static_cast<uint32_t>(i)); });
  }
}

void Readers::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::string Readers::trouble() const {
  MutexLock lock(mu_);
  return trouble_;
}

void Readers::Report(std::string trouble) {
  MutexLock lock(mu_);
  if (trouble_.empty()) trouble_ = std::move(trouble);
}

void Readers::Read(uint32_t seed) {
  std::mt19937 random(seed);
  while (!stopping_) {
    const File& file = files_[random() % files_.size()];
    const Descriptor descriptor(file.path);
    // Some neighbouring pieces, then another file.
    uint64_t offset = random() % file.size;
    for (unsigned left = random() % 8; left > 0 && offset < file.size && !stopping_; --left) {
      const uint64_t end = std::min<uint64_t>(file.size, offset + 1 + random() % (256 << 10));
      const std::string wrong = CheckOracle(descriptor, {offset, end}, file.seed);
      if (!wrong.empty()) {
        const bool bytes = wrong.ends_with("is wrong") || wrong.ends_with("end of file");
        if (errors_expected_ && !bytes) return;
        Report(file.path + " " + wrong);
        return;
      }
      bytes_read_ += end - offset;
      offset = end;
    }
  }
}

RangeSet Both(const RangeSet& a, const RangeSet& b) {
  RangeSet both;
  for (const Range& range : a.Ranges()) {
    for (const Range& part : b.Overlap(range)) both.Add(part);
  }
  return both;
}

std::string ToText(const RangeSet& ranges) {
  std::string text;
  for (const Range& range : ranges.Ranges()) {
    text +=
        (text.empty() ? "" : ",") + std::to_string(range.begin) + "-" + std::to_string(range.end);
  }
  return text;
}

}  // namespace brimfs
