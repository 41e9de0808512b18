// Networks that lose, reset, swallow and slow down what is sent, in a network namespace of the
// test's own: right bytes wherever they can be had within the deadline, and else ETIMEDOUT.
#include <gtest/gtest.h>
#include <sched.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "backends/http_backend.h"
#include "core/cache.h"
#include "fs/filesystem.h"
#include "tests/support/oracle.h"
#include "tests/support/origin.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kLength = 4 << 20;

class TcpFaultsTest : public testing::Test {
 protected:
  // On a thread in a namespace that has nothing but a loopback device; what it starts is in there
  // too.
  void InNamespace(const std::function<void()>& work) {
    bool permitted = false;
    std::thread([&] {
      permitted = unshare(CLONE_NEWNET) == 0 && Ran("ip link set lo mtu 1500 up") && Prepare();
      if (permitted) work();
      filesystem_.reset();
      cache_.reset();
      backend_.reset();
      origin_.Stop();
    }).join();
    if (!permitted) GTEST_SKIP() << "needs network namespaces, nftables and their tools";
  }

  // Fails the test if the rules are refused.
  void Rules(const std::string& rules) {
    const auto ran = Shell("printf '%s' \"$1\" | nft -f - 2>&1", {"flush ruleset\n" + rules});
    EXPECT_EQ(ran.code, 0) << ran.out;
  }
  void NoRules() { Rules(""); }

  // What `rule` does to the segments that the server sends.
  static std::string FromServer(const std::string& rule) {
    return "table inet test { chain input { type filter hook input priority 0; tcp sport 18080 " +
           rule + "\n }\n}\n";
  }

  void Mount(Duration timeout) {
    FileSystem::Options options;
    options.timeout = timeout;
    options.first_byte = milliseconds(1000);
    Cache::Options cache;
    cache.driver = DriverKind::kMemory;
    cache.fetcher.timeout = timeout;
    cache.fetcher.first_byte = milliseconds(1000);
    cache.source = origin_.url();
    backend_ = std::make_unique<HttpBackend>(*ParseUrl(origin_.url()), HttpClient::Options{});
    cache_ = std::move(*Cache::Create(cache, *backend_, Clock::Steady()));
    filesystem_ =
        std::make_unique<FileSystem>(*backend_, *cache_, Clock::Steady(), nullptr, options);
    const auto entry = filesystem_->LookUp(kRootNode, "file", FileSystem::Ask::kSource);
    ASSERT_TRUE(entry.ok()) << entry.status().ToString();
    file_ = std::move(*filesystem_->Open(entry->node, FileSystem::Ask::kSource));
  }

  // In pieces, as the kernel reads; the first error ends it. A wrong byte fails the test.
  Code Read(const Range& range) {
    for (uint64_t at = range.begin; at < range.end; at += 131'072) {
      const Range piece{at, std::min(at + 131'072, range.end)};
      const Result<Lease> lease = filesystem_->Read(*file_, piece, {});
      if (!lease.ok()) return lease.code();
      std::vector<std::byte> bytes(piece.size());
      EXPECT_TRUE(lease->Read(bytes).ok());
      EXPECT_EQ(FirstWrongByte(1, at, bytes), std::nullopt);
    }
    return Code::kOk;
  }

  void Close() { filesystem_->Release(std::move(file_)); }

  Resource& resource() { return file_->file->resource(); }

 private:
  static bool Ran(const std::string& line) { return Shell(line).code == 0; }

  bool Prepare() {
    if (!Ran("nft list ruleset && tc qdisc show") || !origin_.Start().ok()) return false;
    origin_.PutOracle("file", kLength);
    return true;
  }

  Origin origin_{Origin::Options{.port = 18080, .root = {}}};
  std::unique_ptr<HttpBackend> backend_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FileSystem> filesystem_;
  std::unique_ptr<OpenFile> file_;
};

TEST_F(TcpFaultsTest, ALossyNetworkGivesTheRightBytes) {
  InNamespace([this] {
    Mount(seconds(60));
    Rules(FromServer("numgen random mod 100 < 10 drop"));
    EXPECT_EQ(Read({0, kLength}), Code::kOk);
    Close();
  });
}

TEST_F(TcpFaultsTest, ConnectionsThatAreResetAfterSixteenSegmentsBringTheRightBytesBitByBit) {
  InNamespace([this] {
    Mount(seconds(60));
    Rules(FromServer("ct reply packets > 16 reject with tcp reset"));
    EXPECT_EQ(Read({0, kLength}), Code::kOk);
    Close();
  });
}

TEST_F(TcpFaultsTest, ANetworkThatSwallowsEverythingTimesOutAndRecovers) {
  InNamespace([this] {
    Mount(seconds(3));
    Rules(FromServer("quota over 500000 bytes drop"));
    EXPECT_EQ(Read({0, kLength}), Code::kTimedOut);
    const std::vector<Range> came = resource().Coverage();
    EXPECT_GT(came.size(), 0u) << "what came before is kept";
    NoRules();
    resource().Reactivate();  // what is remembered of a failure for a second
    EXPECT_EQ(Read({0, kLength}), Code::kOk);
    Close();
  });
}

TEST_F(TcpFaultsTest, ASlowNetworkGivesTheRightBytes) {
  InNamespace([this] {
    ASSERT_EQ(Shell("tc qdisc add dev lo root tbf rate 40mbit burst 64k latency 50ms 2>&1").code,
              0);
    Mount(seconds(60));
    EXPECT_EQ(Read({0, kLength}), Code::kOk);
    Close();
  });
}

}  // namespace
}  // namespace brimfs
