#include "backends/http_stat.h"

#include <optional>

#include "absl/time/clock.h"
#include "backends/body_length.h"
#include "backends/head_keeper.h"
#include "backends/redirect.h"
#include "backends/response_validator.h"
#include "core/log.h"

namespace brimfs {
namespace {

struct Reply {
  bool redirects_to_directory = false;
  HttpHead head;  // of the last answer, if not
};

Result<Reply> Ask(HttpClient& client, HttpRequest request, const CallLimits& limits) {
  Reply reply;
  HeadKeeper keeper;
  const auto follow = [&reply](const Url& from, const Url& target) {
    reply.redirects_to_directory = NamesDirectory(from, target);
    return !reply.redirects_to_directory;
  };
  BRIMFS_RETURN_IF_ERROR(client.Perform(std::move(request), keeper, limits, follow));
  reply.head = keeper.head();
  return reply;
}

Result<Reply> AskHead(HttpClient& client, const Url& url, const CallLimits& limits) {
  HttpRequest request;
  request.method = HttpRequest::Method::kHead;
  request.url = url;
  return Ask(client, std::move(request), limits);
}

Result<Reply> AskFirstByte(HttpClient& client, const Url& url, const CallLimits& limits) {
  HttpRequest request;
  request.url = url;
  request.headers = {"Range: bytes=0-0"};
  return Ask(client, std::move(request), limits);
}

// A presigned URL is good for GET alone, and answers 403 to HEAD; what a program answers to a query
// it may not even know under HEAD.
bool RefusesHead(const Url& url, int status) {
  return status == 400 || status == 403 || status == 405 || status == 501 ||
         (status == 404 && !url.query.empty());
}

ObjectInfo Directory() {
  ObjectInfo info;
  info.kind = ObjectKind::kDirectory;
  return info;
}

}  // namespace

Result<ObjectInfo> StatUrl(HttpClient& client, const Url& url, const CallLimits& limits) {
  auto reply = AskHead(client, url, limits);
  if (!reply.ok()) return reply.status();
  if (reply->redirects_to_directory) return Directory();

  ObjectInfo info;
  bool said_empty = false;
  if (!RefusesHead(url, reply->head.status)) {
    BRIMFS_RETURN_IF_ERROR(CheckStatus(reply->head, absl::Now()));
    // A length of 0 is what programs say that have no body for HEAD: it is not believed yet.
    std::optional<uint64_t> length = TotalLength(reply->head);
    said_empty = length == 0;
    if (said_empty) length.reset();
    info.version = StatedVersion(reply->head.headers, length, absl::Now());
    if (length) return info;
  }

  reply = AskFirstByte(client, url, limits);
  if (!reply.ok()) return reply.status();
  if (reply->redirects_to_directory) return Directory();
  // Of an empty object not even the first byte can be had: "416, bytes */0", or just 416.
  std::optional<uint64_t> total = TotalLength(reply->head);
  if (reply->head.status == 416 && said_empty && !total) total = 0;
  if (!(reply->head.status == 416 && total == 0)) {
    BRIMFS_RETURN_IF_ERROR(CheckStatus(reply->head, absl::Now()));
  }
  info.version = Merge(info.version, StatedVersion(reply->head.headers, total, absl::Now()));
  if (info.version.length || !info.version.HasValidator()) return info;
  const auto counted = CountBody(client, url, limits);
  if (!counted.ok()) return counted.status();
  info.version = Merge(info.version, *counted);
  return info;
}

Status CheckDirectory(HttpClient& client, const Url& url, const CallLimits& limits) {
  auto reply = AskHead(client, url, limits);
  if (reply.ok() && RefusesHead(url, reply->head.status)) reply = AskFirstByte(client, url, limits);
  if (!reply.ok()) return reply.status();
  if (reply->head.status == 403) {
    Log(LogLevel::kWarning, url.WithoutQuery() +
                                ": the server refuses the listing; names in it are found only by "
                                "asking for them");
    return OkStatus();
  }
  return CheckStatus(reply->head, absl::Now());
}

}  // namespace brimfs
