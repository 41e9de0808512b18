// A backend in memory with a gate per object, so that a wait is tested without sleeping.
#ifndef BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_
#define BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/mutex.h"

namespace brimfs {

// Deterministic content without a zero byte: a byte depends on seed and offset. The oracle of the tests.
std::byte OracleByte(uint64_t seed, uint64_t offset);
std::vector<std::byte> OracleBytes(uint64_t seed, const Range& range);

// Thread-safe.
class FakeBackend : public Backend {
 public:
  // Puts or replaces an object; its content is the oracle of `seed`; its strong ETag comes from the seed.
  void Put(const std::string& path, uint64_t length, uint64_t seed = 1);
  void Erase(const std::string& path);

  // While closed, bodies of this object stop before their first byte ≥ `at`; opening lets them go on. A closed gate
  // obeys the call's stop token and nothing else.
  void CloseGate(const std::string& path, uint64_t at = 0);
  void OpenGate(const std::string& path);

  // Returns when `count` fetches of this object stand at its gate.
  void AwaitAtGate(const std::string& path, size_t count);

  // The next fetches of this object answer these instead, in order, after having delivered `bytes_before` bytes.
  void FailNext(const std::string& path, Status error, uint64_t bytes_before = 0);

  // Listings and stats answer this until cleared with an ok status.
  void FailMetadata(Status error);
  void SetListable(bool listable);
  // With ETags off only time and length tell versions apart; listings carry lengths unless switched off.
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
  Status List(const std::string& path, const EachName& each, const CallLimits& limits) override;
  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_FAKE_BACKEND_H_
