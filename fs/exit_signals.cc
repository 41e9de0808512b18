#include "fs/exit_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace brimfs {
namespace {

int SignalFd() {
  const sigset_t signals = ExitSignals::Signals();
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

sigset_t ExitSignals::Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      sigaddset(&signals, signal);
    }
  }
  return signals;
}

void ExitSignals::Block() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void ExitSignals::Unblock() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

ExitSignals::ExitSignals()
    : stop_fd_(eventfd(0, EFD_CLOEXEC)), signal_fd_(SignalFd()), thread_([this] { Wait(); }) {}

ExitSignals::~ExitSignals() {
  {
    MutexLock lock(mu_);
    state_ = State::kStopped;
  }
  changed_.NotifyAll();
  eventfd_write(stop_fd_.get(), 1);
  thread_.join();
}

void ExitSignals::Hold() {
  MutexLock lock(mu_);
  state_ = State::kHeld;
}

void ExitSignals::Handle(std::function<void()> on_signal) {
  {
    MutexLock lock(mu_);
    on_signal_ = std::move(on_signal);
    state_ = State::kHandled;
  }
  changed_.NotifyAll();
}

void ExitSignals::Wait() {
  for (;;) {
    pollfd fds[] = {{stop_fd_.get(), POLLIN, 0}, {signal_fd_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) == -1) continue;  // EINTR
    if (fds[0].revents != 0) return;
    signalfd_siginfo info;
    if (read(signal_fd_.get(), &info, sizeof info) == sizeof info) {
      Take(static_cast<int>(info.ssi_signo));
    }
  }
}

void ExitSignals::Take(int signal) {
  std::function<void()> on_signal;
  {
    MutexLock lock(mu_);
    if (state_ == State::kFatal) {
      std::signal(signal, SIG_DFL);
      kill(getpid(), signal);
      Unblock();  // here it comes; with the lock held, so that no mount is begun
    }
    while (state_ == State::kHeld) changed_.Wait(mu_);
    if (state_ == State::kHandled) on_signal = on_signal_;
  }
  if (!on_signal) return;
  int none = 0;
  handled_.compare_exchange_strong(none, signal);
  on_signal();
}

}  // namespace brimfs
