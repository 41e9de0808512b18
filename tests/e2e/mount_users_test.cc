// Who may use the commands on a running mount.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/e2e/users_test.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class MountUsersTest : public UsersTest {
 protected:
  static Ran Brimfs(const Account& account, const std::string& command, const std::string& path) {
    return account.Shell("brimfs $1 \"$2\"", {command, path});
  }

  // Runs a line of sh while the user has a mount at $1/mnt with $3 as the runtime directory.
  Ran WithRuntimeDirectory(const TempDir& runtime, const std::string& line) {
    const TempDir dir;
    for (const TempDir* const theirs : {&runtime, &dir}) {
      EXPECT_EQ(chown(theirs->path().c_str(), user_->uid(), user_->gid()), 0);
    }
    return user_->Shell(
        "mkdir \"$1/mnt\" && XDG_RUNTIME_DIR=\"$3\" brimfs \"$2\" \"$1/mnt\" -o cache=\"$1/cache\" "
        "&& "
        "{ " +
            line + "; }; fusermount3 -u \"$1/mnt\"",
        {dir.path(), origin_->url(), runtime.path()});
  }
};

TEST_F(MountUsersTest, AUserDoesEverythingOnAMountOfTheirOwn) {
  Mount& mount = MountAs(*user_);
  const std::string file = mount.File("file");
  EXPECT_EQ(Brimfs(*user_, "fill", file).out, file + ": 293K filled\n");
  EXPECT_THAT(Brimfs(*user_, "status", file).out, HasSubstr("(100%)"));
  EXPECT_THAT(user_->Shell("brimfs status").out, HasSubstr(" on " + mount.path()));
  EXPECT_THAT(Brimfs(*user_, "map", file).out, HasSubstr("filled"));
  EXPECT_EQ(Brimfs(*user_, "pin", file).code, 0);
  EXPECT_EQ(Brimfs(*user_, "evict", file).code, 1);
  EXPECT_EQ(Brimfs(*user_, "unpin", file).code, 0);
  EXPECT_EQ(Brimfs(*user_, "evict", file).code, 0);
  EXPECT_EQ(Shell("find \"$1\" -name '*.sock' -perm 600 | wc -l", {mount.cache()}).out, "1\n");
}

TEST_F(MountUsersTest, TheSocketOfAUserLiesInTheRuntimeDirectoryIfThereIsOne) {
  const TempDir runtime;
  const Ran ran =
      WithRuntimeDirectory(runtime, "getfattr --only-values -n user.brimfs.control \"$1/mnt\"");
  EXPECT_THAT(ran.out, StartsWith(runtime.path() + "/brimfs/")) << ran.err;
}

TEST_F(MountUsersTest, AMountGoesOnWhereTheRuntimeDirectoryGoesWithTheSession) {
  const TempDir runtime;
  const Ran ran = WithRuntimeDirectory(
      runtime, "rm -r \"$3/brimfs\" && brimfs fill \"$1/mnt/file\"; ls \"$3/brimfs\"");
  EXPECT_THAT(ran.out, HasSubstr("/mnt/file: 293K filled\n")) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(".sock\n"));
}

TEST_F(MountUsersTest, OthersAreKeptOutOfAMountWithoutAllowOther) {
  Mount& mount = MountAs(*user_);
  for (const char* const command : {"status", "fill", "evict", "pin", "unpin", "map"}) {
    const Ran ran = Brimfs(*other_, command, mount.File("file"));
    EXPECT_EQ(ran.code, 1) << command;
    EXPECT_EQ(ran.err, "brimfs " + std::string(command) + ": " + mount.File("file") +
                           ": Permission denied\n");
  }
  const Ran all = other_->Shell("brimfs status");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out, "There is no mount of brimfs that you may enter.\n");
}

