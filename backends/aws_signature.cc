#include "backends/aws_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "backends/http_headers.h"
#include "backends/url.h"

namespace brimfs {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Trimmed, and every run of spaces one.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  for (const char c : TrimSpace(value)) {
    if (c != ' ' || !canonical.ends_with(' ')) canonical += c;
  }
  return canonical;
}

// By name in lower case; the values of one name joined.
class CanonicalHeaders {
 public:
  void Add(std::string_view name, std::string_view value) {
    const auto [place, is_new] = values_.try_emplace(LowerCase(name), CanonicalValue(value));
    if (!is_new) place->second += "," + CanonicalValue(value);
  }

  // As libcurl takes them: "Name;" is sent empty, "Name:" is not sent.
  void AddLine(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      const std::string_view value = TrimSpace(line.substr(colon + 1));
      if (!value.empty()) Add(line.substr(0, colon), value);
    } else if (line.ends_with(';')) {
      Add(line.substr(0, line.size() - 1), "");
    }
  }

  std::string Lines() const {
    std::string lines;
    for (const auto& [name, value] : values_) lines.append(name).append(":").append(value) += '\n';
    return lines;
  }

  std::string Names() const {
    std::string names;
    for (const auto& [name, value] : values_) names.append(names.empty() ? "" : ";").append(name);
    return names;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    const size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
    parameters.emplace_back(EncodeComponent(DecodePercent(parameter.substr(0, equals))),
                            EncodeComponent(DecodePercent(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical.append(canonical.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return canonical;
}

std::string CanonicalPath(const std::string& path, bool is_s3) {
  if (path.empty()) return "/";
  return is_s3 ? path : EncodePath(path);
}

std::string HostOf(const Url& url) { return url.Origin().substr(url.scheme.size() + 3); }

}  // namespace

std::string HexSha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return Hex({reinterpret_cast<const char*>(digest), size});
}

AwsSignature SignRequest(const HttpRequest& request, const std::vector<std::string>& secret_headers,
                         const AwsKeys& keys, const SigningScope& scope) {
  const bool is_s3 = scope.service == "s3";
  const std::string time = absl::FormatTime("%Y%m%dT%H%M%SZ", scope.time, absl::UTCTimeZone());
  const std::string day = time.substr(0, 8);
  const std::string payload = HexSha256(request.body);

  AwsSignature signature;
  signature.headers.push_back("X-Amz-Date: " + time);
  if (is_s3) signature.headers.push_back("X-Amz-Content-Sha256: " + payload);
  if (!keys.session_token.empty()) {
    signature.headers.push_back("X-Amz-Security-Token: " + keys.session_token);
  }

  CanonicalHeaders headers;
  headers.Add("host", HostOf(request.url));
  for (const auto* lines : {&request.headers, &secret_headers, &std::as_const(signature.headers)}) {
    for (const std::string& line : *lines) headers.AddLine(line);
  }
  const std::string names = headers.Names();
  signature.canonical_request = std::string(MethodName(request.method)) + "\n" +
                                CanonicalPath(request.url.path, is_s3) + "\n" +
                                CanonicalQuery(request.url.query) + "\n" + headers.Lines() + "\n" +
                                names + "\n" + payload;

  const std::string place = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  signature.string_to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + place + "\n" +
                             HexSha256(signature.canonical_request);

  std::string key = "AWS4" + keys.secret_access_key;
  for (const std::string_view part :
       {std::string_view(day), std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = Hmac(key, part);
  }
  signature.headers.push_back("Authorization: " + std::string(kAlgorithm) + " Credential=" +
                              keys.access_key_id + "/" + place + ", SignedHeaders=" + names +
                              ", Signature=" + Hex(Hmac(key, signature.string_to_sign)));
  return signature;
}

}  // namespace brimfs
