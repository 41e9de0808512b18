// Asks a web server what one URL is.
#ifndef BRIMFS_BACKENDS_HTTP_STAT_H_
#define BRIMFS_BACKENDS_HTTP_STAT_H_

#include "backends/http_client.h"
#include "core/backend.h"

namespace brimfs {

// Tries once. HEAD first; where it is refused or gives no length, or 0, GET of the first byte. A
// redirect from "name" to "name/" is a directory. Where not even that gives the length, all is
// received and counted, if a validator can tell its bytes from those of another answer later; else
// the length stays unknown. Errors as Backend::Stat has them.
Result<ObjectInfo> StatUrl(HttpClient& client, const Url& url, const CallLimits& limits);

// Ok if something answers at `url`, which ends in '/': a listing, or the refusal of one (403), of
// which the log is told, since names below it may be readable all the same.
Status CheckDirectory(HttpClient& client, const Url& url, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_STAT_H_
