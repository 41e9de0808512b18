// Keys of a role, from the Security Token Service.
#ifndef BRIMFS_BACKENDS_AWS_STS_H_
#define BRIMFS_BACKENDS_AWS_STS_H_

#include <string>
#include <string_view>

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "backends/url.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

struct AwsRole {
  std::string arn;
  std::string session_name;      // empty: "brimfs"
  std::string external_id;       // empty: none
  std::string duration_seconds;  // empty: as the role has it
};

// Where it is asked, and for which region its signature counts.
struct AwsSts {
  Url url;
  std::string region;
};

// Of `region`, at `endpoint` where that is not empty; without a region the global one.
// kInvalidArgument for a region that is no name, or an endpoint that is no URL.
Result<AwsSts> FindSts(const std::string& region, const std::string& endpoint);

// What `by` may become. kDenied, with STS's code and `role`, where it may not;
// kUnavailable, kProtocol as AwsHttp has them.
Result<AwsKeys> AssumeRole(const AwsContext& context, const AwsSts& sts, const AwsRole& role,
                           const AwsKeys& by, const CallLimits& limits);

// The same for whoever holds the web identity `token`; not signed.
Result<AwsKeys> AssumeRoleWithWebIdentity(const AwsContext& context, const AwsSts& sts,
                                          const AwsRole& role, const std::string& token,
                                          const CallLimits& limits);

// The keys in STS's answer. kProtocol, "WHERE: …", for what is none.
Result<AwsKeys> ParseStsKeys(std::string_view xml, const std::string& where);

// The code in STS's error, such as "AccessDenied"; empty if that is none. Its message is left
// where it is: it may repeat what was signed, the session token included.
std::string ParseStsError(std::string_view xml);

// Whether this can be part of a host name.
bool IsAwsRegion(std::string_view region);

// "amazonaws.com", or what it is in China.
const char* AwsDomain(std::string_view region);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_STS_H_