TEST_F(MountUsersTest, WithAllowOtherTheyLookAndFillButDoNotChange) {
  Mount& mount = AttachForAll({"allow_other"});
  const std::string file = mount.File("file");
  EXPECT_EQ(Brimfs(*other_, "fill", mount.path()).code, 0);
  EXPECT_THAT(Brimfs(*other_, "status", file).out, HasSubstr("(100%)"));
  EXPECT_THAT(Brimfs(*other_, "status", mount.path()).out, HasSubstr(origin_->url()));
  EXPECT_EQ(Brimfs(*other_, "map", file).code, 0);
  EXPECT_THAT(other_->Shell("brimfs status").out, HasSubstr(" on " + mount.path()));
  for (const char* const command : {"evict", "pin", "unpin"}) {
    const Ran ran = Brimfs(*other_, command, file);
    EXPECT_EQ(ran.code, 1) << command;
    EXPECT_EQ(ran.err, "brimfs " + std::string(command) + ": " + file +
                           ": only the owner of the mount and root may\n");
  }
  EXPECT_THAT(Brimfs(*other_, "status", file).out, HasSubstr("(100%)")) << "nothing has changed";
}

TEST_F(MountUsersTest, AMountInAPrivateDirectoryIsFoundWhereItIsBound) {
  Mount& mount = Attach(origin_->url(), {"allow_other"});
  EXPECT_EQ(other_->Shell("brimfs status").out,
            "There is no mount of brimfs that you may enter.\n");
  const TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms{0755});
  ASSERT_EQ(::mount(mount.path().c_str(), dir.path().c_str(), nullptr, MS_BIND, nullptr), 0);
  const Ran all = other_->Shell("brimfs status");
  EXPECT_EQ(umount2(dir.path().c_str(), MNT_DETACH), 0);
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr(" on " + mount.path() + "\n"));
}

TEST_F(MountUsersTest, AMountThatShowsNothingToOthersIsLeftOutForThem) {
  Mount& mount = AttachForAll({"allow_other,umask=077"});
  const Ran all = other_->Shell("brimfs status");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out, "There is no mount of brimfs that you may enter.\n");
  EXPECT_THAT(Shell("brimfs status").out, HasSubstr(" on " + mount.path() + "\n"));
}

TEST_F(MountUsersTest, WithAllowOtherThePermissionsOfTheMountDecide) {
  Mount& mount = AttachForAll({"allow_other,gid=brimfs-user,fmask=0137,dmask=022"});
  EXPECT_EQ(Brimfs(*user_, "status", mount.File("file")).code, 0) << "the group may read";
  EXPECT_EQ(Brimfs(*other_, "status", mount.File("file")).code, 1);
  EXPECT_EQ(Brimfs(*other_, "fill", mount.File("file")).code, 1);
  EXPECT_EQ(Brimfs(*other_, "status", mount.path()).code, 0) << "directories are for all";
}

TEST_F(MountUsersTest, WhoKnowsTheSocketAndANodeLearnsNoMoreThanThePermissionsAllow) {
  Mount& mount = AttachForAll({"allow_other,umask=077"});
  const std::string ask =
      "import socket, sys\n"
      "s = socket.socket(socket.AF_UNIX)\n"
      "s.connect(sys.argv[1])\n"
      "s.sendall(b'{\"id\": 1, \"do\": \"status\", \"node\": %d}\\n' % int(sys.argv[2]))\n"
      "print(s.recv(65536).decode())\n";
  const std::string socket =
      Shell("getfattr --only-values -n user.brimfs.control \"$1\"", {mount.path()}).out;
  const std::string node = Shell("stat -c %i \"$1\"", {mount.File("file")}).out;
  const Ran root = Shell("python3 -c \"$1\" \"$2\" \"$3\"", {ask, socket, node});
  EXPECT_THAT(root.out, HasSubstr("\"length\":300000")) << root.err;
  const Ran other = other_->Shell("python3 -c \"$1\" \"$2\" \"$3\"", {ask, socket, node});
  EXPECT_THAT(other.out, HasSubstr("\"code\":\"denied\"")) << other.err;
  EXPECT_THAT(other.out, testing::Not(HasSubstr("300000")));
}

}  // namespace
}  // namespace brimfs
