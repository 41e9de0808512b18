// The faults under which other file systems of this kind were seen to return wrong bytes without an
// error (README.md, "Faults"), one test each, on a real mount with each driver, from a web server
// and from S3: 22 reads of one descriptor over an object of 64 MiB.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/e2e/reading.h"
#include "tests/e2e/s3_test.h"

namespace brimfs {
namespace {

constexpr uint64_t kSize = 64 << 20;
constexpr int kReads = 22;
constexpr uint64_t kReadBytes = 64 << 10;

// The scheme and the driver.
class KnownFaultsTest : public S3Test,
                        public testing::WithParamInterface<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    S3Test::SetUp();
    if (IsSkipped()) return;
    if (std::get<0>(GetParam()) == "s3") {
      Serve();
    } else {
      origin_ = StartOrigin();
    }
    origin_->PutOracle("file", kSize, 1);
  }

  Mount& Attach(std::vector<std::string> options = {}) {
    const auto& [scheme, driver] = GetParam();
    options.push_back("driver=" + driver);
    return scheme == "s3" ? AttachS3("s3://bucket/", options)
                          : E2eTest::Attach(origin_->url(), options);
  }

  void Inject(const std::string& fault) { origin_->Inject(*ParseFault(fault)); }

  // All over the object in no order that could be read ahead, none twice.
  static Range Place(int read) {
    static const std::vector<uint64_t> shuffled = [] {
      std::vector<uint64_t> blocks(kSize / kReadBytes);
      std::iota(blocks.begin(), blocks.end(), 0);
      std::shuffle(blocks.begin(), blocks.end(), std::minstd_rand(20261120));
      return blocks;
    }();
    const uint64_t at = shuffled[static_cast<size_t>(read)] * kReadBytes;
    return {at, at + kReadBytes};
  }

  void EveryReadIsRightUnder(const std::string& fault) {
    Mount& mount = Attach();
    const Descriptor file(mount.File("file"));
    file.AdviseRandom();
    Inject(fault);
    for (int i = 0; i < kReads; ++i) EXPECT_EQ(CheckOracle(file, Place(i)), "") << i;
    const std::string name = fault.substr(0, fault.find_first_of(":="));
    EXPECT_GT(origin_->counters().faults[name], 0u);
  }
};

TEST_P(KnownFaultsTest, A200ThatIgnoresTheRangeGivesTheRightBytes) {
  EveryReadIsRightUnder("ignore-range:ranged:ever");
  EXPECT_LE(origin_->counters().faults["ignore-range"], 2u) << "one answer is enough for all reads";
}

TEST_P(KnownFaultsTest, A200ThatIgnoresTheRangeAndExceedsTheMemoryGivesTheRightBytes) {
  Mount& mount = Attach({"memory=16M"});
  Inject("ignore-range:ranged:ever");
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  for (int i = 0; i < kReads; ++i) EXPECT_EQ(CheckOracle(file, Place(i)), "") << i;
  // One a read at worst, and a few front to back.
  EXPECT_LE(origin_->counters().faults["ignore-range"], static_cast<uint64_t>(2 * kReads));
}

TEST_P(KnownFaultsTest, AWrongContentRangeIsDiscardedAndAskedAgain) {
  EveryReadIsRightUnder("wrong-content-range=start:ranged:1/2");
}

TEST_P(KnownFaultsTest, ABodyAndHeaderShiftedByOneAreDiscardedAndAskedAgain) {
  EveryReadIsRightUnder("shifted-range:ranged:1/2");
}

TEST_P(KnownFaultsTest, AnXmlErrorAs200IsDiscardedAndAskedAgain) {
  EveryReadIsRightUnder("xml-200:ranged:1/2");
}

TEST_P(KnownFaultsTest, ABodyCutWithoutContentLengthIsResumed) {
  EveryReadIsRightUnder("no-length:ranged@middle:1/2");
}

TEST_P(KnownFaultsTest, AnObjectThatChangesBetweenRangesIsNeverMixed) {
  Mount& mount = Attach({"metadata_ttl=0"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  for (int i = 0; i < kReads / 2; ++i) EXPECT_EQ(CheckOracle(file, Place(i), 1), "") << i;
  origin_->PutOracle("file", kSize, 2);
  for (int i = kReads / 2; i < kReads; ++i) {
    EXPECT_EQ(ReadError(file, Place(i).begin), ESTALE) << i;
  }
  for (int i = 0; i < kReads / 2; ++i) EXPECT_EQ(CheckOracle(file, Place(i), 1), "") << i;
  const Descriptor fresh(mount.File("file"));
  for (int i = 0; i < kReads; ++i) EXPECT_EQ(CheckOracle(fresh, Place(i), 2), "") << i;
}

// The stalled answer alone would take first_byte_timeout and then another try.
TEST_P(KnownFaultsTest, AStallIsHedged) {
  constexpr auto kFirstByteTimeout = std::chrono::seconds(60);
  Mount& mount = Attach({"first_byte_timeout=60", "timeout=120"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  for (int i = 0; i < kReads; ++i) EXPECT_EQ(CheckOracle(file, Place(i)), "") << i;
  Inject("stall:ranged@middle:1");
  const TimePoint start = Clock::Steady().Now();
  EXPECT_EQ(CheckOracle(file, Place(kReads)), "");
  EXPECT_LT(Clock::Steady().Now() - start, kFirstByteTimeout / 2);
  EXPECT_EQ(origin_->counters().faults["stall"], 1u);
}

INSTANTIATE_TEST_SUITE_P(Drivers, KnownFaultsTest,
                         testing::Combine(testing::Values("http", "s3"),
                                          testing::Values("mmap", "memory")),
                         [](const auto& param) {
                           return std::get<0>(param.param) + "_" + std::get<1>(param.param);
                         });

}  // namespace
}  // namespace brimfs
