#include "fs/mount_options.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "fs/listen_address.h"
#include "fs/nearest_name.h"

namespace brimfs {
namespace {

Status Invalid(std::string_view name, std::string_view value, std::string_view accepted) {
  std::string message = "option ";
  message.append(name).append("=").append(value).append(": expected ").append(accepted);
  return Status(Code::kInvalidArgument, std::move(message));
}

// All of `text`, within [least, most].
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text, Number least, Number most, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

// What a flag's setter is given.
constexpr std::string_view kTrue = "true";
constexpr std::string_view kFalse = "false";

// Puts an option's value where it belongs, or says what would have been accepted.
using Setter = Status (*)(MountOptions&, const OptionInfo&, std::string_view);

// A time to live may be 0, a deadline may not: nothing would ever be in time.
template <Duration MountOptions::*kField, int kLeastMs = 0>
Status SetDuration(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const Result<Duration> parsed = ParseDuration(value);
  if (!parsed) return Invalid(info.name, value, parsed.status().message());
  if (*parsed < std::chrono::milliseconds(kLeastMs)) {
    return Invalid(info.name, value, "more than no time");
  }
  options.*kField = *parsed;
  return OkStatus();
}

template <auto kField, auto kLeast, auto kMost>
Status SetNumber(MountOptions& options, const OptionInfo& info, std::string_view value) {
  using Number = std::remove_reference_t<decltype(options.*kField)>;
  const auto parsed = ParseNumber<Number>(value, kLeast, kMost);
  if (!parsed) {
    return Invalid(info.name, value,
                   "a number from " + std::to_string(kLeast) + " to " + std::to_string(kMost));
  }
  options.*kField = *parsed;
  return OkStatus();
}

// A user or group: a number, or a name that getpwnam(3) or getgrnam(3) knows.
constexpr uint32_t kMostId = std::numeric_limits<uint32_t>::max() - 1;  // the last means "none"

Status SetUid(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (const auto number = ParseNumber<uid_t>(value, 0, kMostId)) {
    options.uid = *number;
  } else if (const passwd* const user = getpwnam(std::string(value).c_str())) {
    options.uid = user->pw_uid;
  } else {
    return Invalid(info.name, value, "a user's name or number; there is no such user");
  }
  return OkStatus();
}

Status SetGid(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (const auto number = ParseNumber<gid_t>(value, 0, kMostId)) {
    options.gid = *number;
  } else if (const group* const found = getgrnam(std::string(value).c_str())) {
    options.gid = found->gr_gid;
  } else {
    return Invalid(info.name, value, "a group's name or number; there is no such group");
  }
  return OkStatus();
}

template <std::optional<mode_t> MountOptions::*kField>
Status SetMask(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const auto mask = ParseNumber<mode_t>(value, 0, 0777, 8);
  if (!mask) return Invalid(info.name, value, "an octal number up to 777");
  options.*kField = *mask;
  return OkStatus();
}

// As given, for the kernel and fusermount3 (libfuse's mount.c).
Status SetKernel(MountOptions& options, const OptionInfo& info, std::string_view value) {
  std::erase(options.kernel, info.name);
  if (value == kTrue) options.kernel.emplace_back(info.name);
  return OkStatus();
}

template <std::string MountOptions::*kField>
Status SetPath(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (value.empty()) return Invalid(info.name, value, "a path");
  options.*kField = value;
  return OkStatus();
}

template <std::string MountOptions::*kField>
Status SetText(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (value.empty()) return Invalid(info.name, value, info.argument);
  options.*kField = value;
  return OkStatus();
}

// Of a region, an account: what becomes part of a host's name or of a request's head.
template <std::string MountOptions::*kField>
Status SetWord(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (value.empty() || !std::all_of(value.begin(), value.end(), allowed)) {
    return Invalid(info.name, value, "letters, digits and '-'");
  }
  options.*kField = value;
  return OkStatus();
}

Status SetAddressing(MountOptions& options, const OptionInfo& info, std::string_view value) {
  using Addressing = MountOptions::Addressing;
  if (value == "auto") {
    options.addressing = Addressing::kAuto;
  } else if (value == "path") {
    options.addressing = Addressing::kPath;
  } else if (value == "virtual") {
    options.addressing = Addressing::kVirtual;
  } else {
    return Invalid(info.name, value, info.argument);
  }
  return OkStatus();
}

// May be empty: then there are no exceptions.
Status SetNoProxy(MountOptions& options, const OptionInfo&, std::string_view value) {
  options.no_proxy = value;
  return OkStatus();
}

template <bool MountOptions::*kField, bool kValue = true>
Status SetFlag(MountOptions& options, const OptionInfo&, std::string_view value) {
  // "soft=false" does not ask for hard.
  if (kValue || value == kTrue) options.*kField = (value == kTrue) == kValue;
  return OkStatus();
}

Status SetKernelValue(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const std::string begin = std::string(info.name) + "=";
  std::erase_if(options.kernel, [&](const std::string& given) { return given.starts_with(begin); });
  options.kernel.push_back(begin + std::string(value));
  return OkStatus();
}

Status SetNothing(MountOptions&, const OptionInfo&, std::string_view) { return OkStatus(); }

Status SetDriver(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (value == "mmap") {
    options.driver = DriverKind::kMmap;
  } else if (value == "memory") {
    options.driver = DriverKind::kMemory;
  } else {
    return Invalid(info.name, value, info.argument);
  }
  return OkStatus();
}

Status SetLogLevelOption(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (value == "error") {
    options.log_level = LogLevel::kError;
  } else if (value == "warning") {
    options.log_level = LogLevel::kWarning;
  } else if (value == "info") {
    options.log_level = LogLevel::kInfo;
  } else if (value == "debug") {
    options.log_level = LogLevel::kDebug;
  } else {
    return Invalid(info.name, value, info.argument);
  }
  return OkStatus();
}

Status SetMetrics(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const Result<ListenAddress> parsed = ListenAddress::Parse(value);
  if (!parsed.ok()) return Invalid(info.name, value, parsed.status().message());
  options.metrics = value;
  return OkStatus();
}

Status SetPassthrough(MountOptions& options, const OptionInfo& info, std::string_view value) {
  if (value != "auto" && value != "off") return Invalid(info.name, value, info.argument);
  options.passthrough = value == "auto";
  return OkStatus();
}

template <uint64_t MountOptions::*kField, uint64_t kLeast>
Status SetSize(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const Result<uint64_t> parsed = ParseSize(value);
  if (!parsed) return Invalid(info.name, value, parsed.status().message());
  if (*parsed < kLeast) {
    const bool mega = kLeast % (1 << 20) == 0;
    return Invalid(info.name, value,
                   "at least " + std::to_string(kLeast >> (mega ? 20 : 10)) + (mega ? "M" : "k"));
  }
  options.*kField = *parsed;
  return OkStatus();
}

template <SizeOrShare MountOptions::*kField, uint64_t kLeast>
Status SetSizeOrShare(MountOptions& options, const OptionInfo& info, std::string_view value) {
  const Result<SizeOrShare> parsed = ParseSizeOrShare(value);
  if (!parsed) return Invalid(info.name, value, parsed.status().message());
  if ((parsed->bytes && *parsed->bytes < kLeast) || (kLeast > 0 && parsed->share == 0)) {
    return Invalid(info.name, value, "at least " + std::to_string(kLeast >> 20) + "M, or 1%");
  }
  options.*kField = *parsed;
  return OkStatus();
}

struct Option {
  OptionInfo info;
  Setter set;
};

using M = MountOptions;

// One kernel read asks for up to 1 MiB; the budget has to hold a good number of them at once.
constexpr uint64_t kLeastMemory = 16 << 20;

// Of less hardly anything would stay between two reads.
constexpr uint64_t kLeastCache = 16 << 20;

// Less, shared by all connections, looks like servers that stall.
constexpr uint64_t kLeastRate = 64 << 10;

constexpr Option kOptions[] = {
    {{"config", "FILE|none", "/etc/brimfs/brimfs.conf and yours",
      "where more options are, see brimfs.conf(5)"},
     SetPath<&M::config>},
    {{"driver", "mmap|memory", "mmap", "where fetched bytes lie: a sparse file, or memory"},
     SetDriver},
    {{"cache", "DIR", "/var/cache/brimfs; for users $XDG_CACHE_HOME/brimfs, else ~/.cache/brimfs",
      "where driver=mmap keeps them"},
     SetPath<&M::cache>},
    {{"cache_size", "SIZE|N%", "80% of what is free at first",
      "how much is kept there, over all mounts; N% of the disk"},
     SetSizeOrShare<&M::cache_size, kLeastCache>},
    {{"cache_free", "SIZE|N%", "5%", "how much of that disk stays free"},
     SetSizeOrShare<&M::cache_free, 0>},
    {{"offline", "", "", "only what is kept there: the source is not asked"}, SetFlag<&M::offline>},
    {{"memory", "SIZE", "256M", "how many bytes driver=memory may hold"},
     SetSize<&M::memory, kLeastMemory>},
    {{"passthrough", "auto|off", "auto", "let the kernel read complete files by itself"},
     SetPassthrough},
    {{"intr", "", "", "any handled signal ends a blocked read; filled reads are slower"},
     SetFlag<&M::intr>},
    {{"metadata_ttl", "TIME", "60s", "how long names, sizes and versions count as current"},
     SetDuration<&M::metadata_ttl>},
    {{"negative_ttl", "TIME", "5s", "how long a name that was not there stays so"},
     SetDuration<&M::negative_ttl>},
    {{"soft", "", "", "a read or a lookup fails with ETIMEDOUT after timeout (the default)"},
     SetFlag<&M::hard, false>},
    {{"hard", "", "", "it is tried for ever; a signal that kills ends it"}, SetFlag<&M::hard>},
    {{"timeout", "TIME", "60s", "how long a read or a lookup may take in all"},
     SetDuration<&M::timeout, 1>},
    {{"first_byte_timeout", "TIME", "10s", "how long the source may be silent before a retry"},
     SetDuration<&M::first_byte_timeout, 1>},
    {{"connections", "NUMBER", "16", "how many at a time to one host"},
     SetNumber<&M::connections, 1, 1024>},
    {{"rate", "SIZE", "unlimited", "bytes a second at most, over all files"},
     SetSize<&M::rate, kLeastRate>},
    {{"readahead", "SIZE", "128M", "bytes on their way ahead of all readers at most; 0: none"},
     SetSize<&M::readahead, 0>},
    {{"readahead_kb", "NUMBER", "1024", "the kernel's readahead, KiB (as root)"},
     SetNumber<&M::readahead_kb, 0, 1 << 20>},
    {{"endpoint", "URL", "AWS", "s3: the server of the buckets"}, SetText<&M::endpoint>},
    {{"region", "NAME", "found out", "s3: where the bucket is"}, SetWord<&M::region>},
    {{"profile", "NAME", "", "s3: whose keys, in the files of the AWS tools"},
     SetText<&M::profile>},
    {{"anonymous", "", "", "s3: sign nothing, for public buckets"}, SetFlag<&M::anonymous>},
    {{"addressing", "path|virtual|auto", "auto", "s3: the bucket is in the path or the host"},
     SetAddressing},
    {{"requester_pays", "", "", "s3: your account pays for requests and bytes"},
     SetFlag<&M::requester_pays>},
    {{"bucket_owner", "ACCOUNT", "", "s3: refuse a bucket of anybody else"},
     SetWord<&M::bucket_owner>},
    {{"sse_c_key", "FILE", "", "s3: the key that you encrypted the objects with"},
     SetPath<&M::sse_c_key>},
    {{"dualstack", "", "", "s3: AWS's hosts with IPv6"}, SetFlag<&M::dualstack>},
    {{"fips", "", "", "s3: AWS's hosts with FIPS 140 modules"}, SetFlag<&M::fips>},
    {{"accelerate", "", "", "s3: AWS's nearest edge"}, SetFlag<&M::accelerate>},
    {{"credentials", "FILE", "", "who asks: lines username= and password=, or token="},
     SetPath<&M::credentials>},
    {{"netrc", "FILE", "", "who asks, by hosts, as curl(1) reads it"}, SetPath<&M::netrc>},
    {{"headers", "FILE", "", "lines \"Name: value\" to send with every request"},
     SetPath<&M::headers>},
    {{"cert", "FILE", "", "PEM certificate for servers that ask for one"}, SetPath<&M::cert>},
    {{"key", "FILE", "in cert", "PEM key of cert"}, SetPath<&M::key>},
    {{"cacert", "FILE", "the system's", "PEM file of the authorities to trust for https"},
     SetPath<&M::cacert>},
    {{"capath", "DIR", "the system's", "the same, as a directory named by hashes"},
     SetPath<&M::capath>},
    {{"proxy", "URL", "from the environment", "http:, https:, socks4(a): or socks5(h): proxy"},
     SetPath<&M::proxy>},
    {{"proxy_credentials", "FILE", "", "who asks the proxy: lines username= and password="},
     SetPath<&M::proxy_credentials>},
    {{"no_proxy", "HOSTS", "from the environment", "hosts that are asked without the proxy"},
     SetNoProxy},
    {{"unix_socket", "PATH", "", "where every connection goes instead of to the host"},
     SetPath<&M::unix_socket>},
    {{"uid", "USER", "yours", "owner of every file, by name or number"}, SetUid},
    {{"gid", "GROUP", "yours", "group of every file, by name or number"}, SetGid},
    {{"umask", "OCTAL", "fmask=133,dmask=022", "permissions that files and directories lack"},
     SetMask<&M::umask>},
    {{"fmask", "OCTAL", "umask", "the same for files only"}, SetMask<&M::fmask>},
    {{"dmask", "OCTAL", "umask", "the same for directories only"}, SetMask<&M::dmask>},
    {{"nonempty", "", "", "hide what is in the mountpoint instead of refusing to"},
     SetFlag<&M::nonempty>},
    {{"metrics", "ADDRESS:PORT", "", "serve http://ADDRESS:PORT/metrics for Prometheus"},
     SetMetrics},
    {{"metrics_token", "FILE", "", "who reads the metrics has to show the token in this file"},
     SetPath<&M::metrics_token>},
    {{"log_level", "error|warning|info|debug", "info", "what is less is not logged"},
     SetLogLevelOption},
    {{"debug", "", "", "the same as log_level=debug"}, SetFlag<&M::debug>},

    {{"allow_other", "", "", "let other users in, as the permissions say"}, SetKernel},
    {{"allow_root", "", "", "let root in, and no other user"}, SetKernel},
    {{"default_permissions", "", "", "the kernel checks permissions; always so"}, SetNothing},
    {{"auto_unmount", "", "", "unmount when brimfs ends, however it does"}, SetKernel},
    {{"noexec", "", "", "no program here can be run"}, SetKernel},
    {{"nosuid", "", "", "as in mount(8)"}, SetKernel},
    {{"nodev", "", "", "as in mount(8)"}, SetKernel},
    {{"noatime", "", "", "as in mount(8)"}, SetKernel},
    {{"nodiratime", "", "", "as in mount(8)"}, SetKernel},
    {{"sync", "", "", "as in mount(8)"}, SetKernel},
    {{"dirsync", "", "", "as in mount(8)"}, SetKernel},
    {{"nosymfollow", "", "", "as in mount(8)"}, SetKernel},
    {{"context", "LABEL", "", "SELinux, as in mount(8)"}, SetKernelValue},
    {{"fscontext", "LABEL", "", "as in mount(8)"}, SetKernelValue},
    {{"defcontext", "LABEL", "", "as in mount(8)"}, SetKernelValue},
    {{"rootcontext", "LABEL", "", "as in mount(8)"}, SetKernelValue},
};

// The mount is read-only, never stores access times, and holds no devices and no set-user-ID bits.
constexpr std::string_view kWithoutEffect[] = {
    "ro",          "rw",         "defaults",  "suid",   "dev",      "exec",     "async",
    "atime",       "diratime",   "auto",      "noauto", "relatime", "user",     "nouser",
    "norelatime",  "users",      "owner",     "group",  "lazytime", "iversion", "nolazytime",
    "strictatime", "noiversion", "_netdev",   "nofail", "mand",     "nomand",   "nostrictatime",
    "silent",      "loud",       "symfollow",
};

bool Holds(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status Unknown(std::string_view name) {
  std::string message = "unknown option '";
  message.append(name).append("': did you mean '").append(NearestOption(name));
  return Status(Code::kInvalidArgument, message.append("'? See brimfs --help"));
}

const Option* Find(std::string_view name) {
  const auto found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                  [&](const Option& option) { return option.info.name == name; });
  return found == std::end(kOptions) ? nullptr : found;
}

Status ParseOne(std::string_view item, MountOptions& options, UnknownOptions unknown) {
  const size_t equals = item.find('=');
  const std::string_view name = item.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value = has_value ? item.substr(equals + 1) : std::string_view();
  if (const Option* const option = Find(name)) {
    std::erase_if(options.origins, [&](const auto& origin) { return origin.first == name; });
    if (has_value == option->info.argument.empty()) {
      std::string message = "option ";
      message.append(name).append(has_value ? " takes no value" : " needs a value: ");
      message.append(option->info.argument);
      return Status(Code::kInvalidArgument, std::move(message));
    }
    return option->set(options, option->info, has_value ? value : kTrue);
  }
  if (!has_value && Holds(kWithoutEffect, name)) return OkStatus();
  if (name.starts_with("x-") || name.starts_with("X-") || name == "comment") return OkStatus();
  // mount(8) says who, where fstab says that anybody may.
  if (name == "user") return OkStatus();
  return unknown == UnknownOptions::kIgnored ? OkStatus() : Unknown(name);
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && !quoted)) {
      if (!item.empty()) items.push_back(std::exchange(item, {}));
      continue;
    }
    if (text[i] == '"' && (quoted || item.ends_with('='))) quoted = !quoted;
    const bool escapes =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
    if (escapes) ++i;
    item.push_back(text[i]);
  }
  return items;
}

