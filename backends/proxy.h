// Which proxies can be named, and whether one may stand between us and a server.
#ifndef BRIMFS_BACKENDS_PROXY_H_
#define BRIMFS_BACKENDS_PROXY_H_

#include <string>

#include "core/status.h"

namespace brimfs {

// `proxy` is a URL as curl(1) takes it after --proxy: http, https, socks4, socks4a, socks5 or
// socks5h, or only host and port; "socks5h://localhost/PATH" is a unix socket. kInvalidArgument for
// another scheme and for a user name or password in it.
Status CheckProxy(const std::string& proxy);

// Whether the environment names a proxy to libcurl (http_proxy, https_proxy, all_proxy).
bool EnvironmentNamesProxy();

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_PROXY_H_
