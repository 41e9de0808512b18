// An ordinary user made for a test.
#ifndef BRIMFS_TESTS_SUPPORT_ACCOUNT_H_
#define BRIMFS_TESTS_SUPPORT_ACCOUNT_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/process.h"

namespace brimfs {

// Only inside a MountNamespace, with which it ends: nothing of it is seen outside.
class Account {
 public:
  // Made with useradd(8), with a group of its own; `home` is where HOME points. uid() is 0 if that
  // failed.
  explicit Account(std::string name, const std::string& home = "/nonexistent");

  uid_t uid() const { return uid_; }
  gid_t gid() const { return gid_; }

  // What runs `argv` as this user, without privilege and with an environment of its own. The
  // process that is started is that of argv[0].
  std::vector<std::string> Command(std::vector<std::string> argv) const;

  // Runs a line of sh as this user to its end; "$1" and so on are `arguments`.
  Ran Shell(const std::string& line, std::vector<std::string> arguments = {}) const;

 private:
  const std::string name_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ACCOUNT_H_
