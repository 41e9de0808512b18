// A backend in memory with a gate per object, so that a wait is tested without sleeping.
#ifndef BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_
#define BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/mutex.h"
#include "tests/support/oracle.h"

namespace brimfs {

// Thread-safe.
class FakeBackend : public Backend {
 public:
  // Puts or replaces an object; its content is the oracle of `seed`; its strong ETag and its time
  // come from the seed. What is being sent already goes on with the old content.
  void Put(const std::string& path, uint64_t length, uint64_t seed = 1);
  void Erase(const std::string& path);

  // While closed, bodies of this object stop before their first byte ≥ `at` (their head has been
  // answered by then); opening lets them go on. A closed gate obeys the call's stop token and
  // nothing else.
  void CloseGate(const std::string& path, uint64_t at = 0);
  void OpenGate(const std::string& path);

  // Returns when `count` fetches of this object stand at its gate.
  void AwaitAtGate(const std::string& path, size_t count);

  // The next fetches of this object answer these instead, in order, after having delivered
  // `bytes_before` bytes; with 0, instead of an answer.
  void FailNext(const std::string& path, Status error, uint64_t bytes_before = 0);

  // The next fetch of this object delivers so many bytes and is silent from then on, until it is
  // stopped.
  void StallNext(const std::string& path, uint64_t bytes_before);

  // Returns when `count` fetches stand still like that.
  void AwaitStalled(size_t count);

  // Bodies are handed over in pieces of at most this; 16 KiB unless set, as libcurl does.
  void SetPiece(uint64_t bytes);

  // Without ranges every fetch is answered with the whole object, from its first byte.
  void SetRanges(bool on);

  // Listings and stats answer this until cleared with an ok status.
  void FailMetadata(Status error);
  void SetListable(bool listable);
  // With ETags off only time and length tell versions apart; listings carry lengths unless switched
  // off.
  void SetEtags(bool on);
  void SetListedLengths(bool on);

  struct Fetched {
    std::string path;
    Range range;
  };
  std::vector<Fetched> fetches() const;  // all requests for bytes so far, in order
  uint64_t bytes_sent() const;
  int stat_calls() const;
  int list_calls() const;

  // Backend.
  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;
  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;

 private:
  class FakeConnection;
  struct Object {
    uint64_t length = 0;
    uint64_t seed = 1;
  };
  struct Failure {
    Status error;
    uint64_t bytes_before = 0;
    bool stalls = false;  // in place of the error
  };
  struct Gate {
    uint64_t at = 0;
    bool closed = false;
    size_t waiting = 0;
  };

  Status Serve(const FetchRequest& request, BodySink& sink, const CallLimits& limits);
  Status SendBody(const std::string& path, const Object& object, const Range& range, BodySink& sink,
                  const CallLimits& limits);

  void StandStill(const std::stop_token& stop);

  // Where the next piece of a body at `offset` ends, at most at `end`; blocks at the gate.
  // kInterrupted.
  Result<uint64_t> PassGate(const std::string& path, uint64_t offset, uint64_t end,
                            const std::stop_token& stop);
  Version VersionOf(const Object& object) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  CondVar gates_changed_;
  std::map<std::string, Object> objects_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Gate> gates_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::deque<Failure>> failures_ ABSL_GUARDED_BY(mu_);
  std::vector<Fetched> fetches_ ABSL_GUARDED_BY(mu_);
  size_t stalled_ ABSL_GUARDED_BY(mu_) = 0;
  Status metadata_failure_ ABSL_GUARDED_BY(mu_);
  bool listable_ ABSL_GUARDED_BY(mu_) = true;
  bool ranges_ ABSL_GUARDED_BY(mu_) = true;
  bool etags_ ABSL_GUARDED_BY(mu_) = true;
  bool listed_lengths_ ABSL_GUARDED_BY(mu_) = true;
  uint64_t piece_ ABSL_GUARDED_BY(mu_) = 16 << 10;
  uint64_t bytes_sent_ ABSL_GUARDED_BY(mu_) = 0;
  int stat_calls_ ABSL_GUARDED_BY(mu_) = 0;
  int list_calls_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_
