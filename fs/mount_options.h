// One table of -o options: parsing, --help and the manual come from it.
#ifndef BRIMFS_FS_MOUNT_OPTIONS_H_
#define BRIMFS_FS_MOUNT_OPTIONS_H_

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/size_or_share.h"

namespace brimfs {

struct MountOptions {
  std::string config;  // file to read instead of those of fs/config.h; "none": none; empty: those
  std::map<std::string, std::string, std::less<>> origins;  // "FILE:LINE" of what a file has set

  // --- Behaviour
  DriverKind driver = DriverKind::kMmap;
  std::string cache;       // directory; empty: the default for this user
  SizeOrShare cache_size;  // nothing: see Cache::Options
  SizeOrShare cache_free{.bytes = {}, .share = 0.05};
  bool offline = false;     // only what the cache has; the source is not asked
  bool passthrough = true;  // where kernel and privilege allow it
  bool intr = false;        // a handled signal ends a blocked read with EINTR
  Duration metadata_ttl = std::chrono::seconds(60);
  Duration negative_ttl = std::chrono::seconds(5);
  bool hard = false;  // timeout does not end a read or a lookup; only who kills the reader does
  Duration timeout = std::chrono::seconds(60);
  Duration first_byte_timeout = std::chrono::seconds(10);
  bool debug = false;                    // as log_level=debug
  LogLevel log_level = LogLevel::kInfo;  // what is less is not logged
  std::string metrics;                   // see fs/listen_address.h; empty: none are served
  std::string metrics_token;             // file; empty: anyone on this machine may read them
  bool nonempty = false;                 // hide what is in the mountpoint
  bool remount = false;                  // asked for; nothing else was looked at
  uid_t uid = geteuid();                 // of every file
  gid_t gid = getegid();
  // Permission bits that are not there; nothing is writable in any case. umask is both of them.
  std::optional<mode_t> umask;
  std::optional<mode_t> fmask;  // of files; without it umask, or else 0133
  std::optional<mode_t> dmask;  // of directories; without it umask, or else 0022

  // --- The way to a server; empty: none. Files and directories, but for proxy and no_proxy
  std::string credentials;  // user name and password, or a token
  std::string netrc;        // the same by hosts
  std::string headers;      // fields to add to every request
  std::string cert;         // PEM, for servers that ask for one
  std::string key;          // its key; empty: in the same file
  std::string cacert;       // PEM, the authorities to trust; capath too empty: the system's
  std::string capath;
  std::string proxy;  // URL; empty: what the environment says
  std::string proxy_credentials;
  std::optional<std::string> no_proxy;  // hosts, by commas; nothing: what the environment says
  std::string unix_socket;

  // --- Of s3: sources, see backends/source.h
  enum class Addressing { kAuto, kPath, kVirtual };
  std::string endpoint;  // URL; these four empty: none
  std::string region;
  std::string profile;
  std::string bucket_owner;
  Addressing addressing = Addressing::kAuto;
  bool anonymous = false;
  bool requester_pays = false;
  std::string sse_c_key;  // file; empty: none
  bool dualstack = false;
  bool fips = false;
  bool accelerate = false;

  // --- Performance
  uint64_t memory = 256 << 20;     // bytes, driver=memory
  int connections = 16;            // a host
  uint64_t readahead = 128 << 20;  // bytes on their way ahead of all readers
  uint64_t rate = 0;               // bytes a second; 0: as many as come
  int readahead_kb = 1024;         // of the kernel, as root

  // --- For the kernel and fusermount3, as given: "allow_other", "noexec", …
  std::vector<std::string> kernel;

  Duration Patience() const { return hard ? Duration::max() : timeout; }  // of a read or a lookup
  bool HasKernel(std::string_view name) const;
  mode_t FileMode() const;
  mode_t DirectoryMode() const;
};

struct OptionInfo {
  std::string_view name;      // "metadata_ttl"
  std::string_view argument;  // "SECONDS", empty for a flag
  std::string_view fallback;  // the default as text
  std::string_view help;      // one line
};

// In the order of --help: ours, and those for the kernel and fusermount3.
const std::vector<OptionInfo>& OptionTable();

// What mount(8) may pass along and changes nothing here ("rw", "_netdev", …); beside it every name
// that begins with "x-" or "X-" or is "comment", with any value.
std::span<const std::string_view> OptionsWithoutEffect();

// The one of this name, or null; the one whose name is most like it.
const OptionInfo* FindOption(std::string_view name);
std::string_view NearestOption(std::string_view name);

// Sets one option of the table; of a flag the value is "true" or "false". kInvalidArgument: "option
// NAME=VALUE: expected …".
Status SetMountOption(const OptionInfo& option, std::string_view value, MountOptions& options);

enum class UnknownOptions { kRefused, kIgnored };

// Parses one "-o" value ("a,b=c"; a backslash escapes a comma or a backslash, and double quotes
// around a value, which stay, a comma) into `options`. kInvalidArgument names the option, what is
// wrong and what is accepted; for an unknown name, the nearest known one.
Status ParseMountOptions(std::string_view text, MountOptions& options,
                         UnknownOptions unknown = UnknownOptions::kRefused);

// "90", "90s", "500ms", "2m", "1h"; "64k", "1M", "2G", "1T" (powers of 1024).
Result<Duration> ParseDuration(std::string_view text);
Result<uint64_t> ParseSize(std::string_view text);

// As ParseSize, or "80%": a whole number up to 100.
Result<SizeOrShare> ParseSizeOrShare(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_OPTIONS_H_
