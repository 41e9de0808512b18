// A place where objects are: the interface that file:, http: and later s3: implement.
//
// Paths are relative to the SOURCE, in decoded bytes, components joined by '/', no leading or
// trailing '/'; "" is the SOURCE itself. A component is never empty, "." or "..", and holds no NUL.
#ifndef BRIMFS_CORE_BACKEND_H_
#define BRIMFS_CORE_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "core/clock.h"
#include "core/range.h"
#include "core/source_host.h"
#include "core/status.h"
#include "core/version.h"

namespace brimfs {

enum class ObjectKind { kFile, kDirectory };

struct ObjectInfo {
  ObjectKind kind = ObjectKind::kFile;
  Version version;  // of a file; its length may be unknown. Of a directory at most last_modified
};

struct ListedName {
  std::string name;  // one component, decoded
  ObjectKind kind = ObjectKind::kFile;
  Version version;  // length only where the listing is exact; an ETag only from object stores

  // When the source was asked for the page that has the name, if that was not when List was called:
  // what it says is believed from then on.
  std::optional<TimePoint> asked = std::nullopt;

  // Others come at once behind it, of the same page: nobody who waits for names is woken for it.
  bool others_follow = false;
};

// Per CallLimits::stall: about what a modem of the last century brings in a second.
inline constexpr uint64_t kLeastProgress = 4096;

// When a call must have ended, and what ends it sooner. Ended by `stop` it answers kInterrupted
// within 100 ms, by the deadline kTimedOut.
struct CallLimits {
  TimePoint deadline = kNever;
  Duration first_byte = std::chrono::seconds(10);  // silence before the answer's head: kUnavailable
  // A body of which this brings less than kLeastProgress bytes, or not the last of them, has
  // stalled: kUnavailable. A server that drips is no better than one that is silent.
  Duration stall = std::chrono::seconds(10);
  std::stop_token stop;
};

// Receives the answer to one Fetch, on the thread that called it.
class BodySink {
 public:
  virtual ~BodySink() = default;

  // The answer's head has passed every check of the backend; `actual` is what it says of itself.
  // `body` is what follows: the requested range, or the whole object where the server has no
  // ranges. Once an answer, before any byte. An error refuses it: no byte follows, Fetch returns
  // the error.
  virtual Status OnAnswer(const Version& actual, const Range& body) = 0;

  // The next bytes, at this offset in the object; consecutive, from the beginning of `body`. An
  // error ends the transfer and is what Fetch returns.
  virtual Status OnBytes(uint64_t offset, std::span<const std::byte> data) = 0;
};

struct FetchRequest {
  std::string path;
  Range range;       // not empty, inside the object
  Version expected;  // sent as If-Match where it has a strong ETag; its length, if known, must be
                     // the answer's
};

// One connection, used by one thread at a time, kept alive between calls.
class Connection {
 public:
  virtual ~Connection() = default;

  // Ok only if every byte of the answer's `body` was handed to the sink, exactly once and in order.
  // Tries once; the caller retries, resuming where the sink's bytes ended.
  //   kStale        the object is not `expected` any more (404, 412, 416, other validator, length)
  //   kUnavailable  reset, short body, 408, 429, 5xx, timeouts, refused, DNS: worth another try;
  //                 retry_after() if the server named a time
  //   kProtocol     the answer contradicts the request: discarded, connection closed
  //   kNoData       the object is there but not to be had (archived); the backend itself says why
  //                 in the log, once an object: a reader only sees ENODATA
  //   kDenied, kUntrusted, kInterrupted, kTimedOut, or the sink's own error
  virtual Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Thread-safe. Tries again by itself within the limits where another try may help.
  //   kNotFound if there is nothing of that name (404 only; never because of 401 or 403);
  //   kTimedOut if trouble lasts until the deadline, with the last cause.
  virtual Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) = 0;

  // Calls `each` for every name of a directory, in the order of the source, as they arrive: readdir
  // shows them while the rest is still to come, so nothing is gathered first but what one page
  // holds. Names that cannot be file names are left out and counted in the log.
  //
  // A name that is a file and a directory comes twice, in any order and not always one after the
  // other ("a", "a-b", "a/"). While the names come sorted by key, which is the name and for a
  // directory a '/' behind it, a file is not taken for one before a key has come that is behind its
  // name with a '/'; of an unsorted listing it is at once. readdir shows each name once, as what it
  // came first.
  //
  // Where a listing breaks off it is tried again as Stat is: `anew` says that the names so far do
  // not count; it need not be called where the listing goes on behind the last of them. Of a
  // listing in pages the deadline bounds each: every page has as long as the first. What is stopped
  // by the limits' `stop`, because nobody wants it any more, is asked for no further page.
  // kUnsupported: the directory has no listing; its names are found by Stat. Thread-safe.
  using EachName = std::function<void(ListedName)>;
  using BeginAnew = std::function<void()>;
  virtual Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
                      const CallLimits& limits) = 0;

  // A new connection for a worker thread; does not touch the network yet.
  virtual std::unique_ptr<Connection> Connect() = 0;

  // The URL of an object without anything secret in it (no user info, no query).
  virtual std::string DisplayUrl(const std::string& path) const = 0;

  // What tells the object from all others that the cache has of this source or of one of the same
  // identity; nothing secret. The path, unless it may come to mean another object.
  virtual std::string CacheKey(const std::string& path) const { return path; }

  // The server that `path` is asked of first; it may redirect to others. The same one for all that
  // are asked of the same server; lives as long as the backend. Thread-safe.
  virtual SourceHost& HostOf(const std::string& /*path*/) { return only_host_; }

 private:
  SourceHost only_host_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_BACKEND_H_
