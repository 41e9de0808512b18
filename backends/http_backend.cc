#include "backends/http_backend.h"

#include <optional>
#include <string_view>

#include "absl/time/clock.h"
#include "backends/file_name.h"
#include "backends/http_access.h"
#include "backends/http_connection.h"
#include "backends/http_stat.h"
#include "backends/index_page.h"
#include "backends/range_receiver.h"
#include "backends/response_validator.h"
#include "backends/retrying.h"
#include "core/log.h"

namespace brimfs {
namespace {

Status WithUrl(const Status& status, const Url& url) {
  if (status.ok()) return status;
  return Status(status.code(), url.WithoutQuery() + ": " + status.message())
      .set_retry_after(status.retry_after());
}

// Feeds an index page to its parser while it arrives.
class PageReader : public HttpResponder {
 public:
  PageReader(Url url, IndexNames& names) : url_(std::move(url)), names_(names) {}

  Status OnHead(const HttpHead& head) override {
    BRIMFS_RETURN_IF_ERROR(CheckStatus(head, absl::Now()));
    const auto coding = head.headers.Find("Content-Encoding").value_or("identity");
    if (!EqualsIgnoringCase(coding, "identity")) {
      return Status(Code::kProtocol, "a content encoding that was not asked for");
    }
    page_.emplace(head.headers.Find("Content-Type").value_or(""), url_, names_);
    return OkStatus();
  }

  Status OnBody(std::span<const std::byte> data) override {
    return page_->Feed({reinterpret_cast<const char*>(data.data()), data.size()});
  }

  // Links are relative to where the page was found in the end.
  void Follow(const Url& target) { url_ = target; }
  Status Finish() { return page_->Finish(); }

 private:
  Url url_;
  IndexNames& names_;
  std::optional<IndexPage> page_;
};

Status ListOnce(HttpClient& client, const Url& url, IndexNames& names, const CallLimits& limits) {
  HttpRequest request;
  request.url = url;
  // Caddy has its listing in both, and in JSON sizes and times are exact.
  request.headers = {"Accept: application/json, text/html;q=0.9, */*;q=0.1"};
  PageReader reader(url, names);
  BRIMFS_RETURN_IF_ERROR(
      client.Perform(std::move(request), reader, limits, [&reader](const Url&, const Url& target) {
        reader.Follow(target);
        return true;
      }));
  return reader.Finish();
}

// Of the one file of a mount.
std::string FileNameOf(const Url& object) {
  const std::string encoded = object.path.substr(object.path.rfind('/') + 1);
  std::string name = DecodePercent(encoded);
  return IsFileName(name) ? name : encoded;
}

}  // namespace

HttpBackend::HttpBackend(Url base, const HttpClient::Options& options, int metadata_connections)
    : HttpBackend(std::make_shared<UrlTree>(std::move(base)), options, metadata_connections) {}

HttpBackend::HttpBackend(std::shared_ptr<const UrlMap> urls, const HttpClient::Options& options,
                         int metadata_connections)
    : urls_(std::move(urls)),
      options_(options),
      clients_(metadata_connections, [options] { return std::make_unique<HttpClient>(options); }) {}

Result<ObjectInfo> HttpBackend::Stat(const std::string& path, const CallLimits& limits) {
  const std::optional<Url> url = urls_->Find(path);
  if (!url) return Status(Code::kNotFound);
  ObjectInfo info;
  if (url->path.ends_with('/')) {
    info.kind = ObjectKind::kDirectory;
    return info;
  }
  const auto try_once = [&](HttpClient& client) {
    auto found = StatUrl(client, *url, limits);
    if (found.ok()) info = std::move(*found);
    return found.status();
  };
  BRIMFS_RETURN_IF_ERROR(WithUrl(Retrying(*url, limits, try_once), *url));
  if (info.kind == ObjectKind::kFile) WarnOfWeakValidator(*url, info.version);
  return info;
}

Status HttpBackend::List(const std::string& path, const EachName& each, const BeginAnew& anew,
                         const CallLimits& limits) {
  const std::optional<Url> found = urls_->Find(path);
  if (!found) return Status(Code::kNotFound);
  const Url url = AsDirectory(*found);
  size_t left_out = 0;
  bool any = false;
  const auto try_once = [&](HttpClient& client) {
    if (any) anew();
    IndexNames names(each);
    Status status = ListOnce(client, url, names, limits);
    left_out = names.left_out();
    any = names.any();
    return status;
  };
  const Status status = Retrying(url, limits, try_once);
  if (left_out > 0) {
    LogOnce("left out " + url.WithoutQuery(), LogLevel::kWarning,
            url.WithoutQuery() + ": " + std::to_string(left_out) +
                " names cannot be names of files here and are left out");
  }
  return WithUrl(status, url);
}

std::unique_ptr<Connection> HttpBackend::Connect() {
  return std::make_unique<HttpConnection>(urls_, options_);
}

std::string HttpBackend::DisplayUrl(const std::string& path) const {
  const std::optional<Url> url = urls_->Find(path);
  return url ? url->WithoutQuery() : path;
}

SourceHost& HttpBackend::HostOf(const std::string& path) {
  const std::optional<Url> url = urls_->Find(path);
  return url ? hosts_.Of(*url) : Backend::HostOf(path);
}

Status HttpBackend::Retrying(const Url& url, const CallLimits& limits,
                             const std::function<Status(HttpClient&)>& try_once) {
  SourceHost& host = hosts_.Of(url);
  return brimfs::Retrying(host, retry_, limits,
                          [&] { return clients_.With(host, limits, try_once); });
}

Result<OpenedSource> OpenHttpSource(const std::string& source, const BackendOptions& options,
                                    const CallLimits& limits) {
  auto base = ParseUrl(source);
  if (!base.ok()) return base.status();
  const auto access = PrepareAccess(options);
  if (!access.ok()) return access.status();
  HttpClient client(*access);
  OpenedSource opened;
  if (base->path.ends_with('/')) {
    BRIMFS_RETURN_IF_ERROR(WithUrl(CheckDirectory(client, *base, limits), *base));
  } else {
    const auto info = StatUrl(client, *base, limits);
    if (!info.ok()) return WithUrl(info.status(), *base);
    if (info->kind == ObjectKind::kDirectory) {
      *base = AsDirectory(*base);
    } else {
      opened.single_file = FileNameOf(*base);
    }
  }
  opened.identity = base->WithoutQuery();
  opened.backend = std::make_unique<HttpBackend>(std::move(*base), *access);
  return opened;
}

Result<OfflineSource> NameHttpSource(const std::string& source, const BackendOptions&) {
  const auto base = ParseUrl(source);
  if (!base.ok()) return base.status();
  OfflineSource named;
  named.directory = AsDirectory(*base).WithoutQuery();
  if (!base->path.ends_with('/')) {
    named.object = base->WithoutQuery();
    named.name = FileNameOf(*base);
  }
  return named;
}

}  // namespace brimfs
