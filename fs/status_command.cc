// brimfs status.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/log.h"
#include "fs/command_signals.h"
#include "fs/commands.h"
#include "fs/mount_commands.h"
#include "fs/mount_looks.h"
#include "fs/mount_table.h"
#include "fs/source_commands.h"
#include "fs/status_text.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

using Json = nlohmann::ordered_json;

// A mount that has not answered after this is passed over.
constexpr auto kPatience = std::chrono::seconds(5);
constexpr auto kInterval = std::chrono::seconds(1);  // of --watch

struct Look {
  std::string name;  // the path, or where the mount is
  Result<ControlAnswer> answer;
};

Result<ControlAnswer> AskFound(const Result<MountedFile>& file) {
  return file.ok() ? AskMount(*file, ControlCommand::kStatus) : file.status();
}

std::vector<Look> LookAtPaths(MountLooks& looks, const std::vector<std::string>& paths,
                              int stop_fd) {
  // What hangs on a mount that has gone says nothing of the one that is there now.
  std::string mounts;
  for (const MountPlaces& mount : BrimfsMounts(ReadMountTable())) mounts += " " + mount.device;
  std::vector<MountLooks::Target> targets;
  targets.reserve(paths.size());
  for (const std::string& path : paths) {
    targets.push_back({std::to_string(targets.size()) + mounts,
                       [path] { return AskFound(FindMountedFile(path)); }});
  }
  std::vector<Look> found;
  for (Result<ControlAnswer>& answer : looks.Ask(targets, stop_fd)) {
    found.push_back({paths[found.size()], std::move(answer)});
  }
  return found;
}

// At every mount that may be entered; `covered` is where one is to which no path leads.
std::vector<Look> LookAtAll(MountLooks& looks, std::string& covered, int stop_fd) {
  const std::vector<MountPlaces> mounts = BrimfsMounts(ReadMountTable());
  std::vector<MountLooks::Target> targets;
  targets.reserve(mounts.size());
  for (const MountPlaces& mount : mounts) {
    targets.push_back({mount.device, [mount] { return AskFound(EnterMount(mount)); }});
  }
  std::vector<Result<ControlAnswer>> answers = looks.Ask(targets, stop_fd);
  const std::vector<MountPlaces> still = BrimfsMounts(ReadMountTable());
  std::vector<Look> found;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const std::string& place = mounts[i].mountpoints.front();
    const Code code = answers[i].code();
    const bool gone = std::none_of(still.begin(), still.end(), [&](const MountPlaces& mount) {
      return mount.device == mounts[i].device;
    });
    if (code == Code::kNotFound) {
      covered = place;
    } else if (answers[i].ok() || (code != Code::kDenied && !gone)) {
      found.push_back({place, std::move(answers[i])});
    }
  }
  return found;
}

class StatusCommand {
 public:
  StatusCommand(MountArguments arguments, const char* title, std::ostream& out, std::ostream& err)
      : arguments_(std::move(arguments)),
        out_(out),
        err_(err),
        errors_(title, err),
        drawn_over_(arguments_.watch && !arguments_.json && Terminal::Of(out).interactive) {}

  int Once() {
    Show(LookNow(/*stop_fd=*/-1));
    return code_;
  }

  // Until Ctrl-C, or until nobody reads on, or if a path is wrong from the first.
  int Watch() {
    const CommandSignals signals(out_, err_);  // before the first thread
    do {
      const std::vector<Look> looks = LookNow(signals.fd());
      if (signals.Came() != 0) break;
      if (rounds_ == 0 && SomePathIsWrong(looks)) return kCommandFailed;
      Show(looks);
    } while (out_.good() && signals.Wait(kInterval) == 0);
    return code_;
  }

 private:
  std::vector<Look> LookNow(int stop_fd) {
    covered_.clear();
    return arguments_.paths.empty() ? LookAtAll(looks_, covered_, stop_fd)
                                    : LookAtPaths(looks_, arguments_.paths, stop_fd);
  }

