// The commands that read a SOURCE without mounting it: brimfs ls, brimfs get, brimfs doctor. They
// take the options and the configuration files that a mount of it would.
#ifndef BRIMFS_FS_SOURCE_COMMANDS_H_
#define BRIMFS_FS_SOURCE_COMMANDS_H_

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "fs/mount_options.h"
#include "fs/open_source.h"

namespace brimfs {

// Command::run, with a CommandExitCode.
int ListSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int GetSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int ExamineSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

// --- What they share -----------------------------------------------------------------------------

// How a command says what is wrong: lines "brimfs NAME: …" on `err`. Used by one thread at a time.
class CommandErrors {
 public:
  // `title` is argv[0], "brimfs NAME".
  CommandErrors(std::string_view title, std::ostream& err) : title_(title), err_(err) {}

  // Control characters in what a server said are escaped.
  void Say(std::string_view what);

  // With the way out; returns kCommandUsage.
  int Usage(std::string_view what, std::string_view arguments);

  // What the failure to open a source exits with.
  int Fail(const Status& why);
  // As Fail; returns `code`.
  int FailWith(int code, const Status& why);

 private:
  const std::string title_;
  std::ostream& err_;
};

// The options for `source` as ConfigPlaces and `given`, what stood after each -o, have them, with
// paths made absolute. The log says errors only, or more if an option asks for it.
Result<MountOptions> CommandOptions(const std::string& source,
                                    const std::vector<std::string>& given);

// For one request that begins now.
CallLimits LimitsOf(const MountOptions& options, std::stop_token stop = {});

}  // namespace brimfs

#endif  // BRIMFS_FS_SOURCE_COMMANDS_H_
