#include "backends/s3_backend.h"

#include <algorithm>
#include <future>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "backends/body_keeper.h"
#include "backends/head_keeper.h"
#include "backends/range_receiver.h"
#include "backends/response_validator.h"
#include "backends/retrying.h"
#include "backends/s3_connection.h"
#include "backends/s3_pages.h"
#include "core/log.h"

namespace brimfs {
namespace {

constexpr int kPageKeys = 1000;  // more are never given

std::string UrlOf(const S3Name& name) {
  if (name.bucket.empty()) return "s3://";
  return "s3://" + name.bucket + (name.key.empty() ? "" : "/" + EncodePath(name.key));
}

Status WithUrl(const Status& status, const S3Name& name) {
  if (status.ok()) return status;
  return Status(status.code(), UrlOf(name) + ": " + status.message())
      .set_retry_after(status.retry_after());
}

// Some servers notice what is wrong only after they have begun to answer well.
Status ErrorIn(const std::string& xml) {
  if (xml.find("<Error") == xml.npos) return OkStatus();
  S3Refusal refusal;
  refusal.head.status = 200;
  refusal.error = ParseError(xml);
  return refusal.error.code.empty() ? OkStatus() : ToStatus(refusal, absl::Now());
}

Result<std::string> FetchXml(S3Client& client, const S3Request& request, const CallLimits& limits) {
  BodyKeeper page(kMaxPageBytes, "a page of the listing is too big");
  BRIMFS_RETURN_IF_ERROR(client.Perform(request, page, limits));
  BRIMFS_RETURN_IF_ERROR(CheckStatus(page.head(), absl::Now()));
  BRIMFS_RETURN_IF_ERROR(ErrorIn(page.body()));
  return std::move(page.body());
}

Result<HttpHead> AskForHead(S3Client& client, const S3Request& request, const CallLimits& limits) {
  HeadKeeper keeper;
  BRIMFS_RETURN_IF_ERROR(client.Perform(request, keeper, limits));
  return keeper.head();
}

// Of the object, by HEAD, or where the server does not know that, by a GET that is to bring little.
Result<HttpHead> FetchHead(S3Client& client, const S3Name& name, const CallLimits& limits) {
  S3Request request;
  request.method = HttpRequest::Method::kHead;
  request.bucket = name.bucket;
  request.key = name.key;
  Result<HttpHead> head = AskForHead(client, request, limits);
  if (!head.ok() || (head->status != 405 && head->status != 501)) return head;
  request.method = HttpRequest::Method::kGet;
  request.headers = {"Range: bytes=0-0"};
  head = AskForHead(client, request, limits);
  if (!head.ok() || head->status != 416) return head;
  request.headers.clear();  // it is empty
  return AskForHead(client, request, limits);
}

}  // namespace

Result<ObjectInfo> StatS3Object(S3Client& client, const S3Name& name, const CallLimits& limits) {
  const Result<HttpHead> head = FetchHead(client, name, limits);
  if (!head.ok()) return head.status();
  BRIMFS_RETURN_IF_ERROR(CheckStatus(*head, absl::Now()));
  const auto length = TotalLength(*head);
  if (!length) return Status(Code::kProtocol, "the server does not say how long the object is");
  ObjectInfo info;
  info.version = StatedVersion(head->headers, length, absl::Now());
  AmendS3Version(*head, info.version);
  return info;
}

Result<std::string> FetchS3PageXml(S3Client& client, const S3Name& name, const std::string& token,
                                   int most, const CallLimits& limits) {
  S3Request request;
  request.bucket = name.bucket;
  request.query = "delimiter=%2F&encoding-type=url&list-type=2&max-keys=" + std::to_string(most) +
                  "&prefix=" + EncodeComponent(name.key);
  if (!token.empty())
    request.query = "continuation-token=" + EncodeComponent(token) + "&" + request.query;
  return FetchXml(client, request, limits);
}

Result<S3Page> FetchS3Page(S3Client& client, const S3Name& name, const std::string& token, int most,
                           const CallLimits& limits) {
  const Result<std::string> xml = FetchS3PageXml(client, name, token, most, limits);
  if (!xml.ok()) return xml.status();
  return ParsePage(*xml);
}

Result<std::vector<std::string>> FetchS3Buckets(S3Client& client, const CallLimits& limits) {
  const Result<std::string> xml = FetchXml(client, {}, limits);
  if (!xml.ok()) return xml.status();
  return ParseBuckets(*xml);
}

// Turns keys into names, and counts those that cannot be shown.
class S3Backend::Names {
 public:
  Names(std::string prefix, const EachName& each) : prefix_(std::move(prefix)), each_(each) {}

