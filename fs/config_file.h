// One configuration file, brimfs.conf(5): TOML whose keys are the options of mount_options.h.
//
// Keys before the first section are for every source; those of a section, whose name is how a
// source begins (["https://host/data/"]), for these. A value is true or false for a flag, otherwise
// a string or a whole number.
#ifndef BRIMFS_FS_CONFIG_FILE_H_
#define BRIMFS_FS_CONFIG_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "fs/mount_options.h"

namespace brimfs {

class ConfigFile {
 public:
  // `path` is for messages. Every section is checked, whatever source it is for. kInvalidArgument
  // is one line that begins with "PATH:LINE: " and says what is accepted; for an unknown key the
  // nearest known one. A '~' at the beginning of a file's name is `home`.
  static Result<ConfigFile> Parse(std::string_view text, const std::string& path,
                                  const std::string& home);

  // As Parse, of a file that nobody but root and this user may write: kDenied otherwise, with the
  // remedy. kNotFound if there is none.
  static Result<ConfigFile> Read(const std::string& path, const std::string& home);

  // Sets what is said for `source`: the keys of every source, then those of its sections, the more
  // specific one later. A section that says who asks takes back what was said of that before.
  void Apply(std::string_view source, MountOptions& options) const;

 private:
  struct Entry {
    const OptionInfo* option = nullptr;
    std::string value;
    std::string place;  // "PATH:LINE"
  };
  struct Section {
    std::string begin;  // of the sources that it is for; empty: all
    std::vector<Entry> entries;
  };
  class Reader;

  std::vector<Section> sections_;  // the shortest `begin` first
};

// Options that say who asks: credentials, netrc, profile, anonymous. Some exclude each other, so a
// later place that names one takes back all that an earlier one said.
bool SaysWhoAsks(std::string_view option);
void ForgetWhoAsks(MountOptions& options);

// Whether `source` is `begin` or lies in it: "s3://b/d" lies in "s3://", "s3://b" and "s3://b/d/",
// but not in "s3://b/data"; in "list:" lies every list, in "file:///" every absolute path. The
// letter case of a scheme and a host does not count.
bool SourceBeginsWith(std::string_view source, std::string_view begin);

}  // namespace brimfs

#endif  // BRIMFS_FS_CONFIG_FILE_H_
