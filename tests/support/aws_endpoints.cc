#include "tests/support/aws_endpoints.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace brimfs {
namespace {

using nlohmann::json;

constexpr char kMetadataToken[] = "metadata-token";
constexpr char kRoles[] = "latest/meta-data/iam/security-credentials/";

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string KeysJson(const AwsKeys& keys) {
  return json{{"Code", "Success"},
              {"Type", "AWS-HMAC"},
              {"AccessKeyId", keys.access_key_id},
              {"SecretAccessKey", keys.secret_access_key},
              {"Token", keys.session_token},
              {"Expiration", TimeText(keys.expires)}}
      .dump();
}

std::string KeysXml(const std::string& action, const AwsKeys& keys) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" +
         action + "Result>\n    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>" +
         "</AssumedRoleUser>\n    <Credentials>\n      <AccessKeyId>" + keys.access_key_id +
         "</AccessKeyId>\n      <SecretAccessKey>" + keys.secret_access_key +
         "</SecretAccessKey>\n      <SessionToken>" + keys.session_token +
         "</SessionToken>\n      <Expiration>" + TimeText(keys.expires) +
         "</Expiration>\n    </Credentials>\n  </" + action + "Result>\n</" + action +
         "Response>\n";
}

// STS repeats what it should have been sent, which is what must not be passed on.
std::string ErrorXml(const std::string& code, const std::string& message) {
  return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
         "<Type>Sender</Type><Code>" +
         code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>";
}

std::string HeaderOf(const AwsAsked& asked, const std::string& name) {
  const std::string* const value = asked.head.Header(name);
  return value == nullptr ? std::string() : *value;
}

std::map<std::string, std::string> ParseForm(std::string_view text) {
  std::map<std::string, std::string> form;
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = std::min(field.find('='), field.size());
    form[PercentDecode(field.substr(0, equals))] =
        PercentDecode(field.substr(std::min(equals + 1, field.size())));
  }
  return form;
}

// Takes [0, size) off the front of `received`, as soon as it is there.
std::optional<std::string> TakeBytes(int fd, size_t size, std::string& received) {
  char buffer[4096];
  while (received.size() < size) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return std::nullopt;
    received.append(buffer, static_cast<size_t>(got));
  }
  std::string taken = received.substr(0, size);
  received.erase(0, size);
  return taken;
}

std::optional<AwsAsked> ReadRequest(int fd, std::string& received) {
  size_t end;
  while ((end = received.find("\r\n\r\n")) == std::string::npos) {
    auto more = TakeBytes(fd, received.size() + 1, received);
    if (!more) return std::nullopt;
    received.insert(0, *more);
  }
  auto head = ParseRequest(received.substr(0, end));
  received.erase(0, end + 4);
  if (!head) return std::nullopt;
  AwsAsked asked{.head = *std::move(head), .body = "", .form = {}};
  const std::string length = HeaderOf(asked, "content-length");
  auto body = TakeBytes(fd, length.empty() ? 0 : std::stoul(length), received);
  if (!body) return std::nullopt;
  asked.body = *std::move(body);
  if (asked.head.method == "POST") asked.form = ParseForm(asked.body);
  return asked;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

}  // namespace

AwsEndpoints::AwsEndpoints() : listen_fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listen_fd_.get(), any, size) != 0 || listen(listen_fd_.get(), 64) != 0 ||
      getsockname(listen_fd_.get(), any, &size) != 0) {
    std::perror("listening as the services of AWS");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread(&AwsEndpoints::Accept, this);
}

AwsEndpoints::~AwsEndpoints() {
  std::vector<std::thread> serving;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listen_fd_.get(), SHUT_RDWR);  // accept(2) ends
  accepting_.join();
  {
    MutexLock lock(mu_);
    serving.swap(serving_);
  }
  for (std::thread& thread : serving) thread.join();
}

