#include "backends/http_transfer.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "backends/http_number.h"
#include "backends/http_transport.h"
#include "backends/ip_address.h"

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

TimePoint After(TimePoint start, Duration wait) {
  return wait > kNever - start ? kNever : start + wait;
}

bool IsCertificateTrouble(CURLcode error) {
  switch (error) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return true;
    default:
      return false;
  }
}

bool IsNonsense(CURLcode error) {
  switch (error) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return true;
    default:
      return false;
  }
}

std::string NumericAddress(const curl_sockaddr& address) {
  char text[NI_MAXHOST] = "";
  getnameinfo(&address.addr, address.addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

}  // namespace

HttpTransfer::HttpTransfer(CURL* easy, const HttpRequest& request, HttpResponder& responder,
                           const CallLimits& limits)
    : easy_(easy),
      request_(request),
      responder_(responder),
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
  return head_done_ ? Status(Code::kUnavailable,
                             "silence in the middle of an answer for " + Seconds(limits_.stall))
                    : Status(Code::kUnavailable, "no answer within " + Seconds(limits_.first_byte));
}

Status HttpTransfer::StillWanted(TimePoint now) const {
  if (limits_.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
  if (now >= limits_.deadline) return Status(Code::kTimedOut, "no complete answer in time");
  return OkStatus();
}

Status HttpTransfer::Finish(CURLcode error, const char* details) const {
  if (ended_) return Ended();
  if (error == CURLE_OK) {
    return head_done_ ? OkStatus() : Status(Code::kProtocol, "an answer without a head");
  }
  if (refused_address_) {
    return Status(Code::kUntrusted, "a public source redirects to a private address");
  }
  const std::string why = *details ? details : curl_easy_strerror(error);
  if (IsCertificateTrouble(error)) return Status(Code::kUntrusted, why);
  return Status(IsNonsense(error) ? Code::kProtocol : Code::kUnavailable, why);
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
  head_done_ = true;
  Status taken = responder_.OnHead(head_);
  last_progress_ = std::chrono::steady_clock::now();
  if (taken.ok() || !RestIsSmall()) return taken;
  ended_ = std::move(taken);
  drain_until_ = last_progress_ + kDrainTime;
  return OkStatus();
}

bool HttpTransfer::RestIsSmall() const {
  if (request_.method == HttpRequest::Method::kHead) return true;
  const auto length = ParseNumber(head_.headers.Find("Content-Length").value_or(""));
  return length && *length <= kMaxDrained;
}

size_t HttpTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* const transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  if (transfer->ended_) return bytes;
  // Asked here too: while bytes keep coming curl does not return to the loop.
  Status status = transfer->StillWanted(transfer->last_progress_);
  if (status.ok()) {
    status = transfer->responder_.OnBody({reinterpret_cast<const std::byte*>(data), bytes});
  }
  // Taken after the call: the responder's own slowness is not the server's silence.
  transfer->last_progress_ = std::chrono::steady_clock::now();
  if (status.ok()) return bytes;
  transfer->ended_ = std::move(status);
  return CURL_WRITEFUNC_ERROR;
}

curl_socket_t HttpTransfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* const transfer = static_cast<HttpTransfer*>(self);
  if (transfer->request_.public_addresses_only && IsPrivateAddress(NumericAddress(*address))) {
    transfer->refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace brimfs
