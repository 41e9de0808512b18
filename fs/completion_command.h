// brimfs completion: what a shell may complete, for packaging/completion/brimfs.
#ifndef BRIMFS_FS_COMPLETION_COMMAND_H_
#define BRIMFS_FS_COMPLETION_COMMAND_H_

#include <ostream>

namespace brimfs {

// Command::run. `completion commands` and `completion options` print the rows of the tables, one a
// line, their fields separated by tabs: name, arguments, help; name, argument, default, help.
int PrintCompletions(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_COMPLETION_COMMAND_H_
