// A listing of a directory while it is fetched: what there is of it can be read already.
#ifndef BRIMFS_FS_GROWING_LISTING_H_
#define BRIMFS_FS_GROWING_LISTING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/status.h"
#include "fs/listing.h"

namespace brimfs {

// Thread-safe; mu_ is a leaf, nobody is called with it held. Grows by the calls of one thread,
// until that ends it or says why it cannot go on: a part is never taken for the whole.
//
// A row is a place to read from: each name has one, in the order in which it came first, and keeps
// it. So whoever reads on from the row behind the last name that he was given is given every name
// once, also when the listing is begun anew in the middle, in whatever order. A name from before
// that is not given until it has come again; what was given and does not come again is not missed.
class GrowingListing {
 public:
  // Of the directory at `path` (see Place); `url` is for the log. `fetched`: now.
  GrowingListing(std::string path, std::string url, TimePoint fetched);

  // One that is complete already.
  explicit GrowingListing(std::shared_ptr<const Listing> complete);

  // --- By the thread that fetches it -----------------------------------------------------------

  // The first of several that are the same counts, but that a directory is what leads on to other
  // names: once its name came as that, a file of that name is not shown any more.
  void Add(const ListedName& listed);

  // The names so far do not count.
  void BeginAnew();

  // No name follows: all that there are. Nobody is told of the end before End.
  std::shared_ptr<const Listing> Seal();

  // Nothing follows: after Seal, or because it cannot go on.
  void End(const Status& status);

  // --- By anybody ------------------------------------------------------------------------------

  TimePoint fetched() const { return fetched_; }

  // The first name at `row` or after it, nothing at the end of the directory. kWouldBlock: it has
  // not come yet, or it is the last so far and Find says nothing of it. Any other error is why the
  // listing will not go on.
  Result<std::optional<Shown>> NextFrom(size_t row) const;

  // Calls `call` once, soon after NextFrom(row) has stopped to answer kWouldBlock, with the last of
  // the names that came together: on this thread if it does not now, else on the one that fetches.
  // It may find kWouldBlock again, if the listing
  // was begun anew. The id is for Forget, after which it is not called any more, unless it is
  // being called.
  using Call = std::function<void()>;
  uint64_t WhenThereIsMore(size_t row, Call call) const;
  void Forget(uint64_t id) const;

  bool begun() const;  // the source has answered with something
  bool ended() const;

  // Waits until it has; the error that it answered with. kTimedOut, kInterrupted.
  Status AwaitBegun(Clock& clock, TimePoint deadline, const std::stop_token& stop) const;

  // What has come of a name. Nothing of a file that may still turn out to be a directory, as long
  // as the names come in the order of keys (see Backend::List).
  std::optional<Listed> Find(const std::string& name) const;

 private:
  struct Waiting {
    size_t row;
    Call call;
  };

  Result<std::optional<Shown>> NextLocked(size_t row) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddLocked(const ListedName& listed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether no directory of that name can come any more.
  bool IsSettled(size_t row) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes out the calls of those who have what they wait for.
  std::vector<Call> TakeReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Constant after construction.
  const std::string path_;
  const std::string url_;
  const TimePoint fetched_;

  mutable Mutex mu_;
  mutable CondVar begun_;
  NameTable names_ ABSL_GUARDED_BY(mu_);  // until it is sealed
  // What the names have that came since the listing was last begun.
  uint8_t attempt_ ABSL_GUARDED_BY(mu_) = 1;
  // Of its names: whether they have come in the order of keys so far, and the last key.
  bool in_order_ ABSL_GUARDED_BY(mu_) = true;
  std::string last_key_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  Status failure_ ABSL_GUARDED_BY(mu_);                               // ok: none
  std::shared_ptr<const Listing> complete_ ABSL_GUARDED_BY(mu_);      // null until it is sealed
  mutable std::map<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mu_);  // by id
  mutable uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_GROWING_LISTING_H_
