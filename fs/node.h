// What the file system knows of one name: a directory, or one version of one file.
#ifndef BRIMFS_FS_NODE_H_
#define BRIMFS_FS_NODE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/backend.h"
#include "core/cache.h"
#include "core/ref_ptr.h"
#include "fs/directory.h"
#include "fs/listing_fetch.h"
#include "fs/node_id.h"
#include "fs/open_mode.h"
#include "fs/packed_version.h"
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

class Node;
using NodePtr = RefPtr<Node>;

// Thread-safe. The length of a file is known. No lock but its own is taken by any method, and none
// of them calls out.
//
// Memory: the kernel holds a node for every name that it was given attributes of. One that nobody
// opens, and that is no directory to look into, is 56 bytes, its name and its ETag (as
// PackedVersion has it); what is needed beyond that is made when it is.
class Node {
 public:
  // Of a name in `parent`, which is kept as long as the node is.
  static NodePtr Make(NodeId id, NodePtr parent, std::string_view name, const ObjectInfo& info,
                      TimePoint as_of);

  // The root, with the clock and the times to live of all directories below it; see Directory.
  static NodePtr MakeRoot(const ObjectInfo& info, Clock& clock, Duration ttl,
                          Duration negative_ttl);

  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Constant after construction.
  const NodeId id;
  const NodePtr parent;  // null: the root
  std::string_view name() const { return {text(), name_bytes_}; }
  std::string path() const;  // of the names from the root on: as core/backend.h has it
  bool is_directory() const { return (flags_ & kDirectory) != 0; }
  uint64_t size() const { return length_; }  // of a file, bytes
  Attributes attributes() const;

  // Of a directory; each has its own lock.
  Directory& directory();
  ListingFlight& listing_flight();
  FlightGroup<Known>& lookup_flights();  // by name

  // Of a file; each has its own lock.
  SingleFlight<Known>& check_flight();  // is it still this version?
  OpenMode& open_mode();

  // Adds what a fetch has shown of this version. False if it is another version, or the node is
  // gone.
  bool Learn(const Version& seen);

  // As Learn, from the source's own word of `as_of`: later checks start from there.
  bool Confirm(const ObjectInfo& info, TimePoint as_of);

  // All that is known of the version so far.
  Version version() const;

  // When the source last confirmed it.
  TimePoint checked() const { return checked_; }

  // The name has another version now, or none: open answers kStale from now on. Returns whether
  // that is news.
  bool MarkGone() { return !gone_.exchange(true); }
  bool gone() const { return gone_; }

  // The bytes, as long as somebody has them open; else null. What was opened once may still be kept
  // by the cache.
  std::shared_ptr<CachedFile> file() const;
  void SetFile(const std::shared_ptr<CachedFile>& file);
  bool was_opened() const;

  // For RefPtr.
  void Retain() { owners_.fetch_add(1, std::memory_order_relaxed); }
  void Release();

 private:
  // What most nodes never need. Of a directory it is a Names, of a file a Use.
  struct Part;
  struct Names;
  struct Use;

  // flags_, above those of the version.
  static constexpr uint8_t kDirectory = 1 << PackedVersion::kFlagBits;
  static constexpr uint8_t kOdd = 2 << PackedVersion::kFlagBits;  // it is in the part

  static NodePtr Allocate(NodeId id, NodePtr parent, std::string_view name, const ObjectInfo& info,
                          TimePoint as_of);
  Node(NodeId node_id, NodePtr in, std::string_view name, const ObjectInfo& info,
       const std::optional<Packed>& packed, TimePoint as_of);
  ~Node();

  bool is_odd() const { return (flags_ & kOdd) != 0; }

  // Behind the node itself: the name, then the ETag as it is packed.
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }

  Version FirstVersion() const;  // as it was when the node was made

  Names& names();
  Use& use();
  const Use* used() const;  // null: not yet
  template <typename MakePart>
  Part& PartMadeBy(const MakePart& make);

  std::atomic<Part*> part_{nullptr};  // owned; stays once it is set
  std::atomic<TimePoint> checked_;
  std::atomic<uint32_t> owners_{0};
  std::atomic<bool> gone_{false};

  // Constant after construction.
  const uint8_t name_bytes_;
  const uint8_t etag_bytes_;
  const uint8_t flags_;
  const uint64_t length_;
  const int64_t modified_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_NODE_H_