  // Says why, then. One that is only slow is not wrong.
  bool SomePathIsWrong(const std::vector<Look>& looks) {
    if (arguments_.paths.empty()) return false;
    bool wrong = false;
    for (const Look& look : looks) {
      if (look.answer.ok() || look.answer.code() == Code::kTimedOut) continue;
      errors_.Say(look.name + ": " + Words(look.answer.status()));
      wrong = true;
    }
    return wrong;
  }

  void Show(const std::vector<Look>& looks) {
    std::string text = arguments_.json ? JsonOf(looks) : TextOf(looks);
    if (drawn_over_) {
      const Terminal terminal = Terminal::Of(out_);
      if (terminal.height > 0) {
        text = Screenful(text, terminal.width, terminal.height, terminal.utf8);
      }
      // Over what was there before: home, then clear to the end of each line and of the screen.
      for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 4) {
        text.insert(at, "\x1b[K");
      }
      text = (rounds_ > 0 ? "\x1b[H" : "\x1b[2J\x1b[H") + text + "\x1b[J";
    } else if (arguments_.watch && !arguments_.json && rounds_ > 0 && !text.empty()) {
      text.insert(0, "\n");
    }
    ++rounds_;
    out_ << text << std::flush;
  }

  // Calls `show` with what has come, a MountStatus or a FileStatus, or complains: of one thing
  // again only once it is another. Returns what belongs into the text.
  template <typename F>
  std::string Each(const Look& look, const F& show) {
    const auto mount = Expect<MountStatus>(look.answer);
    const auto file = Expect<FileStatus>(look.answer);
    if (mount.ok() || file.ok()) {
      said_.erase(look.name);
      return mount.ok() ? show(*mount) : show(*file);
    }
    code_ = kCommandFailed;
    std::string what = look.name + ": " + Words(file.status());
    if (drawn_over_) return EscapeForLog(what) + "\n";
    std::string& before = said_[look.name];
    if (before != what) errors_.Say(what);
    before = std::move(what);
    return "";
  }

  std::string TextOf(const std::vector<Look>& looks) {
    struct Text {
      std::string operator()(const MountStatus& mount) const { return MountText(mount); }
      std::string operator()(const FileStatus& file) const { return FileText(path, file, utf8); }
      const std::string& path;
      const bool utf8;
    };
    const bool utf8 = Terminal::Of(out_).utf8;
    std::string text;
    for (const Look& look : looks) {
      const std::string part = Each(look, Text{look.name, utf8});
      text += (text.empty() || part.empty() ? "" : "\n") + part;
    }
    if (!looks.empty()) return text;
    text = "There is no mount of brimfs that you may enter";
    if (!covered_.empty()) text += "; what is on " + EscapeForLog(covered_) + " is covered";
    return text + ".\n";
  }

  std::string JsonOf(const std::vector<Look>& looks) {
    struct Lists {
      std::string operator()(const MountStatus& mount) const {
        mounts.push_back(Json::parse(MountStatusJson(mount)));
        return "";
      }
      std::string operator()(const FileStatus& file) const {
        Json one = {{"path", EscapeForLog(path)}};
        one.update(Json::parse(FileStatusJson(file)));
        files.push_back(std::move(one));
        return "";
      }
      const std::string& path;
      Json& mounts;
      Json& files;
    };
    Json mounts = Json::array();
    Json files = Json::array();
    for (const Look& look : looks) (void)Each(look, Lists{look.name, mounts, files});
    const Json json = {{"mounts", std::move(mounts)}, {"files", std::move(files)}};
    // With --watch one line each time, as programs read it.
    return json.dump(arguments_.watch ? -1 : 2) + "\n";
  }

  const MountArguments arguments_;
  std::ostream& out_;
  std::ostream& err_;
  CommandErrors errors_;
  const bool drawn_over_;  // a picture that replaces the one before
  MountLooks looks_{kPatience};
  std::string covered_;
  std::map<std::string, std::string> said_;  // by name: what was complained of last
  int rounds_ = 0;
  int code_ = kCommandOk;
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
  return watch ? command.Watch() : command.Once();
}

}  // namespace brimfs
