// Asks the source for what a program will probably want next, on a few threads of its own.
#ifndef BRIMFS_FS_STAT_AHEAD_H_
#define BRIMFS_FS_STAT_AHEAD_H_

#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace brimfs {

// Thread-safe. Threads are started when needed. Questions are asked in the order they came.
class StatAhead {
 public:
  // A source has 8 connections for metadata: one is left to those who wait.
  static constexpr size_t kThreads = 7;
  static constexpr size_t kMaxQueued = 256;

  // Ends soon after the stop is requested.
  using Question = std::function<void(const std::stop_token& stop)>;

  StatAhead() = default;

  // Stops what is being asked, drops the rest, and waits for the threads.
  ~StatAhead();

  // `owner` is whom Drop names. Beyond kMaxQueued the oldest question is dropped.
  void Submit(const void* owner, Question question);

  // Forgets the questions of `owner` that are not being asked yet.
  void Drop(const void* owner);

 private:
  struct Queued {
    const void* owner;
    Question question;
  };

  void Work();

  std::stop_source stop_;

  Mutex mu_;  // a leaf
  CondVar changed_;
  std::deque<Queued> queue_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
  size_t idle_ ABSL_GUARDED_BY(mu_) = 0;  // threads that wait for a question
};

}  // namespace brimfs

#endif  // BRIMFS_FS_STAT_AHEAD_H_
