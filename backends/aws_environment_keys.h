// Keys that the environment holds, or names a web identity for.
#ifndef BRIMFS_BACKENDS_AWS_ENVIRONMENT_KEYS_H_
#define BRIMFS_BACKENDS_AWS_ENVIRONMENT_KEYS_H_

#include <string>

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "backends/aws_sts.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. kNotFound: the first two are not
// set; kInvalidArgument: one of them is.
Result<AwsKeys> KeysOfEnvironment(const AwsContext& context);

// What the environment says of a web identity: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN,
// AWS_ROLE_SESSION_NAME.
struct AwsWebIdentity {
  AwsRole role;
  std::string token_file;
};

// kNotFound: the first is not set; kInvalidArgument: it is, and the second is not.
Result<AwsWebIdentity> WebIdentityOfEnvironment(const AwsContext& context);

// By the token that the file holds at this moment: whoever put it there replaces it from time to
// time.
Result<AwsKeys> KeysOfWebIdentity(const AwsContext& context, const AwsSts& sts,
                                  const AwsWebIdentity& identity, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_ENVIRONMENT_KEYS_H_
