#include "backends/object_probe.h"

#include <functional>
#include <utility>

#include "backends/content_range.h"
#include "backends/head_keeper.h"
#include "backends/http_access.h"
#include "backends/http_client.h"
#include "backends/s3_access.h"
#include "backends/s3_client.h"
#include "backends/s3_source.h"
#include "core/version.h"

namespace brimfs {
namespace {

using Method = HttpRequest::Method;

// One request about the object; the head of its answer.
using Ask = std::function<Result<HttpHead>(Method method, const std::vector<std::string>& headers)>;

constexpr char kFirstByte[] = "Range: bytes=0-0";
constexpr char kOtherEtag[] = "\"brimfs-doctor\"";

void AskHead(const Ask& ask, ObjectProbe& probe) {
  const Result<HttpHead> head = ask(Method::kHead, {});
  if (!head.ok()) {
    probe.head_error = head.status().message();
    return;
  }
  probe.head = head->status;
  probe.head_has_length = head->headers.Find("Content-Length").has_value();
}

void AskFirstByte(const Ask& ask, ObjectProbe& probe) {
  const Result<HttpHead> head = ask(Method::kGet, {kFirstByte});
  if (!head.ok()) {
    probe.ranged_error = head.status().message();
    return;
  }
  const HttpHeaders& headers = head->headers;
  probe.ranged = head->status;
  const auto range = ParseContentRange(headers.Find("Content-Range").value_or(""));
  probe.right_content_range =
      range && range->range.begin == 0 && range->range.end == 1 && range->total.has_value();
  probe.encoded =
      !EqualsIgnoringCase(headers.Find("Content-Encoding").value_or("identity"), "identity");
  probe.software = headers.Find("Server").value_or("");
  probe.last_modified = headers.Find("Last-Modified").has_value();
  Version version;
  version.etag = headers.Find("ETag").value_or("");
  probe.etag = version.etag;
  probe.strong_etag = version.HasStrongEtag();
}

int StatusOf(const Result<HttpHead>& head) { return head.ok() ? head->status : 0; }

void AskAll(const Ask& ask, ObjectProbe& probe) {
  AskHead(ask, probe);
  AskFirstByte(ask, probe);
  probe.other_if_match =
      StatusOf(ask(Method::kGet, {kFirstByte, std::string("If-Match: ") + kOtherEtag}));
  probe.other_if_range =
      StatusOf(ask(Method::kGet, {kFirstByte, std::string("If-Range: ") + kOtherEtag}));
}

Result<ObjectProbe> ProbeWeb(const std::string& source, const BackendOptions& options,
                             const std::string& path, const CallLimits& limits) {
  Result<Url> url = ParseUrl(source);
  if (!url.ok()) return url.status();
  if (!path.empty()) url = JoinPath(AsDirectory(*url), path);
  const auto access = PrepareAccess(options);
  if (!access.ok()) return access.status();
  HttpClient client(*access);
  ObjectProbe probe;
  probe.url = url->WithoutQuery();
  probe.encrypted = url->scheme == "https";
  const auto ask = [&](Method method, const std::vector<std::string>& headers) -> Result<HttpHead> {
    HttpRequest request;
    request.method = method;
    request.url = *url;
    request.headers = headers;
    HeadKeeper keeper;
    probe.redirects.clear();
    const auto follow = [&](const Url&, const Url& target) {
      probe.redirects.push_back(target.WithoutQuery());
      return true;
    };
    BRIMFS_RETURN_IF_ERROR(client.Perform(std::move(request), keeper, limits, follow));
    return keeper.head();
  };
  AskAll(ask, probe);
  return probe;
}

// All that a bucket says of its versions is a word.
class WordKeeper : public HttpResponder {
 public:
  Status OnHead(const HttpHead&) override { return OkStatus(); }
  Status OnBody(std::span<const std::byte> data) override {
    constexpr size_t kMost = 4096;
    text_.append(reinterpret_cast<const char*>(data.data()), data.size());
    return text_.size() > kMost ? Status(Code::kEof) : OkStatus();
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string VersioningOf(S3Client& client, const std::string& bucket, const CallLimits& limits) {
  S3Request request;
  request.bucket = bucket;
  request.query = "versioning=";
  WordKeeper keeper;
  if (!client.Perform(request, keeper, limits).ok()) return "not allowed to ask";
  for (const char* const word : {"Enabled", "Suspended"}) {
    if (keeper.text().find(std::string("<Status>") + word) != std::string::npos) return word;
  }
  const bool told = keeper.text().find("VersioningConfiguration") != std::string::npos;
  return told ? "never enabled" : "not told";
}

Result<ObjectProbe> ProbeBucket(const std::string& source, const BackendOptions& options,
                                const std::string& path, const CallLimits& limits) {
  Result<S3Paths> paths = ParseS3Source(source);
  if (!paths.ok()) return paths.status();
  if (!path.empty() && !paths->single_key.empty()) {
    paths->prefix = std::exchange(paths->single_key, "") + "/";
  }
  const std::optional<S3Name> name = paths->Find(path);
  if (!name || name->key.empty()) return Status(Code::kUnsupported, path + ": no object");
  const Result<std::shared_ptr<S3Access>> access = PrepareS3(options);
  if (!access.ok()) return access.status();
  S3Client client(*access);
  ObjectProbe probe;
  const auto ask = [&](Method method, const std::vector<std::string>& headers) -> Result<HttpHead> {
    S3Request request;
    request.method = method;
    request.bucket = name->bucket;
    request.key = name->key;
    request.headers = headers;
    HeadKeeper keeper;
    BRIMFS_RETURN_IF_ERROR(client.Perform(request, keeper, limits));
    return keeper.head();
  };
  AskAll(ask, probe);
  const Url url = S3Client::UrlOf(**access, name->bucket, name->key);
  probe.url = url.WithoutQuery();
  probe.encrypted = url.scheme == "https";
  probe.region = (*access)->regions.Of(name->bucket);
  probe.versioning = VersioningOf(client, name->bucket, limits);
  return probe;
}

}  // namespace

Result<ObjectProbe> ProbeObject(const std::string& source, const BackendOptions& options,
                                const std::string& path, const CallLimits& limits) {
  const std::string scheme = source.substr(0, source.find(':'));
  if (EqualsIgnoringCase(scheme, "http") || EqualsIgnoringCase(scheme, "https")) {
    return ProbeWeb(source, options, path, limits);
  }
  if (EqualsIgnoringCase(scheme, "s3")) return ProbeBucket(source, options, path, limits);
  return Status(Code::kUnsupported, source + ": there is no server to ask");
}

}  // namespace brimfs