struct Unit {
  std::string_view suffix;
  uint64_t factor;
};

// A whole number and a unit, at most `most` after multiplication.
std::optional<uint64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units,
                                      uint64_t most) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view suffix = text.substr(digits);
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.suffix == suffix; });
  if (unit == units.end()) return std::nullopt;
  const auto number = ParseNumber<uint64_t>(text.substr(0, digits), 0, most / unit->factor);
  if (!number) return std::nullopt;
  return *number * unit->factor;
}

}  // namespace

bool MountOptions::HasKernel(std::string_view name) const {
  return std::find(kernel.begin(), kernel.end(), name) != kernel.end();
}

mode_t MountOptions::FileMode() const { return 0555 & ~fmask.value_or(umask.value_or(0133)); }

mode_t MountOptions::DirectoryMode() const { return 0555 & ~dmask.value_or(umask.value_or(0022)); }

std::span<const std::string_view> OptionsWithoutEffect() { return kWithoutEffect; }

const std::vector<OptionInfo>& OptionTable() {
  static const std::vector<OptionInfo> table = [] {
    std::vector<OptionInfo> infos;
    for (const Option& option : kOptions) infos.push_back(option.info);
    return infos;
  }();
  return table;
}

const OptionInfo* FindOption(std::string_view name) {
  const Option* const option = Find(name);
  return option == nullptr ? nullptr : &option->info;
}

