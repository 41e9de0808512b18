// Where the options of a mount or a command come from: the built-in ones, then the configuration
// files (fs/config_file.h), then the command line; what is later counts.
#ifndef BRIMFS_FS_CONFIG_H_
#define BRIMFS_FS_CONFIG_H_

#include <string>
#include <vector>

#include "core/status.h"
#include "fs/mount_options.h"

namespace brimfs {

// The files to look for, the more important one later. One that is not there is no error, unless
// the user has named it.
struct ConfigPlaces {
  std::vector<std::string> files;
  std::string home;  // of '~' in them

  // /etc/brimfs/brimfs.conf and the user's own: $XDG_CONFIG_HOME/brimfs/brimfs.conf, or that in
  // ~/.config. What the environment says of either counts if it is a directory of this user, and
  // never if that is root: it may be that of whoever has become root, and is not there when the
  // machine starts.
  static ConfigPlaces OfThisUser();
};

// The options for `source`, where the command line has `given` after each -o. kInvalidArgument or
// kDenied is one line that says where and what to do.
Result<MountOptions> OptionsFor(const std::string& source, const std::vector<std::string>& given,
                                const ConfigPlaces& places,
                                UnknownOptions unknown = UnknownOptions::kRefused);

// `why`, and where the options stand that it names ("cache=", "option intr") and that a
// configuration file has set. Of whoever runs into it that need not be the author.
Status WithOrigins(const Status& why, const MountOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_FS_CONFIG_H_
