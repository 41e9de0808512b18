#include "tests/e2e/s3_test.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace brimfs {

void S3Test::SetUp() {
  E2eTest::SetUp();
  for (const char* name :
       {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}) {
    unsetenv(name);
  }
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  setenv("AWS_CONFIG_FILE", (dir_ / "config").c_str(), 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", keys_file().c_str(), 1);
}

void S3Test::WriteKeys(const std::string& access_key, const std::string& secret_key,
                       const std::string& session_token) const {
  std::string text = "[default]\naws_access_key_id = " + access_key +
                     "\naws_secret_access_key = " + secret_key + "\n";
  if (!session_token.empty()) text += "aws_session_token = " + session_token + "\n";
  WriteFile(keys_file() + ".new", text);
  chmod((keys_file() + ".new").c_str(), 0600);
  std::filesystem::rename(keys_file() + ".new", keys_file());
}

void S3Test::Serve(OriginS3Options options) {
  options.bucket = kBucket;
  WriteKeys(options.keys.access_key, options.keys.secret_key, options.keys.session_token);
  Origin::Options of_origin;
  of_origin.s3 = std::move(options);
  origin_ = StartOrigin(std::move(of_origin));
}

std::vector<std::string> S3Test::OptionsOf(std::vector<std::string> more) const {
  more.push_back("endpoint=" + origin_->url());
  return more;
}

Mount& S3Test::AttachS3(const std::string& source, std::vector<std::string> more) {
  return Attach(source, OptionsOf(std::move(more)));
}

std::string S3Test::WhyNot(const std::string& source, const std::vector<std::string>& options) {
  const Mount mount(source, options);
  EXPECT_FALSE(mount.started().ok());
  const std::string log = mount.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_FALSE(IsMounted(mount.path()));
  return log;
}

std::string S3Test::WhyNotS3(const std::string& source, std::vector<std::string> more) {
  return WhyNot(source, OptionsOf(std::move(more)));
}

size_t S3Test::Asked(const std::string& method, std::string_view part) const {
  const std::deque<Origin::Seen> all = origin_->seen();
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](const Origin::Seen& seen) {
    return seen.method == method && seen.target.find(part) != std::string::npos;
  }));
}

}  // namespace brimfs
