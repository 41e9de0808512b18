// The command line: brimfs SOURCE MOUNTPOINT [-o OPTION,...] and a few flags; under the name
// mount.brimfs, what mount(8) gives its helpers.
#ifndef BRIMFS_FS_CLI_H_
#define BRIMFS_FS_CLI_H_

#include <string>
#include <string_view>

#include "core/status.h"
#include "fs/config.h"
#include "fs/mount_options.h"

namespace brimfs {

struct CommandLine {
  std::string source;
  std::string mountpoint;
  MountOptions options;
  bool foreground = false;
  bool verbose = false;         // say on standard output what was done
  bool fake = false;            // do everything but mount
  std::string mount_namespace;  // to mount in: a file or the number of a process; empty: this one

  // Not empty: print this and exit with success (--help, --version).
  std::string answer;
};

// Whether a program of this name is called by mount(8), see there "EXTERNAL HELPERS".
bool IsMountHelper(std::string_view program);

// kInvalidArgument: one line for the user, with the remedy. argv[0] decides between the two names,
// which mean different things by -f.
// The options of the files in `places` are read too, for the source that is given.
Result<CommandLine> ParseCommandLine(int argc, const char* const* argv, const std::string& version,
                                     const ConfigPlaces& places = {});

}  // namespace brimfs

#endif  // BRIMFS_FS_CLI_H_