  void AddObject(S3Object object) {
    if (!std::string_view(object.key).starts_with(prefix_)) return;
    const std::string component = object.key.substr(prefix_.size());
    // The marker of the directory itself.
    if (component.empty() && object.version.length == 0) return;
    Add(component, ObjectKind::kFile, std::move(object.version));
  }

  void AddPrefix(std::string_view key) {
    if (!key.starts_with(prefix_) || !key.ends_with('/')) return;
    key.remove_prefix(prefix_.size());
    key.remove_suffix(1);
    Add(key, ObjectKind::kDirectory, {});
  }

  void AddBuckets(const std::vector<std::string>& buckets) {
    for (const std::string& bucket : buckets) Add(bucket, ObjectKind::kDirectory, {});
    Give(/*others_follow=*/false);
  }

  // Both in the order of the keys, where each has its own. `asked`: when the server was.
  void AddPage(S3Page page, TimePoint asked) {
    asked_ = asked;
    auto prefix = page.prefixes.begin();
    for (S3Object& object : page.objects) {
      while (prefix != page.prefixes.end() && *prefix < object.key) AddPrefix(*prefix++);
      AddObject(std::move(object));
    }
    while (prefix != page.prefixes.end()) AddPrefix(*prefix++);
    Give(/*others_follow=*/false);
  }

  size_t hidden() const { return hidden_; }

 private:
  void Add(std::string_view component, ObjectKind kind, Version version) {
    std::optional<std::string> name = NameOfComponent(component);
    // A '/': the server takes no notice of the delimiter.
    if (!name || name->find('/') != std::string::npos) {
      ++hidden_;
      return;
    }
    Give(/*others_follow=*/true);
    last_ = ListedName{*std::move(name), kind, std::move(version), asked_};
  }

  // The last name, which was held back until it was known whether others follow.
  void Give(bool others_follow) {
    if (!last_) return;
    last_->others_follow = others_follow;
    each_(*std::exchange(last_, std::nullopt));
  }

