#include "backends/http_client.h"

#include <optional>
#include <utility>

#include "backends/redirect.h"

namespace brimfs {
namespace {

// Keeps to itself what leads to another request, and passes every other answer on.
class AnswerCatcher : public HttpResponder {
 public:
  // `credentials`, with which `request` was made, may be null, and is once they were renewed.
  AnswerCatcher(const HttpRequest& request, Credentials* credentials, HttpResponder& next)
      : request_(request), credentials_(credentials), next_(next) {}

  Status OnHead(const HttpHead& head) override {
    private_peer_ = head.private_peer;
    if (credentials_ != nullptr && (head.status == 401 || head.status == 403)) {
      renewed_ = credentials_->Instead(request_.login);
      if (renewed_ != nullptr) return Status(Code::kEof);
    }
    if (!IsRedirect(head.status)) return next_.OnHead(head);
    auto target = RedirectTarget(request_.url, head);
    if (!target.ok()) return target.status();
    target_ = std::move(*target);
    return Status(Code::kEof);
  }

  Status OnBody(std::span<const std::byte> data) override { return next_.OnBody(data); }

  const std::shared_ptr<const Login>& renewed() const { return renewed_; }
  const std::optional<Url>& target() const { return target_; }
  bool private_peer() const { return private_peer_; }

 private:
  const HttpRequest& request_;
  Credentials* const credentials_;
  HttpResponder& next_;
  std::shared_ptr<const Login> renewed_;
  std::optional<Url> target_;
  bool private_peer_ = false;
};

}  // namespace

Status HttpClient::Perform(HttpRequest request, HttpResponder& responder, const CallLimits& limits,
                           const OnRedirect& on_redirect) {
  const Url source = request.url;
  std::shared_ptr<const Login> login = credentials_ != nullptr ? credentials_->Current() : nullptr;
  bool may_renew = true;
  for (int followed = 0;;) {
    request.login = SameOrigin(request.url, source) ? login : nullptr;
    AnswerCatcher catcher(request, request.login && may_renew ? credentials_.get() : nullptr,
                          responder);
    BRIMFS_RETURN_IF_ERROR(transport_.Perform(request, catcher, limits));
    if (catcher.renewed() != nullptr) {
      login = catcher.renewed();
      may_renew = false;
      continue;
    }
    if (!catcher.target()) return OkStatus();
    if (on_redirect && !on_redirect(request.url, *catcher.target())) return OkStatus();
    if (followed == kMaxRedirects) return Status(Code::kProtocol, "too many redirects");
    if (followed == 0) request.public_addresses_only = !catcher.private_peer();
    request.url = *catcher.target();
    ++followed;
  }
}

}  // namespace brimfs
