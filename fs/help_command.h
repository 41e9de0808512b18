// brimfs help [COMMAND], brimfs --help.
#ifndef BRIMFS_FS_HELP_COMMAND_H_
#define BRIMFS_FS_HELP_COMMAND_H_

#include <ostream>
#include <string>

namespace brimfs {

// The help of the whole program, in lines of at most 80 columns: as brimfs, or as the helper of
// mount(8), which takes other flags and no commands.
std::string ProgramHelp();
std::string MountHelperHelp();

// Command::run: the help of the program, or what "brimfs COMMAND --help" prints.
int ShowHelp(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_HELP_COMMAND_H_
