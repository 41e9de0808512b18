// Where an answer sends us, and whether we go.
#ifndef BRIMFS_BACKENDS_REDIRECT_H_
#define BRIMFS_BACKENDS_REDIRECT_H_

#include "backends/http_message.h"
#include "backends/url.h"
#include "core/status.h"

namespace brimfs {

inline constexpr int kMaxRedirects = 5;

// 301, 302, 303, 307, 308.
bool IsRedirect(int status);

// The target of the redirect `head` that `from` answered with. kProtocol: no usable Location;
// kUntrusted: from https to http.
Result<Url> RedirectTarget(const Url& from, const HttpHead& head);

// "dir" redirects to "dir/": how a web server says that a name is a directory.
bool NamesDirectory(const Url& from, const Url& target);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_REDIRECT_H_
