#include "backends/s3_client.h"

#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "backends/aws_signature.h"
#include "backends/body_keeper.h"
#include "backends/http_date.h"
#include "backends/redirect.h"

namespace brimfs {
namespace {

constexpr size_t kMaxErrorBytes = 64 * 1024;

bool IsRefusal(HttpRequest::Method method, int status) {
  if (method == HttpRequest::Method::kHead && (status == 405 || status == 501)) return false;
  return status >= 300 && status != 304 && status != 412 && status != 416;
}

// Passes on what is no refusal, and keeps the rest.
class RefusalCatcher : public HttpResponder {
 public:
  RefusalCatcher(HttpRequest::Method method, HttpResponder& next) : method_(method), next_(next) {}

  Status OnHead(const HttpHead& head) override {
    if (!IsRefusal(method_, head.status)) return next_.OnHead(head);
    return refusal_.emplace(kMaxErrorBytes, "").OnHead(head);
  }

  Status OnBody(std::span<const std::byte> data) override {
    return refusal_ ? refusal_->OnBody(data) : next_.OnBody(data);
  }

  // The refusal, if the answer was one; `ended` is how the call did.
  std::optional<S3Refusal> Take(const Status& ended) {
    // Of a body that is broken off, or too big, the head is enough.
    if (!refusal_ || ended.code() == Code::kInterrupted) return std::nullopt;
    return S3Refusal{refusal_->head(), ParseError(refusal_->body())};
  }

 private:
  const HttpRequest::Method method_;
  HttpResponder& next_;
  std::optional<BodyKeeper> refusal_;
};

}  // namespace

// What was tried for one request.
struct S3Client::Try {
  std::shared_ptr<const AwsKeys> keys;
  std::optional<Url> redirected;
  bool public_only = false;
  int redirects = 0;
  bool region_learned = false;
  bool clock_learned = false;
  bool keys_renewed = false;
};

S3Client::S3Client(std::shared_ptr<S3Access> access)
    : access_(std::move(access)), transport_(access_->transport) {}

Url S3Client::UrlOf(const S3Access& access, const std::string& bucket, const std::string& key) {
  Url url = BucketUrl(access.place, access.regions.Of(bucket), bucket);
  url.path += EncodePath(key);
  return url;
}

Status S3Client::Perform(const S3Request& request, HttpResponder& responder,
                         const CallLimits& limits) {
  Try attempt;
  for (;;) {
    HttpRequest http;
    http.method = request.method;
    http.url = UrlOf(*access_, request.bucket, request.key);
    if (attempt.redirected) http.url = *attempt.redirected;
    http.url.query = request.query;
    http.headers = request.headers;
    http.public_addresses_only = attempt.public_only;
    BRIMFS_RETURN_IF_ERROR(Sign(request, http, attempt, limits));
    RefusalCatcher catcher(request.method, responder);
    Status ended = transport_.Perform(http, catcher, limits);
    const std::optional<S3Refusal> refusal = catcher.Take(ended);
    if (!refusal) return ended;
    const Result<bool> corrected = Correct(request, *refusal, attempt, limits);
    if (!corrected.ok()) return corrected.status();
    if (!*corrected) return ToStatus(*refusal, absl::Now());
  }
}

Status S3Client::Sign(const S3Request& request, HttpRequest& http, Try& attempt,
                      const CallLimits& limits) {
  for (const std::string& header : access_->headers) http.headers.push_back(header);
  auto login = std::make_shared<Login>();
  // What the user configured is for the server that he named, not for others of its operator.
  const bool at_home =
      !attempt.redirected ||
      SameOrigin(*attempt.redirected, UrlOf(*access_, request.bucket, request.key));
  if (access_->login != nullptr && at_home) *login = *access_->login->Current();
  std::vector<std::string> secret;
  if (!request.key.empty()) secret = access_->object_headers;
  if (access_->keys != nullptr) {
    if (attempt.keys == nullptr) {
      Result<std::shared_ptr<const AwsKeys>> keys = access_->keys->Current(limits);
      // No keys, which is not to be taken for no object.
      if (keys.code() == Code::kNotFound) return Status(Code::kDenied, keys.status().message());
      if (!keys.ok()) return keys.status();
      attempt.keys = std::move(*keys);
    }
    const SigningScope scope{.region = access_->regions.Of(request.bucket),
                             .service = "s3",
                             .time = access_->clock.At(absl::Now())};
    AwsSignature signature = SignRequest(http, secret, *attempt.keys, scope);
    for (std::string& header : signature.headers) login->headers.push_back(std::move(header));
  }
  for (std::string& header : secret) login->headers.push_back(std::move(header));
  http.login = std::move(login);
  return OkStatus();
}

Result<bool> S3Client::Correct(const S3Request& request, const S3Refusal& refusal, Try& attempt,
                               const CallLimits& limits) {
  const HttpHead& head = refusal.head;
  const std::string region = RegionNamed(refusal);
  if (!region.empty() && !std::exchange(attempt.region_learned, true) &&
      access_->regions.Learn(request.bucket, region)) {
    attempt.redirected.reset();
    return true;
  }
  if (IsRedirect(head.status) && head.headers.Find("Location")) {
    const Url from = attempt.redirected.value_or(UrlOf(*access_, request.bucket, request.key));
    const Result<Url> target = RedirectTarget(from, head);
    if (!target.ok()) return target.status();
    const bool secret = access_->keys != nullptr || !access_->object_headers.empty();
    if (secret && !MayRedirectTo(access_->place, target->host)) {
      return Status(Code::kUntrusted, "the server redirects to " + target->Origin() +
                                          ", which must not see signatures and keys: if it is the "
                                          "bucket's server, name it with endpoint=");
    }
    if (attempt.redirects++ == kMaxRedirects) {
      return Status(Code::kProtocol, "too many redirects");
    }
    attempt.public_only = !head.private_peer;
    attempt.redirected = *target;
    return true;
  }
  if (access_->keys == nullptr) return false;
  const std::string date = head.headers.Find("Date").value_or("");
  const bool refused = head.status == 400 || head.status == 403;
  const std::optional<absl::Time> server = ParseDate(date);
  if (refused && server && !std::exchange(attempt.clock_learned, true) &&
      access_->clock.Learn(*server, absl::Now())) {
    return true;
  }
  if (!BlamesKeys(refusal) || std::exchange(attempt.keys_renewed, true)) return false;
  Result<std::shared_ptr<const AwsKeys>> instead = access_->keys->Instead(attempt.keys, limits);
  if (!instead.ok()) return instead.status();
  if (*instead == nullptr) return false;
  attempt.keys = std::move(*instead);
  return true;
}

}  // namespace brimfs
