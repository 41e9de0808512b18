// One kept-alive connection to HTTP servers, over libcurl: sends one request, hands the answer out.
//
// Follows no redirect, judges no status, decodes no content: see http_client.h and
// response_validator.h for that.
#ifndef BRIMFS_BACKENDS_HTTP_TRANSPORT_H_
#define BRIMFS_BACKENDS_HTTP_TRANSPORT_H_

#include <memory>
#include <optional>
#include <string>

#include "backends/auth_schemes.h"
#include "backends/http_message.h"
#include "backends/network_watch.h"
#include "core/backend.h"

namespace brimfs {

// Bounds of an answer's head; beyond them it is kProtocol.
inline constexpr size_t kMaxHeadBytes = 64 * 1024;
inline constexpr size_t kMaxHeadFields = 100;

class HttpTransfer;

// Used by one thread at a time. The multi interface of curl is driven by hand because its wake-up
// ends a transfer within a millisecond, where the easy interface looks for an abort about once a
// second.
class HttpTransport {
 public:
  struct Options {
    // The authorities that are trusted: a PEM file, a directory as c_rehash(1) makes it, or both;
    // neither: the system's.
    std::string cacert;
    std::string capath;

    std::string proxy;                    // as CheckProxy has it; empty: what the environment says
    Login proxy_login;                    // user name and password for it; may be empty
    std::optional<std::string> no_proxy;  // hosts, by commas; nothing: what the environment says
    std::string unix_socket;              // every connection goes there; empty: to the URL's host

    Duration connect_timeout = std::chrono::seconds(10);  // of one attempt; name lookup included

    // Shared by the connections of a source; neither need be.
    std::shared_ptr<AuthSchemes> schemes;
    std::shared_ptr<NetworkWatch> network;
  };

  explicit HttpTransport(const Options& options);
  ~HttpTransport();
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  // Does not touch the network before the first call. What was received completely leaves the
  // connection usable; everything else closes it. After a change of the network a call begins with
  // a new connection and a new name lookup, and one that is under way from an address that this
  // machine has no more, or at the end of a suspend, ends with kUnavailable.
  //   kInterrupted, kTimedOut  by limits.stop, limits.deadline
  //   kUnavailable  name lookup, connecting, a reset, a body shorter than its framing says, silence
  //                 longer than limits.first_byte or limits.stall
  //   kUntrusted    the server's certificate or ours, or an address that the request forbids
  //   kDenied       the proxy wants another user name
  //   kProtocol     what is not HTTP, or a head out of bounds
  //   or the responder's own error
  Status Perform(const HttpRequest& request, HttpResponder& responder, const CallLimits& limits);

 private:
  struct Handles;

  void SetUp();
  void SetRequest(const HttpRequest& request);
  void SetLogin(const HttpRequest& request);
  void LearnSchemes(const HttpRequest& request);
  Status Drive(HttpTransfer& transfer);

  const Options options_;
  const bool may_be_proxied_;
  std::unique_ptr<Handles> handles_;
  NetworkWatch::Epoch epoch_;  // of the connections in handles_
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_TRANSPORT_H_
