#include "backends/range_receiver.h"

#include <utility>

#include "absl/time/clock.h"
#include "backends/response_validator.h"
#include "core/log.h"

namespace brimfs {

RangeReceiver::RangeReceiver(Url url, const FetchRequest& request, BodySink& sink, Amend amend)
    : url_(std::move(url)),
      request_(request),
      sink_(sink),
      amend_(std::move(amend)),
      missing_(request.range) {}

std::vector<std::string> RangeReceiver::Headers(const FetchRequest& request) {
  std::vector<std::string> headers = Preconditions(request.expected);
  headers.push_back("Range: bytes=" + std::to_string(request.range.begin) + "-" +
                    std::to_string(request.range.end - 1));
  return headers;
}

Status RangeReceiver::OnHead(const HttpHead& head) {
  auto answer = CheckRangeAnswer({request_.range, request_.expected}, head, absl::Now());
  if (!answer.ok()) return answer.status();
  WarnOfWeakValidator(url_, answer->version);
  if (amend_) amend_(head, answer->version);
  missing_ = answer->body;
  return sink_.OnAnswer(answer->version, answer->body);
}

Status RangeReceiver::OnBody(std::span<const std::byte> data) {
  if (data.size() > missing_.size()) {
    return Status(Code::kProtocol, "more bytes than were promised");
  }
  BRIMFS_RETURN_IF_ERROR(sink_.OnBytes(missing_.begin, data));
  missing_.begin += data.size();
  return OkStatus();
}

Status RangeReceiver::Finish() const {
  if (missing_.empty()) return OkStatus();
  return Status(Code::kUnavailable,
                "the answer ended " + std::to_string(missing_.size()) + " bytes too early");
}

void WarnOfWeakValidator(const Url& url, const Version& version) {
  if (version.HasStrongEtag()) return;
  const std::string server = url.Origin();
  LogOnce("validator " + server, LogLevel::kWarning,
          server + ": the server gives no strong ETag; a change is seen by " +
              (version.HasValidator() ? "Last-Modified and length" : "length") + " only");
}

}  // namespace brimfs
