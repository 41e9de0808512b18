// The base of the tests of brimfs as a command: started without -f, by hand or by mount(8).
#ifndef BRIMFS_TESTS_E2E_COMMAND_TEST_H_
#define BRIMFS_TESTS_E2E_COMMAND_TEST_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/support/mount_namespace.h"

namespace brimfs {

// Has an empty mountpoint. At the end nothing is mounted there, and no daemon is left.
class CommandTest : public E2eTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // `brimfs SOURCE MOUNTPOINT -o cache=OURS MORE…` to its end.
  Ran Brimfs(const std::string& source, const std::vector<std::string>& more = {});

  // As `brimfs` alone, without an -o of ours.
  std::vector<std::string> Arguments(const std::string& source) const {
    return {BrimfsProgram(), source, mountpoint_};
  }

  std::string File(const std::string& name) const { return mountpoint_ + "/" + name; }
  std::string CacheOption() const { return "cache=" + (dir_ / "cache"); }

  // Whether the kernel has a mount on the mountpoint; asks no daemon.
  bool Mounted() const;

  // Return when a directory has a mount, or ours has none any more; false after half a minute.
  static bool AwaitMounted(const std::string& directory);
  bool AwaitUnmounted() const;

  // Processes whose command line names our mountpoint.
  std::vector<pid_t> Daemons() const;

  // Return when these have ended, or all of them; false after half a minute.
  static bool AwaitEnd(const std::vector<pid_t>& processes);
  bool AwaitDaemonsEnd() const { return AwaitEnd(Daemons()); }

  const TempDir dir_;
  const std::string mountpoint_ = dir_ / "mnt";
};

// The same in a mount namespace of its own, where this build is installed. dir_ may be entered by
// all.
class InstalledTest : public CommandTest {
 protected:
  void SetUp() override;

  MountNamespace namespace_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_COMMAND_TEST_H_
