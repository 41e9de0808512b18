#include "backends/http_connection.h"

#include <optional>
#include <utility>

#include "backends/range_receiver.h"

namespace brimfs {

Status HttpConnection::Fetch(const FetchRequest& request, BodySink& sink,
                             const CallLimits& limits) {
  std::optional<Url> url = urls_->Find(request.path);
  if (!url) return Status(Code::kStale, "no such name in the source");
  HttpRequest http;
  http.url = *url;
  http.headers = RangeReceiver::Headers(request);
  RangeReceiver receiver(*std::move(url), request, sink);
  BRIMFS_RETURN_IF_ERROR(client_.Perform(std::move(http), receiver, limits));
  return receiver.Finish();
}

}  // namespace brimfs
