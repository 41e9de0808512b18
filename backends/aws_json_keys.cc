#include "backends/aws_json_keys.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "backends/http_date.h"

namespace brimfs {
namespace {

using nlohmann::json;

struct Names {
  const char* access_key_id = "AccessKeyId";
  const char* secret_access_key = "SecretAccessKey";
  const char* session_token = "Token";
  const char* expiration = "Expiration";
};

Names NamesOf(AwsJsonForm form) {
  switch (form) {
    case AwsJsonForm::kProcess:
      return {.session_token = "SessionToken"};
    case AwsJsonForm::kSso:
      return {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"};
    case AwsJsonForm::kContainer:
    case AwsJsonForm::kMetadata:
      break;
  }
  return {};
}

// Empty if it is not there, or no text.
std::string TextIn(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Nothing: it is there and cannot be read.
std::optional<absl::Time> ExpirationIn(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return absl::InfiniteFuture();
  if (found->is_number_integer()) return absl::FromUnixMillis(found->get<int64_t>());
  return found->is_string() ? ParseAwsTime(found->get<std::string>()) : std::nullopt;
}

}  // namespace

Result<AwsKeys> ParseJsonKeys(std::string_view text, AwsJsonForm form, const std::string& where) {
  const auto broken = [&where](const std::string& what) {
    return Status(Code::kProtocol, where + ": " + what);
  };
  json object = json::parse(text, nullptr, false);
  if (form == AwsJsonForm::kSso && object.is_object()) {
    object = object.value("roleCredentials", json());
  }
  if (!object.is_object()) return broken("no keys in JSON");
  if (form == AwsJsonForm::kProcess && object.value("Version", json()) != 1) {
    return broken("expected \"Version\": 1");
  }
  if (form == AwsJsonForm::kMetadata && object.value("Code", json("Success")) != "Success") {
    return broken("has no keys at this moment");
  }
  const Names names = NamesOf(form);
  const auto expires = ExpirationIn(object, names.expiration);
  if (!expires) return broken("the keys end at a time that cannot be read");
  auto keys = CheckAwsKeys({.access_key_id = TextIn(object, names.access_key_id),
                            .secret_access_key = TextIn(object, names.secret_access_key),
                            .session_token = TextIn(object, names.session_token),
                            .expires = *expires},
                           where);
  if (!keys.ok()) return Status(Code::kProtocol, keys.status().message());
  return keys;
}

std::optional<absl::Time> ParseAwsTime(std::string text) {
  if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
  return ParseRfc3339(text);
}

}  // namespace brimfs
