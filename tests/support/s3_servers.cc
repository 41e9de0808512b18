#include "tests/support/s3_servers.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/support/server_process.h"

namespace brimfs {
namespace {

constexpr auto kPatience = std::chrono::seconds(180);
constexpr char kClient[] = BRIMFS_TEST_SUPPORT "/s3-client";

// How one server is started.
struct Program {
  const char* script;
  const char* executables[4];  // what it needs, for sh
  const char* access_key;
  int ports;
};

Program ProgramOf(RealS3 kind) {
  switch (kind) {
    case RealS3::kCeph:
      return {BRIMFS_TEST_SUPPORT "/ceph-rgw",
              {"ceph-mon", "ceph-osd", "radosgw", "ceph"},
              "brimfs-tester",
              2};
    case RealS3::kSwift:
      return {BRIMFS_TEST_SUPPORT "/swift-s3",
              {"swift-proxy-server", "swift-container-server", "swift-object-server", "memcached"},
              "brimfs:tester",
              5};
  }
  std::abort();
}

}  // namespace

std::string WhyMissing(RealS3 kind) {
  for (const char* name : ProgramOf(kind).executables) {
    if (Shell("command -v \"$1\"", {name}).code != 0) {
      return std::string(name) + " is not installed";
    }
  }
  if (Shell("/usr/bin/python3 -c 'import boto3'").code != 0)
    return "python3-boto3 is not installed";
  return {};
}

std::vector<S3Task> RunS3Client(const std::string& endpoint, const std::string& region,
                                const std::string& access_key, const std::string& secret_key,
                                const std::vector<S3Task>& tasks) {
  const TempDir dir;
  WriteFile(dir / "tasks", S3Task(tasks).dump());
  Process client({"sh", "-c", "exec \"$1\" \"$2\" \"$3\" < \"$4\"", "sh", kClient, endpoint, region,
                  dir / "tasks"},
                 {{"AWS_ACCESS_KEY_ID=" + access_key, "AWS_SECRET_ACCESS_KEY=" + secret_key,
                   "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
                   "AWS_EC2_METADATA_DISABLED=true"},
                  {},
                  {}});
  if (client.Wait(kPatience) != 0) {
    std::fprintf(stderr, "the client failed:\n%s\n", client.err().c_str());
    std::abort();
  }
  return S3Task::parse(client.out());
}

S3Server::S3Server(RealS3 kind) : kind_(kind) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (Start()) return;
  }
  std::fprintf(stderr, "%s does not start:\n%s\n", ProgramOf(kind_).script,
               ReadFile(dir_ / "output").c_str());
  std::abort();
}

S3Server::~S3Server() {
  process_->Signal(SIGTERM);
  process_->Wait(std::chrono::seconds(30));
}

bool S3Server::Start() {
  const std::string state = dir_ / "state";
  std::filesystem::remove_all(state);
  std::vector<std::string> command = {ProgramOf(kind_).script, state, access_key(), secret_key()};
  for (int i = 0; i < ProgramOf(kind_).ports; ++i) command.push_back(std::to_string(FreePort()));
  port_ = std::atoi(command[4].c_str());
  process_ = StartServerProcess(command, dir_ / "output", "ready\n", kPatience);
  return process_ != nullptr;
}

std::string S3Server::access_key() const { return ProgramOf(kind_).access_key; }

std::string S3Server::secret_key() const { return "canary-secret-of-the-tests"; }

pid_t S3Server::Pid(std::string_view part) const {
  const std::string file = "state/" + std::string(part) + ".pid";
  return static_cast<pid_t>(std::atoi(ReadFile(dir_ / file).c_str()));
}

}  // namespace brimfs
