// The command line: brimfs SOURCE MOUNTPOINT [-o OPTION,...] and a few flags.
#ifndef BRIMFS_FS_CLI_H_
#define BRIMFS_FS_CLI_H_

#include <string>

#include "core/status.h"
#include "fs/mount_options.h"

namespace brimfs {

struct CommandLine {
  std::string source;
  std::string mountpoint;
  MountOptions options;
  bool foreground = false;

  // Not empty: print this and exit with success (--help, --version).
  std::string answer;
};

// kInvalidArgument: one line for the user, with the remedy.
Result<CommandLine> ParseCommandLine(int argc, const char* const* argv, const std::string& version);

}  // namespace brimfs

#endif  // BRIMFS_FS_CLI_H_
