#include "backends/http_connection.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "backends/response_validator.h"
#include "core/log.h"

namespace brimfs {
namespace {

// Passes on the bytes of one answer, and none before the head is believed.
class RangeReceiver : public HttpResponder {
 public:
  RangeReceiver(Url url, const FetchRequest& request, BodySink& sink)
      : url_(std::move(url)), request_(request), sink_(sink), missing_(request.range) {}

  Status OnHead(const HttpHead& head) override {
    const auto answer = CheckRangeAnswer({request_.range, request_.expected}, head, absl::Now());
    if (!answer.ok()) return answer.status();
    WarnOfWeakValidator(url_, answer->version);
    missing_ = answer->body;
    return sink_.OnAnswer(answer->version, answer->body);
  }

  Status OnBody(std::span<const std::byte> data) override {
    if (data.size() > missing_.size()) {
      return Status(Code::kProtocol, "more bytes than were promised");
    }
    BRIMFS_RETURN_IF_ERROR(sink_.OnBytes(missing_.begin, data));
    missing_.begin += data.size();
    return OkStatus();
  }

  uint64_t missing() const { return missing_.size(); }

 private:
  const Url url_;
  const FetchRequest& request_;
  BodySink& sink_;
  Range missing_;  // of the answer's body
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
