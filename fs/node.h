// What the file system knows of one name: a directory, or one version of one file.
#ifndef BRIMFS_FS_NODE_H_
#define BRIMFS_FS_NODE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "core/backend.h"
#include "core/cache.h"
#include "core/mutex.h"
#include "fs/directory.h"
#include "fs/listing_fetch.h"
#include "fs/node_id.h"
#include "fs/open_mode.h"
#include "fs/single_flight.h"

namespace brimfs {

// What stat(2) shows beyond mode and owner, which are the mount's. Frozen for the life of a node:
// a new version is a new node, and a time that became finer would drop the kernel's page cache.
struct Attributes {
  NodeId ino = 0;
  ObjectKind kind = ObjectKind::kFile;
  uint64_t size = 0;  // bytes
  absl::Time mtime = absl::UnixEpoch();
};

// Where a node is found: its name in its parent, and what the backend calls it.
struct Place {
  NodeId parent = 0;
  std::string name;
  std::string path;
};

// Thread-safe. The length of a file is known. No lock but its own is taken by any method, and none
// of them calls out.
class Node {
 public:
  // `directory` is null for a file.
  Node(NodeId id, Place place, const ObjectInfo& info, TimePoint as_of,
       std::unique_ptr<Directory> directory);

  // Constant after construction.
  const NodeId id;
  const Place place;
  const Attributes attributes;

  // Each has its own lock.
  const std::unique_ptr<Directory> directory;
  ListingFlight listing_flight;       // of a directory
  FlightGroup<Known> lookup_flights;  // of a directory, by name
  SingleFlight<Known> check_flight;   // of a file: is it still this version?
  OpenMode open_mode;

  bool is_directory() const { return attributes.kind == ObjectKind::kDirectory; }

  // Adds what a fetch has shown of this version. False if it is another version, or the node is
  // gone.
  bool Learn(const Version& seen);

  // As Learn, from the source's own word of `as_of`: later checks start from there.
  bool Confirm(const ObjectInfo& info, TimePoint as_of);

  // All that is known of the version so far.
  Version version() const;

  // When the source last confirmed it.
  TimePoint checked() const;

  // The name has another version now, or none: open answers kStale from now on. Returns whether
  // that is news.
  bool MarkGone();
  bool gone() const;

  // The bytes, as long as somebody has them open; else null. What was opened once may still be kept
  // by the cache.
  std::shared_ptr<CachedFile> file() const;
  void SetFile(const std::shared_ptr<CachedFile>& file);
  bool was_opened() const;

 private:
  mutable Mutex mu_;
  Version version_ ABSL_GUARDED_BY(mu_);
  TimePoint checked_ ABSL_GUARDED_BY(mu_);
  bool gone_ ABSL_GUARDED_BY(mu_) = false;
  std::weak_ptr<CachedFile> file_ ABSL_GUARDED_BY(mu_);
  bool was_opened_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_NODE_H_
