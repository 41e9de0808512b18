// Faults of the test origin, by name: one row of a table each (faults.cc).
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_FAULTS_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_FAULTS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "core/status.h"
#include "tests/support/origin/answer.h"

namespace brimfs {

struct OriginFault {
  static constexpr int kForEver = -1;

  std::string name;      // a row of FaultTable
  std::string argument;  // what that row's help says; may be empty

  // Which requests it strikes. kStat: HEAD, or GET of a whole object or of its first byte; kRanged:
  // GET with any other Range; kList: GET of a directory.
  enum class Phase { kAny, kStat, kRanged, kList };
  Phase phase = Phase::kAny;

  // Strikes after this many bytes of a body, whatever `point` says.
  std::optional<uint64_t> after;

  int count = 1;     // of answers that are spoiled; kForEver
  std::string path;  // of the object; empty: all

  // Where an answer breaks: before its head, half-way in that, before the first byte of the body,
  // half-way in it, or before its last byte.
  enum class Point { kHead, kInHead, kFirstByte, kMiddle, kLastByte };
  Point point = Point::kHead;

  // Spoils the last of so many answers, and passes over the others.
  int one_in = 1;
  int passed_over = 0;  // since it struck last; OriginFaults counts

  // It strikes in a body: then only GETs of objects.
  bool in_body() const { return after || point >= Point::kFirstByte; }
  // How many of `size` bytes of a body come before it strikes.
  uint64_t BytesBefore(uint64_t size) const;
};

struct OriginFaultKind {
  const char* name;
  const char* help;
  // Either may be null. `before` changes what is asked and what stands there, `after` what is
  // answered.
  void (*before)(const OriginFault& fault, OriginRequest& request, OriginObject& object);
  void (*after)(const OriginFault& fault, const OriginRequest& request, OriginAnswer& answer);
};

const std::vector<OriginFaultKind>& FaultTable();
const OriginFaultKind* FindFault(std::string_view name);

// "NAME[=ARGUMENT]:PHASE[@POINT]:COUNT": PHASE is any, stat, ranged or list; POINT is head,
// in-head, first, middle, last, or a number of body bytes; COUNT is a number, "ever", or
// "1/N": one answer in N, for ever.
Result<OriginFault> ParseFault(std::string_view text);

// The faults that wait for a request. Thread-safe.
class OriginFaults {
 public:
  void Inject(OriginFault fault);
  void Clear();
  void Clear(const std::string& path);  // those of this object only

  // The faults that this request meets, the oldest of each name, each with its count lowered.
  std::vector<OriginFault> Take(const OriginRequest& request);

  std::map<std::string, uint64_t> struck() const;  // by name

 private:
  mutable Mutex mu_;
  std::deque<OriginFault> waiting_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint64_t> struck_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_FAULTS_H_
