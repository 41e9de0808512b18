#include "backends/aws_sso.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "backends/aws_http.h"
#include "backends/aws_json_keys.h"
#include "backends/aws_sts.h"

namespace brimfs {
namespace {

using nlohmann::json;

constexpr size_t kMaxCached = 256 * 1024;
constexpr char kRemedy[] = ": run `aws sso login`";

Result<std::string> CachedToken(const AwsContext& context, const AwsSso& sso) {
  const std::string file = context.Home() + "/.aws/sso/cache/" + SsoCacheName(sso.cached_as);
  const auto text = ReadAwsFile(file, kMaxCached);
  if (text.code() == Code::kNotFound) {
    return Status(Code::kDenied, file + ": there is no SSO token" + kRemedy);
  }
  if (!text.ok()) return text.status();
  return ParseSsoToken(*text, context.wall_clock(), file);
}

Result<Url> PortalUrl(const AwsSso& sso) {
  if (!IsAwsRegion(sso.region)) {
    return Status(Code::kInvalidArgument, "sso_region is no name of a region");
  }
  const std::string portal = sso.endpoint.empty()
                                 ? "https://portal.sso." + sso.region + "." + AwsDomain(sso.region)
                                 : sso.endpoint;
  auto base = ParseAwsUrl("the endpoint of the SSO portal", portal);
  if (!base.ok()) return base;
  return AwsUrlBelow(*base, "/federation/credentials?role_name=" + EncodeComponent(sso.role_name) +
                                "&account_id=" + EncodeComponent(sso.account_id));
}

}  // namespace

Result<AwsKeys> KeysOfSso(const AwsContext& context, const AwsSso& sso, const CallLimits& limits) {
  const auto url = PortalUrl(sso);
  if (!url.ok()) return url.status();
  const auto token = CachedToken(context, sso);
  if (!token.ok()) return token.status();

  HttpTransport::Options options = context.transport;
  options.connect_timeout = std::min(options.connect_timeout, context.patience.connect);
  AwsHttp http(options, {.tries = context.patience.tries,
                         .between = context.patience.between_tries,
                         .answer = context.patience.answer});
  const auto answer = http.Ask(
      AwsRequest(HttpRequest::Method::kGet, *url, {"x-amz-sso_bearer_token: " + *token}), limits);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) {
    std::string said = "the SSO portal refuses the role " + sso.role_name + " of the account ";
    said += sso.account_id + ": answered " + std::to_string(answer->status);
    return Status(Code::kDenied, AwsSaid(*url, said + (answer->status == 401 ? kRemedy : "")));
  }
  return ParseJsonKeys(answer->body, AwsJsonForm::kSso, url->Origin());
}

std::string SsoCacheName(const std::string& cached_as) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(cached_as.data(), cached_as.size(), digest, &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size}) + ".json";
}

Result<std::string> ParseSsoToken(const std::string& text, absl::Time now,
                                  const std::string& where) {
  const json cached = json::parse(text, nullptr, false);
  const auto text_in = [&cached](const char* name) {
    const auto found = cached.find(name);
    return found != cached.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string token = cached.is_object() ? text_in("accessToken") : "";
  const auto expires = cached.is_object() ? ParseAwsTime(text_in("expiresAt")) : std::nullopt;
  const bool visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (token.empty() || !visible || !expires) {
    return Status(Code::kInvalidArgument, where + ": no SSO token" + kRemedy);
  }
  if (*expires <= now) return Status(Code::kDenied, where + ": the SSO token has ended" + kRemedy);
  return token;
}

}  // namespace brimfs
