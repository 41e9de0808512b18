#include "backends/redirect.h"

namespace brimfs {

bool IsRedirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

Result<Url> RedirectTarget(const Url& from, const HttpHead& head) {
  const auto location = head.headers.Find("Location");
  if (!location || location->empty() || head.headers.Conflicting("Location")) {
    return Status(Code::kProtocol, "a redirect without one clear Location");
  }
  auto target = ResolveUrl(from, *location);
  if (target.ok() && from.scheme == "https" && target->scheme == "http") {
    return Status(Code::kUntrusted, "refused a redirect from https to http");
  }
  return target;
}

bool NamesDirectory(const Url& from, const Url& target) {
  return !from.path.ends_with('/') && DecodePercent(target.path) == DecodePercent(from.path) + "/";
}

}  // namespace brimfs
