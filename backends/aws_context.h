// What the ways to come by AWS keys share.
#ifndef BRIMFS_BACKENDS_AWS_CONTEXT_H_
#define BRIMFS_BACKENDS_AWS_CONTEXT_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "backends/http_transport.h"
#include "core/clock.h"
#include "core/status.h"

namespace brimfs {

// getenv: empty if it is not set.
using AwsEnvironment = std::function<std::string(const char* name)>;

using AwsWallClock = std::function<absl::Time()>;

// How long the places are waited for that keys are asked of.
struct AwsPatience {
  int tries = 3;                                            // of what may be better next time
  Duration between_tries = std::chrono::milliseconds(200);  // doubled after each
  Duration connect = std::chrono::seconds(10);              // with STS and the SSO portal
  Duration answer = std::chrono::seconds(10);

  // The metadata service answers at once, or it is not there: then an hour of waiting would not
  // help, and the mount waits this long a try.
  int metadata_tries = 2;
  Duration metadata = std::chrono::seconds(1);

  Duration process = std::chrono::minutes(1);  // credential_process, which may ask its user
};

// Constant.
struct AwsContext {
  AwsEnvironment environment;
  AwsWallClock wall_clock;
  AwsPatience patience;
  HttpTransport::Options transport;  // for STS and the SSO portal
  std::string container_origin;

  // Home of the user, without the '/' at its end; empty if there is none.
  std::string Home() const;

  // `path` with the home for a "~" in front.
  std::string Expand(const std::string& path) const;

  // Never through a proxy: what answers is this machine's own.
  HttpTransport::Options DirectTransport(Duration connect_timeout) const;
};

// The text of a regular file, symbolic links followed. kNotFound; kInvalidArgument for what is no
// such file or larger than `max_size`; as open(2) and read(2) fail.
Result<std::string> ReadAwsFile(const std::string& path, size_t max_size);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_CONTEXT_H_
