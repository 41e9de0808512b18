#include "backends/http_transfer.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "backends/http_number.h"
#include "backends/http_transport.h"
#include "backends/ip_address.h"
#include "backends/network_watch.h"
#include "backends/transfer_error.h"

namespace brimfs {
namespace {

// A refused answer's rest is received if it is small: a page about an error costs less than a new
// connection.
constexpr uint64_t kMaxDrained = 16 * 1024;
constexpr Duration kDrainTime = std::chrono::milliseconds(50);

std::string Seconds(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

std::string NumericAddress(const curl_sockaddr& address) {
  char text[NI_MAXHOST] = "";
  getnameinfo(&address.addr, address.addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

}  // namespace

HttpTransfer::HttpTransfer(CURL* easy, const HttpRequest& request, const Way& way,
                           HttpResponder& responder, RequestLog& log, const CallLimits& limits)
    : easy_(easy),
      request_(request),
      way_(way),
      responder_(responder),
      log_(log),
      limits_(limits),
      last_progress_(std::chrono::steady_clock::now()) {
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeaderLine);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OnSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
}

TimePoint HttpTransfer::NextTimeout() const {
  const Duration silence = head_done_ ? limits_.stall : limits_.first_byte;
  return std::min(limits_.deadline, ended_ ? drain_until_ : After(last_progress_, silence));
}

std::optional<Status> HttpTransfer::EndsNow(TimePoint now) const {
  const Status wanted = StillWanted(now);
  if (wanted.ok() && now < NextTimeout()) return std::nullopt;
  if (ended_) return Ended();
  if (!wanted.ok()) return wanted;
  return head_done_ ? Status(Code::kUnavailable, "the answer stalled for " + Seconds(limits_.stall))
                    : Status(Code::kUnavailable, "no answer within " + Seconds(limits_.first_byte));
}

Status HttpTransfer::StillWanted(TimePoint now) const {
  if (limits_.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
  if (now >= limits_.deadline) return Status(Code::kTimedOut, "no complete answer in time");
  return OkStatus();
}

bool HttpTransfer::IsCutOff(bool asleep) const {
  if (asleep) return true;
  char* local = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_LOCAL_IP, &local);
  return local == nullptr || !IsOurAddress(local);
}

Status HttpTransfer::Finish(CURLcode error, const char* details) {
  if (error == CURLE_OK && held_back_ && !ended_) {
    const Status taken = HandOutHead();
    return taken.code() == Code::kEof ? OkStatus() : taken;
  }
  if (ended_) return Ended();
  if (error == CURLE_OK) {
    return head_done_ ? OkStatus() : Status(Code::kUnavailable, "closed before the answer's body");
  }
  if (refused_address_) return Status(Code::kUntrusted, kPrivateRedirect);
  TransferFailure failure{.error = error, .details = details};
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &failure.connect_status);
  long proxy_error = 0;
  curl_easy_getinfo(easy_, CURLINFO_PROXY_ERROR, &proxy_error);
  failure.proxy_refused_user = proxy_error == CURLPX_USER_REJECTED || proxy_error == CURLPX_NO_AUTH;
  failure.certificate_asked = way_.certificate_asked;
  return ToStatus(failure);
}

size_t HttpTransfer::OnHeaderLine(char* data, size_t size, size_t count, void* self) {
  auto* const transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  if (Status status = transfer->TakeHeaderLine({data, bytes}); !status.ok()) {
    transfer->ended_ = std::move(status);
    return CURL_WRITEFUNC_ERROR;
  }
  return bytes;
}

Status HttpTransfer::TakeHeaderLine(std::string_view line) {
  if (head_done_) return OkStatus();  // a trailer
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes || head_.headers.size() > kMaxHeadFields) {
    return Status(Code::kProtocol, "the head of the answer is too big");
  }
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return EndOfHead();
  if (line.starts_with("HTTP/")) {
    head_.headers = {};
    held_back_ = false;
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    head_.headers.Add(line.substr(0, colon), line.substr(colon + 1));
  }
  return OkStatus();
}

Status HttpTransfer::EndOfHead() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return OkStatus();  // an interim answer; the real one follows
  char* peer = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &peer);
  head_.status = static_cast<int>(status);
  head_.peer = peer ? peer : "";
  head_.private_peer =
      way_.may_be_proxied ? IsPrivateHost(request_.url.host) : IsPrivateAddress(head_.peer);
  head_.certificate_asked = way_.certificate_asked;
  last_progress_ = std::chrono::steady_clock::now();
  if (MayAskAgain()) {
    held_back_ = true;
    head_bytes_ = 0;
    return OkStatus();
  }
  Status taken = HandOutHead();
  if (taken.ok() || !RestIsSmall()) return taken;
  ended_ = std::move(taken);
  drain_until_ = last_progress_ + kDrainTime;
  return OkStatus();
}

Status HttpTransfer::HandOutHead() {
  held_back_ = false;
  head_done_ = true;
  log_.OnHead(head_);
  Status taken = responder_.OnHead(head_);
  last_progress_ = std::chrono::steady_clock::now();
  return taken;
}

// libcurl sends the request once more after it has learned how to authenticate, and does not tell.
bool HttpTransfer::MayAskAgain() const {
  if (head_.status == 407) return true;
  if (head_.status != 401 || request_.login == nullptr) return false;
  return !request_.login->username.empty() || !request_.login->netrc.empty();
}

bool HttpTransfer::RestIsSmall() const {
  // What follows a head that has no body would be taken for the next answer.
  if (head_.status == 204 || head_.status == 304) return false;
  if (request_.method == HttpRequest::Method::kHead) return true;
  const auto length = ParseNumber(head_.headers.Find("Content-Length").value_or(""));
  return length && *length <= kMaxDrained;
}

size_t HttpTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* const transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  if (transfer->ended_ || transfer->held_back_) return bytes;
  // Asked here too: while bytes keep coming curl does not return to the loop.
  const TimePoint arrived = std::chrono::steady_clock::now();
  Status status = transfer->StillWanted(arrived);
  if (status.ok()) {
    status = transfer->responder_.OnBody({reinterpret_cast<const std::byte*>(data), bytes});
  }
  transfer->CountProgress(bytes, arrived);
  if (status.ok()) return bytes;
  transfer->ended_ = std::move(status);
  return CURL_WRITEFUNC_ERROR;
}

void HttpTransfer::CountProgress(uint64_t bytes, TimePoint arrived) {
  const TimePoint now = std::chrono::steady_clock::now();
  since_progress_ += bytes;
  if (since_progress_ >= kLeastProgress) {
    since_progress_ = 0;
    last_progress_ = now;
  } else {
    last_progress_ += now - arrived;  // the responder's own slowness is not the server's
  }
}

curl_socket_t HttpTransfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* const transfer = static_cast<HttpTransfer*>(self);
  // Behind a proxy the address is the proxy's, and one that the user chose.
  const bool judged = transfer->request_.public_addresses_only && !transfer->way_.may_be_proxied &&
                      address->family != AF_UNIX;
  if (judged && IsPrivateAddress(NumericAddress(*address))) {
    transfer->refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace brimfs
