// brimfs fill PATH...
#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "fs/command_signals.h"
#include "fs/commands.h"
#include "fs/fill_tally.h"
#include "fs/mount_commands.h"
#include "fs/mount_walk.h"
#include "fs/readable.h"
#include "fs/source_commands.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

constexpr size_t kMostAtATime = 32;  // files that are asked for
constexpr int kRedraw = 200;         // milliseconds

class FillCommand {
 public:
  FillCommand(MountArguments arguments, const char* title, std::ostream& out, std::ostream& err)
      : quiet_(arguments.quiet),
        out_(out),
        errors_(title, err),
        bar_(Terminal::Of(out).interactive && !quiet_),
        signals_(out, err),
        walk_(std::move(arguments.paths)) {}

  int Run() {
    while (out_.good()) {
      while (HasRoom()) {
        std::optional<MountWalk::Found> found = walk_.Take();
        if (!found) break;
        Begin(*std::move(found));
      }
      if (walk_.ended() && active_.empty()) {
        Draw(/*last=*/true);
        return failed_ ? kCommandFailed : kCommandOk;
      }
      Wait();
      if (signals_.Came() != 0) break;
      for (auto at = clients_.begin(); at != clients_.end();) {
        const auto here = at++;
        const std::string socket = here->first;  // Lose erases it
        const Status received = Receive(*here->second);
        if (!received.ok()) Lose(socket, received);
      }
      Draw();
    }
    const int signal = signals_.Came();
    return signal == 0 ? kCommandFailed : Stopped(signal);  // 0: nobody reads what it says
  }

 private:
  struct Filling {
    std::string path;
    MountedFile file;  // kept, so that the mount knows the node
    FillTally::File tally;
    Status lost;  // why it was asked for once more, if it was
  };

  bool HasRoom() const { return active_.size() < kMostAtATime; }

  void Begin(MountWalk::Found found) {
    Filling filling{.path = std::move(found.path), .file = {}, .tally = {}, .lost = {}};
    filling.tally.size = found.size;
    if (!found.file.ok()) return Fail(filling, found.file.status());
    filling.file = std::move(*found.file);
    Ask(std::move(filling));
  }

  void Ask(Filling filling) {
    const std::string socket = filling.file.socket;
    auto& client = clients_[socket];
    if (client == nullptr) {
      Result<std::unique_ptr<ControlClient>> connected = ControlClient::Connect(filling.file);
      if (!connected.ok()) {
        clients_.erase(socket);
        return Fail(filling, filling.lost.ok() ? connected.status() : filling.lost);
      }
      client = std::move(*connected);
    }
    ControlRequest request;
    request.id = ++last_id_;
    request.command = ControlCommand::kFill;
    request.node = filling.file.node;
    active_.emplace(request.id, std::move(filling));
    const Status sent = client->Send(request);
    if (sent.ok()) return;
    // Maybe with a word of why.
    const Status received = Receive(*client);
    Lose(socket, received.ok() ? sent : received);
  }

  // Until something has happened that there is something to do for.
  void Wait() {
    std::vector<pollfd> fds = {{signals_.fd(), POLLIN, 0}};
    if (HasRoom()) fds.push_back({walk_.fd(), POLLIN, 0});
    for (const auto& [socket, client] : clients_) fds.push_back({client->fd(), POLLIN, 0});
    (void)poll(fds.data(), fds.size(), bar_ ? kRedraw : -1);
  }

  // Why it has ended, if it has.
  Status Receive(ControlClient& client) {
    for (;;) {
      Result<std::optional<ControlAnswer>> answer = client.TryReceive();
      if (!answer.ok()) return answer.status();
      if (!*answer) return OkStatus();
      if (const auto* const refused = std::get_if<Status>(&(*answer)->what);
          refused != nullptr && (*answer)->id == 0) {
        return *refused;  // not of a file, but of the connection
      }
      Take(**answer);
    }
  }

  // A mount closes a connection over which nothing is asked for long, maybe just before the next
  // request comes: what it has not begun is asked for once more.
  void Lose(const std::string& socket, const Status& why) {
    clients_.erase(socket);
    std::vector<Filling> lost;
    for (auto at = active_.begin(); at != active_.end();) {
      const auto here = at++;
      if (here->second.file.socket != socket) continue;
      lost.push_back(std::move(here->second));
      active_.erase(here);
    }
    for (Filling& filling : lost) {
      if (filling.tally.heard || !filling.lost.ok()) {
        Fail(filling, why);
      } else {
        filling.lost = why;
        Ask(std::move(filling));
      }
    }
  }

  void Take(const ControlAnswer& answer) {
    const auto at = active_.find(answer.id);
    if (at == active_.end()) return;
    if (const auto* const progress = std::get_if<FillProgress>(&answer.what)) {
      return tally_.Note(at->second.tally, progress->filled);
    }
    Filling filling = std::move(at->second);
    active_.erase(at);
    const Result<Done> done = Expect<Done>(answer);
    if (done.ok()) {
      tally_.Done(filling.tally);
      if (!quiet_ && !bar_) {
        out_ << filling.path << ": " << ReadableBytes(done->bytes) << " filled" << std::endl;
      }
    } else if (done.code() == Code::kStale && again_.insert(filling.path).second) {
      tally_.Replaced(filling.tally);
      walk_.LookAgain(std::move(filling.path), filling.tally.size);
    } else {
      Fail(filling, done.status());
    }
  }

  void Fail(const Filling& filling, const Status& why) {
    failed_ = true;
    tally_.Failed(filling.tally);
    Erase();
    errors_.Say(filling.path + ": " + Words(why));
  }

  int Stopped(int signal) {
    clients_.clear();  // the mount stops what it fills for us
    Draw(/*last=*/true);
    errors_.Say("stopped; what came is kept");
    constexpr int kSignalled = 128;
    return kSignalled + signal;
  }

  void Erase() {
    if (bar_) out_ << "\r\x1b[K" << std::flush;
    drawn_at_ = TimePoint();
  }

  void Draw(bool last = false) {
    const TimePoint now = Clock::Steady().Now();
    if (!bar_ || (!last && now - drawn_at_ < std::chrono::milliseconds(kRedraw))) return;
    drawn_at_ = now;
    const Terminal terminal = Terminal::Of(out_);  // as wide as it is now
    out_ << '\r' << ProgressLine(tally_.At(walk_.totals(), now), terminal.width - 1, terminal.utf8)
         << "\x1b[K" << (last ? "\n" : "") << std::flush;
  }

  const bool quiet_;
  std::ostream& out_;
  CommandErrors errors_;
  const bool bar_;
  const CommandSignals signals_;  // before the walk's threads
  MountWalk walk_;

  std::map<std::string, std::unique_ptr<ControlClient>> clients_;  // by socket
  std::map<uint64_t, Filling> active_;                             // by request
  uint64_t last_id_ = 0;
  std::set<std::string> again_;  // paths whose first version was gone
  FillTally tally_;
  bool failed_ = false;
  TimePoint drawn_at_;
};

}  // namespace

int FillFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = "PATH... [-q]",
      .help =
          "Fetches all that is missing of the files in a mount; of a directory, of all\n"
          "files below it. Whoever reads meanwhile goes first. Ctrl-C stops it; what came\n"
          "is kept.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  ParsedArguments parsed = ParseMountArguments(kSyntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  return FillCommand(std::move(*parsed.arguments), argv[0], out, err).Run();
}

}  // namespace brimfs
