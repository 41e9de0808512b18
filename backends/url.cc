#include "backends/url.h"

#include <curl/curl.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <optional>

namespace brimfs {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

std::optional<std::string> Part(const CurlUrl& url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string part(text);
  curl_free(text);
  return part;
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

uint16_t DefaultPort(const std::string& scheme) { return scheme == "https" ? 443 : 80; }

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// libcurl takes "http:///dir" and "http:/dir" for the host "dir".
bool NamesNoHost(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) return false;
  const std::string_view rest = text.substr(colon + 1);
  return !rest.starts_with("//") || rest.substr(2).starts_with('/');
}

// Nothing if the parts that we need are not there.
std::optional<Url> Take(const CurlUrl& parsed) {
  const auto scheme = Part(parsed, CURLUPART_SCHEME);
  const auto host = Part(parsed, CURLUPART_HOST);
  const auto port = Part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto path = Part(parsed, CURLUPART_PATH);
  if (!scheme || !host || !port || !path) return std::nullopt;
  Url url;
  url.scheme = LowerCase(*scheme);
  url.host = LowerCase(*host);
  url.path = *path;
  url.query = Part(parsed, CURLUPART_QUERY).value_or("");
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), url.port);
  if (error != std::errc() || end != port->data() + port->size()) return std::nullopt;
  return url;
}

bool HasUserInfo(const CurlUrl& parsed) {
  return Part(parsed, CURLUPART_USER) || Part(parsed, CURLUPART_PASSWORD);
}

}  // namespace

std::string Url::ToString() const {
  return query.empty() ? WithoutQuery() : WithoutQuery() + "?" + query;
}

std::string Url::Origin() const {
  std::string text = scheme + "://" + host;
  if (port != DefaultPort(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::WithoutQuery() const { return Origin() + path; }

std::string Url::Fingerprint() const {
  if (query.empty()) return WithoutQuery();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(query.data(), query.size(), digest, &size, EVP_sha256(), nullptr);
  std::string text = WithoutQuery() + "?sha256=";
  for (unsigned i = 0; i < size; ++i) text += {kHex[digest[i] >> 4], kHex[digest[i] & 15]};
  return text;
}

Result<Url> ParseUrl(const std::string& text) {
  if (NamesNoHost(LowerCase(text))) {
    return Status(Code::kInvalidArgument,
                  "the URL names no host: write it as http://HOST/PATH, with two slashes");
  }
  const CurlUrl parsed(curl_url());
  if (const CURLUcode error =
          curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_URLENCODE);
      error != CURLUE_OK) {
    return Status(Code::kInvalidArgument,
                  std::string("not an http or https URL: ") + curl_url_strerror(error));
  }
  if (HasUserInfo(parsed)) {
    return Status(Code::kInvalidArgument,
                  "the URL holds a user name or password, which every user of this machine could "
                  "see: leave out what stands before the '@', and use -o credentials=");
  }
  if (Part(parsed, CURLUPART_FRAGMENT)) {
    return Status(Code::kInvalidArgument,
                  "the URL holds a '#': write it as %23 if it belongs to a name");
  }
  if (auto url = Take(parsed)) return *std::move(url);
  return Status(Code::kInvalidArgument, "not an http or https URL");
}

Result<Url> ResolveUrl(const Url& base, const std::string& reference) {
  if (NamesNoHost(LowerCase(reference))) return Status(Code::kProtocol, "a link without a host");
  const CurlUrl parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, base.ToString().c_str(), 0) != CURLUE_OK ||
      curl_url_set(parsed.get(), CURLUPART_URL, reference.c_str(), CURLU_URLENCODE) != CURLUE_OK) {
    return Status(Code::kProtocol, "a link that is no http or https URL");
  }
  if (HasUserInfo(parsed)) return Status(Code::kProtocol, "a link with a user name in it");
  if (auto url = Take(parsed)) return *std::move(url);
  return Status(Code::kProtocol, "a link that is no http or https URL");
}

bool SameOrigin(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

Url JoinPath(const Url& base, std::string_view path) {
  Url url = base;
  if (path.empty()) return url;
  url = AsDirectory(std::move(url));
  url.path += EncodePath(path);
  return url;
}

Url AsDirectory(Url url) {
  if (!url.path.ends_with('/')) url.path += '/';
  return url;
}

std::string EncodeComponent(std::string_view component) {
  std::string encoded;
  encoded.reserve(component.size());
  for (const char c : component) {
    if (IsUnreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

std::string EncodePath(std::string_view path) {
  std::string encoded;
  for (size_t slash; (slash = path.find('/')) != std::string_view::npos;) {
    encoded += EncodeComponent(path.substr(0, slash)) + '/';
    path.remove_prefix(slash + 1);
  }
  return encoded + EncodeComponent(path);
}

std::string DecodePercent(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* digits = text.data() + i + 1;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
        decoded += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

}  // namespace brimfs
