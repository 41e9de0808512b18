// A way to come by AWS keys.
#ifndef BRIMFS_BACKENDS_AWS_KEY_SOURCE_H_
#define BRIMFS_BACKENDS_AWS_KEY_SOURCE_H_

#include "backends/aws_keys.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// Called by one thread at a time. Remembers nothing: every call looks anew.
class AwsKeySource {
 public:
  virtual ~AwsKeySource() = default;

  // kNotFound: this way is not set up here, the next one may be; the message says what was looked
  // for. Anything else ends the search: the message names what was asked and the remedy. Never a
  // secret in either.
  virtual Result<AwsKeys> Find(const CallLimits& limits) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_KEY_SOURCE_H_
