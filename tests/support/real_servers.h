// The web servers that brimfs is tested with, as their distributors ship them.
#ifndef BRIMFS_TESTS_SUPPORT_REAL_SERVERS_H_
#define BRIMFS_TESTS_SUPPORT_REAL_SERVERS_H_

#include <memory>
#include <string>

#include "tests/support/web_server.h"

namespace brimfs {

enum class RealServer { kApache, kCaddy, kHttpServer, kLighttpd, kNginx, kPython };

// Why it cannot be started here, such as "caddy is not installed"; empty if it can.
std::string WhyMissing(RealServer server);

// With its listings as they are by default; it answers when this returns. Apache asks for Digest
// below guarded/, from "ann", whose password is "canary-password". Ends the test program if
// it does not start.
std::unique_ptr<WebServer> StartServer(RealServer server);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_REAL_SERVERS_H_
