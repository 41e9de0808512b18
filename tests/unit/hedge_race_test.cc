#include "core/hedge_race.h"

#include <gtest/gtest.h>

#include <thread>

namespace brimfs {
namespace {

using Side = HedgeRace::Side;

TEST(HedgeRaceTest, AloneTheFirstGoesOnAndEnds) {
  HedgeRace race;
  EXPECT_TRUE(race.Advance(Side::kFirst));
  EXPECT_TRUE(race.alone());
  EXPECT_TRUE(race.End(Side::kFirst));
  EXPECT_FALSE(race.Open());
}

TEST(HedgeRaceTest, TheFirstBytesWinAndStopTheOther) {
  HedgeRace race;
  EXPECT_TRUE(race.Open());
  EXPECT_TRUE(race.Advance(Side::kHedge));
  EXPECT_TRUE(race.stop(Side::kFirst).stop_requested());
  EXPECT_FALSE(race.stop(Side::kHedge).stop_requested());
  EXPECT_TRUE(race.Lost(Side::kFirst));
  EXPECT_FALSE(race.Advance(Side::kFirst));
  EXPECT_FALSE(race.End(Side::kFirst));
  EXPECT_TRUE(race.Advance(Side::kHedge));
  EXPECT_TRUE(race.End(Side::kHedge));
}

TEST(HedgeRaceTest, AFirstThatGoesOnKeepsItsClaim) {
  HedgeRace race;
  EXPECT_TRUE(race.Open());
  EXPECT_TRUE(race.Advance(Side::kFirst));
  EXPECT_TRUE(race.stop(Side::kHedge).stop_requested());
  EXPECT_FALSE(race.Advance(Side::kHedge));
  EXPECT_FALSE(race.End(Side::kHedge));
  EXPECT_TRUE(race.End(Side::kFirst));
  EXPECT_FALSE(race.Open());
}

TEST(HedgeRaceTest, AHedgeThatBroughtNothingEndsUnheard) {
  HedgeRace race;
  EXPECT_TRUE(race.Open());
  EXPECT_FALSE(race.End(Side::kHedge));
  EXPECT_FALSE(race.stop(Side::kFirst).stop_requested());
  EXPECT_TRUE(race.End(Side::kFirst));
}

TEST(HedgeRaceTest, OneOfTwoThatAreEquallyFastWins) {
  for (int i = 0; i < 1000; ++i) {
    HedgeRace race;
    EXPECT_TRUE(race.Open());
    bool hedge = false;
    std::thread other([&] { hedge = race.Advance(Side::kHedge); });
    const bool first = race.Advance(Side::kFirst);
    other.join();
    ASSERT_NE(first, hedge);
    ASSERT_EQ(race.End(Side::kFirst), first);
  }
}

}  // namespace
}  // namespace brimfs
