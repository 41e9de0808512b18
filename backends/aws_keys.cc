#include "backends/aws_keys.h"

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

bool IsVisible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<AwsKeys> CheckAwsKeys(AwsKeys keys, const std::string& where) {
  const char* wrong = nullptr;
  if (keys.access_key_id.empty()) {
    wrong = "an access key id is missing";
  } else if (keys.secret_access_key.empty()) {
    wrong = "a secret access key is missing";
  } else if (!IsVisible(keys.access_key_id)) {
    wrong = "the access key id holds a space, or what is not ASCII";
  } else if (!IsVisible(keys.secret_access_key)) {
    wrong = "the secret access key holds a space, or what is not ASCII";
  } else if (!IsVisible(keys.session_token)) {
    wrong = "the session token holds a space, or what is not ASCII";
  }
  if (wrong == nullptr) return keys;
  return Status(Code::kInvalidArgument, where + ": " + wrong);
}

}  // namespace brimfs
