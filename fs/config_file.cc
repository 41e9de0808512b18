#include "fs/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include "core/file_io.h"
#include "core/unique_fd.h"

namespace brimfs {
namespace {

// More is no configuration.
constexpr off_t kMostBytes = 1 << 20;

// "/srv" for "file:///srv" and its like.
std::string WithoutFileScheme(std::string source) {
  if (source == "file:" || source == "file://") return "/";
  for (const std::string_view begin : {"file://localhost/", "file:///", "file:/"}) {
    if (source.starts_with(begin)) return source.substr(begin.size() - 1);
  }
  return source;
}

// A host's name and a scheme are the same in any letter case; a path is not.
std::string Normalised(std::string_view source) {
  std::string result(source);
  const size_t slashes = result.find("://");
  if (slashes == std::string::npos) return WithoutFileScheme(std::move(result));
  const size_t path = std::min(result.find('/', slashes + 3), result.size());
  for (size_t i = 0; i < path; ++i) {
    if (result[i] >= 'A' && result[i] <= 'Z') result[i] = static_cast<char>(result[i] - 'A' + 'a');
  }
  return WithoutFileScheme(std::move(result));
}

bool NamesAPath(const OptionInfo& option) {
  return option.argument.starts_with("FILE") || option.argument == "DIR" ||
         option.argument == "PATH";
}

}  // namespace

bool SourceBeginsWith(std::string_view source, std::string_view begin) {
  const std::string whole = Normalised(source);
  std::string part = Normalised(begin);
  part.resize(part.find_last_not_of('/') + 1);
  if (!whole.starts_with(part)) return false;
  return whole.size() == part.size() || whole[part.size()] == '/' || whole[part.size()] == '?' ||
         part.ends_with(':');
}

// From TOML to sections. Keys come in the order of the file, so that the first mistake is said.
class ConfigFile::Reader {
 public:
  Reader(const std::string& path, const std::string& home) : path_(path), home_(home) {}

  Result<ConfigFile> Read(std::string_view text) const {
    toml::table table;
    try {
      table = toml::parse(text);
    } catch (const toml::parse_error& error) {
      return Wrong(error.source(), std::string(error.description()));
    }
    ConfigFile file;
    file.sections_.emplace_back();
    for (const auto& [key, node] : InOrder(table)) {
      if (!node->is_table()) {
        BRIMFS_RETURN_IF_ERROR(ReadEntry(*key, *node, file.sections_[0]));
        continue;
      }
      Section section{std::string(key->str()), {}};
      BRIMFS_RETURN_IF_ERROR(ReadSection(*key, *node->as_table(), section));
      file.sections_.push_back(std::move(section));
    }
    std::stable_sort(
        file.sections_.begin(), file.sections_.end(),
        [](const Section& a, const Section& b) { return a.begin.size() < b.begin.size(); });
    return file;
  }

 private:
  using Member = std::pair<const toml::key*, const toml::node*>;

