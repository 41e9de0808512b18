// Fills the gaps of one resource: cuts them into parts, flies each at most once, retries, resumes.
#ifndef BRIMFS_CORE_FETCHER_H_
#define BRIMFS_CORE_FETCHER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/resource.h"
#include "core/retry.h"
#include "core/scheduler.h"
#include "core/stats.h"
#include "core/version.h"

namespace brimfs {

class LinkEstimate;

class Fetcher : public FlightControl {
 public:
  struct Options {
    std::string path;
    Version version;  // as known so far; the first answer pins it
    Duration timeout = std::chrono::seconds(60);  // of one flight, tries and waits included
    Duration first_byte = std::chrono::seconds(10);
    RetryPolicy retry;

    // Bytes of one GET beyond the first fill blocks. Long enough that a request's round trip is small
    // beside it, short enough that a demand read never waits long for a connection.
    uint64_t part_bytes = 4 << 20;

    // Bytes gathered before a write: libcurl hands out 16 KiB at a time. Sooner where a reader's last
    // missing byte has come.
    uint64_t coalesce_bytes = 256 << 10;
  };

  // All outlive this. Sets itself as the resource's flight control.
  Fetcher(Resource& resource, Scheduler& scheduler, Clock& clock, Stats& stats, LinkEstimate& link,
          Options options);

  // No flight is left: Stop, or the scheduler's Shutdown, has been called and has returned.
  ~Fetcher() override;

  // FlightControl.
  void Demand(const Range& wanted, const std::vector<Range>& claimed) override;

  // Fetches what of `range` is missing and not yet in flight, at this priority. Never blocks.
  void Prefetch(const Range& range, Priority priority);

  // Drops what is queued but not demanded: the last reader has closed the file.
  void DropPrefetch();

  // Drops all that is queued, stops what is in flight, waits for it.
  void Stop();

  // What the source says this is; complete once the first answer has come.
  Version version() const;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_FETCHER_H_
