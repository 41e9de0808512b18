#include "backends/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "backends/http_headers.h"

namespace brimfs {

Status CheckProxy(const std::string& proxy) {
  static constexpr std::string_view kSchemes[] = {"http",    "https",  "socks4",
                                                  "socks4a", "socks5", "socks5h"};
  std::string_view rest = proxy;
  if (const size_t end = rest.find("://"); end != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, end);
    const auto equals = [&](std::string_view known) { return EqualsIgnoringCase(known, scheme); };
    if (std::none_of(std::begin(kSchemes), std::end(kSchemes), equals)) {
      return Status(Code::kInvalidArgument,
                    "option proxy: no such kind of proxy: " + std::string(scheme) +
                        "; there are http, https, socks4, socks4a, socks5 and socks5h");
    }
    rest.remove_prefix(end + 3);
  }
  if (rest.find('@') != std::string_view::npos) {
    return Status(Code::kInvalidArgument,
                  "option proxy: holds a user name or password, which every user of this machine "
                  "could see: name a file with proxy_credentials=");
  }
  if (rest.empty() || rest.front() == '/') {
    return Status(Code::kInvalidArgument, "option proxy: names no host");
  }
  return OkStatus();
}

bool EnvironmentNamesProxy() {
  static constexpr const char* kNames[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                           "ALL_PROXY"};
  return std::any_of(std::begin(kNames), std::end(kNames), [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
  });
}

}  // namespace brimfs
