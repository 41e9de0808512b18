// HTTP as a backend needs it: one connection that follows redirects, by hand and with care.
#ifndef BRIMFS_BACKENDS_HTTP_CLIENT_H_
#define BRIMFS_BACKENDS_HTTP_CLIENT_H_

#include <functional>
#include <memory>

#include "backends/credentials.h"
#include "backends/http_transport.h"

namespace brimfs {

// Used by one thread at a time.
class HttpClient {
 public:
  struct Options {
    HttpTransport::Options transport;
    std::shared_ptr<Credentials> credentials;  // of the source; may be null
  };

  explicit HttpClient(const Options& options)
      : credentials_(options.credentials), transport_(options.transport) {}

  // Asked about every redirect that may be followed, before it is; false ends the call well, there.
  using OnRedirect = std::function<bool(const Url& from, const Url& target)>;

  // As HttpTransport::Perform, but `responder` sees only the answer at the end of at most
  // kMaxRedirects redirects. Never from https to http, and to private addresses only if the first
  // server that answered has one (kUntrusted). The request's headers go along: none is secret. The
  // credentials go to the scheme, host and port of the request alone; if they are refused (401,
  // 403) and have changed since they were read, it is sent once more.
  Status Perform(HttpRequest request, HttpResponder& responder, const CallLimits& limits,
                 const OnRedirect& on_redirect = nullptr);

 private:
  const std::shared_ptr<Credentials> credentials_;
  HttpTransport transport_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_CLIENT_H_
