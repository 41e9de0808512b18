// A few HTTP connections to each server that any thread may borrow, for requests about names.
#ifndef BRIMFS_BACKENDS_CLIENT_POOL_H_
#define BRIMFS_BACKENDS_CLIENT_POOL_H_

#include <deque>
#include <map>
#include <memory>

#include "backends/http_client.h"
#include "core/mutex.h"
#include "core/source_host.h"

namespace brimfs {

// Thread-safe. A server that does not answer keeps only its own clients from others.
class ClientPool {
 public:
  // `clients` for one server at a time.
  ClientPool(int clients, HttpClient::Options options)
      : clients_(clients), options_(std::move(options)) {}

  // Waits for a client if all of `host` are taken: kInterrupted by limits.stop, kTimedOut by
  // limits.deadline.
  Result<std::unique_ptr<HttpClient>> Take(const SourceHost& host, const CallLimits& limits);

  void Return(const SourceHost& host, std::unique_ptr<HttpClient> client);

 private:
  struct Idle {
    const SourceHost* host;  // that it was used for, and may still have a connection to
    std::unique_ptr<HttpClient> client;
  };

  const int clients_;
  const HttpClient::Options options_;
  Mutex mu_;
  CondVar returned_;
  std::map<const SourceHost*, int> taken_ ABSL_GUARDED_BY(mu_);
  std::deque<Idle> idle_ ABSL_GUARDED_BY(mu_);  // oldest first; at most twice clients_
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CLIENT_POOL_H_
