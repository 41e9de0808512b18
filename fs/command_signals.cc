#include "fs/command_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fs/command_output.h"
#include "fs/exit_signals.h"

namespace brimfs {

CommandSignals::CommandSignals(std::ostream& out, std::ostream& err)
    : held_(ExitSignals::Signals()),
      fd_(signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK)),
      outputs_{CommandOutput::Under(out), CommandOutput::Under(err)} {
  pthread_sigmask(SIG_BLOCK, &held_, &before_);
  for (CommandOutput* const output : outputs_) {
    if (output != nullptr) output->GiveWayTo(fd_.get());
  }
}

CommandSignals::~CommandSignals() {
  for (CommandOutput* const output : outputs_) {
    if (output != nullptr) output->GiveWayToNone();
  }
  signalfd_siginfo info;
  while (read(fd_.get(), &info, sizeof info) == sizeof info) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int CommandSignals::Came() const {
  sigset_t pending;
  sigpending(&pending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (sigismember(&held_, signal) == 1 && sigismember(&pending, signal) == 1) return signal;
  }
  return 0;
}

int CommandSignals::Wait(std::chrono::milliseconds time) const {
  pollfd came{fd_.get(), POLLIN, 0};
  (void)poll(&came, 1, static_cast<int>(time.count()));
  return Came();
}

}  // namespace brimfs
