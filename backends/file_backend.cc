#include "backends/file_backend.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/clock.h"
#include "backends/url.h"

namespace brimfs {
namespace {

// Between two looks at the clock and the stop token.
constexpr uint64_t kPiece = 1 << 20;

constexpr std::string_view kPrefix = "file:";

Version VersionOf(const struct stat& st) {
  const absl::Time modified = absl::TimeFromTimespec(st.st_mtim);
  Version version;
  version.etag = "\"" + std::to_string(st.st_ino) + "-" + std::to_string(st.st_size) + "-" +
                 std::to_string(absl::ToUnixNanos(modified)) + "\"";
  version.last_modified = modified;
  version.precision = absl::Nanoseconds(1);
  version.length = static_cast<uint64_t>(st.st_size);
  version.racy = absl::Now() - modified < kSettled;
  return version;
}

// Nothing for what is neither a regular file nor a directory.
std::optional<ObjectInfo> InfoOf(const struct stat& st) {
  ObjectInfo info;
  if (S_ISDIR(st.st_mode)) {
    info.kind = ObjectKind::kDirectory;
    info.version.last_modified = absl::TimeFromTimespec(st.st_mtim);
  } else if (S_ISREG(st.st_mode)) {
    info.version = VersionOf(st);
  } else {
    return std::nullopt;
  }
  return info;
}

Result<struct stat> StatDescriptor(const UniqueFd& fd, const std::string& path) {
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return Status::FromErrno(errno, path);
  return st;
}

Result<ObjectInfo> StatBelow(const ConfinedDirectory& root, const std::string& path) {
  const auto fd = root.OpenBelow(path, O_PATH);
  if (!fd.ok()) {
    return fd.code() == Code::kNotDirectory ? Status(Code::kNotFound, path) : fd.status();
  }
  const auto st = StatDescriptor(*fd, path);
  if (!st.ok()) return st.status();
  auto info = InfoOf(*st);
  if (!info) return Status(Code::kNotFound, path + ": neither a file nor a directory");
  return *std::move(info);
}

Status CheckLimits(const CallLimits& limits) {
  if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
  if (std::chrono::steady_clock::now() >= limits.deadline) {
    return Status(Code::kTimedOut, "the deadline has passed");
  }
  return OkStatus();
}

Status Stale(const std::string& path, const char* why) {
  return Status(Code::kStale, path + ": " + why);
}

class FileConnection : public Connection {
 public:
  FileConnection(std::shared_ptr<const ConfinedDirectory> root, std::string file)
      : root_(std::move(root)), file_(std::move(file)) {}

  Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) override {
    BRIMFS_RETURN_IF_ERROR(CheckLimits(limits));
    const std::string& path = request.path.empty() ? file_ : request.path;
    // O_NONBLOCK: or opening a FIFO would wait for a writer.
    const auto fd = root_->OpenBelow(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd.ok()) {
      const bool gone = fd.code() == Code::kNotFound || fd.code() == Code::kNotDirectory;
      return gone ? Stale(path, "the file is gone") : fd.status();
    }
    const auto version = CurrentVersion(*fd, path);
    if (!version.ok()) return version.status();
    if (!SameVersion(request.expected, *version) || request.range.end > *version->length) {
      return Stale(path, "the file has changed");
    }
    BRIMFS_RETURN_IF_ERROR(sink.OnAnswer(*version, request.range));

    buffer_.resize(std::min(kPiece, request.range.size()));
    for (uint64_t offset = request.range.begin; offset < request.range.end;) {
      BRIMFS_RETURN_IF_ERROR(CheckLimits(limits));
      const size_t wanted = std::min<uint64_t>(buffer_.size(), request.range.end - offset);
      const ssize_t got = pread(fd->get(), buffer_.data(), wanted, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Status::FromErrno(errno, path);
      // Looked at again after reading and before the bytes count: they are of this version.
      const auto now = CurrentVersion(*fd, path);
      if (!now.ok()) return now.status();
      if (got == 0 || !SameVersion(*version, *now)) {
        return Stale(path, "the file has changed while it was read");
      }
      const auto count = static_cast<size_t>(got);
      BRIMFS_RETURN_IF_ERROR(sink.OnBytes(offset, std::span(buffer_).first(count)));
      offset += count;
    }
    return OkStatus();
  }

 private:
  static Result<Version> CurrentVersion(const UniqueFd& fd, const std::string& path) {
    const auto st = StatDescriptor(fd, path);
    if (!st.ok()) return st.status();
    if (!S_ISREG(st->st_mode)) return Stale(path, "it is no regular file any more");
    return VersionOf(*st);
  }

  const std::shared_ptr<const ConfinedDirectory> root_;
  const std::string file_;
  std::vector<std::byte> buffer_;
};

std::string Below(const std::string& directory, const std::string& path) {
  return directory.ends_with('/') ? directory + path : directory + "/" + path;
}

// The local path that a source names: "file:" with a percent-encoded path, or a plain path.
Result<std::string> PathOf(const std::string& source) {
  std::string_view text = source;
  if (!text.starts_with(kPrefix)) return source;
  text.remove_prefix(kPrefix.size());
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::string_view host = text.substr(0, text.find('/'));
    if (!host.empty() && host != "localhost") {
      return Status(Code::kInvalidArgument,
                    source + ": files of this machine only; write file:///path with three slashes");
    }
    text.remove_prefix(host.size());
  }
  std::string path = DecodePercent(text);
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Status(Code::kInvalidArgument, source + ": names no file");
  }
  return path;
}

