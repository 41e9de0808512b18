// One kept-alive connection to HTTP servers, over libcurl: sends one request, hands the answer out.
//
// Follows no redirect, judges no status, decodes no content: see http_client.h and
// response_validator.h for that.
#ifndef BRIMFS_BACKENDS_HTTP_TRANSPORT_H_
#define BRIMFS_BACKENDS_HTTP_TRANSPORT_H_

#include <memory>
#include <string>

#include "backends/http_message.h"
#include "core/backend.h"

namespace brimfs {

// Bounds of an answer's head; beyond them it is kProtocol.
inline constexpr size_t kMaxHeadBytes = 64 * 1024;
inline constexpr size_t kMaxHeadFields = 100;

// Used by one thread at a time. The multi interface of curl is driven by hand because its wake-up
// ends a transfer within a millisecond, where the easy interface looks for an abort about once a
// second.
class HttpTransport {
 public:
  struct Options {
    std::string cacert;  // PEM file of the authorities that are trusted; empty: the system's
    Duration connect_timeout = std::chrono::seconds(10);  // of one attempt; name lookup included
  };

  explicit HttpTransport(const Options& options);
  ~HttpTransport();
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  // Does not touch the network before the first call. What was received completely leaves the
  // connection usable; everything else closes it.
  //   kInterrupted, kTimedOut  by limits.stop, limits.deadline
  //   kUnavailable  name lookup, connecting, a reset, a body shorter than its framing says, silence
  //                 longer than limits.first_byte or limits.stall
  //   kUntrusted    the server's certificate, or an address that the request forbids
  //   kProtocol     what is not HTTP, or a head out of bounds
  //   or the responder's own error
  Status Perform(const HttpRequest& request, HttpResponder& responder, const CallLimits& limits);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_TRANSPORT_H_
