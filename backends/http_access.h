// From what the user gave to how the servers of one source are reached.
#ifndef BRIMFS_BACKENDS_HTTP_ACCESS_H_
#define BRIMFS_BACKENDS_HTTP_ACCESS_H_

#include "backends/http_client.h"
#include "backends/source.h"

namespace brimfs {

// Reads and checks every file that `options` names, and begins to watch the network: what all
// connections of one source share. Errors name the file or the option, and the remedy.
Result<HttpClient::Options> PrepareAccess(const BackendOptions& options);

// Whether `options` hold something that is meant for the servers of one origin only, such as a
// password. netrc= is not: it says itself which host is told what.
bool BelongToOneOrigin(const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_ACCESS_H_
