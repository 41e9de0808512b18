#include "backends/aws_key_file.h"

#include <algorithm>
#include <utility>

#include "backends/http_headers.h"
#include "backends/secret_file.h"

namespace brimfs {
namespace {

constexpr char kExpected[] =
    "expected access_key_id=, secret_access_key= or session_token=, or one line ID:SECRET";

std::string AwsKeys::*FieldOf(std::string_view name) {
  if (name.starts_with("aws_")) name.remove_prefix(4);
  if (name == "access_key_id") return &AwsKeys::access_key_id;
  if (name == "secret_access_key") return &AwsKeys::secret_access_key;
  if (name == "session_token") return &AwsKeys::session_token;
  return nullptr;
}

// What is wrong with the line, or null.
const char* TakeLine(std::string_view line, AwsKeys& keys) {
  const size_t equals = std::min(line.find('='), line.size());
  const std::string_view name = TrimSpace(line.substr(0, equals));
  if (const auto field = FieldOf(name); field != nullptr && equals < line.size()) {
    const std::string_view value = TrimSpace(line.substr(equals + 1));
    if (!(keys.*field).empty()) return "a second value of the same name";
    if (value.empty()) return "nothing behind the '='";
    keys.*field = value;
    return nullptr;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.find(':', colon + 1) != std::string_view::npos) {
    return kExpected;
  }
  if (!keys.access_key_id.empty() || !keys.secret_access_key.empty()) {
    return "a second pair of keys";
  }
  keys.access_key_id = TrimSpace(line.substr(0, colon));
  keys.secret_access_key = TrimSpace(line.substr(colon + 1));
  return nullptr;
}

}  // namespace

Result<AwsKeys> ParseAwsKeyFile(std::string_view text, const std::string& file) {
  AwsKeys keys;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = TrimSpace(line);
    if (line.empty() || line.front() == '#') continue;
    if (const char* wrong = TakeLine(line, keys)) {
      return Status(Code::kInvalidArgument, file + ":" + std::to_string(number) + ": " + wrong);
    }
  }
  return CheckAwsKeys(std::move(keys), file);
}

Result<AwsKeys> KeysOfFile(const std::string& file) {
  const auto secret = ReadSecretFile(file);
  if (!secret.ok()) return secret.status();
  return ParseAwsKeyFile(secret->text, file);
}

}  // namespace brimfs
