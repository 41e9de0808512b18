// A mount that may use only so much of the link.
#include <gtest/gtest.h>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::duration;

class RateTest : public E2eTest {};

TEST_F(RateTest, HoldsForAllFilesTogether) {
  constexpr uint64_t kRate = 4 << 20;
  constexpr uint64_t kEach = 3 << 20;
  const auto origin = StartOrigin();
  origin->PutOracle("a", kEach);
  origin->PutOracle("b", kEach);
  Mount& mount = Attach(origin->url(), {"rate=4M"});
  const TimePoint start = Clock::Steady().Now();
  const Ran ran = Shell("cat \"$1\" >&2 & cat \"$2\" && wait", {mount.File("a"), mount.File("b")});
  const duration<double> took = Clock::Steady().Now() - start;
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out.size(), kEach);
  EXPECT_EQ(ran.err.size(), kEach);
  // A tenth of a second's bytes may come at once, and as much is on its way to readers that wait.
  EXPECT_GE(took.count(), static_cast<double>(2 * kEach) / kRate - 0.2);
}

}  // namespace
}  // namespace brimfs
