// What is known of the names in one directory: its listing, and the names that were asked for.
#ifndef BRIMFS_FS_DIRECTORY_H_
#define BRIMFS_FS_DIRECTORY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

// One complete listing, sorted by name, each name once, immutable; shared by the open directory
// handles.
struct Listing {
  std::vector<ListedName> names;
  TimePoint fetched;  // when the source was asked, not when it had answered

  // Null if the name is not in it.
  const ListedName* Find(const std::string& name) const;
};

// The answer of the source about one name.
struct Known {
  Result<ObjectInfo> info;  // or kNotFound
  TimePoint as_of;          // when it was asked
};

// Thread-safe; never calls out. What is older than its time to live is as good as absent: what
// exists is believed for `ttl`, that something does not exist for `negative_ttl`.
//
// Memory: the listing, the names that the kernel holds (until Forget), and at most kMaxAbsent names
// that do not exist.
class Directory {
 public:
  static constexpr size_t kMaxAbsent = 16384;

  Directory(Clock& clock, Duration ttl, Duration negative_ttl)
      : clock_(clock), ttl_(ttl), negative_ttl_(negative_ttl) {}

  // What may be said of `name` without asking: the newer of what was asked and what the listing
  // says, if that is all that stat needs (a directory, or an exact length). That a listing lacks a
  // name says nothing: it may be unlisted. But a newer listing that has the name refutes an older
  // kNotFound.
  std::optional<Known> Find(const std::string& name);

  void Remember(const std::string& name, Known known);
  void SetListing(std::shared_ptr<const Listing> listing);
  std::shared_ptr<const Listing> listing();  // null if absent or too old

  // A version of this name turned out to be gone: what is known of it so far, the present listing
  // included, is not believed any more.
  void Distrust(const std::string& name);

  // The kernel has forgotten the name: what was asked of it need not be kept.
  void Forget(const std::string& name);

  size_t remembered() const;  // names, for tests and statistics

 private:
  void DropOldListing(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RememberAbsent(const std::string& name, TimePoint as_of) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<Known> Asked(const std::string& name, TimePoint now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const ListedName* TrustedListed(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  const Duration ttl_;
  const Duration negative_ttl_;
  mutable Mutex mu_;
  std::shared_ptr<const Listing> listing_ ABSL_GUARDED_BY(mu_);
  // Names of the listing, and until when: a listing that was fetched later is believed again.
  std::map<std::string, TimePoint> distrusted_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Known> asked_ ABSL_GUARDED_BY(mu_);       // what exists
  std::map<std::string, TimePoint> absent_ ABSL_GUARDED_BY(mu_);  // what does not, as of then
  size_t purge_at_ ABSL_GUARDED_BY(mu_) = 64;  // size of absent_ at which old ones are looked for
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DIRECTORY_H_
