#include "core/lost_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace brimfs {
namespace {

std::atomic<uint64_t> lost{0};
uintptr_t page_size = 0;  // written before the handler is there

// Async-signal-safe.
void OnBusError(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  void* const page =
      reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(info->si_addr) & ~(page_size - 1));
  const bool by_the_kernel = info->si_code == BUS_ADRERR;
  if (!by_the_kernel || mmap(page, page_size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    std::signal(signal, SIG_DFL);  // what has caused it does so again
    (void)raise(signal);
    return;
  }
  lost.fetch_add(1);
  errno = error;
}

bool Install() {
  page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

void SurviveLostPages() { [[maybe_unused]] static const bool installed = Install(); }

uint64_t LostPages() { return lost.load(); }

}  // namespace brimfs
