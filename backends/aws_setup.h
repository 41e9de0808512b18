// Where AWS keys, region and endpoint are looked for, as the AWS tools do it: see the AWS SDKs and
// Tools Reference Guide, "Standardized credential providers".
#ifndef BRIMFS_BACKENDS_AWS_SETUP_H_
#define BRIMFS_BACKENDS_AWS_SETUP_H_

#include <memory>
#include <string>

#include "backends/aws_context.h"
#include "backends/aws_key_source.h"
#include "backends/http_transport.h"
#include "core/status.h"

namespace brimfs {

// What the options say, and the rest of the world as far as a test wants to be it.
struct AwsKeyPlaces {
  std::string key_file;  // of mode 0600 (backends/aws_key_file.h): no other place of keys counts
  std::string profile;   // of profile=; then the environment's keys do not count

  AwsEnvironment environment;  // null: the process's
  AwsWallClock wall_clock;     // null: the system's
  AwsPatience patience;

  // What AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is relative to.
  std::string container_origin = "http://169.254.170.2";
};

struct AwsSetup {
  // Looks, in this order, at the key file, or the profile of profile=, or else: the environment, a
  // web identity named there, the profile (AWS_PROFILE, or "default"), the container's endpoint,
  // the machine's metadata service. kNotFound if none has keys; the message lists them.
  std::unique_ptr<AwsKeySource> keys;

  std::string region;    // AWS_REGION, AWS_DEFAULT_REGION or the profile's; may be empty
  std::string endpoint;  // AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile's; may be empty
};

// Asks nobody yet; reads the profile files, except where there is a key file and no profile. Keys
// are asked for over connections as `transport` has them, without its unix socket, and those of the
// machine and the container never through a proxy.
//   kInvalidArgument  a profile file that cannot be read as such (FILE:LINE), a profile that was
//   named (profile=, AWS_PROFILE) and is in none of them; kDenied: it may not be read
Result<AwsSetup> FindAws(const AwsKeyPlaces& places, const HttpTransport::Options& transport);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_SETUP_H_
