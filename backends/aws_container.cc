#include "backends/aws_container.h"

#include <arpa/inet.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "backends/aws_http.h"
#include "backends/aws_json_keys.h"

namespace brimfs {
namespace {

constexpr char kRelativeUri[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr char kFullUri[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr char kTokenFile[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr char kToken[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

constexpr size_t kMaxToken = 64 * 1024;

Result<Url> Endpoint(const AwsContext& context) {
  if (const std::string path = context.environment(kRelativeUri); !path.empty()) {
    if (!path.starts_with('/')) {
      return Status(Code::kInvalidArgument, std::string(kRelativeUri) + " begins with no '/'");
    }
    return ParseAwsUrl(kRelativeUri, context.container_origin + path);
  }
  const std::string text = context.environment(kFullUri);
  if (text.empty()) {
    return Status(Code::kNotFound, std::string(kRelativeUri) + " and " + kFullUri + " are not set");
  }
  auto url = ParseAwsUrl(kFullUri, text);
  if (url.ok() && !IsContainerEndpoint(*url)) {
    return Status(Code::kInvalidArgument,
                  std::string(kFullUri) + ": " + url->Origin() +
                      " is not asked: expected https, a loopback address, or one of ECS and EKS");
  }
  return url;
}

// Empty: there is none.
Result<std::string> Authorization(const AwsContext& context) {
  const std::string file = context.environment(kTokenFile);
  std::string token = context.environment(kToken);
  if (!file.empty()) {
    auto text = ReadAwsFile(file, kMaxToken);
    if (!text.ok()) return text.status();
    token = *std::move(text);
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  }
  if (token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return Status(Code::kInvalidArgument, std::string(file.empty() ? kToken : kTokenFile) +
                                              ": the token has more than one line");
  }
  return token;
}

}  // namespace

bool IsContainerEndpoint(const Url& url) {
  if (url.scheme == "https" || url.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, url.host.c_str(), &v4) == 1) {
    constexpr std::string_view kOurs[] = {"169.254.170.2", "169.254.170.23"};
    return ntohl(v4.s_addr) >> 24 == 127 ||
           std::find(std::begin(kOurs), std::end(kOurs), url.host) != std::end(kOurs);
  }
  in6_addr v6{};
  in6_addr eks{};
  if (url.host.size() < 2 ||
      inet_pton(AF_INET6, url.host.substr(1, url.host.size() - 2).c_str(), &v6) != 1) {
    return false;
  }
  inet_pton(AF_INET6, "fd00:ec2::23", &eks);
  return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_ARE_ADDR_EQUAL(&v6, &eks);
}

Result<AwsKeys> KeysOfContainer(const AwsContext& context, const CallLimits& limits) {
  const auto url = Endpoint(context);
  if (!url.ok()) return url.status();
  const auto token = Authorization(context);
  if (!token.ok()) return token.status();
  std::vector<std::string> headers;
  if (!token->empty()) headers.push_back("Authorization: " + *token);

  AwsHttp http(context.DirectTransport(context.patience.connect),
               {.tries = context.patience.tries,
                .between = context.patience.between_tries,
                .answer = context.patience.answer});
  HttpRequest request = AwsRequest(HttpRequest::Method::kGet, *url, std::move(headers));
  request.headers = {"Accept: application/json"};
  const auto answer = http.Ask(request, limits);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) {
    return Status(Code::kDenied, AwsSaid(*url, "the container's endpoint for keys answered " +
                                                   std::to_string(answer->status)));
  }
  return ParseJsonKeys(answer->body, AwsJsonForm::kContainer, url->Origin());
}

}  // namespace brimfs
