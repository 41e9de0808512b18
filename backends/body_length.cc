#include "backends/body_length.h"

#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "backends/response_validator.h"
#include "core/log.h"

namespace brimfs {
namespace {

class BodyCounter : public HttpResponder {
 public:
  Status OnHead(const HttpHead& head) override {
    BRIMFS_RETURN_IF_ERROR(CheckStatus(head, absl::Now()));
    if (head.status != 200) return Status(Code::kProtocol, "a part where all was asked for");
    const auto coding = head.headers.Find("Content-Encoding").value_or("identity");
    if (!EqualsIgnoringCase(coding, "identity")) {
      return Status(Code::kProtocol, "a content encoding that was not asked for");
    }
    version_ = StatedVersion(head.headers, std::nullopt, absl::Now());
    framed_ = head.headers.Find("Transfer-Encoding") || head.headers.Find("Content-Length");
    return OkStatus();
  }

  Status OnBody(std::span<const std::byte> data) override {
    count_ += data.size();
    if (count_ <= kMaxCountedBytes) return OkStatus();
    return Status(Code::kUnsupported,
                  "the server does not say its length, and it is too long to "
                  "be counted");
  }

  bool framed() const { return framed_; }

  Version Counted() const {
    Version version = version_;
    version.length = count_;
    return version;
  }

 private:
  Version version_;
  bool framed_ = false;
  uint64_t count_ = 0;
};

}  // namespace

Result<Version> CountBody(HttpClient& client, const Url& url, const CallLimits& limits) {
  HttpRequest request;
  request.url = url;
  BodyCounter counter;
  BRIMFS_RETURN_IF_ERROR(client.Perform(std::move(request), counter, limits));
  if (!counter.framed()) {
    LogOnce("unframed " + url.Origin(), LogLevel::kWarning,
            url.WithoutQuery() +
                ": the server says nowhere how long it is; were it cut on the way, that could not "
                "be seen");
  }
  return counter.Counted();
}

}  // namespace brimfs
