// Keys of the role of the machine we run on, from its metadata service (IMDSv2).
#ifndef BRIMFS_BACKENDS_AWS_METADATA_H_
#define BRIMFS_BACKENDS_AWS_METADATA_H_

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// At AWS_EC2_METADATA_SERVICE_ENDPOINT, else at the link-local address (of IPv6 where
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE says so). With a session token only: what gives keys to
// anyone who asks is not asked. kNotFound: switched off (AWS_EC2_METADATA_DISABLED), nobody answers
// there, or the machine has no role.
Result<AwsKeys> KeysOfMachine(const AwsContext& context, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_METADATA_H_
