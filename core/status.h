// What went wrong, in one word that maps to one errno, and a sentence for the log.
//
// Status is ours and not absl::Status because ThreadSanitizer cannot see into a prebuilt abseil,
// whose reference-counted payload then looks like a race, and because a file system needs ESTALE,
// ENOSPC and ETIMEDOUT to stay what they are on the whole way up.
#ifndef BRIMFS_CORE_STATUS_H_
#define BRIMFS_CORE_STATUS_H_

#include <cassert>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace brimfs {

enum class Code {
  kOk,
  kEof,              // the range starts at or after the end; no error for a reader
  kInterrupted,      // the waiter itself was cancelled: EINTR
  kInvalidArgument,  // EINVAL
  kNotFound,         // ENOENT
  kDenied,           // 401, 403, file permissions: EACCES
  kStale,            // the object is no longer the version that was opened: ESTALE
  kNoSpace,          // the cache's disk or budget is full: ENOSPC
  kTimedOut,         // no answer, or not all of it, before the deadline: ETIMEDOUT
  kUnavailable,      // trouble that a later try may not see (reset, 5xx, refused): EIO if it lasts
  kProtocol,         // the server's answer contradicts the request or itself: EIO
  kUntrusted,        // TLS certificate or host name; never retried: EIO
  kUnsupported,      // EOPNOTSUPP
  kReadOnly,         // EROFS
  kNotDirectory,     // ENOTDIR
  kIsDirectory,      // EISDIR
  kNameTooLong,      // ENAMETOOLONG
  kNoData,           // no such extended attribute, archived object: ENODATA
  kTooBig,           // the caller's buffer is too small: ERANGE
  kBusy,             // EBUSY
  kShutdown,         // the mount is going away: ENODEV
  kWouldBlock,  // needs the source, and the caller asked for memory only; never seen by a reader
  kIo,          // what has no better name: EIO
};

// The one table from Code to errno. kOk and kEof are 0.
int ToErrno(Code code);

// The Code for an errno of a system call on our own files; what has no better name is kIo.
Code FromErrno(int error);

// A stable lower-case word for logs and tests, such as "stale".
const char* CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  explicit Status(Code code, std::string message = {})
      : code_(code), message_(std::move(message)) {}

  // "WHAT: strerror(error)", with the Code that belongs to `error`.
  static Status FromErrno(int error, std::string what);

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // How long the server asked us to wait before the next try; zero if it did not ask.
  std::chrono::milliseconds retry_after() const { return retry_after_; }
  Status& set_retry_after(std::chrono::milliseconds wait) {
    retry_after_ = wait;
    return *this;
  }

  // Whether the server asked to be spared (429, 503, SlowDown).
  bool overloaded() const { return overloaded_; }
  Status& set_overloaded() {
    overloaded_ = true;
    return *this;
  }

  // "stale: the message".
  std::string ToString() const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
  std::chrono::milliseconds retry_after_{0};
  bool overloaded_ = false;
};

inline Status OkStatus() { return Status(); }

// A T or the Status that says why there is none. Never holds an ok Status.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit by design: `return value;` and `return status;`.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : held_(std::in_place_index<1>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Status status) : held_(std::in_place_index<0>, std::move(status)) {
    assert(!std::get<0>(held_).ok());
  }

  bool ok() const { return held_.index() == 1; }
  explicit operator bool() const { return ok(); }
  Status status() const { return ok() ? OkStatus() : std::get<0>(held_); }
  Code code() const { return ok() ? Code::kOk : std::get<0>(held_).code(); }

  T& operator*() { return std::get<1>(held_); }
  const T& operator*() const { return std::get<1>(held_); }
  T* operator->() { return &std::get<1>(held_); }
  const T* operator->() const { return &std::get<1>(held_); }

 private:
  std::variant<Status, T> held_;
};

}  // namespace brimfs

// Leaves the enclosing function with the Status of EXPR unless it is ok.
#define BRIMFS_RETURN_IF_ERROR(expr)                                                           \
  do {                                                                                         \
    if (::brimfs::Status brimfs_status_ = (expr); !brimfs_status_.ok()) return brimfs_status_; \
  } while (false)

#endif  // BRIMFS_CORE_STATUS_H_