struct FreeDeleter {
  void operator()(char* memory) const { free(memory); }
};

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

// Links in the source itself are the user's own and followed; from there on none leads out.
Result<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, FreeDeleter> real(realpath(path.c_str(), nullptr));
  if (!real) return Status::FromErrno(errno, path);
  return std::string(real.get());
}

}  // namespace

FileBackend::FileBackend(ConfinedDirectory root, std::string directory, std::string file)
    : root_(std::make_shared<const ConfinedDirectory>(std::move(root))),
      directory_(std::move(directory)),
      file_(std::move(file)) {}

Result<ObjectInfo> FileBackend::Stat(const std::string& path, const CallLimits& limits) {
  BRIMFS_RETURN_IF_ERROR(CheckLimits(limits));
  return StatBelow(*root_, Local(path));
}

Status FileBackend::List(const std::string& path, const EachName& each, const BeginAnew& /*anew*/,
                         const CallLimits& limits) {
  const std::string local = Local(path);
  auto fd = root_->OpenBelow(local, O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) return fd.status();
  const std::unique_ptr<DIR, DirectoryCloser> directory(fdopendir(fd->get()));
  if (!directory) return Status::FromErrno(errno, local);
  fd->Release();

  for (;;) {
    BRIMFS_RETURN_IF_ERROR(CheckLimits(limits));
    errno = 0;
    const dirent* const entry = readdir(directory.get());
    if (!entry) return errno == 0 ? OkStatus() : Status::FromErrno(errno, local);
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const auto info = StatBelow(*root_, local.empty() ? name : Below(local, name));
    if (info.ok()) {
      each({name, info->kind, info->version});
    } else if (info.code() != Code::kNotFound && info.code() != Code::kDenied) {
      return info.status();
    }  // else gone since, special, or a link that leads out or nowhere
  }
}

std::unique_ptr<Connection> FileBackend::Connect() {
  return std::make_unique<FileConnection>(root_, file_);
}

std::string FileBackend::DisplayUrl(const std::string& path) const {
  const std::string local = Local(path);
  return "file://" + EncodePath(local.empty() ? directory_ : Below(directory_, local));
}

Result<OpenedSource> OpenFileSource(const std::string& source, const BackendOptions&,
                                    const CallLimits&) {
  const auto path = PathOf(source);
  if (!path.ok()) return path.status();
  const auto real = RealPath(*path);
  if (!real.ok()) return real.status();
  std::string directory = *real;
  struct stat st = {};
  if (stat(directory.c_str(), &st) != 0) return Status::FromErrno(errno, *path);

  OpenedSource opened;
  opened.identity = "file://" + EncodePath(directory);
  if (!S_ISDIR(st.st_mode)) {
    if (!S_ISREG(st.st_mode)) {
      return Status(Code::kInvalidArgument, *path + ": neither a file nor a directory");
    }
    const size_t slash = directory.rfind('/');
    opened.single_file = directory.substr(slash + 1);
    directory.resize(std::max<size_t>(slash, 1));
  }
  auto root = ConfinedDirectory::Open(directory);
  if (!root.ok()) return root.status();
  opened.backend = std::make_unique<FileBackend>(std::move(*root), directory, opened.single_file);
  return opened;
}

Result<OfflineSource> NameFileSource(const std::string& source, const BackendOptions&) {
  const auto path = PathOf(source);
  if (!path.ok()) return path.status();
  // The disk may be away; then the path has to be the one without links.
  const auto real = RealPath(*path);
  const std::string name =
      real.ok() ? *real : std::filesystem::absolute(*path).lexically_normal().string();
  OfflineSource named;
  named.directory = "file://" + EncodePath(name);
  while (named.directory.size() > 8 && named.directory.ends_with('/')) named.directory.pop_back();
  named.object = named.directory;
  named.name = name.substr(name.rfind('/') + 1);
  return named;
}

}  // namespace brimfs
