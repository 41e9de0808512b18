// The S3 servers that brimfs is tested with, as Debian ships them.
#ifndef BRIMFS_TESTS_SUPPORT_S3_SERVERS_H_
#define BRIMFS_TESTS_SUPPORT_S3_SERVERS_H_

#include <sys/types.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

enum class RealS3 { kCeph, kSwift };

// Why it cannot be started here, such as "radosgw is not installed"; empty if it can.
std::string WhyMissing(RealS3 kind);

// What the independent client is to do, an object, and what came of it: see
// tests/support/s3-client.
using S3Task = nlohmann::json;

// Does `tasks` with those keys. Ends the test program, with the client's words, if one of them
// fails.
std::vector<S3Task> RunS3Client(const std::string& endpoint, const std::string& region,
                                const std::string& access_key, const std::string& secret_key,
                                const std::vector<S3Task>& tasks);

// A server with all its state in a directory of its own. Used by one thread.
class S3Server {
 public:
  // It answers when the constructor returns; ends the test program if it does not start.
  explicit S3Server(RealS3 kind);
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string access_key() const;
  std::string secret_key() const;
  std::string region() const { return "us-east-1"; }

  // The process of one of its parts, such as "osd".
  pid_t Pid(std::string_view part) const;

  std::vector<S3Task> Do(const std::vector<S3Task>& tasks) const {
    return RunS3Client(url(), region(), access_key(), secret_key(), tasks);
  }

 private:
  bool Start();

  const RealS3 kind_;
  const TempDir dir_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_S3_SERVERS_H_
