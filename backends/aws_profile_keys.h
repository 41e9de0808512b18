// The keys of a profile, which may be those of a role that another profile may take.
#ifndef BRIMFS_BACKENDS_AWS_PROFILE_KEYS_H_
#define BRIMFS_BACKENDS_AWS_PROFILE_KEYS_H_

#include <functional>
#include <string>

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "backends/aws_profiles.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// In the order of the AWS tools: role_arn with source_profile or credential_source,
// web_identity_token_file, SSO, keys in the files, credential_process.
//   kNotFound  the profile is not there, or says nothing of keys
//   kInvalidArgument  it says half of it, or names itself by way of others
//   kUnsupported  the role wants a code from a device (mfa_serial)
//   else as the one has it who was asked
Result<AwsKeys> KeysOfProfile(const AwsContext& context, const AwsProfiles& profiles,
                              const std::string& name, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_PROFILE_KEYS_H_
