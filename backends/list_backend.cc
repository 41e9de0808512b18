#include "backends/list_backend.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "backends/http_access.h"
#include "core/unique_fd.h"

namespace brimfs {
namespace {

constexpr off_t kMaxListBytes = 256 << 20;

Result<std::string> ReadList(const std::string& file) {
  // O_NONBLOCK: a pipe that nobody writes to is not waited for.
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat st;
  if (!fd.valid() || fstat(fd.get(), &st) != 0) {
    return Status::FromErrno(errno, "cannot read the list " + file);
  }
  if (!S_ISREG(st.st_mode)) {
    return Status(Code::kInvalidArgument, file + ": a list of URLs has to be an ordinary file");
  }
  if (st.st_size > kMaxListBytes) {
    return Status(Code::kInvalidArgument,
                  file + ": too big for a list of URLs: make several lists of it");
  }
  std::string text(static_cast<size_t>(st.st_size), '\0');
  for (size_t have = 0; have < text.size();) {
    const ssize_t n = read(fd.get(), text.data() + have, text.size() - have);
    if (n < 0) return Status::FromErrno(errno, "cannot read the list " + file);
    if (n == 0) text.resize(have);
    have += static_cast<size_t>(n);
  }
  return text;
}

}  // namespace

ListBackend::ListBackend(std::shared_ptr<const UrlList> urls, std::string file,
                         const HttpClient::Options& options)
    : urls_(std::move(urls)), file_(std::move(file)), http_(urls_, options) {}

Result<ObjectInfo> ListBackend::Stat(const std::string& path, const CallLimits& limits) {
  if (path.empty()) return ObjectInfo{ObjectKind::kDirectory, {}};
  return http_.Stat(path, limits);
}

Status ListBackend::List(const std::string& path, const EachName& each, const BeginAnew& anew,
                         const CallLimits& limits) {
  if (!path.empty()) return http_.List(path, each, anew, limits);
  for (ListedName& name : urls_->Names()) each(std::move(name));
  return OkStatus();
}

std::string ListBackend::DisplayUrl(const std::string& path) const {
  return path.empty() ? "list:" + file_ : http_.DisplayUrl(path);
}

std::string ListBackend::CacheKey(const std::string& path) const {
  const std::optional<Url> url = urls_->Find(path);
  return url ? url->Fingerprint() : path;
}

Result<OpenedSource> OpenListSource(const std::string& source, const BackendOptions& options,
                                    const CallLimits&) {
  const std::string file = source.substr(source.find(':') + 1);
  if (file.empty()) return Status(Code::kInvalidArgument, "list: names no file: list:FILE");
  const auto text = ReadList(file);
  if (!text.ok()) return text.status();
  const auto urls = UrlList::Parse(*text, file);
  if (!urls.ok()) return urls.status();
  if (BelongToOneOrigin(options) && !(*urls)->OfOneOrigin()) {
    return Status(Code::kInvalidArgument,
                  file +
                      ": the list names several servers, which must not all see the credentials: "
                      "make a list for each, or give the servers' own in a netrc= file");
  }
  const auto access = PrepareAccess(options);
  if (!access.ok()) return access.status();
  const std::string path = std::filesystem::absolute(file);
  OpenedSource opened;
  opened.identity = "list:";
  opened.backend = std::make_unique<ListBackend>(*urls, path, *access);
  return opened;
}

Result<OfflineSource> NameListSource(const std::string& source, const BackendOptions& options) {
  Result<OpenedSource> opened = OpenListSource(source, options, {});
  if (!opened.ok()) return opened.status();
  OfflineSource named;
  named.directory = opened->identity;
  named.keys = std::move(opened->backend);
  return named;
}

}  // namespace brimfs
