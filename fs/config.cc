#include "fs/config.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "fs/config_file.h"

namespace brimfs {
namespace {

constexpr char kSystemFile[] = "/etc/brimfs/brimfs.conf";

// A directory of this user's that the environment names; empty if it names none, or that of
// somebody else, as after su(1) and its like.
std::string OwnFromEnvironment(const char* name) {
  if (geteuid() == 0) return {};
  const char* const value = std::getenv(name);
  struct stat info = {};
  if (value == nullptr || *value != '/' || stat(value, &info) != 0) return {};
  return info.st_uid == geteuid() ? value : "";
}

std::string Home() {
  if (std::string home = OwnFromEnvironment("HOME"); !home.empty()) return home;
  const passwd* const user = getpwuid(geteuid());
  return user == nullptr || user->pw_dir == nullptr ? "" : user->pw_dir;
}

Status ParseAll(const std::vector<std::string>& given, UnknownOptions unknown,
                MountOptions& options) {
  for (const std::string& text : given) {
    BRIMFS_RETURN_IF_ERROR(ParseMountOptions(text, options, unknown));
  }
  return OkStatus();
}

bool Names(std::string_view message, const std::string& option) {
  for (size_t at = 0; (at = message.find(option, at)) != std::string_view::npos; ++at) {
    const std::string_view before = message.substr(0, at);
    const std::string_view after = message.substr(at + option.size());
    const bool begins = before.empty() || before.ends_with(' ');
    if (begins && after.starts_with('=')) return true;
    if (before.ends_with("option ") && after.find_first_of(" :;") == 0) return true;
  }
  return false;
}

}  // namespace

ConfigPlaces ConfigPlaces::OfThisUser() {
  ConfigPlaces places;
  places.home = Home();
  places.files.emplace_back(kSystemFile);
  std::string directory = OwnFromEnvironment("XDG_CONFIG_HOME");
  if (directory.empty() && !places.home.empty()) directory = places.home + "/.config";
  if (!directory.empty()) places.files.push_back(directory + "/brimfs/brimfs.conf");
  return places;
}

Result<MountOptions> OptionsFor(const std::string& source, const std::vector<std::string>& given,
                                const ConfigPlaces& places, UnknownOptions unknown) {
  MountOptions named;
  BRIMFS_RETURN_IF_ERROR(ParseAll(given, unknown, named));
  std::vector<std::string> files = places.files;
  if (!named.config.empty()) files = {named.config};
  if (named.config == "none") files.clear();

  MountOptions options;
  for (const std::string& path : files) {
    const Result<ConfigFile> file = ConfigFile::Read(path, places.home);
    if (file.code() == Code::kNotFound && named.config.empty()) continue;
    if (!file.ok()) return file.status();
    file->Apply(source, options);
  }
  if (!named.credentials.empty() || !named.netrc.empty() || !named.profile.empty() ||
      named.anonymous) {
    ForgetWhoAsks(options);
  }
  BRIMFS_RETURN_IF_ERROR(ParseAll(given, unknown, options));
  return options;
}

Status WithOrigins(const Status& why, const MountOptions& options) {
  std::string message = why.message();
  for (const auto& [option, place] : options.origins) {
    if (!Names(why.message(), option)) continue;
    message.append(" (").append(option).append(" is set in ").append(place).append(")");
  }
  return Status(why.code(), std::move(message));
}

}  // namespace brimfs
