#include "backends/login.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "backends/http_headers.h"

namespace brimfs {
namespace {

// Calls `take` with every line that says something. It answers what is wrong with it, or nothing.
using TakeLine = std::function<std::string(std::string_view line)>;

Status EachLine(std::string_view text, const std::string& file, const TakeLine& take) {
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (TrimSpace(line).empty() || line.starts_with('#')) continue;
    const bool has_control = std::any_of(line.begin(), line.end(), [](unsigned char c) {
      return (c < 0x20 && c != '\t') || c == 0x7f;
    });
    const std::string wrong = has_control ? "a control character" : take(line);
    if (wrong.empty()) continue;
    std::string where = file + ":";
    where.append(std::to_string(number)).append(": ").append(wrong);
    return Status(Code::kInvalidArgument, std::move(where));
  }
  return OkStatus();
}

// RFC 9110, section 5.6.2.
bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// What a request says by itself, or what would change the meaning of its answer.
bool IsOurs(std::string_view name) {
  static constexpr std::string_view kOurs[] = {
      "Accept",     "Accept-Encoding", "Connection", "Content-Length",    "Expect",  "Host",
      "Keep-Alive", "Range",           "TE",         "Transfer-Encoding", "Upgrade",
  };
  const auto equals = [&](std::string_view ours) { return EqualsIgnoringCase(ours, name); };
  const bool conditional = EqualsIgnoringCase(name.substr(0, 3), "If-");
  const bool of_proxy = EqualsIgnoringCase(name.substr(0, 6), "Proxy-");
  return conditional || of_proxy || std::any_of(std::begin(kOurs), std::end(kOurs), equals);
}

}  // namespace

Result<Login> ParseCredentials(std::string_view text, const std::string& file) {
  Login login;
  const auto take = [&login](std::string_view line) -> std::string {
    const size_t equals = line.find('=');
    const std::string_view name = line.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
    std::string* const field = name == "username"   ? &login.username
                               : name == "password" ? &login.password
                               : name == "token"    ? &login.token
                                                    : nullptr;
    if (field == nullptr) return "expected username=, password= or token=";
    if (!field->empty()) return "a second " + std::string(name) + "=";
    if (value.empty()) return "nothing behind " + std::string(name) + "=";
    *field = value;
    return {};
  };
  BRIMFS_RETURN_IF_ERROR(EachLine(text, file, take));
  const bool has_name = !login.username.empty();
  if (!login.token.empty() && (has_name || !login.password.empty())) {
    return Status(Code::kInvalidArgument, file + ": either token=, or username= and password=");
  }
  if (login.token.empty() && (!has_name || login.password.empty())) {
    return Status(Code::kInvalidArgument, file + ": expected username= and password=, or token=");
  }
  if (login.username.find(':') != std::string::npos) {
    return Status(Code::kInvalidArgument, file + ": a user name cannot hold a ':'");
  }
  return login;
}

Result<std::vector<std::string>> ParseHeaderLines(std::string_view text, const std::string& file) {
  std::vector<std::string> headers;
  const auto take = [&headers](std::string_view line) -> std::string {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      return "expected \"Name: value\"";
    }
    const std::string name(line.substr(0, colon));
    const std::string value(TrimSpace(line.substr(colon + 1)));
    if (IsOurs(name)) return "the field " + name + " cannot be chosen: brimfs sends its own";
    // libcurl takes "Name:" for "do not send it" and "Name;" for "send it empty".
    headers.push_back(value.empty() ? name + ";" : name + ": " + value);
    return {};
  };
  BRIMFS_RETURN_IF_ERROR(EachLine(text, file, take));
  return headers;
}

}  // namespace brimfs
