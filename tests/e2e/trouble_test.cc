// Servers that fail, lie or go away under a mount.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <string>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

constexpr uint64_t kSize = 16 << 20;

class TroubleTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize);
  }

  Mount& AttachImpatient() {
    return Attach(origin_->url(), {"timeout=3", "first_byte_timeout=1", "metadata_ttl=3600"});
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(TroubleTest, FilledBytesSurviveTheServerAndTheRestHealsWithIt) {
  Mount& mount = AttachImpatient();
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  ASSERT_EQ(CheckOracle(file, {0, 4096}), "");
  origin_->Stop();
  file.DropPages();
  EXPECT_EQ(CheckOracle(file, {0, 4096}), "");
  EXPECT_GT(ReadError(file, kSize / 2), 0);
  EXPECT_EQ(CheckOracle(file, {0, 4096}), "");
  ASSERT_TRUE(origin_->Start().ok());
  // A failure is remembered for a second; after that the next read tries again.
  const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(20);
  while (ReadError(file, kSize / 2) != 0 && Clock::Steady().Now() < deadline) {
  }
  EXPECT_EQ(CheckOracle(file, {0, kSize}), "");
}

struct Fault {
  const char* name;
  const char* fault;  // as ParseFault reads it
};

// Faults that the reader never notices.
class HealedFaultTest : public TroubleTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(HealedFaultTest, TheReaderSeesTheRightBytes) {
  const Result<OriginFault> fault = ParseFault(GetParam().fault);
  ASSERT_TRUE(fault.ok()) << fault.status().message();
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(RunCommand({"ls", mount.path()}).out, "file\n");
  origin_->Inject(*fault);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_GT(origin_->counters().faults[fault->name], 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, HealedFaultTest,
    ::testing::Values(Fault{"ResetBeforeTheHead", "reset:ranged:2"},
                      Fault{"CloseBeforeTheHead", "close:ranged:2"},
                      Fault{"ResetInTheBody", "reset:any@10000:3"},
                      Fault{"CloseInTheBody", "close:any@10000:3"},
                      Fault{"ShortBody", "short:ranged:2"}, Fault{"LongBody", "long:ranged:1"},
                      Fault{"WrongStart", "wrong-content-range=start:ranged:1"},
                      Fault{"WrongEnd", "wrong-content-range=end:ranged:1"},
                      Fault{"MissingContentRange", "missing-content-range:ranged:1"},
                      Fault{"XmlWith200", "xml-200:ranged:1"},
                      Fault{"Unavailable", "status=503:ranged:2"},
                      Fault{"TooManyRequests", "status=429,1:ranged:1"}),
    [](const auto& test) { return test.param.name; });

TEST_F(TroubleTest, AStallInABodyIsHedgedLongBeforeTheSourceCountsAsSilent) {
  Mount& mount = Attach(origin_->url(), {"first_byte_timeout=10"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  for (uint64_t i = 0; i < 32; ++i) {  // peers to be compared with
    const uint64_t at = i * 37 % 63 * (256 << 10);
    ASSERT_EQ(CheckOracle(file, {at, at + 4096}), "");
  }
  origin_->Inject(*ParseFault("stall:any@10000:1"));
  const TimePoint started = Clock::Steady().Now();
  EXPECT_EQ(CheckOracle(file, {kSize - kFillBlock, kSize}), "");
  EXPECT_LT(Clock::Steady().Now() - started, std::chrono::seconds(5));
  EXPECT_EQ(origin_->counters().faults["stall"], 1u);
}

TEST_F(TroubleTest, AHardMountWaitsUntilTheServerIsBack) {
  Mount& mount = Attach(origin_->url(), {"hard", "timeout=1", "metadata_ttl=3600"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  ASSERT_EQ(CheckOracle(file, {0, 4096}), "");
  origin_->Stop();
  std::future<std::string> read = std::async(std::launch::async, [&] {
    return CheckOracle(file, {kSize / 2, kSize / 2 + 10});
  });
  EXPECT_EQ(read.wait_for(std::chrono::milliseconds(1500)), std::future_status::timeout);
  ASSERT_TRUE(origin_->Start().ok());
  EXPECT_EQ(read.get(), "");
}

TEST_F(TroubleTest, AServerWithoutHeadAndListingsIsRead) {
  origin_->SetIndex(Origin::Index::kNone);
  origin_->Inject(*ParseFault("head-refused:any:ever"));
  Mount& mount = Attach(origin_->url());
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_EQ(Descriptor(mount.File("nothing")).error(), ENOENT);
}

// Faults that never end: an error, never a wrong byte.
class LastingFaultTest : public TroubleTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(LastingFaultTest, TheReaderSeesAnErrorAndNoWrongByte) {
  Mount& mount = AttachImpatient();
  ASSERT_EQ(RunCommand({"ls", mount.path()}).out, "file\n");
  origin_->Inject(*ParseFault(GetParam().fault));
  const std::string wrong = CheckOracleFile(mount.File("file"), kSize);
  EXPECT_NE(wrong, "");
  EXPECT_EQ(wrong.find("wrong"), std::string::npos) << wrong;
  origin_->ClearFaults();
}

INSTANTIATE_TEST_SUITE_P(Faults, LastingFaultTest,
                         ::testing::Values(Fault{"Stall", "stall:ranged:ever"},
                                           Fault{"Denied", "status=403:ranged:ever"},
                                           Fault{"Short", "short:ranged:ever"},
                                           Fault{"MissingContentRange",
                                                 "missing-content-range:ranged:ever"},
                                           Fault{"RedirectLoop", "redirect-loop:ranged:ever"},
                                           Fault{"Changing", "changing-etag:ranged:ever"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace brimfs
