// A home directory, an environment and the services of AWS, all a test's own.
#ifndef BRIMFS_TESTS_COMPONENT_AWS_KEYS_FIXTURE_H_
#define BRIMFS_TESTS_COMPONENT_AWS_KEYS_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/time/time.h"
#include "backends/aws_setup.h"
#include "tests/support/aws_endpoints.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

class AwsKeysFixture : public testing::Test {
 protected:
  // No machine's metadata service, until a test names one.
  AwsKeysFixture() {
    environment_["HOME"] = home_.path();
    environment_["AWS_EC2_METADATA_DISABLED"] = "true";
    places_.environment = [this](const char* name) { return environment_[name]; };
    places_.wall_clock = [this] { return now_; };
    places_.container_origin = aws_.url();
    places_.patience.between_tries = std::chrono::milliseconds(1);
    limits_.deadline = Clock::Steady().Now() + std::chrono::seconds(60);
  }

  void WriteConfig(const std::string& text) { WriteFile(home_ / ".aws/config", text); }
  void WriteCredentials(const std::string& text) { WriteFile(home_ / ".aws/credentials", text); }

  void UseMachine() {
    environment_.erase("AWS_EC2_METADATA_DISABLED");
    environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = aws_.url();
  }

  AwsKeys KeysNamed(const std::string& name) const {
    return {.access_key_id = name,
            .secret_access_key = "secret-of-" + name,
            .session_token = "token-of-" + name,
            .expires = now_ + absl::Hours(1)};
  }

  Result<AwsKeys> Find() {
    auto setup = FindAws(places_, {});
    if (!setup.ok()) return setup.status();
    return setup->keys->Find(limits_);
  }

  // Whose keys are found, or why none are.
  std::string Found() {
    const auto keys = Find();
    return keys.ok() ? keys->access_key_id : keys.status().ToString();
  }

  const TempDir home_;
  AwsEndpoints aws_;
  std::map<std::string, std::string> environment_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  AwsKeyPlaces places_;
  CallLimits limits_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_AWS_KEYS_FIXTURE_H_
