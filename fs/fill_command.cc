// brimfs fill PATH...
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "fs/commands.h"
#include "fs/mount_commands.h"
#include "fs/mount_walk.h"
#include "fs/progress_bar.h"
#include "fs/readable.h"
#include "fs/source_commands.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

constexpr size_t kMostAtATime = 32;  // files that a mount is asked to fill
constexpr int kRedraw = 200;         // milliseconds

// SIGINT, SIGTERM, SIGHUP and SIGWINCH as something to poll.
class Signals {
 public:
  Signals() {
    sigset_t taken;
    sigemptyset(&taken);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&taken, signal);
    pthread_sigmask(SIG_BLOCK, &taken, &before_);
    fd_ = UniqueFd(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_.get(); }

  // The next one that has come; 0: none.
  int Take() const {
    signalfd_siginfo info{};
    return read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                              : 0;
  }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

class FillCommand {
 public:
  FillCommand(MountArguments arguments, const char* title, std::ostream& out, std::ostream& err)
      : quiet_(arguments.quiet),
        out_(out),
        errors_(title, err),
        terminal_(Terminal::Of(out)),
        bar_(terminal_.interactive && !quiet_),
        walk_(std::move(arguments.paths)) {}

  int Run() {
    while (!lost_ && out_.good()) {
      while (active_.size() < kMostAtATime) {
        std::optional<MountWalk::Found> found = walk_.Take();
        if (!found) break;
        Start(*std::move(found));
      }
      if (walk_.ended() && active_.empty()) break;
      if (const int signal = Wait(); signal != 0) return Stopped(signal);
      for (auto at = clients_.begin(); at != clients_.end();) {
        const auto here = at++;
        const Status received = Receive(*here->second);
        if (!received.ok()) LoseConnection(here, received);
      }
      Draw();
    }
    Draw(/*last=*/true);
    return failed_ || lost_ || !out_.good() ? kCommandFailed : kCommandOk;
  }

 private:
  using Clients = std::map<std::string, std::unique_ptr<ControlClient>>;  // by socket

  struct Filling {
    std::string path;
    uint64_t size;
    uint64_t filled = 0;
    MountedFile file;  // kept, so that the mount knows the node
  };

  void Start(MountWalk::Found found) {
    if (!found.file.ok()) return Fail(found.path, found.size, found.file.status());
    auto& client = clients_[found.file->socket];
    if (client == nullptr) {
      Result<std::unique_ptr<ControlClient>> connected = ControlClient::Connect(*found.file);
      if (!connected.ok()) {
        clients_.erase(found.file->socket);
        return Fail(found.path, found.size, connected.status());
      }
      client = std::move(*connected);
    }
    ControlRequest request;
    request.id = ++last_id_;
    request.command = ControlCommand::kFill;
    request.node = found.file->node;
    if (const Status sent = client->Send(request); !sent.ok()) return Lose(sent);
    active_.emplace(request.id,
                    Filling{std::move(found.path), found.size, 0, std::move(*found.file)});
  }

  // Until something has happened. The signal that ends it, or 0.
  int Wait() {
    std::vector<pollfd> fds = {{signals_.fd(), POLLIN, 0}, {walk_.fd(), POLLIN, 0}};
    for (const auto& [socket, client] : clients_) fds.push_back({client->fd(), POLLIN, 0});
    (void)poll(fds.data(), fds.size(), bar_ ? kRedraw : -1);
    while (const int signal = signals_.Take()) {
      if (signal != SIGWINCH) return signal;
      terminal_ = Terminal::Of(out_);
      drawn_at_ = TimePoint();
    }
    return 0;
  }

  // Why it has ended, if it has.
  Status Receive(ControlClient& client) {
    for (;;) {
      Result<std::optional<ControlAnswer>> answer = client.TryReceive();
      if (!answer.ok()) return answer.status();
      if (!*answer) return OkStatus();
      Take(**answer);
    }
  }

  // A mount closes a connection over which nothing is asked for long: the next file gets a new one.
  void LoseConnection(Clients::iterator at, const Status& why) {
    const bool wanted = std::any_of(active_.begin(), active_.end(), [&](const auto& active) {
      return active.second.file.socket == at->first;
    });
    clients_.erase(at);
    if (wanted) Lose(why);
  }

  void Take(const ControlAnswer& answer) {
    const auto at = active_.find(answer.id);
    if (at == active_.end()) return;
    if (const auto* const progress = std::get_if<FillProgress>(&answer.what)) {
      at->second.filled = std::min(progress->filled, at->second.size);
      return;
    }
    Filling filling = std::move(at->second);
    active_.erase(at);
    const Result<Done> done = Expect<Done>(answer);
    if (done.ok()) {
      filled_ += filling.size;
      ++files_;
      if (!quiet_ && !bar_) {
        out_ << filling.path << ": " << ReadableBytes(done->bytes) << " filled" << std::endl;
      }
    } else if (done.code() == Code::kStale && again_.insert(filling.path).second) {
      walk_.LookAgain(std::move(filling.path), filling.size);
    } else {
      Fail(filling.path, filling.size, done.status());
    }
  }

  void Fail(const std::string& path, uint64_t size, const Status& why) {
    failed_ = true;
    missing_ += size;
    Erase();
    errors_.Say(path + ": " + Words(why));
  }

  void Lose(const Status& why) {
    if (std::exchange(lost_, true)) return;
    Erase();
    errors_.Say(Words(why) + "; what came is kept");
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
    const MountWalk::Totals totals = walk_.totals();
    Progress progress;
    progress.filled = filled_;
    for (const auto& [id, filling] : active_) progress.filled += filling.filled;
    progress.total = totals.bytes - std::min(totals.bytes, missing_);
    progress.files = files_;
    progress.all_files = totals.files;
    progress.all_known = totals.all;
    meter_.Note(progress.filled, now);
    progress.rate = meter_.rate();
    out_ << '\r' << ProgressLine(progress, terminal_.width - 1, terminal_.utf8) << "\x1b[K"
         << (last ? "\n" : "") << std::flush;
  }

  const bool quiet_;
  std::ostream& out_;
  CommandErrors errors_;
  Terminal terminal_;
  const bool bar_;
  const Signals signals_;  // before the walk's threads
  MountWalk walk_;

  Clients clients_;
  std::map<uint64_t, Filling> active_;  // by request
  uint64_t last_id_ = 0;
  std::set<std::string> again_;  // paths whose first version was gone
  uint64_t filled_ = 0;          // bytes of files that are done
  uint64_t missing_ = 0;         // of those that failed
  uint64_t files_ = 0;
  bool failed_ = false;
  bool lost_ = false;
  RateMeter meter_;
  TimePoint drawn_at_;
};

}  // namespace

int FillFiles(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = "PATH... [-q]",
      .help =
          "Fetches all that is missing of the files in a mount; of a directory, of all files\n"
          "below it. Whoever reads meanwhile goes first. Ctrl-C stops it; what came is kept.\n"
          "  -q, --quiet  say only what went wrong\n",
      .quiet = true,
  };
  ParsedArguments parsed = ParseMountArguments(kSyntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  return FillCommand(std::move(*parsed.arguments), argv[0], out, err).Run();
}

}  // namespace brimfs
