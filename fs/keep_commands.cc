// brimfs evict, pin, unpin: what leaves a mount's cache, and what stays.
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/log.h"
#include "fs/command_signals.h"
#include "fs/commands.h"
#include "fs/mount_commands.h"
#include "fs/mount_walk.h"
#include "fs/readable.h"
#include "fs/source_commands.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

constexpr std::string_view kArguments = "PATH... [-q]";
constexpr auto kRedraw = std::chrono::milliseconds(200);

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
      : quiet_(quiet),
        out_(out),
        err_(err),
        errors_(title, err),
        line_(Terminal::Of(out).interactive && !quiet) {}

  // Nothing more is to be done.
  bool stopped() {
    if (signal_ == 0 && signals_) signal_ = signals_->Came();
    return signal_ != 0 || !out_.good();
  }

  int End() {
    if (signal_ == 0) return failures_ == 0 ? kCommandOk : kCommandFailed;
    errors_.Say("stopped; what was done is kept");
    constexpr int kSignalled = 128;
    return kSignalled + signal_;
  }

  void Evict(const std::string& path) {
    const uint64_t failures = failures_;
    const Result<Done> done = AskOnce(path, ControlCommand::kEvict);
    if (!done.ok() || (done->files == 0 && failures_ > failures)) return;  // it has been said
    Say(path, Files(done->files) + ", " + ReadableBytes(done->bytes) + " evicted");
  }

  void Unpin(const std::string& path) {
    const Result<Done> done = AskOnce(path, ControlCommand::kUnpin);
    if (done.ok()) Say(path, Files(done->files) + " unpinned");
  }

  // A file, or each file below a directory.
  void Pin(const std::string& path) {
    uint64_t files = 0;
    HoldSignals();  // before the walk's threads
    {
      MountWalk walk({path});
      while (!stopped()) {
        while (const std::optional<MountWalk::Found> found = walk.Take()) {
          files += Ask(found->path, found->file, ControlCommand::kPin).ok() ? 1 : 0;
          if (stopped()) break;
          const MountWalk::Totals totals = walk.totals();
          Draw(path, files, totals.all ? totals.files : 0);
        }
        if (stopped() || walk.ended()) break;
        Await(walk.fd());
        Draw(path, files, 0);
      }
    }
    LetSignalsGo();
    if (files > 0 && signal_ == 0) Say(path, Files(files) + " pinned");
  }

 private:
  // From now on a signal is something to obey.
  void HoldSignals() { signals_.emplace(out_, err_); }
  void LetSignalsGo() {
    (void)stopped();
    Erase();
    signals_.reset();
  }

  Result<Done> AskOnce(const std::string& path, ControlCommand command) {
    // May wait for the source, and nothing has begun: a signal ends the command at once.
    const Result<MountedFile> file = FindMountedFile(path);
    HoldSignals();
    Result<Done> done = Ask(path, file, command);
    LetSignalsGo();
    return done;
  }

  Result<Done> Ask(const std::string& path, const Result<MountedFile>& file,
                   ControlCommand command) {
    if (!file.ok()) return Fail(path, file.status());
    // The mount stops what it does for us once this is closed.
    const Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(*file);
    if (!client.ok()) return Fail(path, client.status());
    Result<Done> done = Expect<Done>(Exchange(path, **client, command, file->node));
    if (stopped()) return Status(Code::kInterrupted);
    if (!done.ok()) return Fail(path, done.status());
    return done;
  }

  // The last answer. kInterrupted: stopped.
  Result<ControlAnswer> Exchange(const std::string& path, ControlClient& client,
                                 ControlCommand command, NodeId node) {
    ControlRequest request;
    request.id = 1;
    request.command = command;
    request.node = node;
    (void)client.Send(request).ok();  // where it fails, TryReceive says why
    Clock& clock = Clock::Steady();
    FillProgress progress;
    TimePoint heard = clock.Now();
    while (!stopped()) {
      Result<std::optional<ControlAnswer>> answer = client.TryReceive();
      if (!answer.ok()) return answer.status();
      if (!*answer) {
        if (clock.Now() - heard > ControlClient::kPatience) {
          return Status(Code::kTimedOut, "the mount does not answer");
        }
        Await(client.fd());
        if (command != ControlCommand::kPin) Draw(path, progress.filled, progress.length);
        continue;
      }
      heard = clock.Now();
      if ((*answer)->last()) return std::move(**answer);
      if (const auto* const told = std::get_if<FillProgress>(&(*answer)->what)) progress = *told;
      if (const auto* const kept = std::get_if<KeptFile>(&(*answer)->what)) {
        (void)Fail(Joined(path, kept->path), Status(Code::kBusy, kept->why + "; it stays"));
      }
    }
    return Status(Code::kInterrupted);
  }

  // Until there is something to read, to obey or to draw.
  void Await(int fd) const {
    pollfd fds[] = {{fd, POLLIN, 0}, {signals_->fd(), POLLIN, 0}};
    constexpr int kPatience = std::chrono::milliseconds(ControlClient::kPatience).count();
    (void)poll(fds, 2, line_ ? static_cast<int>(kRedraw.count()) : kPatience);
  }

  // How many files were gone through, of 0 as long as that is not known.
  void Draw(const std::string& path, uint64_t files, uint64_t of) {
    const TimePoint now = Clock::Steady().Now();
    if (!line_ || now - drawn_at_ < kRedraw) return;
    drawn_at_ = now;
    const std::string count =
        ": " + (of == 0 ? Files(files) : std::to_string(files) + "/" + Files(of));
    std::string name = EscapeForLog(path);
    const auto width = static_cast<size_t>(std::max(1, Terminal::Of(out_).width - 1));
    // Its end tells more than its beginning; of a character that is cut nothing is left.
    if (name.size() + count.size() > width) {
      name.erase(0, name.size() + count.size() - width);
      while (!name.empty() && (name.front() & 0xC0) == 0x80) name.erase(0, 1);
    }
    out_ << '\r' << name << count << "\x1b[K" << std::flush;
    drawn_ = true;
  }

  void Erase() {
    if (std::exchange(drawn_, false)) out_ << "\r\x1b[K" << std::flush;
  }

  Status Fail(const std::string& path, const Status& why) {
    ++failures_;
    Erase();
    errors_.Say(path + ": " + Words(why));
    return Status(Code::kIo);
  }

  void Say(const std::string& path, const std::string& what) {
    Erase();
    if (!quiet_) out_ << EscapeForLog(path) << ": " << what << std::endl;
  }

  const bool quiet_;
  std::ostream& out_;
  std::ostream& err_;
  CommandErrors errors_;
  const bool line_;  // one at a terminal tells how far it is
  std::optional<CommandSignals> signals_;
  int signal_ = 0;      // that has come
  bool drawn_ = false;  // the line is there
  TimePoint drawn_at_;
  uint64_t failures_ = 0;  // paths
};

int Run(const MountSyntax& syntax, void (Keeper::*what)(const std::string&), int argc,
        const char* const* argv, std::ostream& out, std::ostream& err) {
  const ParsedArguments parsed = ParseMountArguments(syntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  Keeper keeper(argv[0], parsed.arguments->quiet, out, err);
  for (const std::string& path : parsed.arguments->paths) {
    if (keeper.stopped()) break;
    (keeper.*what)(path);
  }
  return keeper.End();
}

}  // namespace

int EvictFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = kArguments,
      .help =
          "Lets go of what was fetched of the files in a mount; of a directory, of all\n"
          "files below it. What is open or pinned stays, and is said. Ctrl-C stops it.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  return Run(kSyntax, &Keeper::Evict, argc, argv, out, err);
}

int PinFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = kArguments,
      .help =
          "Keeps what is and will be fetched of the files in a mount, also after the\n"
          "unmount, until they are unpinned; of a directory, of all files that are below it\n"
          "now.\n"
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
