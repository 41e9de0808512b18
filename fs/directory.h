// What is known of the names in one directory: its listing, and the names that were asked for.
#ifndef BRIMFS_FS_DIRECTORY_H_
#define BRIMFS_FS_DIRECTORY_H_

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "fs/growing_listing.h"
#include "fs/listing.h"
#include "fs/listing_pass.h"
#include "fs/lookup_pattern.h"
#include "fs/sibling_reads.h"

namespace brimfs {

// The answer of the source about one name.
struct Known {
  Result<ObjectInfo> info;  // or kNotFound
  TimePoint as_of;          // when it was asked
};

// Thread-safe; never calls out. What is older than its time to live is as good as absent: what
// exists is believed for `ttl`, that something does not exist for `negative_ttl`.
//
// Memory: the listing and a mark for each of its names, the names that the kernel holds (until
// Forget), at most kMaxAbsent names that do not exist, and at most kMaxAhead that were asked for
// ahead and not looked up yet.
class Directory {
 public:
  static constexpr size_t kMaxAbsent = 16384;
  static constexpr size_t kMaxAhead = 256;

  Directory(Clock& clock, Duration ttl, Duration negative_ttl)
      : clock_(clock), ttl_(ttl), negative_ttl_(negative_ttl) {}

  // Another one by the same clock and times to live, of which nothing is known yet.
  Directory Alike() const { return Directory(clock_, ttl_, negative_ttl_); }

  // What may be said of `name` without asking: the newer of what was asked and what the listing
  // says, or what has come of one that is under way, if that is all that stat needs (a directory,
  // or an exact length). That a listing lacks a name says nothing: it may be unlisted. But a newer
  // listing that has the name refutes an older kNotFound.
  std::optional<Known> Find(const std::string& name);

  void Remember(const std::string& name, Known known);

  // What the lookup of `name` shows of those to come.
  struct Outlook {
    bool random = false;  // nothing: what was to be asked ahead is not wanted any more
    // Probably next, of the listing, whose stat needs a request. None that was had in this pass
    // through the listing, though the kernel may have forgotten it since.
    std::vector<std::string> names;
  };
  Outlook OnLookUp(const std::string& name);

  // The kernel was given what is known of the name with the listing: nobody has to look it up.
  void OnGiven(const std::string& name);

  // Whether the name was looked up or given in this pass: it need not be asked for ahead any more.
  bool WasHad(const std::string& name) const;

  // What the reading of the file `name` shows of those that will be read: see SiblingReads. Only
  // files of which enough is known without a request are named.
  struct Sibling {
    std::string name;
    Version version;     // with its length
    uint64_t bytes = 0;  // of its front, to fetch
  };
  struct Siblings {
    bool random = false;         // what was to be fetched ahead is not wanted any more
    std::vector<Sibling> files;  // probably next, in this order
  };
  // `length` is the file's, `front` the bytes of its front that were read, `limit` the bytes that
  // may be wanted ahead.
  Siblings OnRead(const std::string& name, uint64_t length, uint64_t front, uint64_t limit);

  // As Remember, of something that exists and that nobody has looked up yet: the next Find makes it
  // an ordinary name, until then only the last kMaxAhead of them are kept.
  void RememberAhead(const std::string& name, Known known);

  // As Find, by somebody who does not look the name up.
  std::optional<Known> Peek(const std::string& name);

  // Unless one that was begun later has come already.
  void SetListing(std::shared_ptr<const Listing> listing);
  std::shared_ptr<const Listing> listing();  // null if absent or too old

  // A listing is under way: what has come of it is believed, until it is dropped, which it is when
  // it has come to its end, good or bad. Of two at a time the later one counts.
  void SetGrowing(std::shared_ptr<const GrowingListing> growing);
  void DropGrowing(const GrowingListing& growing);

  // A version of this name turned out to be gone: what is known of it so far, the present listing
  // included, is not believed any more.
  void Distrust(const std::string& name);

  // The kernel has forgotten the name: what was asked of it need not be kept.
  void Forget(const std::string& name);

  size_t remembered() const;  // names, for tests and statistics

 private:
  struct Answer {
    Known known;
    bool ahead = false;  // asked for ahead, not looked up yet
  };

  // After DropOldListing of the same moment.
  std::optional<Known> Look(const std::string& name, TimePoint now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetGuide(std::shared_ptr<const Listing> guide) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DropOldListing(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RememberAbsent(const std::string& name, TimePoint as_of) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<Known> Asked(const std::string& name, TimePoint now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The newest that a listing says and that may be believed.
  std::optional<Listed> TrustedListed(const std::string& name, TimePoint now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  const Duration ttl_;
  const Duration negative_ttl_;
  mutable Mutex mu_;  // taken before that of a growing listing
  std::shared_ptr<const Listing> listing_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const GrowingListing> growing_ ABSL_GUARDED_BY(mu_);
  // Names of the listings, and until when: what was listed later is believed again.
  std::map<std::string, TimePoint> distrusted_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Answer> asked_ ABSL_GUARDED_BY(mu_);      // what exists
  std::map<std::string, TimePoint> absent_ ABSL_GUARDED_BY(mu_);  // what does not, as of then
  size_t purge_at_ ABSL_GUARDED_BY(mu_) = 64;  // size of absent_ at which old ones are looked for
  std::deque<std::string> ahead_
      ABSL_GUARDED_BY(mu_);  // names in asked_; some are looked up by now
  // The last listing, and the lookups in it by its orders. It guides on when it is too old to
  // be believed, as long as a program goes through it.
  std::shared_ptr<const Listing> guide_ ABSL_GUARDED_BY(mu_);
  TimePoint guided_ ABSL_GUARDED_BY(mu_);  // when it last did
  ListingPass pass_ ABSL_GUARDED_BY(mu_);
  std::array<LookUpPattern, NameOrders::kMaxOrders> patterns_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<SiblingReads> reads_ ABSL_GUARDED_BY(mu_);  // null until a file of it was read
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DIRECTORY_H_
