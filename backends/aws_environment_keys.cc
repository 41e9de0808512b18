#include "backends/aws_environment_keys.h"

#include "backends/http_headers.h"

namespace brimfs {
namespace {

constexpr char kId[] = "AWS_ACCESS_KEY_ID";
constexpr char kSecret[] = "AWS_SECRET_ACCESS_KEY";
constexpr char kTokenFile[] = "AWS_WEB_IDENTITY_TOKEN_FILE";
constexpr char kRoleArn[] = "AWS_ROLE_ARN";

constexpr size_t kMaxToken = 64 * 1024;

}  // namespace

Result<AwsKeys> KeysOfEnvironment(const AwsContext& context) {
  AwsKeys keys{.access_key_id = context.environment(kId),
               .secret_access_key = context.environment(kSecret),
               .session_token = context.environment("AWS_SESSION_TOKEN")};
  if (keys.access_key_id.empty() && keys.secret_access_key.empty()) {
    return Status(Code::kNotFound, std::string(kId) + " and " + kSecret + " are not set");
  }
  return CheckAwsKeys(std::move(keys), std::string(kId) + " and " + kSecret);
}

Result<AwsWebIdentity> WebIdentityOfEnvironment(const AwsContext& context) {
  AwsWebIdentity identity;
  identity.token_file = context.environment(kTokenFile);
  identity.role.arn = context.environment(kRoleArn);
  identity.role.session_name = context.environment("AWS_ROLE_SESSION_NAME");
  if (identity.token_file.empty()) {
    return Status(Code::kNotFound, std::string(kTokenFile) + " is not set");
  }
  if (identity.role.arn.empty()) {
    return Status(Code::kInvalidArgument,
                  std::string(kTokenFile) + " is set, and " + kRoleArn + " is not");
  }
  return identity;
}

Result<AwsKeys> KeysOfWebIdentity(const AwsContext& context, const AwsSts& sts,
                                  const AwsWebIdentity& identity, const CallLimits& limits) {
  const std::string file = context.Expand(identity.token_file);
  const auto text = ReadAwsFile(file, kMaxToken);
  // Not kNotFound, which would mean that nobody has named it.
  if (text.code() == Code::kNotFound) {
    return Status(Code::kInvalidArgument, text.status().message());
  }
  if (!text.ok()) return text.status();
  const size_t end = text->find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return Status(Code::kInvalidArgument, file + ": holds no token");
  return AssumeRoleWithWebIdentity(context, sts, identity.role, text->substr(0, end + 1), limits);
}

}  // namespace brimfs
