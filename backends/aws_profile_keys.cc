#include "backends/aws_profile_keys.h"

#include <set>
#include <utility>

#include "backends/aws_container.h"
#include "backends/aws_environment_keys.h"
#include "backends/aws_metadata.h"
#include "backends/aws_process.h"
#include "backends/aws_sso.h"
#include "backends/aws_sts.h"

namespace brimfs {
namespace {

bool HasKeys(const AwsIniValues& profile) { return profile.count("aws_access_key_id") > 0; }

class ProfileKeys {
 public:
  ProfileKeys(const AwsContext& context, const AwsProfiles& profiles, const std::string& name,
              const CallLimits& limits)
      : context_(context), profiles_(profiles), top_(profiles.Profile(name)), limits_(limits) {}

  // As a source of another profile its keys come before its role.
  Result<AwsKeys> Of(const std::string& name, bool is_source) {
    const AwsIniValues* const profile = profiles_.Profile(name);
    if (profile == nullptr) {
      return Status(Code::kNotFound, profiles_.files() + " have no profile " + name);
    }
    visited_.insert(name);
    const bool has_web_identity = profile->count("web_identity_token_file") > 0;
    if (profile->count("role_arn") > 0 && !has_web_identity && !(is_source && HasKeys(*profile))) {
      return OfRole(name, *profile);
    }
    if (has_web_identity) return OfWebIdentity(name, *profile);
    if (profile->count("sso_account_id") > 0 || profile->count("sso_role_name") > 0) {
      return OfSso(name, *profile);
    }
    if (HasKeys(*profile)) {
      return CheckAwsKeys({.access_key_id = AwsValue(*profile, "aws_access_key_id"),
                           .secret_access_key = AwsValue(*profile, "aws_secret_access_key"),
                           .session_token = AwsValue(*profile, "aws_session_token")},
                          "the profile " + name);
    }
    if (const auto command = AwsValue(*profile, "credential_process"); !command.empty()) {
      return KeysOfProcess(command, context_.patience.process, limits_);
    }
    return Status(Code::kNotFound,
                  "the profile " + name + " of " + profiles_.files() + " has no keys");
  }

 private:
  static Status Wrong(const std::string& name, const std::string& what) {
    return Status(Code::kInvalidArgument, "the profile " + name + ": " + what);
  }

  Result<AwsSts> Sts() const {
    return FindSts(AwsRegion(context_.environment, top_),
                   AwsEndpoint(context_.environment, profiles_, top_, "sts"));
  }

  static AwsRole RoleOf(const AwsIniValues& profile) {
    return {.arn = AwsValue(profile, "role_arn"),
            .session_name = AwsValue(profile, "role_session_name"),
            .external_id = AwsValue(profile, "external_id"),
            .duration_seconds = AwsValue(profile, "duration_seconds")};
  }

  Result<AwsKeys> OfRole(const std::string& name, const AwsIniValues& profile) {
    if (profile.count("mfa_serial") > 0) {
      return Status(Code::kUnsupported,
                    "the profile " + name +
                        ": its role wants a code from a device (mfa_serial), which a mount cannot "
                        "ask for: use credential_process or SSO");
    }
    const auto sts = Sts();
    if (!sts.ok()) return sts.status();
    const auto by = Assumer(name, profile);
    if (!by.ok()) return by.status();
    return AssumeRole(context_, *sts, RoleOf(profile), *by, limits_);
  }

  Result<AwsKeys> Assumer(const std::string& name, const AwsIniValues& profile) {
    const std::string source = AwsValue(profile, "source_profile");
    const std::string kind = AwsValue(profile, "credential_source");
    if (source.empty() == kind.empty()) {
      return Wrong(name, "role_arn wants one of source_profile and credential_source");
    }
    auto keys = source.empty() ? OfCredentialSource(name, kind) : OfSourceProfile(name, source);
    // Else the search would go on where the profile has not said.
    if (keys.code() == Code::kNotFound) {
      return Status(Code::kDenied, "the profile " + name + " wants keys to take its role with: " +
                                       keys.status().message());
    }
    return keys;
  }

  Result<AwsKeys> OfSourceProfile(const std::string& name, const std::string& source) {
    const AwsIniValues* const profile = profiles_.Profile(source);
    const bool own_keys = source == name && profile != nullptr && HasKeys(*profile);
    if (visited_.count(source) > 0 && !own_keys) {
      return Wrong(name, "source_profile leads back to " + source);
    }
    return Of(source, true);
  }

  Result<AwsKeys> OfCredentialSource(const std::string& name, const std::string& kind) {
    if (kind == "Environment") return KeysOfEnvironment(context_);
    if (kind == "Ec2InstanceMetadata") return KeysOfMachine(context_, limits_);
    if (kind == "EcsContainer") return KeysOfContainer(context_, limits_);
    return Wrong(name,
                 "credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer");
  }

  Result<AwsKeys> OfWebIdentity(const std::string& name, const AwsIniValues& profile) {
    const AwsWebIdentity identity{.role = RoleOf(profile),
                                  .token_file = AwsValue(profile, "web_identity_token_file")};
    if (identity.role.arn.empty()) return Wrong(name, "web_identity_token_file wants role_arn");
    const auto sts = Sts();
    if (!sts.ok()) return sts.status();
    return KeysOfWebIdentity(context_, *sts, identity, limits_);
  }

  Result<AwsKeys> OfSso(const std::string& name, const AwsIniValues& profile) {
    const std::string session = AwsValue(profile, "sso_session");
    const AwsIniValues* const described =
        session.empty() ? &profile : profiles_.SsoSession(session);
    if (described == nullptr) {
      return Wrong(name, "there is no section [sso-session " + session + "]");
    }
    const AwsSso sso{.cached_as = session.empty() ? AwsValue(profile, "sso_start_url") : session,
                     .region = AwsValue(*described, "sso_region"),
                     .account_id = AwsValue(profile, "sso_account_id"),
                     .role_name = AwsValue(profile, "sso_role_name"),
                     .endpoint = AwsServiceEndpoint(context_.environment, profiles_, top_, "sso")};
    for (const std::string* part : {&sso.cached_as, &sso.region, &sso.account_id, &sso.role_name}) {
      if (part->empty()) {
        return Wrong(name,
                     "SSO wants sso_account_id, sso_role_name, sso_region, and sso_session or "
                     "sso_start_url");
      }
    }
    return KeysOfSso(context_, sso, limits_);
  }

  const AwsContext& context_;
  const AwsProfiles& profiles_;
  const AwsIniValues* const top_;  // whose region counts on the whole way; may be null
  const CallLimits& limits_;
  std::set<std::string> visited_;
};

}  // namespace

Result<AwsKeys> KeysOfProfile(const AwsContext& context, const AwsProfiles& profiles,
                              const std::string& name, const CallLimits& limits) {
  return ProfileKeys(context, profiles, name, limits).Of(name, false);
}

}  // namespace brimfs
