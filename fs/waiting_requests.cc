#include "fs/waiting_requests.h"

namespace brimfs {

WaitingRequests::Waiting::Waiting(WaitingRequests& all, fuse_req_t request)
    : all_(all), request_(request) {
  bool stopped;
  {
    MutexLock lock(all_.mu_);
    all_.waiting_.insert(this);
    stopped = all_.stopped_;
  }
  if (stopped) stop_.request_stop();
  // Calls back at once if the interrupt has come already.
  fuse_req_interrupt_func(
      request_, [](fuse_req_t, void* data) { static_cast<Waiting*>(data)->stop_.request_stop(); },
      this);
}

WaitingRequests::Waiting::~Waiting() {
  MutexLock lock(all_.mu_);
  all_.waiting_.erase(this);
  if (all_.waiting_.empty()) all_.none_left_.NotifyAll();
}

void WaitingRequests::Waiting::Settle() { fuse_req_interrupt_func(request_, nullptr, nullptr); }

void WaitingRequests::StopAll() {
  // Copies share the state and outlive the requests that answer meanwhile.
  std::vector<std::stop_source> sources;
  {
    MutexLock lock(mu_);
    stopped_ = true;
    for (const Waiting* waiting : waiting_) sources.push_back(waiting->stop_);
  }
  for (std::stop_source& source : sources) source.request_stop();
}

void WaitingRequests::AwaitNone() {
  MutexLock lock(mu_);
  while (!waiting_.empty()) none_left_.Wait(mu_);
}

}  // namespace brimfs
