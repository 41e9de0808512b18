#include "fs/control_connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/clock.h"

namespace brimfs {

ControlConnection::ControlConnection(UniqueFd socket, Caller caller, ControlService& service,
                                     int stop_fd, std::chrono::milliseconds idle)
    : caller_(std::move(caller)),
      service_(service),
      stop_fd_(stop_fd),
      idle_(idle),
      ended_fd_(std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      socket_(std::move(socket), kMostRequestBytes, kMostWaiting),
      fills_(service.filler(), service.ShareOf(caller_), [ended = ended_fd_] {
        constexpr uint64_t kOne = 1;
        (void)!write(ended->get(), &kOne, sizeof kOne);
      }) {}

void ControlConnection::Run(const std::stop_token& stop) {
  Clock& clock = Clock::Steady();
  TimePoint idle_until = clock.Now() + idle_;
  TimePoint progress_due = clock.Now();
  for (;;) {
    const TimePoint wake = fills_.empty() ? idle_until : progress_due;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - clock.Now());
    const short events = static_cast<short>(POLLIN | (socket_.waiting() ? POLLOUT : 0));
    std::array<pollfd, 3> fds{pollfd{stop_fd_, POLLIN, 0}, pollfd{socket_.fd(), events, 0},
                              pollfd{ended_fd_->get(), POLLIN, 0}};
    const int ready =
        poll(fds.data(), fds.size(), static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready < 0 && errno != EINTR) return;
    if (stop.stop_requested()) return;
    if ((fds[1].revents & POLLOUT) != 0 && !socket_.Flush().ok()) return;
    if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      if (!Receive(stop)) return;
      idle_until = clock.Now() + idle_;
    }
    if (fds[2].revents != 0) {
      uint64_t count = 0;
      (void)!read(ended_fd_->get(), &count, sizeof count);
    }
    if (!fills_.empty()) {
      idle_until = clock.Now() + idle_;
      const bool progress = clock.Now() >= progress_due;
      if (!TellOfFills(progress)) return;
      if (progress) progress_due = clock.Now() + ControlService::kProgress;
    } else if (clock.Now() >= idle_until) {
      return;
    }
  }
}

bool ControlConnection::Receive(const std::stop_token& stop) {
  const Status received = socket_.Receive();
  while (const std::optional<std::string> line = socket_.NextLine()) {
    if (!Handle(*line, stop)) return false;
  }
  if (received.code() == Code::kTooBig) (void)Send({0, received});
  return received.ok();
}

bool ControlConnection::Handle(std::string_view line, const std::stop_token& stop) {
  const Result<ControlRequest> request = ParseRequest(line);
  if (!request.ok()) {
    (void)Send({0, request.status()});
    return false;
  }
  Status status = service_.Check(*request, caller_);
  if (!status.ok()) return Send({request->id, status});
  if (request->command == ControlCommand::kFill) {
    status = fills_.Begin(request->id, *request->node);
    return status.ok() || Send({request->id, status});
  }
  bool sent = true;
  service_.Answer(
      *request, [&](const ControlAnswer& answer) { sent = sent && Send(answer); },
      [&] { return !sent || stop.stop_requested() || Closed(); });
  return sent;
}

bool ControlConnection::Closed() const {
  pollfd end{socket_.fd(), 0, 0};  // who says no more may still listen: no POLLRDHUP
  return poll(&end, 1, 0) > 0 && (end.revents & (POLLHUP | POLLERR)) != 0;
}

bool ControlConnection::TellOfFills(bool progress) {
  for (const ControlAnswer& answer : fills_.TakeEnded()) {
    if (!Send(answer)) return false;
  }
  // Who does not keep up hears less often.
  if (!progress || socket_.waiting()) return true;
  for (const ControlAnswer& answer : fills_.Progress()) {
    if (!Send(answer)) return false;
  }
  return true;
}

bool ControlConnection::Send(const ControlAnswer& answer) {
  return socket_.Send(FormatAnswer(answer)).ok();
}

}  // namespace brimfs
