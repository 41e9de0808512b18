// Which scheme of authentication each server asked for, so that later requests bring it along.
#ifndef BRIMFS_BACKENDS_AUTH_SCHEMES_H_
#define BRIMFS_BACKENDS_AUTH_SCHEMES_H_

#include <map>
#include <string>

#include "core/mutex.h"

namespace brimfs {

// Shared by all connections of a source. Thread-safe. Schemes are sets of libcurl's CURLAUTH_ bits;
// an origin is "scheme://host:port", or "proxy".
class AuthSchemes {
 public:
  // What to offer: the scheme that was learned, or else all of Basic and Digest, which costs one
  // refused request.
  unsigned long Offer(const std::string& origin) const;

  // `asked` are those named in a 401 or 407. Digest is preferred to Basic; if it is neither, what
  // was learned before is forgotten.
  void Learn(const std::string& origin, unsigned long asked);

 private:
  mutable Mutex mu_;
  std::map<std::string, unsigned long> learned_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AUTH_SCHEMES_H_
