#include "tests/support/account.h"

#include <pwd.h>

#include <utility>

namespace brimfs {

Account::Account(std::string name, const std::string& home) : name_(std::move(name)) {
  const Ran made = RunCommand({"useradd", "--user-group", "--no-create-home", "--home-dir", home,
                               "--shell", "/bin/sh", name_});
  if (made.code != 0) return;
  if (const passwd* const entry = getpwnam(name_.c_str())) {
    uid_ = entry->pw_uid;
    gid_ = entry->pw_gid;
  }
}

std::vector<std::string> Account::Command(std::vector<std::string> argv) const {
  std::vector<std::string> command = {"setpriv",       "--reuid=" + name_, "--regid=" + name_,
                                      "--init-groups", "--reset-env",      "--"};
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

Ran Account::Shell(const std::string& line, std::vector<std::string> arguments) const {
  std::vector<std::string> argv = {"sh", "-c", line, "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunCommand(Command(std::move(argv)));
}

}  // namespace brimfs
