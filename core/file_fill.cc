#include "core/file_fill.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/range.h"

namespace brimfs {
namespace {

// What a reader brings in from the cache's disk is missed by nobody and ends without a flight: it
// is looked for again after this.
constexpr auto kLookAgain = std::chrono::milliseconds(250);

constexpr uint64_t kVerified = 1 << 20;  // in one go, bytes

class Fill {
 public:
  Fill(CachedFile& file, Clock& clock, const FillWindow& window, const std::stop_token& stop)
      : file_(file),
        clock_(clock),
        window_(window),
        stop_(stop),
        length_(file.resource().length().value_or(0)),
        failures_before_(file.fetcher().ended().failures) {}

  Status Run() {
    file_.fetcher().BeginFill();
    Status status = FetchAndVerify();
    file_.fetcher().EndFill();
    return status;
  }

 private:
  Status FetchAndVerify() {
    const bool complete = !file_.NextMissing(0, length_);
    Status status = Fetch();
    if (status.ok() && !complete) status = Verify();
    return status;
  }

  Status Fetch() {
    Fetcher& fetcher = file_.fetcher();
    uint64_t at = 0;
    for (;;) {
      if (stop_.stop_requested()) return Status(Code::kInterrupted, "stopped");
      const Fetcher::Ended ended = fetcher.ended();
      const std::optional<Range> missing = file_.NextMissing(at, length_);
      if (!missing) break;
      BRIMFS_RETURN_IF_ERROR(Check(ended));
      at = missing->begin;
      // Of a server without ranges one stream brings everything.
      const uint64_t most = fetcher.without_ranges().value_or(false) ? length_ : window_();
      fetcher.Prefetch({at, at + std::min(most, length_ - at)}, Priority::kFill);
      (void)fetcher.AwaitEnd(ended.flights, After(clock_.Now(), kLookAgain), stop_);
    }
    if (!file_.NextMissing(0, length_)) return OkStatus();
    return Status(Code::kNoSpace, "the cache has no room for all of it");
  }

  Status Check(const Fetcher::Ended& ended) {
    Resource& resource = file_.resource();
    if (resource.state() == Resource::State::kCancelled) {
      return Status(Code::kShutdown, "the mount is going away");
    }
    if (resource.state() == Resource::State::kFailed) return resource.failure();
    if (ended.failures != failures_before_) return ended.why;
    // Where the disk has no room memory takes it, which is for readers.
    if (file_.durable() != nullptr && !resource.driver().InMemory({0, length_}).empty()) {
      return Status(Code::kNoSpace, "the cache's disk takes no more");
    }
    return OkStatus();
  }

  Status Verify() {
    DurableFile* const durable = file_.durable();
    if (durable == nullptr) return OkStatus();
    for (uint64_t from = 0; const auto next = durable->NextStored(from, kVerified);) {
      if (stop_.stop_requested()) return Status(Code::kInterrupted, "stopped");
      from = next->end;
      for (const Range& wrong : durable->Recover(file_.resource().Claim(*next))) {
        file_.resource().Release(wrong);
      }
    }
    return Fetch();  // what was wrong
  }

  CachedFile& file_;
  Clock& clock_;
  const FillWindow& window_;
  const std::stop_token& stop_;
  const uint64_t length_;
  const uint64_t failures_before_;
};

}  // namespace

Status FillFile(CachedFile& file, Clock& clock, const FillWindow& window,
                const std::stop_token& stop) {
  return Fill(file, clock, window, stop).Run();
}

}  // namespace brimfs
