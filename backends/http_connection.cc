#include "backends/http_connection.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "backends/response_validator.h"
#include "core/log.h"

namespace brimfs {
namespace {

// Passes on those bytes of one answer that are the range, and none before the head is believed.
class RangeReceiver : public HttpResponder {
 public:
  RangeReceiver(Url url, const FetchRequest& request, BodySink& sink)
      : url_(std::move(url)), request_(request), sink_(sink), next_(request.range.begin) {}

  Status OnHead(const HttpHead& head) override {
    const auto answer = CheckRangeAnswer({request_.range, request_.expected}, head, absl::Now());
    if (!answer.ok()) return answer.status();
    WarnOfWeakValidator(url_, answer->version);
    skip_ = answer->skip;
    exact_ = answer->exact;
    return sink_.OnAnswer(answer->version);
  }

  Status OnBody(std::span<const std::byte> data) override {
    const uint64_t skipped = std::min<uint64_t>(skip_, data.size());
    skip_ -= skipped;
    data = data.subspan(skipped);
    if (data.size() > missing()) {
      if (exact_) return Status(Code::kProtocol, "more bytes than were promised");
      data = data.first(missing());
    }
    if (!data.empty()) BRIMFS_RETURN_IF_ERROR(sink_.OnBytes(next_, data));
    next_ += data.size();
    return missing() == 0 && !exact_ ? Status(Code::kEof) : OkStatus();
  }

  uint64_t missing() const { return request_.range.end - next_; }

 private:
  const Url url_;
  const FetchRequest& request_;
  BodySink& sink_;
  uint64_t next_;  // offset of the next byte for the sink
  uint64_t skip_ = 0;
  bool exact_ = true;
};

}  // namespace

Status HttpConnection::Fetch(const FetchRequest& request, BodySink& sink,
                             const CallLimits& limits) {
  std::optional<Url> url = urls_->Find(request.path);
  if (!url) return Status(Code::kStale, "no such name in the source");
  HttpRequest http;
  http.url = *url;
  http.headers = Preconditions(request.expected);
  http.headers.push_back("Range: bytes=" + std::to_string(request.range.begin) + "-" +
                         std::to_string(request.range.end - 1));
  RangeReceiver receiver(*std::move(url), request, sink);
  BRIMFS_RETURN_IF_ERROR(client_.Perform(std::move(http), receiver, limits));
  if (receiver.missing() == 0) return OkStatus();
  return Status(Code::kUnavailable,
                "the answer ended " + std::to_string(receiver.missing()) + " bytes too early");
}

void WarnOfWeakValidator(const Url& url, const Version& version) {
  if (version.HasStrongEtag()) return;
  const std::string server = url.Origin();
  LogOnce("validator " + server, LogLevel::kWarning,
          server + ": the server gives no strong ETag; a change is seen by " +
              (version.HasValidator() ? "Last-Modified and length" : "length") + " only");
}

}  // namespace brimfs