  const std::string prefix_;
  const EachName& each_;
  std::optional<TimePoint> asked_;
  std::optional<ListedName> last_;
  size_t hidden_ = 0;
};

S3Backend::S3Backend(std::shared_ptr<S3Access> access, S3Paths paths, int metadata_connections)
    : access_(std::move(access)),
      paths_(std::move(paths)),
      clients_(metadata_connections,
               [access = access_] { return std::make_unique<S3Client>(access); }) {}

Status S3Backend::Retrying(const S3Name& name, const CallLimits& limits,
                           const std::function<Status(S3Client&)>& try_once) {
  SourceHost& host = hosts_.Of(S3Client::UrlOf(*access_, name.bucket, ""));
  return WithUrl(
      brimfs::Retrying(host, retry_, limits, [&] { return clients_.With(host, limits, try_once); }),
      name);
}

Result<ObjectInfo> S3Backend::Stat(const std::string& path, const CallLimits& limits) {
  const std::optional<S3Name> name = paths_.Find(path);
  if (!name) return Status(Code::kNotFound);
  const bool directory = paths_.single_key.empty() && path.empty();
  if (directory) return ObjectInfo{ObjectKind::kDirectory, {}};

  ObjectInfo info;
  const auto ask_object = [&] {
    return Retrying(*name, limits, [&](S3Client& client) {
      auto found = StatS3Object(client, *name, limits);
      if (found.ok()) info = std::move(*found);
      return found.status();
    });
  };
  if (!paths_.single_key.empty()) {
    BRIMFS_RETURN_IF_ERROR(ask_object());
    return info;
  }

  const S3Name below = *paths_.FindDirectory(path);
  bool any = below.key.empty();  // a bucket
  const auto ask_prefix = [&] {
    return Retrying(below, limits, [&](S3Client& client) {
      const auto page = FetchS3Page(client, below, "", 1, limits);
      if (!page.ok()) return page.status();
      any = any || !page->objects.empty() || !page->prefixes.empty();
      return OkStatus();
    });
  };
  if (below.key.empty()) {
    BRIMFS_RETURN_IF_ERROR(ask_prefix());
    return ObjectInfo{ObjectKind::kDirectory, {}};
  }
  // Where there is no thread to be had, one after the other.
  auto listing = std::async(std::launch::async | std::launch::deferred, [&] {
    const LogScope scope(UrlOf(below));
    return ask_prefix();
  });
  Status asked = name->key.empty() ? Status(Code::kNotFound) : ask_object();
  const Status listed = listing.get();
  if (listed.ok() && any) return ObjectInfo{ObjectKind::kDirectory, {}};
  // The marker of a directory is no name in it.
  if (asked.ok() && name->key.ends_with('/') && info.version.length == 0) {
    asked = Status(Code::kNotFound);
  }
  if (!asked.ok()) {
    // A refusal of HEAD has no words; but without the right to list a missing key is denied, not
    // missing.
    const bool missing = asked.code() == Code::kNotFound;
    return listed.ok() || (missing && listed.code() == Code::kDenied) ? asked : listed;
  }
  if (!listed.ok() && listed.code() != Code::kDenied) return listed;
  WarnOfWeakValidator(S3Client::UrlOf(*access_, name->bucket, name->key), info.version);
  return info;
}

Status S3Backend::ListBuckets(Names& names, const CallLimits& limits) {
  std::vector<std::string> buckets;
  BRIMFS_RETURN_IF_ERROR(Retrying({}, limits, [&](S3Client& client) {
    auto found = FetchS3Buckets(client, limits);
    if (found.ok()) buckets = std::move(*found);
    return found.status();
  }));
  names.AddBuckets(buckets);
  return OkStatus();
}

Status S3Backend::List(const std::string& path, const EachName& each, const BeginAnew&,
                       const CallLimits& limits) {
  const std::optional<S3Name> name = paths_.FindDirectory(path);
  if (!name || !paths_.single_key.empty()) return Status(Code::kNotFound);
  Names names(name->key, each);
  if (name->bucket.empty()) return ListBuckets(names, limits);
  SourceHost& host = HostOf(path);
  S3Pages pages(
      [&](const std::string& token, const CallLimits& of_page) -> Result<std::string> {
        const LogScope scope(UrlOf(*name));
        std::string xml;
        const auto try_once = [&](S3Client& client) {
          auto found = FetchS3PageXml(client, *name, token, kPageKeys, of_page);
          if (found.ok()) xml = std::move(*found);
          return found.status();
        };
        BRIMFS_RETURN_IF_ERROR(brimfs::Retrying(
            host, retry_, of_page, [&] { return clients_.With(host, of_page, try_once); }));
        return xml;
      },
      limits);
  while (!pages.ended()) {
    if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
    Result<S3Pages::Dated> next = pages.Next();
    if (!next.ok()) return WithUrl(next.status(), *name);
    names.AddPage(std::move(next->page), next->asked);
  }
  if (names.hidden() > 0) {
    const std::string url = UrlOf(*name);
    LogOnce("hidden " + url, LogLevel::kWarning,
            url + ": " + std::to_string(names.hidden()) +
                " keys are too long for names of files and are left out");
  }
  return OkStatus();
}

std::unique_ptr<Connection> S3Backend::Connect() {
  return std::make_unique<S3Connection>(access_, paths_);
}

std::string S3Backend::DisplayUrl(const std::string& path) const {
  const std::optional<S3Name> name = paths_.Find(path);
  return name ? UrlOf(*name) : path;
}

SourceHost& S3Backend::HostOf(const std::string& path) {
  const std::optional<S3Name> name = paths_.Find(path);
  return name ? hosts_.Of(S3Client::UrlOf(*access_, name->bucket, "")) : Backend::HostOf(path);
}

}  // namespace brimfs
