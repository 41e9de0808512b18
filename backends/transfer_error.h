// What libcurl's errors mean to those who may try again.
#ifndef BRIMFS_BACKENDS_TRANSFER_ERROR_H_
#define BRIMFS_BACKENDS_TRANSFER_ERROR_H_

#include <curl/curl.h>

#include <string>

#include "core/status.h"

namespace brimfs {

struct TransferFailure {
  CURLcode error = CURLE_OK;  // not CURLE_OK
  std::string details;        // libcurl's words; may be empty
  long connect_status = 0;    // of a proxy's answer to CONNECT
  bool proxy_refused_user = false;
  bool certificate_asked = false;  // the server asked for one, and there is none
};

// kUntrusted, with the remedy, for what another try would see again: certificates, ours and
// theirs, and handshakes that the other side refuses by an alert. kDenied: the proxy wants to know
// who asks. kProtocol: no HTTP. kUnavailable: everything else, a reset in the handshake included.
Status ToStatus(const TransferFailure& failure);

// What to add to a refusal over a connection whose server asked for a certificate.
inline constexpr char kCertificateAsked[] =
    "the server asks for a client certificate: name it and its key with cert= and key=";

// A redirect that public_addresses_only forbids.
inline constexpr char kPrivateRedirect[] = "a public source redirects to a private address";

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_TRANSFER_ERROR_H_
