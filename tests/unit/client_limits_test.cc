#include "fs/client_limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace brimfs {
namespace {

constexpr uid_t kRoot = 0;
constexpr uid_t kOwner = 1000;
constexpr uid_t kAnn = 1001;
constexpr uid_t kBob = 1002;
constexpr ClientLimits kLimits{.all = 6, .of_others = 4, .of_each_other = 2};

Status Admit(const std::vector<uid_t>& clients, uid_t user) {
  return AdmitClient(clients, user, kOwner, kLimits);
}

TEST(ClientLimitsTest, OneUserTakesOnlyTheirShareAndAnotherStillComesIn) {
  EXPECT_TRUE(Admit({kAnn}, kAnn).ok());
  EXPECT_EQ(Admit({kAnn, kAnn}, kAnn).code(), Code::kBusy);
  EXPECT_EQ(Admit({kAnn, kAnn}, kAnn).message(),
            "the mount serves 2 clients of a user at a time, and you have as many");
  EXPECT_TRUE(Admit({kAnn, kAnn}, kBob).ok());
}

TEST(ClientLimitsTest, AllOthersTogetherLeaveRoomForTheOwnerAndRoot) {
  const std::vector<uid_t> others{kAnn, kAnn, kBob, kBob};
  EXPECT_EQ(Admit(others, 1003).code(), Code::kBusy);
  EXPECT_TRUE(Admit(others, kOwner).ok());
  EXPECT_TRUE(Admit(others, kRoot).ok());
}

TEST(ClientLimitsTest, TheOwnerAndRootAreLimitedByTheWholeOnly) {
  EXPECT_TRUE(Admit({kOwner, kOwner, kOwner, kOwner, kOwner}, kOwner).ok());
  EXPECT_TRUE(Admit({kRoot, kRoot, kRoot, kOwner, kOwner}, kRoot).ok());
  EXPECT_EQ(Admit({kOwner, kOwner, kOwner, kOwner, kOwner, kOwner}, kRoot).code(), Code::kBusy);
}

TEST(ClientLimitsTest, TheDefaultsLeaveRoomForTheOwnerWhoeverElseComes) {
  constexpr ClientLimits kDefaults;
  EXPECT_LT(kDefaults.of_others, kDefaults.all);
  EXPECT_LT(kDefaults.of_each_other, kDefaults.of_others);
}

}  // namespace
}  // namespace brimfs
