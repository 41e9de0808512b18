#include "backends/http_client.h"

#include <optional>

#include "backends/ip_address.h"
#include "backends/redirect.h"

namespace brimfs {
namespace {

// Keeps redirects to itself and passes every other answer on.
class RedirectCatcher : public HttpResponder {
 public:
  RedirectCatcher(const Url& from, HttpResponder& next) : from_(from), next_(next) {}

  Status OnHead(const HttpHead& head) override {
    peer_ = head.peer;
    if (!IsRedirect(head.status)) return next_.OnHead(head);
    auto target = RedirectTarget(from_, head);
    if (!target.ok()) return target.status();
    target_ = std::move(*target);
    return Status(Code::kEof);
  }

  Status OnBody(std::span<const std::byte> data) override { return next_.OnBody(data); }

  const std::optional<Url>& target() const { return target_; }
  const std::string& peer() const { return peer_; }

 private:
  const Url& from_;
  HttpResponder& next_;
  std::optional<Url> target_;
  std::string peer_;
};

}  // namespace

Status HttpClient::Perform(HttpRequest request, HttpResponder& responder, const CallLimits& limits,
                           const OnRedirect& on_redirect) {
  for (int followed = 0;; ++followed) {
    RedirectCatcher catcher(request.url, responder);
    BRIMFS_RETURN_IF_ERROR(transport_.Perform(request, catcher, limits));
    if (!catcher.target()) return OkStatus();
    if (on_redirect && !on_redirect(request.url, *catcher.target())) return OkStatus();
    if (followed == kMaxRedirects) return Status(Code::kProtocol, "too many redirects");
    if (followed == 0) request.public_addresses_only = !IsPrivateAddress(catcher.peer());
    request.url = *catcher.target();
  }
}

}  // namespace brimfs
