// The FUSE requests that wait for the source. An interrupt of the kernel ends the wait of one, the
// end of the session that of all.
#ifndef BRIMFS_FS_WAITING_REQUESTS_H_
#define BRIMFS_FS_WAITING_REQUESTS_H_

#include <functional>
#include <set>
#include <stop_token>
#include <vector>

#include "core/mutex.h"
#include "fs/fuse_api.h"

namespace brimfs {

// Thread-safe. Lock order: libfuse's lock of a request, then mu_; mu_ is a leaf.
class WaitingRequests {
 public:
  // One request. Made before it waits, settled before it is answered, gone after that: AwaitNone
  // returns when no answer is under way any more.
  class Waiting {
   public:
    // `all` outlives this.
    Waiting(WaitingRequests& all, fuse_req_t request);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    // Requested when the wait is to end with kInterrupted.
    std::stop_token stop() const { return stop_.get_token(); }

    // Once, before the answer: waits for an interrupt that is being delivered, after which none is.
    // So never out of a stop callback, which runs inside the delivery.
    void Settle();

   private:
    friend class WaitingRequests;
    WaitingRequests& all_;
    const fuse_req_t request_;
    std::stop_source stop_;
  };

  // Ends every wait, those that begin later included.
  void StopAll();

  // Returns when no Waiting is left. After StopAll.
  void AwaitNone();

 private:
  Mutex mu_;
  CondVar none_left_;
  std::set<Waiting*> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_WAITING_REQUESTS_H_
