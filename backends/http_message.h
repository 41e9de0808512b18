// What is asked of a server and what it answers, as plain values.
#ifndef BRIMFS_BACKENDS_HTTP_MESSAGE_H_
#define BRIMFS_BACKENDS_HTTP_MESSAGE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/http_headers.h"
#include "backends/login.h"
#include "backends/url.h"
#include "core/status.h"

namespace brimfs {

struct HttpRequest {
  enum class Method { kGet, kHead, kPost, kPut };

  Method method = Method::kGet;
  Url url;
  std::string body;                  // of kPost and kPut
  std::vector<std::string> headers;  // "Name: value"; none of them secret

  // Who asks; may be null. Whoever sets it sees to it that `url` is of the origin it is meant for.
  std::shared_ptr<const Login> login;

  // The path of `url` is itself a key: it is in no line of the log.
  bool secret_path = false;

  // Refuse to connect to a private address (backends/ip_address.h), with kUntrusted. Behind a proxy
  // only addresses in the URL itself can be refused.
  bool public_addresses_only = false;
};

inline const char* MethodName(HttpRequest::Method method) {
  switch (method) {
    case HttpRequest::Method::kGet:
      return "GET";
    case HttpRequest::Method::kHead:
      return "HEAD";
    case HttpRequest::Method::kPost:
      return "POST";
    case HttpRequest::Method::kPut:
      return "PUT";
  }
  return "";
}

struct HttpHead {
  int status = 0;
  HttpHeaders headers;
  std::string peer;  // numeric address that answered, a proxy's perhaps

  // The server's address is private, or its socket is on this machine. Where a proxy may have been
  // in between, as far as the URL's host says so.
  bool private_peer = false;

  // The server asked for a client certificate, and there was none.
  bool certificate_asked = false;
};

// Receives one answer, on the thread that asked.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;

  // Once, before any body. An error refuses the answer and is what the call returns; kEof means
  // that the head was all that was wanted: the call ends well, without the body.
  virtual Status OnHead(const HttpHead& head) = 0;

  // The next bytes of the body, transfer coding removed, content coding untouched. An error ends
  // the transfer and is what the call returns; kEof means enough: the call ends well.
  virtual Status OnBody(std::span<const std::byte> data) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_MESSAGE_H_
