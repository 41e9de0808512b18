#include "fs/ahead_work.h"

#include <system_error>
#include <utility>

namespace brimfs {

AheadWork::~AheadWork() {
  stop_.request_stop();
  std::vector<std::thread> threads;
  std::deque<Queued> dropped;  // with no lock held: what jobs hold may be the last of its kind
  {
    MutexLock lock(mu_);
    threads.swap(threads_);
    dropped.swap(queue_);
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();
}

void AheadWork::Submit(const void* owner, Job job) {
  Queued oldest;
  {
    MutexLock lock(mu_);
    if (queue_.size() == max_queued_) {
      oldest = std::move(queue_.front());
      queue_.pop_front();
    }
    if (StartThread()) {
      queue_.push_back({owner, std::move(job)});
      changed_.NotifyOne();
      return;
    }
  }
  job(stop_.get_token());
}

bool AheadWork::StartThread() {
  if (idle_ > queue_.size() || threads_.size() >= max_threads_) return true;
  try {
    threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {  // those that are there have to do
  }
  return !threads_.empty();
}

void AheadWork::Drop(const void* owner) {
  std::deque<Queued> dropped;
  MutexLock lock(mu_);
  std::deque<Queued> kept;
  for (Queued& queued : queue_) {
    (queued.owner == owner ? dropped : kept).push_back(std::move(queued));
  }
  queue_ = std::move(kept);
}

void AheadWork::DropAll() {
  std::deque<Queued> dropped;  // let go of after the lock
  MutexLock lock(mu_);
  queue_.swap(dropped);
}

void AheadWork::Work() {
  const std::stop_token stop = stop_.get_token();
  for (;;) {
    Queued next;
    {
      MutexLock lock(mu_);
      ++idle_;
      while (queue_.empty() && !stop.stop_requested()) changed_.Wait(mu_);
      --idle_;
      if (stop.stop_requested()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next.job(stop);
  }
}

}  // namespace brimfs
