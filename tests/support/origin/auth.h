// Who may ask the test origin: Basic, Digest (RFC 7616, MD5) or Bearer.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_AUTH_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_AUTH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "tests/support/origin/http.h"

namespace brimfs {

struct OriginAuth {
  enum class Scheme { kNone, kBasic, kDigest, kBoth, kBearer };

  Scheme scheme = Scheme::kNone;  // kBoth: Basic or Digest, as the client likes
  std::string user;
  std::string password;  // or the token
};

// What Authorization or Proxy-Authorization says: "Basic …".
std::string BasicLogin(const std::string& user, const std::string& password);

// Thread-safe.
class OriginGuard {
 public:
  void Require(OriginAuth auth);

  // Digest: every nonce given out so far is refused as stale.
  void ExpireNonces();

  // Nothing if the request may pass, else the value of WWW-Authenticate.
  std::optional<std::string> Challenge(const OriginRequest& request) const;

 private:
  std::string Nonce() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsRightDigest(const OriginRequest& request, const std::string& fields) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  OriginAuth auth_ ABSL_GUARDED_BY(mu_);
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 1;  // of nonces
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_AUTH_H_
