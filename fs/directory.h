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

// One complete listing, sorted by name, immutable; shared by the open directory handles.
struct Listing {
  std::vector<ListedName> names;
  TimePoint fetched;

  // Null if the name is not in it.
  const ListedName* Find(const std::string& name) const;
};

// Thread-safe; never calls out. What is older than its time to live is as good as absent.
class Directory {
 public:
  Directory(Clock& clock, Duration ttl, Duration negative_ttl)
      : clock_(clock), ttl_(ttl), negative_ttl_(negative_ttl) {}

  struct Known {
    Result<ObjectInfo> info;  // or kNotFound
    TimePoint as_of;
  };

  // What may be said of `name` without asking: what was asked last, else what the listing says of it if that is
  // all that stat needs (an exact length). That a listing lacks a name says nothing: it may be unlisted.
  std::optional<Known> Find(const std::string& name);

  void Remember(const std::string& name, Result<ObjectInfo> info);  // info, or kNotFound
  void SetListing(std::shared_ptr<const Listing> listing);
  std::shared_ptr<const Listing> listing();  // null if absent or too old

  // The next Find of this name asks; a version of it turned out to be gone.
  void Distrust(const std::string& name);

  // The kernel has forgotten the name: what was asked of it need not be kept.
  void Forget(const std::string& name);

 private:
  Clock& clock_;
  const Duration ttl_;
  const Duration negative_ttl_;
  Mutex mu_;
  std::map<std::string, Known> asked_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, TimePoint> distrusted_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const Listing> listing_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DIRECTORY_H_
