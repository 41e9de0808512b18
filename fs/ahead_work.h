// Does what a program will probably want next, on a few threads of its own.
#ifndef BRIMFS_FS_AHEAD_WORK_H_
#define BRIMFS_FS_AHEAD_WORK_H_

#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace brimfs {

// Thread-safe. Threads are started when needed. Jobs are begun in the order they came.
class AheadWork {
 public:
  static constexpr size_t kMaxQueued = 256;

  // Ends soon after the stop is requested.
  using Job = std::function<void(const std::stop_token& stop)>;

  explicit AheadWork(size_t threads, size_t max_queued = kMaxQueued)
      : max_threads_(threads), max_queued_(max_queued) {}

  // Stops what is being done, drops the rest, and waits for the threads.
  ~AheadWork();

  // `owner` is whom Drop names. Beyond what may be queued the oldest job is dropped. Where no
  // thread can be had at all, the job is done at once, on this one.
  void Submit(const void* owner, Job job);

  // Forgets the jobs of `owner` that have not begun.
  void Drop(const void* owner);
  void DropAll();

 private:
  struct Queued {
    const void* owner;
    Job job;
  };

  void Work();

  // For one more job, if it is worth it. Whether there is any.
  bool StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_threads_;
  const size_t max_queued_;
  std::stop_source stop_;

  Mutex mu_;  // a leaf
  CondVar changed_;
  std::deque<Queued> queue_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
  size_t idle_ ABSL_GUARDED_BY(mu_) = 0;  // threads that wait for a job
};

}  // namespace brimfs

#endif  // BRIMFS_FS_AHEAD_WORK_H_
