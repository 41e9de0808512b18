// Takes the answer to a request for a range, and passes on none of it before its head is believed.
#ifndef BRIMFS_BACKENDS_RANGE_RECEIVER_H_
#define BRIMFS_BACKENDS_RANGE_RECEIVER_H_

#include <functional>
#include <string>
#include <vector>

#include "backends/http_message.h"
#include "core/backend.h"

namespace brimfs {

// Lives for one call.
class RangeReceiver : public HttpResponder {
 public:
  // What a backend knows better than the head says. Before the sink sees the version.
  using Amend = std::function<void(const HttpHead& head, Version& version)>;

  // `url` is for the log. `request` and `sink` outlive this.
  RangeReceiver(Url url, const FetchRequest& request, BodySink& sink, Amend amend = nullptr);

  // The fields that ask for the range, and for this version of the object.
  static std::vector<std::string> Headers(const FetchRequest& request);

  Status OnHead(const HttpHead& head) override;
  Status OnBody(std::span<const std::byte> data) override;

  // The result of the call after an answer that ended well: whether all bytes have come.
  Status Finish() const;

 private:
  const Url url_;
  const FetchRequest& request_;
  BodySink& sink_;
  const Amend amend_;
  Range missing_;  // of the answer's body
};

// Says once a server in the log that its objects carry no validator that is sure to change. `url`
// is one of them.
void WarnOfWeakValidator(const Url& url, const Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_RANGE_RECEIVER_H_
