// The profiles in ~/.aws/credentials and ~/.aws/config, or where the environment says they are.
#ifndef BRIMFS_BACKENDS_AWS_PROFILES_H_
#define BRIMFS_BACKENDS_AWS_PROFILES_H_

#include <map>
#include <string>

#include "backends/aws_context.h"
#include "backends/aws_ini.h"
#include "core/status.h"

namespace brimfs {

// A value; empty: no profile.
class AwsProfiles {
 public:
  // Of both files, neither of which has to be there. Where both have a value of a profile, that of
  // `credentials` counts. Errors as ParseAwsIni and ReadAwsFile have them.
  static Result<AwsProfiles> Load(const AwsContext& context);

  // Null: there is none of this name. They live as long as this does.
  const AwsIniValues* Profile(const std::string& name) const { return Find(profiles_, name); }
  const AwsIniValues* SsoSession(const std::string& name) const { return Find(sessions_, name); }

  // The endpoint_url of `service` in the section that `profile` names with services=.
  std::string ServiceEndpoint(const AwsIniValues& profile, const std::string& service) const;

  // "FILE and FILE", for messages.
  const std::string& files() const { return files_; }

 private:
  using Sections = std::map<std::string, AwsIniValues>;

  static const AwsIniValues* Find(const Sections& sections, const std::string& name);

  Status TakeConfig(const std::string& file);
  Status TakeCredentials(const std::string& file);

  Sections profiles_;
  Sections sessions_;  // [sso-session NAME]
  Sections services_;  // [services NAME]
  std::string files_;
};

// The value of `name`, or "".
std::string AwsValue(const AwsIniValues& values, const std::string& name);

// The profile that counts where profile= is `chosen`: that, AWS_PROFILE, or "default".
std::string AwsProfileName(const AwsEnvironment& environment, const std::string& chosen);

// AWS_REGION, AWS_DEFAULT_REGION, or that of the profile, which may be null; may be empty.
std::string AwsRegion(const AwsEnvironment& environment, const AwsIniValues* profile);

// Where `service` ("s3", "sts") is: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's for
// the service, the profile's; empty if none says, or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is set.
std::string AwsEndpoint(const AwsEnvironment& environment, const AwsProfiles& profiles,
                        const AwsIniValues* profile, const std::string& service);

// The same without AWS_ENDPOINT_URL and the profile's, which mean a store of objects: for what
// would be shown a token there.
std::string AwsServiceEndpoint(const AwsEnvironment& environment, const AwsProfiles& profiles,
                               const AwsIniValues* profile, const std::string& service);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_PROFILES_H_
