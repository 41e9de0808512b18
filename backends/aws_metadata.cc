#include "backends/aws_metadata.h"

#include <string>

#include "backends/aws_http.h"
#include "backends/aws_json_keys.h"
#include "backends/http_headers.h"

namespace brimfs {
namespace {

constexpr char kRoles[] = "/latest/meta-data/iam/security-credentials/";
constexpr char kTokenSeconds[] = "21600";

Result<Url> ServiceUrl(const AwsEnvironment& environment) {
  constexpr char kName[] = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  if (const std::string endpoint = environment(kName); !endpoint.empty()) {
    return ParseAwsUrl(kName, endpoint);
  }
  const std::string mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  return ParseUrl(EqualsIgnoringCase(mode, "IPv6") ? "http://[fd00:ec2::254]"
                                                   : "http://169.254.169.254");
}

class Machine {
 public:
  Machine(const AwsContext& context, const Url& base)
      : base_(base),
        http_(context.DirectTransport(context.patience.metadata),
              {.tries = context.patience.metadata_tries,
               .between = context.patience.between_tries,
               .answer = context.patience.metadata}) {}

  Result<AwsKeys> Find(const CallLimits& limits) {
    const auto token = Token(limits);
    if (!token.ok()) return token.status();
    auto roles = Get(kRoles, *token, limits);
    if (!roles.ok()) return roles.status();
    const std::string role(TrimSpace(roles->substr(0, roles->find_first_of("\r\n"))));
    if (role.empty()) return Status(Code::kNotFound, AwsSaid(base_, "the machine has no role"));
    const auto keys = Get(kRoles + EncodeComponent(role), *token, limits);
    if (!keys.ok()) return keys.status();
    return ParseJsonKeys(*keys, AwsJsonForm::kMetadata, base_.Origin());
  }

 private:
  Result<std::string> Token(const CallLimits& limits) {
    auto url = AwsUrlBelow(base_, "/latest/api/token");
    if (!url.ok()) return url.status();
    HttpRequest request = AwsRequest(HttpRequest::Method::kPut, *url);
    request.headers = {std::string("X-aws-ec2-metadata-token-ttl-seconds: ") + kTokenSeconds};
    auto answer = http_.Ask(request, limits);
    if (answer.code() == Code::kUnavailable) {
      return Status(Code::kNotFound, "no metadata service: " + answer.status().message());
    }
    if (!answer.ok()) return answer.status();
    const std::string token(TrimSpace(answer->body));
    const bool fits = token.find_first_of("\r\n") == std::string::npos;
    if (answer->status != 200 || token.empty() || !fits) {
      return Status(Code::kNotFound,
                    AwsSaid(base_, "no session token of the metadata service: answered " +
                                       std::to_string(answer->status)));
    }
    return token;
  }

  Result<std::string> Get(const std::string& path, const std::string& token,
                          const CallLimits& limits) {
    auto url = AwsUrlBelow(base_, path);
    if (!url.ok()) return url.status();
    auto answer = http_.Ask(
        AwsRequest(HttpRequest::Method::kGet, *url, {"X-aws-ec2-metadata-token: " + token}),
        limits);
    if (!answer.ok()) return answer.status();
    if (answer->status == 404) {
      return Status(Code::kNotFound, AwsSaid(base_, "the machine has no role"));
    }
    if (answer->status != 200) {
      return Status(Code::kDenied, AwsSaid(base_, "answered " + std::to_string(answer->status)));
    }
    return std::move(answer->body);
  }

  const Url base_;
  AwsHttp http_;
};

}  // namespace

Result<AwsKeys> KeysOfMachine(const AwsContext& context, const CallLimits& limits) {
  if (EqualsIgnoringCase(context.environment("AWS_EC2_METADATA_DISABLED"), "true")) {
    return Status(Code::kNotFound, "AWS_EC2_METADATA_DISABLED is set");
  }
  const auto base = ServiceUrl(context.environment);
  if (!base.ok()) return base.status();
  return Machine(context, *base).Find(limits);
}

}  // namespace brimfs
