// The base of the end-to-end tests of s3: sources.
#ifndef BRIMFS_TESTS_E2E_S3_TEST_H_
#define BRIMFS_TESTS_E2E_S3_TEST_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/e2e_test.h"

namespace brimfs {

// The daemons find their keys in a file of the AWS tools, and nothing else of this machine.
class S3Test : public E2eTest {
 protected:
  static constexpr char kBucket[] = "bucket";

  void SetUp() override;

  // From now on, for daemons that are running as well.
  void WriteKeys(const std::string& access_key, const std::string& secret_key,
                 const std::string& session_token = {}) const;

  // Started, with that bucket and its keys written.
  void Serve(OriginS3Options options = {});

  // `source` is of what was served.
  Mount& AttachS3(const std::string& source = "s3://bucket/", std::vector<std::string> more = {});

  // Why this cannot be mounted: what the daemon says, which has to be one line.
  std::string WhyNot(const std::string& source, const std::vector<std::string>& options);
  std::string WhyNotS3(const std::string& source = "s3://bucket/",
                       std::vector<std::string> more = {});

  // How many requests of `method` have `part` in what they ask.
  size_t Asked(const std::string& method, std::string_view part = {}) const;

  std::vector<std::string> OptionsOf(std::vector<std::string> more) const;

  std::string keys_file() const { return dir_ / "credentials"; }

  TempDir dir_;
  std::unique_ptr<Origin> origin_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_S3_TEST_H_
