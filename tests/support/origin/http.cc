#include "tests/support/origin/http.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace brimfs {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const std::string* OriginRequest::Header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? nullptr : &it->second;
}

std::optional<OriginRequest> ParseRequest(std::string_view head) {
  OriginRequest request;
  size_t line_end = std::min(head.find("\r\n"), head.size());
  const std::string_view first = head.substr(0, line_end);
  const size_t method_end = first.find(' ');
  const size_t target_end = first.rfind(' ');
  if (method_end == first.npos || target_end <= method_end ||
      first.substr(target_end + 1, 7) != "HTTP/1.") {
    return std::nullopt;
  }
  request.method = first.substr(0, method_end);
  request.target = first.substr(method_end + 1, target_end - method_end - 1);
  if (request.target.empty() || request.target[0] != '/') return std::nullopt;
  const std::string_view target = request.target;
  request.path = PercentDecode(target.substr(1, std::min(target.find('?'), target.size()) - 1));
  while (line_end < head.size()) {
    head.remove_prefix(line_end + 2);
    line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    const size_t colon = line.find(':');
    if (colon == line.npos) return std::nullopt;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = Trim(line.substr(colon + 1));
  }
  return request;
}

std::optional<Range> ParseRange(std::string_view value, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit) || value.find(',') != value.npos) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const size_t dash = value.find('-');
  if (dash == value.npos) return std::nullopt;
  const std::string_view from = Trim(value.substr(0, dash));
  const std::string_view to = Trim(value.substr(dash + 1));
  if (from.empty()) {
    const std::optional<uint64_t> last = ParseNumber(to);
    if (!last) return std::nullopt;
    return Range{size - std::min(*last, size), size};
  }
  const std::optional<uint64_t> begin = ParseNumber(from);
  const std::optional<uint64_t> end = to.empty() ? size : ParseNumber(to);
  if (!begin || !end || (!to.empty() && *end < *begin)) return std::nullopt;
  if (*begin >= size) return Range{};
  return Range{*begin, to.empty() ? size : std::min(*end, size - 1) + 1};
}

bool MatchesEtag(std::string_view list, std::string_view etag) {
  if (Trim(list) == "*") return true;
  if (etag.empty() || etag.starts_with("W/")) return false;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (Trim(list.substr(0, comma)) == etag) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::string HttpDate(std::time_t time) {
  std::tm utc;
  gmtime_r(&time, &utc);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
}

std::optional<std::time_t> ParseHttpDate(const std::string& text) {
  std::tm utc{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&utc);
}

std::string PercentEncode(std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (text[i] == '%' && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace brimfs