void AwsEndpoints::Accept() {
  for (;;) {
    const int fd = accept4(listen_fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    MutexLock lock(mu_);
    if (stopping_) {
      close(fd);
      return;
    }
    open_.push_back(fd);
    serving_.emplace_back(&AwsEndpoints::Serve, this, fd);
  }
}

void AwsEndpoints::Serve(int fd) {
  std::string received;
  while (const auto asked = ReadRequest(fd, received)) {
    const Answer answer = Take(*asked);
    const std::string head = "HTTP/1.1 " + std::to_string(answer.status) +
                             " Answer\r\nContent-Length: " + std::to_string(answer.body.size()) +
                             "\r\n\r\n";
    if (!SendAll(fd, head + answer.body)) break;
  }
  MutexLock lock(mu_);
  open_.remove(fd);
  close(fd);
}

AwsEndpoints::Answer AwsEndpoints::Take(const AwsAsked& asked) {
  MutexLock lock(mu_);
  asked_.push_back(asked);
  ++waiting_;
  changed_.NotifyAll();
  while (closed_ && !stopping_) changed_.Wait(mu_);
  --waiting_;
  if (!next_.empty()) {
    Answer answer = std::move(next_.front());
    next_.erase(next_.begin());
    return answer;
  }
  return AnswerFor(asked);
}

AwsEndpoints::Answer AwsEndpoints::AnswerFor(const AwsAsked& asked) {
  if (asked.head.method == "POST") return AnswerSts(asked);
  if (asked.head.path.starts_with("latest/")) return AnswerMachine(asked);
  if (asked.head.path == "federation/credentials") return AnswerPortal(asked);
  return AnswerContainer(asked);
}

AwsEndpoints::Answer AwsEndpoints::AnswerMachine(const AwsAsked& asked) {
  if (!has_machine_) return {};
  const std::string& path = asked.head.path;
  if (path == "latest/api/token") {
    const bool well_asked = asked.head.method == "PUT" &&
                            !HeaderOf(asked, "x-aws-ec2-metadata-token-ttl-seconds").empty();
    return well_asked ? Answer{200, kMetadataToken} : Answer{400, ""};
  }
  if (asked.head.method != "GET") return {405, ""};
  if (HeaderOf(asked, "x-aws-ec2-metadata-token") != kMetadataToken) return {401, ""};
  if (machine_role_.empty()) return {};
  if (path == kRoles) return {200, machine_role_ + "\n"};
  return path == kRoles + machine_role_ ? Answer{200, KeysJson(machine_keys_)} : Answer{};
}

AwsEndpoints::Answer AwsEndpoints::AnswerContainer(const AwsAsked& asked) {
  if (container_path_.empty() || asked.head.target != container_path_) return {};
  const bool may = container_authorization_.empty() ||
                   HeaderOf(asked, "authorization") == container_authorization_;
  return may ? Answer{200, KeysJson(container_keys_)} : Answer{401, ""};
}

AwsEndpoints::Answer AwsEndpoints::AnswerSts(const AwsAsked& asked) {
  const auto field = [&asked](const char* name) {
    const auto found = asked.form.find(name);
    return found == asked.form.end() ? std::string() : found->second;
  };
  const std::string action = field("Action");
  const std::string authorization = HeaderOf(asked, "authorization");
  if (field("Version") != "2011-06-15" || field("RoleSessionName").empty()) {
    return {400, ErrorXml("ValidationError", "")};
  }
  for (const Role& role : roles_) {
    if (role.arn != field("RoleArn")) continue;
    const bool signed_for =
        action == "AssumeRole" && field("ExternalId") == role.external_id &&
        !role.access_key_id.empty() &&
        authorization.find("Credential=" + role.access_key_id + "/") != std::string::npos;
    const bool identified = action == "AssumeRoleWithWebIdentity" && !role.token.empty() &&
                            field("WebIdentityToken") == role.token && authorization.empty();
    if (signed_for || identified) return {200, KeysXml(action, role.keys)};
  }
  return {403, ErrorXml("AccessDenied", "what was sent: " + authorization + " " +
                                            HeaderOf(asked, "x-amz-security-token") + " " +
                                            field("WebIdentityToken"))};
}

AwsEndpoints::Answer AwsEndpoints::AnswerPortal(const AwsAsked& asked) {
  if (portal_bearer_.empty() || HeaderOf(asked, "x-amz-sso_bearer_token") != portal_bearer_) {
    return {401, R"({"message":"Session token not found or invalid"})"};
  }
  if (asked.head.target != "/federation/credentials?" + portal_query_) {
    return {403, R"({"message":"No access"})"};
  }
  const json keys{{"roleCredentials",
                   {{"accessKeyId", portal_keys_.access_key_id},
                    {"secretAccessKey", portal_keys_.secret_access_key},
                    {"sessionToken", portal_keys_.session_token},
                    {"expiration", absl::ToUnixMillis(portal_keys_.expires)}}}};
  return {200, keys.dump()};
}

void AwsEndpoints::SetMachine(const std::string& role, const AwsKeys& keys) {
  MutexLock lock(mu_);
  has_machine_ = true;
  machine_role_ = role;
  machine_keys_ = keys;
}

void AwsEndpoints::SetContainer(const std::string& path, const std::string& authorization,
                                const AwsKeys& keys) {
  MutexLock lock(mu_);
  container_path_ = path;
  container_authorization_ = authorization;
  container_keys_ = keys;
}

void AwsEndpoints::AddRole(const Role& role) {
  MutexLock lock(mu_);
  roles_.push_back(role);
}

void AwsEndpoints::ForgetRoles() {
  MutexLock lock(mu_);
  roles_.clear();
}

void AwsEndpoints::SetPortal(const std::string& bearer, const std::string& account,
                             const std::string& role, const AwsKeys& keys) {
  MutexLock lock(mu_);
  portal_bearer_ = bearer;
  portal_query_ = "role_name=" + role + "&account_id=" + account;
  portal_keys_ = keys;
}

void AwsEndpoints::AnswerNext(int count, int status, const std::string& body) {
  MutexLock lock(mu_);
  for (int i = 0; i < count; ++i) next_.push_back({status, body});
}

void AwsEndpoints::ForgetNext() {
  MutexLock lock(mu_);
  next_.clear();
}

void AwsEndpoints::CloseGate() {
  MutexLock lock(mu_);
  closed_ = true;
}

void AwsEndpoints::AwaitAtGate(size_t count) {
  MutexLock lock(mu_);
  while (waiting_ < count) changed_.Wait(mu_);
}

void AwsEndpoints::OpenGate() {
  MutexLock lock(mu_);
  closed_ = false;
  changed_.NotifyAll();
}

std::vector<AwsAsked> AwsEndpoints::asked(std::string_view path) const {
  MutexLock lock(mu_);
  std::vector<AwsAsked> found;
  for (const AwsAsked& asked : asked_) {
    if (asked.head.target.starts_with(path)) found.push_back(asked);
  }
  return found;
}

}  // namespace brimfs
