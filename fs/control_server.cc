#include "fs/control_server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "core/log.h"
#include "fs/control_connection.h"

namespace brimfs {
namespace {

// Without a descriptor to spare the next try is after this, milliseconds.
constexpr int kNoDescriptor = 200;

}  // namespace

ControlServer::ControlServer(ControlSocket socket, ControlService& service, uid_t owner,
                             Options options)
    : socket_(std::move(socket)),
      service_(service),
      owner_(owner),
      options_(options),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] {
        pthread_setname_np(pthread_self(), "control");
        Accept();
      }) {}

ControlServer::~ControlServer() {
  Stop();
  thread_.join();
  Reap(/*all=*/true);
}

void ControlServer::Stop() {
  stop_.request_stop();
  constexpr uint64_t kOne = 1;
  (void)!write(stop_fd_.get(), &kOne, sizeof kOne);
}

void ControlServer::Accept() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{stop_fd_.get(), POLLIN, 0}, pollfd{socket_.fd(), POLLIN, 0}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if (stop_.stop_requested()) return;
    if (fds[1].revents == 0) continue;
    UniqueFd fd(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd.valid()) {
      Admit(std::move(fd));
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      LogOnce("control accept", LogLevel::kWarning,
              Status::FromErrno(errno, "the control socket").message());
      (void)poll(fds.data(), 1, kNoDescriptor);
    }
  }
}

void ControlServer::Admit(UniqueFd fd) {
  Reap(/*all=*/false);
  const Result<Caller> caller = CallerOf(fd.get());
  if (!caller.ok()) return;
  const bool other = caller->uid != 0 && caller->uid != owner_;
  MutexLock lock(mu_);
  const auto others = static_cast<size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const Connection& connection) { return connection.of_other; }));
  if (connections_.size() >= options_.connections || (other && others >= options_.of_others)) {
    return;
  }
  Connection& connection = connections_.emplace_back();
  connection.of_other = other;
  try {
    connection.thread = std::thread(
        [this, &connection, caller = *caller, moved = std::make_shared<UniqueFd>(std::move(fd))] {
          pthread_setname_np(pthread_self(), "control client");
          Serve(std::move(*moved), caller, connection);
        });
  } catch (const std::system_error&) {  // no more threads: it is closed, as one too many is
    connections_.pop_back();
  }
}

void ControlServer::Serve(UniqueFd fd, const Caller& caller, Connection& connection) {
  ControlConnection(std::move(fd), caller, service_, stop_fd_.get(), options_.idle)
      .Run(stop_.get_token());
  MutexLock lock(mu_);
  connection.ended = true;
}

void ControlServer::Reap(bool all) {
  std::list<Connection> ended;
  {
    MutexLock lock(mu_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto here = at++;
      if (all || here->ended) ended.splice(ended.end(), connections_, here);
    }
  }
  for (Connection& connection : ended) connection.thread.join();
}

}  // namespace brimfs
