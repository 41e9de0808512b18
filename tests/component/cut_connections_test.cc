// Connections that are cut again and again: what has come is never sent a second time.
#include <gtest/gtest.h>

#include "tests/component/http_mount.h"
#include "tests/support/origin.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kLength = 64 * kMiB;

TEST(CutConnectionsTest, ACutEveryMiBCostsLessThanOnePercentOfTheObject) {
  Origin origin;
  ASSERT_TRUE(origin.Start().ok());
  origin.PutOracle("file", kLength);
  OriginFault cut = *ParseFault("close:ranged:ever");
  cut.after = kMiB;
  origin.Inject(cut);
  HttpMount mount(origin.url(), /*connections=*/4);
  EXPECT_TRUE(mount.ReadsRight("file"));

  EXPECT_GE(origin.counters().faults["close"], 32u);
  // A hedge asks once more for what is silent; that is not a matter of cuts.
  const uint64_t hedged = mount.stats().hedges * Fetcher::Options{}.part_bytes;
  EXPECT_LE(origin.counters().body_bytes, kLength + kLength / 100 + hedged);
}

}  // namespace
}  // namespace brimfs
