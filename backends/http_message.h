// What is asked of a server and what it answers, as plain values.
#ifndef BRIMFS_BACKENDS_HTTP_MESSAGE_H_
#define BRIMFS_BACKENDS_HTTP_MESSAGE_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backends/http_headers.h"
#include "backends/url.h"
#include "core/status.h"

namespace brimfs {

struct HttpRequest {
  enum class Method { kGet, kHead };

  Method method = Method::kGet;
  Url url;
  std::vector<std::string> headers;  // "Name: value"; none of them secret

  // Refuse to connect to a private address (backends/ip_address.h), with kUntrusted.
  bool public_addresses_only = false;
};

struct HttpHead {
  int status = 0;
  HttpHeaders headers;
  std::string peer;  // numeric address that answered
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
