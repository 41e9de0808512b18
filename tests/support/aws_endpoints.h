// The services that give out AWS keys, on loopback: a machine's metadata service (IMDSv2), a
// container's endpoint, STS and the SSO portal, at one address.
#ifndef BRIMFS_TESTS_SUPPORT_AWS_ENDPOINTS_H_
#define BRIMFS_TESTS_SUPPORT_AWS_ENDPOINTS_H_

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/aws_keys.h"
#include "core/mutex.h"
#include "core/unique_fd.h"
#include "tests/support/origin/http.h"

namespace brimfs {

struct AwsAsked {
  OriginRequest head;
  std::string body;
  std::map<std::string, std::string> form;  // of a body that is one
};

// Thread-safe. What nobody has set up is answered with 404.
class AwsEndpoints {
 public:
  AwsEndpoints();
  ~AwsEndpoints();
  AwsEndpoints(const AwsEndpoints&) = delete;
  AwsEndpoints& operator=(const AwsEndpoints&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Only to who has fetched a token with PUT; "" is a machine without a role.
  void SetMachine(const std::string& role, const AwsKeys& keys);

  // At this path, to who sends this Authorization ("": to all).
  void SetContainer(const std::string& path, const std::string& authorization, const AwsKeys& keys);

  // A role that `access_key_id` may take, or who has the web identity `token`.
  struct Role {
    std::string arn;
    std::string access_key_id;
    std::string token;
    std::string external_id;
    AwsKeys keys;
  };
  void AddRole(const Role& role);
  void ForgetRoles();

  void SetPortal(const std::string& bearer, const std::string& account, const std::string& role,
                 const AwsKeys& keys);

  // The next `count` requests, whatever they ask, are answered so.
  void AnswerNext(int count, int status, const std::string& body = "");
  void ForgetNext();

  // What is asked from now on is answered only after OpenGate.
  void CloseGate();
  void AwaitAtGate(size_t count);
  void OpenGate();

  // Everything so far, in order of arrival; or what was asked of paths that begin so.
  std::vector<AwsAsked> asked(std::string_view path = "") const;

 private:
  struct Answer {
    int status = 404;
    std::string body;
  };

  void Accept();
  void Serve(int fd);
  Answer Take(const AwsAsked& asked);
  Answer AnswerFor(const AwsAsked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Answer AnswerMachine(const AwsAsked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Answer AnswerContainer(const AwsAsked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Answer AnswerSts(const AwsAsked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Answer AnswerPortal(const AwsAsked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  uint16_t port_ = 0;
  UniqueFd listen_fd_;
  std::thread accepting_;

  mutable Mutex mu_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  size_t waiting_ ABSL_GUARDED_BY(mu_) = 0;
  std::list<int> open_ ABSL_GUARDED_BY(mu_);  // connections, to be shut down at the end
  std::vector<std::thread> serving_ ABSL_GUARDED_BY(mu_);
  std::vector<AwsAsked> asked_ ABSL_GUARDED_BY(mu_);

  std::vector<Answer> next_ ABSL_GUARDED_BY(mu_);
  bool has_machine_ ABSL_GUARDED_BY(mu_) = false;
  std::string machine_role_ ABSL_GUARDED_BY(mu_);
  AwsKeys machine_keys_ ABSL_GUARDED_BY(mu_);
  std::string container_path_ ABSL_GUARDED_BY(mu_);
  std::string container_authorization_ ABSL_GUARDED_BY(mu_);
  AwsKeys container_keys_ ABSL_GUARDED_BY(mu_);
  std::vector<Role> roles_ ABSL_GUARDED_BY(mu_);
  std::string portal_bearer_ ABSL_GUARDED_BY(mu_);
  std::string portal_query_ ABSL_GUARDED_BY(mu_);
  AwsKeys portal_keys_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_AWS_ENDPOINTS_H_
