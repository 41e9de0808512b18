#include "fs/control_access.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "core/unique_fd.h"

namespace brimfs {
namespace {

constexpr uid_t kOwner = 1000;
constexpr uid_t kOther = 1001;
constexpr gid_t kGroup = 50;

Caller User(uid_t uid, std::vector<gid_t> groups = {}) { return {uid, uid, std::move(groups)}; }

// Who may do what, as the mount was made.
struct Case {
  std::string what;
  Caller caller;
  MountAccess access;
  bool reads_file;
  bool reads_directory;
  bool controls;
};

MountAccess Access(bool others, mode_t file, mode_t directory, uid_t uid = kOwner) {
  return {.owner = kOwner,
          .others = others,
          .uid = uid,
          .gid = kGroup,
          .file_mode = file,
          .directory_mode = directory};
}

TEST(ControlAccessTest, TheOwnerAndRootMayDoEverythingOthersWhatTheyMayRead) {
  const Case kCases[] = {
      {"the owner", User(kOwner), Access(false, 0400, 0500), true, true, true},
      {"the owner without permissions", User(kOwner), Access(false, 0, 0), true, true, true},
      {"root", User(0), Access(false, 0, 0), true, true, true},
      {"another without allow_other", User(kOther), Access(false, 0444, 0555), false, false, false},
      {"another with it", User(kOther), Access(true, 0444, 0555), true, true, false},
      {"umask=077", User(kOther), Access(true, 0400, 0500), false, false, false},
      {"fmask=077", User(kOther), Access(true, 0400, 0555), false, true, false},
      {"dmask=077", User(kOther), Access(true, 0444, 0500), false, false, false},
      {"no search in directories", User(kOther), Access(true, 0444, 0554), false, false, false},
      {"no list of directories", User(kOther), Access(true, 0444, 0551), true, false, false},
      {"by the group", User(kOther, {7, kGroup}), Access(true, 0440, 0550), true, true, false},
      {"by the first group", {kOther, kGroup, {}}, Access(true, 0440, 0550), true, true, false},
      {"not by another group", User(kOther, {7}), Access(true, 0440, 0550), false, false, false},
      {"a group that may less", User(kOther, {kGroup}), Access(true, 0404, 0505), false, false,
       false},
      {"uid= is the caller", User(kOther), Access(true, 0400, 0500, kOther), true, true, false},
      {"uid= may less", User(kOther), Access(true, 0044, 0055, kOther), false, false, false},
  };
  for (const Case& one : kCases) {
    EXPECT_EQ(MayRead(one.caller, one.access, ObjectKind::kFile), one.reads_file) << one.what;
    EXPECT_EQ(MayRead(one.caller, one.access, ObjectKind::kDirectory), one.reads_directory)
        << one.what;
    EXPECT_EQ(MayControl(one.caller, one.access), one.controls) << one.what;
    for (const ControlCommand looks :
         {ControlCommand::kStatus, ControlCommand::kMap, ControlCommand::kFill}) {
      EXPECT_EQ(Authorize(one.caller, one.access, looks, ObjectKind::kFile).ok(), one.reads_file)
          << one.what << ": " << CommandName(looks);
    }
    for (const ControlCommand changes :
         {ControlCommand::kEvict, ControlCommand::kPin, ControlCommand::kUnpin}) {
      EXPECT_EQ(Authorize(one.caller, one.access, changes, ObjectKind::kFile).ok(), one.controls)
          << one.what << ": " << CommandName(changes);
    }
  }
}

TEST(ControlAccessTest, ARefusalIsDeniedAndSaysWhy) {
  const Status closed = Authorize(User(kOther), Access(false, 0444, 0555), ControlCommand::kStatus,
                                  ObjectKind::kDirectory);
  EXPECT_EQ(closed.code(), Code::kDenied);
  EXPECT_NE(closed.message().find("allow_other"), std::string::npos);
  const Status evict =
      Authorize(User(kOther), Access(true, 0444, 0555), ControlCommand::kEvict, ObjectKind::kFile);
  EXPECT_EQ(evict.code(), Code::kDenied);
  EXPECT_NE(evict.message().find("owner"), std::string::npos);
}

TEST(ControlAccessTest, TheKernelSaysWhoIsAtTheOtherEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd first(ends[0]);
  const UniqueFd second(ends[1]);
  const Result<Caller> caller = CallerOf(first.get());
  ASSERT_TRUE(caller.ok()) << caller.status().message();
  EXPECT_EQ(caller->uid, geteuid());
  EXPECT_EQ(caller->gid, getegid());
  std::vector<gid_t> groups(static_cast<size_t>(getgroups(0, nullptr)));
  groups.resize(static_cast<size_t>(getgroups(static_cast<int>(groups.size()), groups.data())));
  EXPECT_EQ(caller->groups, groups);
}

}  // namespace
}  // namespace brimfs
