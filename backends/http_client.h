// HTTP as a backend needs it: one connection that follows redirects, by hand and with care.
#ifndef BRIMFS_BACKENDS_HTTP_CLIENT_H_
#define BRIMFS_BACKENDS_HTTP_CLIENT_H_

#include <functional>

#include "backends/http_transport.h"

namespace brimfs {

// Used by one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(const HttpTransport::Options& options) : transport_(options) {}

  // Asked about every redirect that may be followed, before it is; false ends the call well, there.
  using OnRedirect = std::function<bool(const Url& from, const Url& target)>;

  // As HttpTransport::Perform, but `responder` sees only the answer at the end of at most
  // kMaxRedirects redirects. Never from https to http, and to private addresses only if the first
  // server that answered has one (kUntrusted). The request's headers go along: none is secret.
  Status Perform(HttpRequest request, HttpResponder& responder, const CallLimits& limits,
                 const OnRedirect& on_redirect = nullptr);

 private:
  HttpTransport transport_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_CLIENT_H_
