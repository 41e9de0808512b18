#include "backends/auth_schemes.h"

#include <curl/curl.h>

namespace brimfs {

unsigned long AuthSchemes::Offer(const std::string& origin) const {
  MutexLock lock(mu_);
  const auto it = learned_.find(origin);
  return it == learned_.end() ? CURLAUTH_BASIC | CURLAUTH_DIGEST : it->second;
}

void AuthSchemes::Learn(const std::string& origin, unsigned long asked) {
  MutexLock lock(mu_);
  if ((asked & CURLAUTH_DIGEST) != 0) {
    learned_[origin] = CURLAUTH_DIGEST;
  } else if ((asked & CURLAUTH_BASIC) != 0) {
    learned_[origin] = CURLAUTH_BASIC;
  } else {
    learned_.erase(origin);
  }
}

}  // namespace brimfs
