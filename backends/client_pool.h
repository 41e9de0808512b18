// A few HTTP connections that any thread may borrow, for requests about names.
#ifndef BRIMFS_BACKENDS_CLIENT_POOL_H_
#define BRIMFS_BACKENDS_CLIENT_POOL_H_

#include <memory>
#include <vector>

#include "backends/http_client.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe.
class ClientPool {
 public:
  ClientPool(int clients, HttpClient::Options options)
      : options_(std::move(options)), unused_(clients) {}

  // Waits for a client if all are taken: kInterrupted by limits.stop, kTimedOut by limits.deadline.
  Result<std::unique_ptr<HttpClient>> Take(const CallLimits& limits);

  void Return(std::unique_ptr<HttpClient> client);

 private:
  const HttpClient::Options options_;
  Mutex mu_;
  CondVar returned_;
  int unused_ ABSL_GUARDED_BY(mu_);  // clients that may still be made
  std::vector<std::unique_ptr<HttpClient>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CLIENT_POOL_H_
