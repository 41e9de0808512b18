// The commands on a running mount: brimfs status, fill, evict, pin, unpin and map. They speak to
// it over its control socket (fs/control_client.h).
#ifndef BRIMFS_FS_MOUNT_COMMANDS_H_
#define BRIMFS_FS_MOUNT_COMMANDS_H_

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "fs/control_client.h"
#include "fs/control_protocol.h"

namespace brimfs {

// Command::run, with a CommandExitCode; fill, evict, pin and unpin end with 128 + the signal that
// stopped them.
int ShowStatus(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int FillFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int EvictFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int PinFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int UnpinFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int ShowMap(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

// --- What they share -----------------------------------------------------------------------------

struct MountArguments {
  std::vector<std::string> paths;
  bool json = false;
  bool watch = false;
  bool quiet = false;
};

// What a command takes, for its --help and its usage line.
struct MountSyntax {
  std::string_view arguments;  // "PATH..."
  std::string_view help;       // what it does and what its options mean: lines
  bool needs_path = true;
  bool one_path = false;
  bool json = false;  // --json and --watch
  bool quiet = false;
};

// The arguments; or else the exit code, and `out` or `err` has been told.
struct ParsedArguments {
  std::optional<MountArguments> arguments;
  int code = 0;
};
ParsedArguments ParseMountArguments(const MountSyntax& syntax, int argc, const char* const* argv,
                                    std::ostream& out, std::ostream& err);

// Asks the mount of `file` for `command` on it, with `cells` of kMap.
Result<ControlAnswer> AskMount(const MountedFile& file, ControlCommand command, uint32_t cells = 0,
                               const ControlClient::EachAnswer& each = {});

// An answer as what it is to be: kProtocol if it is something else, or the error that it is.
template <typename T>
Result<T> Expect(const Result<ControlAnswer>& answer) {
  if (!answer.ok()) return answer.status();
  if (const auto* const error = std::get_if<Status>(&answer->what)) return *error;
  if (const auto* const what = std::get_if<T>(&answer->what)) return *what;
  return Status(Code::kProtocol, "the mount answers something else; is it of another version?");
}

// What a person is told of an error that has no words.
std::string Words(const Status& status);

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_COMMANDS_H_
