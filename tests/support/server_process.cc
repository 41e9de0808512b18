#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/temp_dir.h"

namespace brimfs {

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("looking for a free port");
    std::abort();
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::unique_ptr<Process> StartServerProcess(const std::vector<std::string>& command,
                                            const std::string& output, std::string_view ready,
                                            Duration patience) {
  WriteFile(output, "");
  const int changes = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(changes, output.c_str(), IN_MODIFY);
  std::vector<std::string> argv = {"sh", "-c", "exec \"$@\" 2>&1", "sh"};
  argv.insert(argv.end(), command.begin(), command.end());
  auto process = std::make_unique<Process>(argv, Process::Options{{}, {}, output});
  const TimePoint deadline = Clock::Steady().Now() + patience;
  while (ReadFile(output).find(ready) == std::string::npos) {
    pollfd fds[2] = {{changes, POLLIN, 0}, {process->pidfd(), POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
    char events[4096];
    if (poll(fds, 2, std::max(0, static_cast<int>(left.count()))) <= 0 || fds[1].revents != 0 ||
        read(changes, events, sizeof events) < 0) {
      process.reset();
      break;
    }
  }
  close(changes);
  return process;
}

}  // namespace brimfs
