// Servers as child processes: a port for them, and waiting until they are up.
#ifndef BRIMFS_TESTS_SUPPORT_SERVER_PROCESS_H_
#define BRIMFS_TESTS_SUPPORT_SERVER_PROCESS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "tests/support/process.h"

namespace brimfs {

// Nobody listens there on 127.0.0.1 now. Somebody else may take it before the server does: then
// another is to be tried.
int FreePort();

// Starts a server whose output, both kinds, goes to the file `output`. Returns as soon as that has
// `ready` in it; null if the server ends or `patience` does before.
std::unique_ptr<Process> StartServerProcess(const std::vector<std::string>& command,
                                            const std::string& output, std::string_view ready,
                                            Duration patience = std::chrono::seconds(30));

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_SERVER_PROCESS_H_
