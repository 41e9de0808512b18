#include "backends/request_log.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "core/log.h"

namespace brimfs {
namespace {

constexpr size_t kLongestId = 100;

}  // namespace

RequestLog::RequestLog(const HttpRequest& request)
    : request_(request), started_(std::chrono::steady_clock::now()) {
  static std::atomic<uint64_t> last{0};
  SetLogRequest(std::to_string(last.fetch_add(1, std::memory_order_relaxed) + 1));
}

void RequestLog::OnHead(const HttpHead& head) {
  status_ = head.status;
  for (const char* const field : {"x-amz-request-id", "X-Request-Id"}) {
    const std::optional<std::string> id = head.headers.Find(field);
    if (!id || id->empty() || id->size() > kLongestId) continue;
    SetLogRequest(*id);
    return;
  }
}

void RequestLog::End(const Status& result) const {
  if (!LogEnabled(LogLevel::kDebug)) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started_);
  std::string line = std::string(MethodName(request_.method)) + " ";
  line += request_.secret_path ? request_.url.Origin() : request_.url.WithoutQuery();
  line += status_ == 0 ? ": no answer" : ": status " + std::to_string(status_);
  line += " in " + std::to_string(took.count()) + " ms";
  if (!result.ok()) line += "; " + result.ToString();
  Log(LogLevel::kDebug, line);
}

}  // namespace brimfs
