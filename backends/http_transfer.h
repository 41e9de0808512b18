// The receiving side of one curl transfer: takes the head apart, keeps time, remembers why it
// ended.
#ifndef BRIMFS_BACKENDS_HTTP_TRANSFER_H_
#define BRIMFS_BACKENDS_HTTP_TRANSFER_H_

#include <curl/curl.h>

#include <optional>
#include <string_view>

#include "backends/http_message.h"
#include "backends/request_log.h"
#include "core/backend.h"

namespace brimfs {

// Lives for one transfer on `easy`, which calls it back on the thread that drives it.
class HttpTransfer {
 public:
  // What is known of the connection that is used.
  struct Way {
    bool may_be_proxied = false;
    const bool& certificate_asked;  // set by whoever sees the handshake
  };

  // Sets the callbacks of `easy`. All outlive this.
  HttpTransfer(CURL* easy, const HttpRequest& request, const Way& way, HttpResponder& responder,
               RequestLog& log, const CallLimits& limits);

  // When the transfer ends by itself unless something arrives.
  TimePoint NextTimeout() const;

  // The call's result if the transfer must end now, whatever curl still waits for.
  std::optional<Status> EndsNow(TimePoint now) const;

  // Whether a change of the network has left it without a future: all of them if the machine was
  // `asleep`, else one whose own address is gone, or that has no connection yet.
  bool IsCutOff(bool asleep) const;

  // The call's result once curl is done with `error`, whose words are in `details`.
  Status Finish(CURLcode error, const char* details);

 private:
  static size_t OnHeaderLine(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  Status StillWanted(TimePoint now) const;
  Status TakeHeaderLine(std::string_view line);
  Status EndOfHead();
  Status HandOutHead();
  bool MayAskAgain() const;
  bool RestIsSmall() const;
  void CountProgress(uint64_t bytes, TimePoint arrived);
  Status Ended() const { return ended_->code() == Code::kEof ? OkStatus() : *ended_; }

  CURL* const easy_;
  const HttpRequest& request_;
  const Way way_;
  HttpResponder& responder_;
  RequestLog& log_;
  const CallLimits& limits_;

  HttpHead head_;
  size_t head_bytes_ = 0;
  bool head_done_ = false;
  bool held_back_ = false;       // head_ is a refusal that libcurl may answer by itself
  TimePoint last_progress_;      // of the head, or of kLeastProgress bytes of the body
  uint64_t since_progress_ = 0;  // bytes
  bool refused_address_ = false;
  std::optional<Status> ended_;  // by the responder or by a head that is out of bounds
  TimePoint drain_until_;        // once ended_: the rest is received and dropped until then
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_TRANSFER_H_
