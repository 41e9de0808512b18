// brimfs status.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "fs/commands.h"
#include "fs/mount_commands.h"
#include "fs/mount_table.h"
#include "fs/source_commands.h"
#include "fs/status_text.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kAtATime = 64;

// A mount that has not answered after this is passed over.
constexpr auto kPatience = std::chrono::seconds(5);
constexpr timespec kInterval = {1, 0};  // of --watch

struct Look {
  std::string path;
  Result<ControlAnswer> answer;
};

Look LookAt(const std::string& path) {
  const Result<MountedFile> file = FindMountedFile(path);
  if (!file.ok()) return {path, file.status()};
  return {path, AskMount(*file, ControlCommand::kStatus)};
}

// Each on a thread of its own, which may never come back: a mount that does not answer holds
// whoever looks at it, and a signal would not help.
std::vector<Look> LookAtEach(const std::vector<std::string>& paths) {
  std::vector<Look> looks;
  while (looks.size() < paths.size()) {
    std::vector<std::future<Look>> asked;
    const size_t end = std::min(paths.size(), looks.size() + kAtATime);
    for (size_t i = looks.size(); i < end; ++i) {
      std::packaged_task<Look()> task([path = paths[i]] { return LookAt(path); });
      asked.push_back(task.get_future());
      std::thread(std::move(task)).detach();
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (std::future<Look>& look : asked) {
      if (look.wait_until(deadline) == std::future_status::ready) {
        looks.push_back(look.get());
      } else {
        looks.push_back({paths[looks.size()], Status(Code::kTimedOut, "does not answer")});
      }
    }
  }
  return looks;
}

// At every mount that may be entered.
std::vector<Look> LookAtAll() {
  std::vector<std::string> mountpoints;
  std::set<std::string> devices;
  for (const MountEntry& entry : ReadMountTable()) {
    if (entry.type != "fuse.brimfs" || !devices.insert(entry.device).second) continue;
    mountpoints.push_back(entry.mountpoint);
  }
  std::vector<Look> looks = LookAtEach(mountpoints);
  std::erase_if(looks, [](const Look& look) { return look.answer.code() == Code::kDenied; });
  return looks;
}

class StatusCommand {
 public:
  StatusCommand(MountArguments arguments, const char* title, std::ostream& out, std::ostream& err)
      : arguments_(std::move(arguments)), out_(out), errors_(title, err) {}

  // False: something could not be shown.
  bool Show() {
    const std::vector<Look> looks =
        arguments_.paths.empty() ? LookAtAll() : LookAtEach(arguments_.paths);
    bool all = true;
    std::string text = arguments_.json ? JsonOf(looks, all) : TextOf(looks, all);
    if (arguments_.watch && Terminal::Of(out_).interactive) {
      // Over what was there before: home, then clear to the end of each line and of the screen.
      for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 4) {
        text.insert(at, "\x1b[K");
      }
      text = (std::exchange(drawn_, true) ? "\x1b[H" : "\x1b[2J\x1b[H") + text + "\x1b[J";
    } else if (arguments_.watch && !arguments_.json && std::exchange(drawn_, true)) {
      text.insert(0, "\n");
    }
    out_ << text << std::flush;
    return all;
  }

  // Until Ctrl-C, or until nobody reads on, or something could not be shown.
  bool Watch() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    bool all = true;
    do {
      all = Show();
    } while (all && out_.good() && sigtimedwait(&ends, nullptr, &kInterval) < 0);
    return all;
  }

 private:
  void Complain(const Look& look, const Status& why, bool& all) {
    errors_.Say(look.path + ": " + Words(why));
    all = false;
  }

  std::string TextOf(const std::vector<Look>& looks, bool& all) {
    std::string text;
    for (const Look& look : looks) {
      const auto separated = [&](std::string part) {
        text += (text.empty() ? "" : "\n") + std::move(part);
      };
      if (const auto mount = Expect<MountStatus>(look.answer); mount.ok()) {
        separated(MountText(*mount));
      } else if (const auto file = Expect<FileStatus>(look.answer); file.ok()) {
        separated(FileText(look.path, *file));
      } else {
        Complain(look, file.status(), all);
      }
    }
    if (looks.empty()) text = "There is no mount of brimfs that you may enter.\n";
    return text;
  }

  std::string JsonOf(const std::vector<Look>& looks, bool& all) {
    Json mounts = Json::array();
    Json files = Json::array();
    for (const Look& look : looks) {
      if (const auto mount = Expect<MountStatus>(look.answer); mount.ok()) {
        mounts.push_back(Json::parse(MountStatusJson(*mount)));
      } else if (const auto file = Expect<FileStatus>(look.answer); file.ok()) {
        Json one = {{"path", look.path}};
        one.update(Json::parse(FileStatusJson(*file)));
        files.push_back(std::move(one));
      } else {
        Complain(look, file.status(), all);
      }
    }
    const Json json = {{"mounts", std::move(mounts)}, {"files", std::move(files)}};
    // With --watch one line each time, as programs read it.
    return json.dump(arguments_.watch ? -1 : 2, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  const MountArguments arguments_;
  std::ostream& out_;
  CommandErrors errors_;
  bool drawn_ = false;
};

}  // namespace

int ShowStatus(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = "[PATH...] [--json] [--watch]",
      .help =
          "Shows the state of files in a mount, of the mount that a directory is in, or,\n"
          "without a path, of every mount that you may enter.\n"
          "  --json   as one JSON object, {\"mounts\": [...], \"files\": [...]}\n"
          "  --watch  again each second, until Ctrl-C; with --json a line each time\n",
      .needs_path = false,
      .json = true,
  };
  ParsedArguments parsed = ParseMountArguments(kSyntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  const bool watch = parsed.arguments->watch;
  StatusCommand command(std::move(*parsed.arguments), argv[0], out, err);
  return (watch ? command.Watch() : command.Show()) ? kCommandOk : kCommandFailed;
}

}  // namespace brimfs
