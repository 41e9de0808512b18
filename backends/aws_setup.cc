#include "backends/aws_setup.h"

#include <cstdlib>
#include <utility>

#include "absl/time/clock.h"
#include "backends/aws_container.h"
#include "backends/aws_environment_keys.h"
#include "backends/aws_key_file.h"
#include "backends/aws_metadata.h"
#include "backends/aws_profile_keys.h"
#include "backends/aws_profiles.h"
#include "backends/aws_sts.h"
#include "core/log.h"

namespace brimfs {
namespace {

class KeyFile : public AwsKeySource {
 public:
  explicit KeyFile(std::string file) : file_(std::move(file)) {}

  Result<AwsKeys> Find(const CallLimits& /*limits*/) override {
    auto keys = KeysOfFile(file_);
    // Named, so that nothing else is to be looked for.
    if (keys.code() == Code::kNotFound) {
      return Status(Code::kInvalidArgument, keys.status().message());
    }
    return keys;
  }

 private:
  const std::string file_;
};

// One place after the other, until one has keys or says that it should have had.
class KeyChain : public AwsKeySource {
 public:
  KeyChain(AwsContext context, std::string profile)
      : context_(std::move(context)), profile_(std::move(profile)) {}

  Result<AwsKeys> Find(const CallLimits& limits) override {
    // Read anew each time: they may have changed.
    const auto profiles = AwsProfiles::Load(context_);
    if (!profiles.ok()) return profiles.status();
    const std::string name = AwsProfileName(context_.environment, profile_);

    std::string missing;
    const auto settles = [&missing](const Result<AwsKeys>& keys, const char* place) {
      if (keys.ok()) Log(LogLevel::kDebug, std::string("AWS keys come from ") + place);
      if (keys.code() != Code::kNotFound) return true;
      missing.append(missing.empty() ? "" : "; ").append(keys.status().message());
      return false;
    };
    if (profile_.empty()) {
      if (auto keys = KeysOfEnvironment(context_); settles(keys, "the environment")) return keys;
      auto keys = OfWebIdentity(*profiles, name, limits);
      if (settles(keys, "a web identity")) return keys;
    }
    if (auto keys = KeysOfProfile(context_, *profiles, name, limits); settles(keys, "a profile")) {
      return keys;
    }
    if (profile_.empty()) {
      if (auto keys = KeysOfContainer(context_, limits); settles(keys, "the container")) {
        return keys;
      }
      if (auto keys = KeysOfMachine(context_, limits); settles(keys, "the machine")) return keys;
    }
    return Status(Code::kNotFound,
                  "no AWS keys (" + missing +
                      "): name a file with credentials=, or a profile with profile=, or mount with "
                      "anonymous what needs none");
  }

 private:
  Result<AwsKeys> OfWebIdentity(const AwsProfiles& profiles, const std::string& name,
                                const CallLimits& limits) {
    const auto identity = WebIdentityOfEnvironment(context_);
    if (!identity.ok()) return identity.status();
    const AwsIniValues* const profile = profiles.Profile(name);
    const auto sts = FindSts(AwsRegion(context_.environment, profile),
                             AwsEndpoint(context_.environment, profiles, profile, "sts"));
    if (!sts.ok()) return sts.status();
    return KeysOfWebIdentity(context_, *sts, *identity, limits);
  }

  const AwsContext context_;
  const std::string profile_;  // of profile=; may be empty
};

AwsContext ContextOf(const AwsKeyPlaces& places, const HttpTransport::Options& transport) {
  AwsContext context{.environment = places.environment,
                     .wall_clock = places.wall_clock,
                     .patience = places.patience,
                     .transport = transport,
                     .container_origin = places.container_origin};
  if (!context.environment) {
    context.environment = [](const char* name) {
      const char* const value = std::getenv(name);
      return std::string(value == nullptr ? "" : value);
    };
  }
  if (!context.wall_clock) context.wall_clock = [] { return absl::Now(); };
  context.transport.unix_socket.clear();  // there only SOURCE is
  return context;
}

}  // namespace

Result<AwsSetup> FindAws(const AwsKeyPlaces& places, const HttpTransport::Options& transport) {
  AwsContext context = ContextOf(places, transport);
  const AwsEnvironment environment = context.environment;
  AwsProfiles profiles;
  const AwsIniValues* profile = nullptr;
  if (places.key_file.empty() || !places.profile.empty()) {
    auto loaded = AwsProfiles::Load(context);
    if (!loaded.ok()) return loaded.status();
    profiles = *std::move(loaded);
    const std::string name = AwsProfileName(environment, places.profile);
    profile = profiles.Profile(name);
    const bool named = !places.profile.empty() || !environment("AWS_PROFILE").empty();
    if (profile == nullptr && named) {
      return Status(Code::kInvalidArgument, profiles.files() + " have no profile " + name);
    }
  }
  AwsSetup setup;
  setup.region = AwsRegion(environment, profile);
  setup.endpoint = AwsEndpoint(environment, profiles, profile, "s3");
  if (places.key_file.empty()) {
    setup.keys = std::make_unique<KeyChain>(std::move(context), places.profile);
  } else {
    setup.keys = std::make_unique<KeyFile>(places.key_file);
  }
  return setup;
}

}  // namespace brimfs
