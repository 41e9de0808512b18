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

}  // namespace brimfs
