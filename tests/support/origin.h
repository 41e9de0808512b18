// An HTTP/1.1 server on loopback whose content, delays, bandwidth and faults a test chooses.
// Honest unless told otherwise: ranges, strong ETags, preconditions and index pages as nginx has
// them.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_H_

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/status.h"
#include "tests/support/origin/answer.h"
#include "tests/support/origin/auth.h"
#include "tests/support/origin/content.h"
#include "tests/support/origin/faults.h"
#include "tests/support/origin/gates.h"
#include "tests/support/origin/pacer.h"
#include "tests/support/origin/s3.h"
#include "tests/support/origin/tree.h"

namespace brimfs {

// Paths are as in core/backend.h: decoded, joined by '/', none at either end. Directories are there
// because something lies in them. Thread-safe, except Start and Stop, which belong to one thread.
class Origin {
 public:
  // kNames: links and nothing else, as Python's http.server.
  enum class Index { kHtml, kJson, kNames, kNone };

  struct Options {
    std::string address = "127.0.0.1";  // IPv4 or IPv6
    uint16_t port = 0;                  // 0: a free one
    std::string root;            // a directory on disk, served where nothing was Put; may be empty
    Index index = Index::kHtml;  // kNone: 403, as nginx without autoindex
    Duration delay{0};           // before the first byte of each answer
    uint64_t bandwidth = 0;      // bytes a second and connection; 0: no limit
    uint64_t total_bandwidth = 0;  // bytes a second over all connections

    // With a bucket: everything below is about its keys. A list is at the path of its prefix, see
    // OriginS3::Locate. What lies in `root` is put when the origin is made.
    OriginS3Options s3 = {};
  };

  // As it came in.
  struct Seen {
    std::string method;
    std::string path;
    std::string target;                          // as sent, with the query
    std::map<std::string, std::string> headers;  // names in lower case
  };

  struct PathCounters {
    uint64_t requests = 0;
    uint64_t ranged = 0;  // those with a Range
    uint64_t body_bytes = 0;
  };

  struct Counters {
    uint64_t connections = 0;  // accepted so far
    uint64_t open = 0;         // of these, now
    uint64_t requests = 0;
    uint64_t answering = 0;  // of these, now: before the head of the answer
    uint64_t peak = 0;       // the most of these at a time
    // Of objects and pages; counted just before they are sent: who has bytes finds them counted.
    uint64_t body_bytes = 0;
    std::map<std::string, PathCounters> paths;
    std::map<std::string, uint64_t> faults;  // struck, by name
  };

  Origin() : Origin(Options{}) {}
  explicit Origin(Options options);
  ~Origin();  // stops

  // After a Stop it listens on the same port again.
  Status Start();

  // Closes every connection, whatever it waits for, and ends their threads.
  void Stop();

  uint16_t port() const { return port_; }
  std::string url(std::string_view path = {}) const;  // "http://ADDRESS:PORT/…", percent-encoded

  // --- Objects: each Put makes a new version, later than those before --------------------------

  // With validators of the caller's choice.
  void Put(const std::string& path, OriginObject object) { tree_.Put(path, std::move(object)); }

  // With a strong ETag and a Last-Modified that are new.
  void PutOracle(const std::string& path, uint64_t size, uint64_t seed = 1) {
    tree_.Put(path, OracleContent(seed, size));
  }
  void PutBytes(const std::string& path, std::string bytes) {
    tree_.Put(path, BytesContent(std::move(bytes)));
  }
  void Erase(const std::string& path) { tree_.Erase(path); }

  // --- Gates, see gates.h ----------------------------------------------------------------------

  // While closed, bodies of this object stop before their first byte ≥ `at`.
  void CloseGate(const std::string& path, uint64_t at = 0) { gates_.CloseBody(path, at); }
  // While closed, requests for this object are not answered at all.
  void CloseHeadGate(const std::string& path) { gates_.CloseHead(path); }
  void OpenGate(const std::string& path) { gates_.Open(path); }
  void AwaitAtGate(const std::string& path, size_t count) { gates_.Await(path, count); }
  size_t WaitingAtGate(const std::string& path) const { return gates_.Waiting(path); }

  // --- Faults and pace -------------------------------------------------------------------------

  void Inject(OriginFault fault) { faults_.Inject(std::move(fault)); }
  void ClearFaults() { faults_.Clear(); }
  void ClearFaults(const std::string& path) { faults_.Clear(path); }
  void Require(OriginAuth auth) { guard_.Require(std::move(auth)); }
  void ExpireNonces() { guard_.ExpireNonces(); }
  void RenewKeys(OriginS3Keys keys) { s3_.guard().Renew(std::move(keys)); }
  void ExpireKeys() { s3_.guard().Expire(); }
  void Archive(const std::string& key) { s3_.Archive(key); }
  void SetDelay(Duration delay);
  void SetIndex(Index index);

  // --- What happened ---------------------------------------------------------------------------

  Counters counters() const;
  std::string CountersJson() const;  // also at GET /_counters, which counts nothing
  std::deque<Seen> seen() const;     // the last 10,000 requests

 private:
  struct Served {
    std::shared_ptr<OriginSocket> socket;  // null once its thread is ending
    std::thread thread;
  };

  void Accept();
  void JoinEnded();

  // origin_serve.cc
  bool speaks_s3() const { return !options_.s3.bucket.empty(); }
  void Serve(Served& served);
  bool Respond(const OriginRequest& request, OriginSocket& socket, OriginPacer& pacer);
  OriginAnswer AnswerFor(OriginRequest request, const std::vector<OriginFault>& faults);
  OriginAnswer WebAnswer(OriginRequest& request, const std::vector<OriginFault>& faults);
  OriginAnswer S3Answer(OriginRequest& request, const std::vector<OriginFault>& faults);
  OriginAnswer DirectoryAnswer(const OriginRequest& request);
  bool SendBody(const OriginRequest& request, const OriginAnswer& answer, OriginSocket& socket,
                OriginPacer& pacer);
  bool DripBody(const OriginRequest& request, const OriginAnswer& answer, const Range& range,
                OriginSocket& socket);
  void Record(const OriginRequest& request);
  void CountBody(const std::string& path, uint64_t bytes);

  const Options options_;
  uint16_t port_ = 0;
  int listen_fd_ = -1;
  std::thread accepting_;
  OriginGates gates_;
  OriginGuard guard_;
  OriginFaults faults_;
  OriginBucket total_;
  OriginTree tree_;
  OriginS3 s3_;

  mutable Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Duration delay_ ABSL_GUARDED_BY(mu_);
  Index index_ ABSL_GUARDED_BY(mu_);
  std::list<Served> connections_ ABSL_GUARDED_BY(mu_);
  Counters counters_ ABSL_GUARDED_BY(mu_);
  std::deque<Seen> seen_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_H_
