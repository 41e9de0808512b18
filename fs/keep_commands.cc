// brimfs evict, pin, unpin: what leaves a mount's cache, and what stays.
#include <poll.h>

#include <optional>
#include <string>
#include <string_view>

#include "fs/commands.h"
#include "fs/mount_commands.h"
#include "fs/mount_walk.h"
#include "fs/readable.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

constexpr std::string_view kArguments = "PATH... [-q]";

std::string Files(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " file" : " files");
}

std::string Joined(const std::string& path, const std::string& below) {
  if (below.empty()) return path;
  return path.ends_with('/') ? path + below : path + "/" + below;
}

// One command over its paths.
class Keeper {
 public:
  Keeper(const char* title, bool quiet, std::ostream& out, std::ostream& err)
      : quiet_(quiet), out_(out), errors_(title, err) {}

  int code() const { return code_; }

  void Evict(const std::string& path) {
    const Result<Done> done = Ask(path, ControlCommand::kEvict);
    if (done.ok()) Say(path, Files(done->files) + ", " + ReadableBytes(done->bytes) + " evicted");
  }

  void Unpin(const std::string& path) {
    const Result<Done> done = Ask(path, ControlCommand::kUnpin);
    if (done.ok()) Say(path, Files(done->files) + " unpinned");
  }

  // A file, or each file below a directory.
  void Pin(const std::string& path) {
    uint64_t files = 0;
    MountWalk walk({path});
    for (;;) {
      while (const std::optional<MountWalk::Found> found = walk.Take()) {
        files += Ask(found->path, found->file, ControlCommand::kPin).ok() ? 1 : 0;
      }
      if (walk.ended()) break;
      pollfd more{walk.fd(), POLLIN, 0};
      (void)poll(&more, 1, -1);
    }
    if (files > 0) Say(path, Files(files) + " pinned");
  }

 private:
  Result<Done> Ask(const std::string& path, ControlCommand command) {
    return Ask(path, FindMountedFile(path), command);
  }

  Result<Done> Ask(const std::string& path, const Result<MountedFile>& file,
                   ControlCommand command) {
    if (!file.ok()) return Fail(path, Words(file.status()));
    const auto on_kept = [&](const ControlAnswer& answer) {
      if (const auto* const kept = std::get_if<KeptFile>(&answer.what)) {
        (void)Fail(Joined(path, kept->path), kept->why + "; it stays");
      }
    };
    Result<Done> done = Expect<Done>(AskMount(*file, command, 0, on_kept));
    if (!done.ok()) return Fail(path, Words(done.status()));
    return done;
  }

  Status Fail(const std::string& path, const std::string& why) {
    code_ = kCommandFailed;
    errors_.Say(path + ": " + why);
    return Status(Code::kIo);
  }

  void Say(const std::string& path, const std::string& what) {
    if (!quiet_) out_ << path << ": " << what << std::endl;
  }

  const bool quiet_;
  std::ostream& out_;
  CommandErrors errors_;
  int code_ = kCommandOk;
};

int Run(const MountSyntax& syntax, void (Keeper::*what)(const std::string&), int argc,
        const char* const* argv, std::ostream& out, std::ostream& err) {
  const ParsedArguments parsed = ParseMountArguments(syntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  Keeper keeper(argv[0], parsed.arguments->quiet, out, err);
  for (const std::string& path : parsed.arguments->paths) (keeper.*what)(path);
  return keeper.code();
}

}  // namespace

int EvictFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = kArguments,
      .help =
          "Lets go of what was fetched of the files in a mount; of a directory, of all files\n"
          "below it. What is open or pinned stays, and is said.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  return Run(kSyntax, &Keeper::Evict, argc, argv, out, err);
}

int PinFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = kArguments,
      .help =
          "Keeps what is and will be fetched of the files in a mount, also after the unmount,\n"
          "until they are unpinned; of a directory, of all files that are below it now.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  return Run(kSyntax, &Keeper::Pin, argc, argv, out, err);
}

int UnpinFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = kArguments,
      .help =
          "Undoes brimfs pin for the files in a mount; for a directory, for all below it.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  return Run(kSyntax, &Keeper::Unpin, argc, argv, out, err);
}

}  // namespace brimfs
