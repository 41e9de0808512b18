#include "backends/transfer_error.h"

#include <algorithm>
#include <string_view>

namespace brimfs {
namespace {

bool Has(const TransferFailure& failure, std::string_view words) {
  return failure.details.find(words) != std::string::npos;
}

// In OpenSSL's words. An alert is a decision, the end of the connection is an accident.
bool HandshakeWasRefused(const TransferFailure& failure) {
  if (Has(failure, " alert internal error") || Has(failure, " alert user canceled")) return false;
  switch (failure.error) {
    case CURLE_SSL_CONNECT_ERROR:
      return Has(failure, ":SSL routines:") && !Has(failure, "unexpected eof");
    case CURLE_RECV_ERROR:  // TLS 1.3 refuses a client only after the handshake
    case CURLE_SEND_ERROR:
      return Has(failure, ":SSL routines:") && Has(failure, " alert ") &&
             !Has(failure, "alert close notify");
    default:
      return false;
  }
}

bool IsNonsense(CURLcode error) {
  switch (error) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_OUT_OF_MEMORY:  // what libcurl before 8.6 says of a header line beyond 100 KB
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
      return true;
    default:
      return false;
  }
}

std::string AuthorityRemedy(const TransferFailure& failure) {
  const bool unknown =
      Has(failure, "local issuer certificate") || Has(failure, "self-signed certificate") ||
      Has(failure, "self signed certificate") || Has(failure, "verify the first certificate");
  return unknown ? "; an authority of your own is named with cacert= or capath=" : "";
}

std::string RefusalRemedy(const TransferFailure& failure) {
  if (failure.certificate_asked) return std::string("; ") + kCertificateAsked;
  if (Has(failure, "wrong version number") || Has(failure, "packet length too long")) {
    return "; is this a port without TLS?";
  }
  return "";
}

}  // namespace

Status ToStatus(const TransferFailure& failure) {
  const std::string why =
      failure.details.empty() ? curl_easy_strerror(failure.error) : failure.details;
  if (failure.connect_status == 407 || failure.proxy_refused_user) {
    return Status(Code::kDenied,
                  "the proxy wants another user name and password: name a file with them with "
                  "proxy_credentials= (" +
                      why + ")");
  }
  switch (failure.error) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return Status(Code::kUntrusted, why + AuthorityRemedy(failure));
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
      return Status(Code::kUntrusted, why);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Status(Code::kUnavailable, why + "; is the name right, and the network up?");
    case CURLE_COULDNT_CONNECT:
      return Status(Code::kUnavailable, why + "; is the server running, and the port right?");
    default:
      break;
  }
  if (HandshakeWasRefused(failure)) return Status(Code::kUntrusted, why + RefusalRemedy(failure));
  return Status(IsNonsense(failure.error) ? Code::kProtocol : Code::kUnavailable, why);
}

}  // namespace brimfs
