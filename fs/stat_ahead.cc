#include "fs/stat_ahead.h"

#include <utility>

namespace brimfs {

StatAhead::~StatAhead() {
  stop_.request_stop();
  std::vector<std::thread> threads;
  std::deque<Queued> dropped;  // with no lock held: what questions hold may be the last of its kind
  {
    MutexLock lock(mu_);
    threads.swap(threads_);
    dropped.swap(queue_);
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();
}

void StatAhead::Submit(const void* owner, Question question) {
  Queued oldest;
  MutexLock lock(mu_);
  if (queue_.size() == kMaxQueued) {
    oldest = std::move(queue_.front());
    queue_.pop_front();
  }
  queue_.push_back({owner, std::move(question)});
  if (idle_ < queue_.size() && threads_.size() < kThreads) {
    threads_.emplace_back([this] { Work(); });
  }
  changed_.NotifyOne();
}

void StatAhead::Drop(const void* owner) {
  std::deque<Queued> dropped;
  MutexLock lock(mu_);
  std::deque<Queued> kept;
  for (Queued& queued : queue_) {
    (queued.owner == owner ? dropped : kept).push_back(std::move(queued));
  }
  queue_ = std::move(kept);
}

void StatAhead::Work() {
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
    next.question(stop);
  }
}

}  // namespace brimfs
