#include "fs/control_server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "core/log.h"
#include "fs/control_connection.h"
#include "fs/control_protocol.h"
#include "fs/line_socket.h"

namespace brimfs {
namespace {

// Without a descriptor to spare the next try is after this, milliseconds.
constexpr int kNoDescriptor = 200;

}  // namespace

ControlServer::ControlServer(ControlSocket socket, ControlService& service, uid_t owner,
                             Options options)
    : service_(service),
      owner_(owner),
      options_(options),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      socket_(std::make_shared<const ControlSocket>(std::move(socket))),
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
  SocketPtr socket;
  {
    MutexLock lock(mu_);
    socket.swap(socket_);
  }
  if (socket != nullptr) socket->Shutdown();
}

std::string ControlServer::path() const {
  const SocketPtr now = socket();
  return now == nullptr ? "" : now->path();
}

void ControlServer::Replace(const std::string& path, ControlSocket socket) {
  auto next = std::make_shared<const ControlSocket>(std::move(socket));
  {
    MutexLock lock(mu_);
    if (socket_ == nullptr || socket_->path() != path) return;
    socket_.swap(next);
  }
  next->Shutdown();  // wakes the thread
}

ControlServer::SocketPtr ControlServer::socket() const {
  MutexLock lock(mu_);
  return socket_;
}

void ControlServer::Accept() {
  SocketPtr last;
  while (const SocketPtr now = socket()) {
    last = now;
    std::array<pollfd, 2> fds{pollfd{stop_fd_.get(), POLLIN, 0}, pollfd{now->fd(), POLLIN, 0}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
    if (stop_.stop_requested()) break;
    if (fds[1].revents == 0) continue;
    if (UniqueFd fd = AcceptOne(*now); fd.valid()) Admit(std::move(fd));
  }
  // Who has connected and would wait for ever.
  if (last == nullptr) return;
  for (UniqueFd fd = AcceptOne(*last); fd.valid(); fd = AcceptOne(*last)) {
    Refuse(std::move(fd), Status(Code::kShutdown, "the mount is going away"));
  }
}

UniqueFd ControlServer::AcceptOne(const ControlSocket& socket) {
  UniqueFd fd(accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.valid()) return fd;
  // EINVAL: it was shut down.
  if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EINVAL) return fd;
  LogOnce("control accept", LogLevel::kWarning,
          Status::FromErrno(errno, "the control socket").message());
  pollfd stop{stop_fd_.get(), POLLIN, 0};
  (void)poll(&stop, 1, kNoDescriptor);
  return fd;
}

Status ControlServer::RoomFor(uid_t user) const {
  std::vector<uid_t> users;
  {
    MutexLock lock(mu_);
    for (const Connection& connection : connections_) users.push_back(connection.user);
  }
  return AdmitClient(users, user, owner_, options_.clients);
}

void ControlServer::Admit(UniqueFd fd) {
  Reap(/*all=*/false);
  const Result<Caller> caller = CallerOf(fd.get());
  if (!caller.ok()) return;
  if (const Status room = RoomFor(caller->uid); !room.ok()) return Refuse(std::move(fd), room);
  MutexLock lock(mu_);
  Connection& connection = connections_.emplace_back();
  connection.user = caller->uid;
  try {
    connection.thread = std::thread(
        [this, &connection, caller = *caller, moved = std::make_shared<UniqueFd>(std::move(fd))] {
          pthread_setname_np(pthread_self(), "control client");
          Serve(std::move(*moved), caller, connection);
        });
  } catch (const std::system_error&) {  // no more threads: it is closed
    connections_.pop_back();
  }
}

void ControlServer::Refuse(UniqueFd fd, const Status& why) {
  const std::string line = FormatAnswer({0, why});
  (void)LineSocket(std::move(fd), kMostRequestBytes, line.size() + 1).Send(line);
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
