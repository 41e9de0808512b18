#include "backends/aws_http.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "backends/body_keeper.h"
#include "backends/retrying.h"
#include "core/clock.h"

namespace brimfs {
namespace {

constexpr size_t kMaxBody = 256 * 1024;

// False: stopped, or the deadline is sooner.
bool WaitFor(Duration wait, const CallLimits& limits) {
  const TimePoint until = After(Clock::Steady().Now(), wait);
  return until < limits.deadline && SleepUntil(until, limits.stop);
}

}  // namespace

Result<AwsAnswer> AwsHttp::Ask(const HttpRequest& request, const CallLimits& limits) {
  CallLimits our_limits = limits;
  our_limits.first_byte = std::min(limits.first_byte, tries_.answer);
  our_limits.stall = std::min(limits.stall, tries_.answer);
  Duration wait = tries_.between;
  for (int attempt = 1;; ++attempt) {
    Result<AwsAnswer> answer = AskOnce(request, our_limits);
    if (answer.code() != Code::kUnavailable || attempt >= tries_.tries) return answer;
    if (!WaitFor(wait, limits)) return answer;
    wait *= 2;
  }
}

Result<AwsAnswer> AwsHttp::AskOnce(const HttpRequest& request, const CallLimits& limits) {
  BodyKeeper keeper(kMaxBody, "an answer over 256 KiB");
  const Status status = transport_.Perform(request, keeper, limits);
  if (!status.ok()) return Status(status.code(), AwsSaid(request.url, status.message()));
  const int answered = keeper.head().status;
  if (answered == 429 || answered >= 500) {
    return Status(Code::kUnavailable, AwsSaid(request.url, "answered " + std::to_string(answered)));
  }
  return AwsAnswer{answered, std::move(keeper.body())};
}

HttpRequest AwsRequest(HttpRequest::Method method, const Url& url,
                       std::vector<std::string> secret_headers) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  auto login = std::make_shared<Login>();
  login->headers = std::move(secret_headers);
  request.login = std::move(login);
  request.secret_path = true;
  return request;
}

std::string AwsSaid(const Url& url, const std::string& what) { return url.Origin() + ": " + what; }

Result<Url> ParseAwsUrl(const std::string& name, const std::string& value) {
  auto url = ParseUrl(value);
  if (!url.ok()) return Status(Code::kInvalidArgument, name + ": " + url.status().message());
  return url;
}

Result<Url> AwsUrlBelow(const Url& base, const std::string& path) {
  std::string text = base.WithoutQuery();
  while (text.ends_with('/')) text.pop_back();
  return ParseUrl(text + path);
}

}  // namespace brimfs
