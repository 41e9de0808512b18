// Keys as JSON: what credential_process prints, what containers, machines and the SSO portal
// answer.
#ifndef BRIMFS_BACKENDS_AWS_JSON_KEYS_H_
#define BRIMFS_BACKENDS_AWS_JSON_KEYS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "backends/aws_keys.h"
#include "core/status.h"

namespace brimfs {

enum class AwsJsonForm {
  kProcess,    // "Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"
  kContainer,  // "AccessKeyId", "SecretAccessKey", "Token", "Expiration"
  kMetadata,   // the same, beside "Code": "Success"
  kSso,        // "roleCredentials": "accessKeyId", …, "expiration" in milliseconds
};

// kProtocol, "WHERE: …" and never what stands there, for all else. No expiration: they do not end.
Result<AwsKeys> ParseJsonKeys(std::string_view text, AwsJsonForm form, const std::string& where);

// "2026-11-20T18:37:07Z", a fraction and an offset allowed, or "…UTC" as older tools wrote it.
std::optional<absl::Time> ParseAwsTime(std::string text);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_JSON_KEYS_H_