  static std::vector<Member> InOrder(const toml::table& table) {
    std::vector<Member> members;
    for (const auto& [key, node] : table) members.emplace_back(&key, &node);
    std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
      const auto& x = a.first->source().begin;
      const auto& y = b.first->source().begin;
      return x.line != y.line ? x.line < y.line : x.column < y.column;
    });
    return members;
  }

  std::string Place(const toml::source_region& where) const {
    return path_ + ":" + std::to_string(where.begin.line);
  }

  Status Wrong(const toml::source_region& where, const std::string& what) const {
    return Status(Code::kInvalidArgument, Place(where) + ": " + what);
  }

  Status ReadSection(const toml::key& key, const toml::table& table, Section& section) const {
    const std::string_view name = key.str();
    if (name.find(':') == std::string_view::npos && !name.starts_with('/')) {
      return Wrong(key.source(), "section [" + std::string(name) +
                                     "]: expected how sources begin, such as "
                                     "[\"https://example.org/data/\"] or [\"s3://bucket\"]");
    }
    for (const auto& [inner, node] : InOrder(table)) {
      BRIMFS_RETURN_IF_ERROR(ReadEntry(*inner, *node, section));
    }
    return OkStatus();
  }

  Status ReadEntry(const toml::key& key, const toml::node& node, Section& section) const {
    const OptionInfo* const option = FindOption(key.str());
    if (option == nullptr) {
      return Wrong(key.source(), "unknown key '" + std::string(key.str()) + "': did you mean '" +
                                     std::string(NearestOption(key.str())) +
                                     "'? See brimfs.conf(5)");
    }
    if (option->name == "config") {
      return Wrong(key.source(), "config: a file names no other; give it on the command line");
    }
    std::optional<std::string> value = Text(*option, node);
    if (!value) return Wrong(key.source(), std::string(key.str()) + ": expected " + Kind(*option));
    if (NamesAPath(*option)) {
      if (value->starts_with("~/")) value->replace(0, 1, home_);
      if (!value->starts_with('/')) {
        return Wrong(key.source(), std::string(key.str()) + " = \"" + *value +
                                       "\": expected a path that begins with / or ~/");
      }
    }
    MountOptions unused;
    if (const Status set = SetMountOption(*option, *value, unused); !set.ok()) {
      return Wrong(key.source(), set.message());
    }
    section.entries.push_back({option, *std::move(value), Place(key.source())});
    return OkStatus();
  }

  static std::string Kind(const OptionInfo& option) {
    if (option.argument.empty()) return "true or false";
    if (option.argument == "OCTAL") return "an octal number, such as \"022\" or 0o022";
    return "a string or a whole number: " + std::string(option.argument);
  }

  // As -o has it; nothing if it is of a type that the option cannot have.
  static std::optional<std::string> Text(const OptionInfo& option, const toml::node& node) {
    if (option.argument.empty()) {
      if (const toml::value<bool>* const flag = node.as_boolean()) {
        return flag->get() ? "true" : "false";
      }
      return std::nullopt;
    }
    if (const toml::value<std::string>* const text = node.as_string()) return text->get();
    const toml::value<int64_t>* const number = node.as_integer();
    if (number == nullptr) return std::nullopt;
    if (option.argument != "OCTAL") return std::to_string(number->get());
    // 22 could be meant either way.
    if (number->flags() != toml::value_flags::format_as_octal) return std::nullopt;
    std::ostringstream octal;
    octal << std::oct << number->get();
    return octal.str();
  }

  const std::string& path_;
  const std::string& home_;
};

Result<ConfigFile> ConfigFile::Parse(std::string_view text, const std::string& path,
                                     const std::string& home) {
  return Reader(path, home).Read(text);
}

Result<ConfigFile> ConfigFile::Read(const std::string& path, const std::string& home) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return Status::FromErrno(errno, path);
  if (!S_ISREG(info.st_mode) || info.st_size > kMostBytes) {
    return Status(Code::kInvalidArgument, path + ": no configuration file");
  }
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return Status(Code::kDenied,
                  path + ": belongs neither to root nor to you; chown it, or give another config=");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Status(Code::kDenied, path + ": others may write it; chmod go-w " + path);
  }
  std::string text(static_cast<size_t>(info.st_size), '\0');
  if (const int error =
          FileIo::System().Read(fd.get(), 0, std::as_writable_bytes(std::span(text)))) {
    return Status::FromErrno(error, path);
  }
  return Parse(text, path, home);
}

bool SaysWhoAsks(std::string_view option) {
  return option == "credentials" || option == "netrc" || option == "profile" ||
         option == "anonymous";
}

void ForgetWhoAsks(MountOptions& options) {
  options.credentials.clear();
  options.netrc.clear();
  options.profile.clear();
  options.anonymous = false;
  std::erase_if(options.origins, [](const auto& origin) { return SaysWhoAsks(origin.first); });
}

void ConfigFile::Apply(std::string_view source, MountOptions& options) const {
  for (const Section& section : sections_) {
    if (!section.begin.empty() && !SourceBeginsWith(source, section.begin)) continue;
    if (std::any_of(section.entries.begin(), section.entries.end(),
                    [](const Entry& entry) { return SaysWhoAsks(entry.option->name); })) {
      ForgetWhoAsks(options);
    }
    for (const Entry& entry : section.entries) {
      // Of what is for every source, this is not for these.
      if (section.begin.empty() && entry.option->name == "netrc" && source.starts_with("s3:")) {
        continue;
      }
      (void)SetMountOption(*entry.option, entry.value, options);  // Parse has tried it
      options.origins.insert_or_assign(std::string(entry.option->name), entry.place);
    }
  }
}

}  // namespace brimfs
