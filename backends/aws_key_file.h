// AWS keys in a file of their own: credentials= of an s3: source.
#ifndef BRIMFS_BACKENDS_AWS_KEY_FILE_H_
#define BRIMFS_BACKENDS_AWS_KEY_FILE_H_

#include <string>
#include <string_view>

#include "backends/aws_keys.h"
#include "core/status.h"

namespace brimfs {

// The lines "access_key_id=", "secret_access_key=" and, where the keys have one, "session_token=",
// each with "aws_" in front if one likes, or one line "ACCESS_KEY_ID:SECRET_ACCESS_KEY". Empty
// lines and those that begin with '#' are passed over. kInvalidArgument names FILE:LINE and never
// what stands there.
Result<AwsKeys> ParseAwsKeyFile(std::string_view text, const std::string& file);

// Those of a file of mode 0600; errors as ReadSecretFile has them.
Result<AwsKeys> KeysOfFile(const std::string& file);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_KEY_FILE_H_
