// What the log says of requests: which of them a line comes from, and at level debug each one.
#ifndef BRIMFS_BACKENDS_REQUEST_LOG_H_
#define BRIMFS_BACKENDS_REQUEST_LOG_H_

#include "backends/http_message.h"
#include "core/clock.h"
#include "core/status.h"

namespace brimfs {

// Of one request, on the thread that makes it.
class RequestLog {
 public:
  // From now on the lines of this thread's LogScope come from this request. It gets a number, the
  // next of this process.
  explicit RequestLog(const HttpRequest& request);

  // The answer's status; and the server's name for the request, if it says one, which its operator
  // can look for, in place of the number.
  void OnHead(const HttpHead& head);

  // At level debug, a line.
  void End(const Status& result) const;

 private:
  const HttpRequest& request_;
  const TimePoint started_;
  int status_ = 0;  // of HTTP; 0: no answer came
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_REQUEST_LOG_H_
