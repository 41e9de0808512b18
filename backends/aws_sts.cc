#include "backends/aws_sts.h"

#include <algorithm>
#include <pugixml.hpp>
#include <utility>
#include <vector>

#include "backends/aws_http.h"
#include "backends/aws_json_keys.h"
#include "backends/aws_signature.h"

namespace brimfs {
namespace {

constexpr char kVersion[] = "2011-06-15";
constexpr char kContentType[] = "Content-Type: application/x-www-form-urlencoded; charset=utf-8";
constexpr char kGlobalRegion[] = "us-east-1";

class Form {
 public:
  explicit Form(const std::string& action) {
    Add("Action", action);
    Add("Version", kVersion);
  }

  // Nothing where there is no value.
  void Add(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text_.append(text_.empty() ? "" : "&").append(name).append("=").append(EncodeComponent(value));
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Form FormFor(const std::string& action, const AwsRole& role) {
  Form form(action);
  form.Add("RoleArn", role.arn);
  form.Add("RoleSessionName", role.session_name.empty() ? "brimfs" : role.session_name);
  form.Add("DurationSeconds", role.duration_seconds);
  return form;
}

HttpRequest RequestFor(const AwsSts& sts, const Form& form) {
  HttpRequest request = AwsRequest(HttpRequest::Method::kPost, sts.url);
  request.headers = {kContentType};
  request.body = form.text();
  return request;
}

bool IsCode(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':';
  });
}

Result<AwsKeys> Ask(const AwsContext& context, const AwsSts& sts, const AwsRole& role,
                    const HttpRequest& request, const CallLimits& limits) {
  HttpTransport::Options options = context.transport;
  options.connect_timeout = std::min(options.connect_timeout, context.patience.connect);
  AwsHttp http(options, {.tries = context.patience.tries,
                         .between = context.patience.between_tries,
                         .answer = context.patience.answer});
  const auto answer = http.Ask(request, limits);
  if (!answer.ok()) return answer.status();
  if (answer->status == 200) return ParseStsKeys(answer->body, sts.url.Origin());
  const std::string code = ParseStsError(answer->body);
  std::string said = "the role " + role.arn + " is refused: ";
  said += code.empty() ? "answered " + std::to_string(answer->status) : code;
  // The token's issuer did not answer STS.
  const bool passes = code == "Throttling" || code == "IDPCommunicationError";
  return Status(passes ? Code::kUnavailable : Code::kDenied, AwsSaid(sts.url, said));
}

}  // namespace

Result<AwsSts> FindSts(const std::string& region, const std::string& endpoint) {
  if (!region.empty() && !IsAwsRegion(region)) {
    return Status(Code::kInvalidArgument, "the AWS region is no name of a region");
  }
  auto url = !endpoint.empty() ? ParseAwsUrl("the endpoint of STS", endpoint)
             : region.empty()  ? ParseUrl("https://sts.amazonaws.com/")
                               : ParseUrl("https://sts." + region + "." + AwsDomain(region) + "/");
  if (!url.ok()) return url.status();
  return AwsSts{.url = *std::move(url), .region = region.empty() ? kGlobalRegion : region};
}

Result<AwsKeys> AssumeRole(const AwsContext& context, const AwsSts& sts, const AwsRole& role,
                           const AwsKeys& by, const CallLimits& limits) {
  Form form = FormFor("AssumeRole", role);
  form.Add("ExternalId", role.external_id);
  HttpRequest request = RequestFor(sts, form);
  const SigningScope scope{.region = sts.region, .service = "sts", .time = context.wall_clock()};
  auto login = std::make_shared<Login>();
  login->headers = SignRequest(request, {}, by, scope).headers;
  request.login = std::move(login);
  return Ask(context, sts, role, request, limits);
}

Result<AwsKeys> AssumeRoleWithWebIdentity(const AwsContext& context, const AwsSts& sts,
                                          const AwsRole& role, const std::string& token,
                                          const CallLimits& limits) {
  Form form = FormFor("AssumeRoleWithWebIdentity", role);
  form.Add("WebIdentityToken", token);
  return Ask(context, sts, role, RequestFor(sts, form), limits);
}

Result<AwsKeys> ParseStsKeys(std::string_view xml, const std::string& where) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node answer = document.document_element();
  // "AssumeRoleResponse" holds "AssumeRoleResult", and so for the other.
  const std::string name = answer.name();
  constexpr std::string_view kResponse = "Response";
  pugi::xml_node credentials;
  if (name.ends_with(kResponse)) {
    const std::string result = name.substr(0, name.size() - kResponse.size()) + "Result";
    credentials = answer.child(result.c_str()).child("Credentials");
  }
  if (!credentials) return Status(Code::kProtocol, where + ": no keys in XML");
  const auto expires = ParseAwsTime(credentials.child_value("Expiration"));
  if (!expires) {
    return Status(Code::kProtocol, where + ": the keys end at a time that cannot be read");
  }
  auto keys = CheckAwsKeys({.access_key_id = credentials.child_value("AccessKeyId"),
                            .secret_access_key = credentials.child_value("SecretAccessKey"),
                            .session_token = credentials.child_value("SessionToken"),
                            .expires = *expires},
                           where);
  if (!keys.ok()) return Status(Code::kProtocol, keys.status().message());
  return keys;
}

std::string ParseStsError(std::string_view xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node root = document.document_element();
  // Others than AWS leave the outer element out.
  const pugi::xml_node error = root.child("Error") ? root.child("Error") : root;
  const std::string code = error.child_value("Code");
  return IsCode(code) ? code : std::string();
}

bool IsAwsRegion(std::string_view region) {
  return !region.empty() && region.size() <= 63 &&
         std::all_of(region.begin(), region.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

const char* AwsDomain(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

}  // namespace brimfs
