// Keys of a role at the SSO portal (IAM Identity Center), by the token that `aws sso login` left.
#ifndef BRIMFS_BACKENDS_AWS_SSO_H_
#define BRIMFS_BACKENDS_AWS_SSO_H_

#include <string>

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

struct AwsSso {
  std::string cached_as;  // the name of the sso-session, or the start URL of a profile without one
  std::string region;
  std::string account_id;
  std::string role_name;
  std::string endpoint;  // empty: the portal of the region
};

// kDenied, with the remedy, where there is no token, or it has ended, or the portal refuses it.
Result<AwsKeys> KeysOfSso(const AwsContext& context, const AwsSso& sso, const CallLimits& limits);

// "SHA1(cached_as).json", below ~/.aws/sso/cache.
std::string SsoCacheName(const std::string& cached_as);

// The access token in `text`, that of such a file. kDenied: it has ended at `now`;
// kInvalidArgument: the text is none. Both "WHERE: …".
Result<std::string> ParseSsoToken(const std::string& text, absl::Time now,
                                  const std::string& where);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_SSO_H_
