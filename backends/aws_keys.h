// The keys with which requests to AWS and those that speak like it are signed.
#ifndef BRIMFS_BACKENDS_AWS_KEYS_H_
#define BRIMFS_BACKENDS_AWS_KEYS_H_

#include <string>

#include "absl/time/time.h"
#include "core/status.h"

namespace brimfs {

// A value. Never to be printed.
struct AwsKeys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;                    // of keys that end; otherwise empty
  absl::Time expires = absl::InfiniteFuture();  // by our clock

  friend bool operator==(const AwsKeys&, const AwsKeys&) = default;
};

// `keys` if they can be sent: id and secret are there, and all is visible ASCII, so that it fits
// into a header. kInvalidArgument otherwise: "WHERE: …", without what stands there.
Result<AwsKeys> CheckAwsKeys(AwsKeys keys, const std::string& where);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_KEYS_H_