std::string_view NearestOption(std::string_view name) {
  return NearestRow(kOptions, name, [](const Option& option) { return option.info.name; })
      .info.name;
}

Status SetMountOption(const OptionInfo& info, std::string_view value, MountOptions& options) {
  if (info.argument.empty() && value != kTrue && value != kFalse) {
    return Invalid(info.name, value, "true or false");
  }
  return Find(info.name)->set(options, info, value);
}

Status ParseMountOptions(std::string_view text, MountOptions& options, UnknownOptions unknown) {
  const std::vector<std::string> items = Split(text);
  // mount(8) gives the others of the mount along, those of the kernel included.
  if (std::find(items.begin(), items.end(), "remount") != items.end()) {
    options.remount = true;
    return OkStatus();
  }
  for (const std::string& item : items) BRIMFS_RETURN_IF_ERROR(ParseOne(item, options, unknown));
  return OkStatus();
}

Result<Duration> ParseDuration(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60'000}, {"h", 3'600'000}};
  // Far from where a deadline in nanoseconds would overflow.
  constexpr uint64_t kTenYears = 10ull * 365 * 24 * 3'600'000;
  const auto milliseconds = ParseWithUnit(text, kUnits, kTenYears);
  if (!milliseconds) {
    return Status(Code::kInvalidArgument, "a time such as 90, 90s, 500ms, 2m or 1h");
  }
  return Duration(std::chrono::milliseconds(*milliseconds));
}

Result<uint64_t> ParseSize(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},        {"k", 1 << 10},    {"K", 1 << 10},
                                    {"m", 1 << 20}, {"M", 1 << 20},    {"g", 1 << 30},
                                    {"G", 1 << 30}, {"t", 1ull << 40}, {"T", 1ull << 40}};
  const auto bytes = ParseWithUnit(text, kUnits, kMaxOffset);
  if (!bytes) return Status(Code::kInvalidArgument, "a size such as 4096, 64k, 1M, 2G or 1T");
  return *bytes;
}

Result<SizeOrShare> ParseSizeOrShare(std::string_view text) {
  SizeOrShare parsed;
  if (text.ends_with('%')) {
    if (const auto percent = ParseNumber<int>(text.substr(0, text.size() - 1), 0, 100)) {
      parsed.share = *percent / 100.0;
      return parsed;
    }
  } else if (const Result<uint64_t> bytes = ParseSize(text)) {
    parsed.bytes = *bytes;
    return parsed;
  }
  return Status(Code::kInvalidArgument, "a size such as 512M or 100G, or a share such as 80%");
}

}  // namespace brimfs
