// When a demanded request deserves a second one beside it: how long its peers are silent at most,
// and how many such requests the source may be asked.
#ifndef BRIMFS_CORE_HEDGING_H_
#define BRIMFS_CORE_HEDGING_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

// One a source. Thread-safe.
class Hedging {
 public:
  struct Options {
    double share = 0.05;                              // of all requests, at most
    double most = 8;                                  // requests saved up
    double first = 2;                                 // of them there at first
    Duration floor = std::chrono::milliseconds(100);  // less silence than this is none
    Duration unknown = std::chrono::seconds(2);       // suspicious while there are few peers
    Duration pause = std::chrono::seconds(60);        // after the server asked to be spared
  };

  Hedging() : Hedging(Options{}) {}
  explicit Hedging(const Options& options) : options_(options), saved_(options.first) {}

  // A request ended well; `silence` was its longest, before the answer or in the body.
  void OnRequest(Duration silence);

  // The server asked to be spared.
  void OnOverload(TimePoint now);

  // The silence that 99 of 100 requests do not reach, lately.
  Duration Patience();

  // Takes the right to one more request.
  bool TryTake(TimePoint now);

 private:
  static constexpr size_t kBuckets = 64;

  const Options options_;
  Mutex mu_;
  double saved_ ABSL_GUARDED_BY(mu_);
  TimePoint paused_until_ ABSL_GUARDED_BY(mu_) = TimePoint::min();
  // Requests by their silence: each bucket reaches a fifth further than the one before it. Halved
  // now and then, so that what was long ago weighs little.
  std::array<uint32_t, kBuckets> silences_ ABSL_GUARDED_BY(mu_){};
  uint32_t requests_ ABSL_GUARDED_BY(mu_) = 0;  // sum of the buckets
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_HEDGING_H_
