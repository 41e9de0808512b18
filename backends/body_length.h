// The length of what a server sends without saying how long it is.
#ifndef BRIMFS_BACKENDS_BODY_LENGTH_H_
#define BRIMFS_BACKENDS_BODY_LENGTH_H_

#include <cstdint>

#include "backends/http_client.h"
#include "core/backend.h"
#include "core/version.h"

namespace brimfs {

inline constexpr uint64_t kMaxCountedBytes = 1 << 30;

// Receives all of `url` and counts; tries once. The version that comes back has a length. A body
// whose end is the end of the connection may have been cut without a trace: said once a server in
// the log.
//   kUnsupported  longer than kMaxCountedBytes
//   or what HttpClient::Perform and CheckStatus have
Result<Version> CountBody(HttpClient& client, const Url& url, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_BODY_LENGTH_H_
