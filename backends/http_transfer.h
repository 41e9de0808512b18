// The receiving side of one curl transfer: takes the head apart, keeps time, remembers why it
// ended.
#ifndef BRIMFS_BACKENDS_HTTP_TRANSFER_H_
#define BRIMFS_BACKENDS_HTTP_TRANSFER_H_

#include <curl/curl.h>

#include <optional>
#include <string_view>

#include "backends/http_message.h"
#include "core/backend.h"

namespace brimfs {

// Lives for one transfer on `easy`, which calls it back on the thread that drives it.
class HttpTransfer {
 public:
  // Sets the callbacks of `easy`. All outlive this.
  HttpTransfer(CURL* easy, const HttpRequest& request, HttpResponder& responder,
               const CallLimits& limits);

  // When the transfer ends by itself unless something arrives.
  TimePoint NextTimeout() const;

  // The call's result if the transfer must end now, whatever curl still waits for.
  std::optional<Status> EndsNow(TimePoint now) const;

  // The call's result once curl is done with `error`, whose words are in `details`.
  Status Finish(CURLcode error, const char* details) const;

 private:
  static size_t OnHeaderLine(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  Status StillWanted(TimePoint now) const;
  Status TakeHeaderLine(std::string_view line);
  Status EndOfHead();
  bool RestIsSmall() const;
  Status Ended() const { return ended_->code() == Code::kEof ? OkStatus() : *ended_; }

  CURL* const easy_;
  const HttpRequest& request_;
  HttpResponder& responder_;
  const CallLimits& limits_;

  HttpHead head_;
  size_t head_bytes_ = 0;
  bool head_done_ = false;
  TimePoint last_progress_;
  bool refused_address_ = false;
  std::optional<Status> ended_;  // by the responder or by a head that is out of bounds
  TimePoint drain_until_;        // once ended_: the rest is received and dropped until then
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_TRANSFER_H_
