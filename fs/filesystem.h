// The file system in plain C++: names, versions, open files and reads. Knows no FUSE type, so that
// it is tested without a kernel; fs/fuse_ops.cc translates.
#ifndef BRIMFS_FS_FILESYSTEM_H_
#define BRIMFS_FS_FILESYSTEM_H_

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/cache.h"
#include "core/readahead.h"
#include "core/timer.h"
#include "fs/ahead_work.h"
#include "fs/inode_table.h"
#include "fs/listing_fetch.h"
#include "fs/sibling_prefetch.h"

namespace brimfs {

// Hands backing files to the kernel. fs/passthrough.h implements it over /dev/fuse; tests fake it.
class KernelBacking {
 public:
  virtual ~KernelBacking() = default;
  // Whether Register is worth trying: a file that is offered to it is never evicted in part again.
  virtual bool enabled() const = 0;
  // A backing id > 0. An error means: serve this open in the ordinary way.
  virtual Result<int> Register(int fd) = 0;
  virtual void Unregister(int backing_id) = 0;
};

// One open(2). Holds nothing that cannot be found again from the node and the flags, except for how
// it was read so far, which only costs speed.
class OpenFile {
 public:
  OpenFile(NodePtr opened, std::shared_ptr<CachedFile> bytes, int registered)
      : node(std::move(opened)), file(std::move(bytes)), backing_id(registered) {}

  const NodePtr node;
  const std::shared_ptr<CachedFile> file;
  const int backing_id;  // 0: the ordinary way

  Mutex mu;
  Readahead readahead ABSL_GUARDED_BY(mu);
  uint64_t front ABSL_GUARDED_BY(mu) = 0;          // so many of its first bytes were read
  bool front_is_told ABSL_GUARDED_BY(mu) = false;  // for the sake of its siblings
};

class FileSystem {
 public:
  // Questions about names that are asked ahead at a time. A source has 8 connections for metadata:
  // one is left to those who wait.
  static constexpr size_t kStatsAhead = 7;

  // Listings that are fetched at a time; the source's connections are what limits it earlier.
  static constexpr size_t kListings = 64;

  struct Options {
    Duration metadata_ttl = std::chrono::seconds(60);
    Duration negative_ttl = std::chrono::seconds(5);
    Duration timeout =
        std::chrono::seconds(60);  // of one call to the source, and of one read's wait
    Duration first_byte = std::chrono::seconds(10);
    std::string single_file;  // not empty: SOURCE is one object, the mount has this one name
  };

  // `kernel` may be null: no passthrough. All outlive this.
  FileSystem(Backend& backend, Cache& cache, Clock& clock, KernelBacking* kernel, Options options);

  struct Entry {
    NodeId node = 0;  // 0: there is nothing of that name
    Attributes attributes;
    Duration ttl{0};  // how long the kernel may use the name without asking
  };

  // Where a call may have to ask the source, `ask` says so: with Ask::kMemoryOnly it answers
  // kWouldBlock instead, with Ask::kSource it may block until Options::timeout, or until `stop`
  // (kInterrupted).
  enum class Ask { kMemoryOnly, kSource };

  // One more lookup count of the node, if there is one. kInvalidArgument, kNameTooLong: what no
  // component of a path can be. kUnsupported: a file whose length the source does not say. Other
  // errors are the source's; they are logged and not remembered.
  Result<Entry> LookUp(NodeId parent, const std::string& name, Ask ask, std::stop_token stop = {});
  void Forget(NodeId node, uint64_t count);

  // Never asks: a node's attributes are frozen.
  Result<Attributes> GetAttributes(NodeId node) const;

  // A snapshot of the directory, begun at most metadata_ttl ago, as soon as the source has answered
  // with something: one that is under way grows on, as long as somebody holds what this returned,
  // and ListingFetch::kGrace longer. One fetch, however many open it at once. A source without
  // listings has an empty one: its names are found by asking. What is returned does not outlive
  // this.
  Result<std::shared_ptr<const GrowingListing>> OpenDirectory(NodeId node, Ask ask,
                                                              const std::stop_token& stop = {});

  // For readdirplus: the entry of a listed name, with one more lookup count, or nothing if its
  // attributes are not known without a request; then the name is given without attributes.
  std::optional<Entry> EntryOf(NodeId directory, const std::string& name);

  // st_ino of a name in a directory and of a directory's parent, without asking; the root is its
  // own parent.
  NodeId NumberOf(NodeId directory, const std::string& name) const;
  NodeId ParentOf(NodeId directory) const;

  // kStale: this node's version is gone; the kernel looks the name up again and opens what is there
  // now. A complete file is opened passed-through if `kernel` agrees and no ordinary open of the
  // node lives. The caller owns the handle and ends it with Release.
  Result<std::unique_ptr<OpenFile>> Open(NodeId node, Ask ask, std::stop_token stop = {});
  void Release(std::unique_ptr<OpenFile> file);

  // Reads come in three steps: at once if covered; else on a condition variable; else, when too
  // many threads sleep already, by callback. All start readahead. The lease's range is what was
  // asked for, cut at the end of file; at or past it the code is kEof.
  std::optional<Lease> TryRead(OpenFile& file, const Range& range);
  Result<Lease> Read(OpenFile& file, const Range& range, std::stop_token stop);
  void ReadAsync(OpenFile& file, const Range& range, std::stop_token stop,
                 Resource::WaitCallback done);

  // The backing bytes of `range` turned out unreadable (EFAULT): they are fetched again by the next
  // read. Not with a lease in hand.
  void MarkUnreadable(const Node& node, CachedFile& file, const Range& range);

  // "user.brimfs.url", ".version", ".filled" (as "0-65536,131072-196608": half-open), ".state"
  // ("active", "committed", "failed", "cancelled"; "untouched" if nothing is kept of it), ".ranges"
  // ("yes"; "no": the server has none, the file is read front to back; "unknown"), ".kept" ("yes":
  // what is filled outlives the mount; "no": not yet, or never); a directory has only the first.
  // "user.brimfs.control" is what SetControlSocket was given, of every file and directory.
  // Other names are kNoData without any lock.
  Result<std::string> GetXattr(NodeId node, const std::string& name) const;

  // --- For the commands on a mount (filesystem_control.cc)

  // Who gives the path of the socket that they are to use (fs/control_server.h), or "": there is
  // none. Thread-safe. Once, before any request.
  void SetControlSocket(std::function<std::string()> path) { control_socket_ = std::move(path); }

  // What is known of a node. The source is not asked, and nothing is made; kStale: there is none.
  struct View {
    ObjectKind kind = ObjectKind::kFile;
    std::string path;     // in the mount; "" is the root, or the one file of a mount that has one
    std::string url;      // nothing secret in it
    uint64_t length = 0;  // what follows is of a file
    std::string version;
    std::string state;          // as user.brimfs.state has it; "stored": by an earlier mount
    std::vector<Range> filled;  // what needs no request any more
    int readers = 0;            // open handles
    int passed = 0;             // of these, that the kernel reads by itself
    bool pinned = false;
    bool kept = false;
  };
  Result<View> Look(NodeId node);

  // The bytes of the node's version, which count as open as long as somebody has them. Asks the
  // source and fails as Open does.
  Result<std::shared_ptr<CachedFile>> OpenBytes(NodeId node, std::stop_token stop);

  // How many files were gone through, of how many; of 0 until that is known. Asked before each: if
  // it answers false nothing more is done, and what was done is kept (kInterrupted).
  using GoOn = std::function<bool(uint64_t files, uint64_t of)>;

  // What was fetched of a file, or of each file below a directory, leaves. `each` is told of every
  // one of which there was something: its path in the mount, and the bytes or why it stays.
  using EachEvicted = std::function<void(const std::string& path, const Result<uint64_t>& bytes)>;
  Status Evict(NodeId node, const EachEvicted& each, const GoOn& go_on);

  // Of a file. See Cache::Pin.
  Status Pin(NodeId node);

  // Of a file, or of each file below a directory; how many were pinned.
  Result<uint64_t> Unpin(NodeId node, const GoOn& go_on);

  // What the files of the source hold is not known; space is that of the cache's disk.
  Cache& cache() { return cache_; }
  size_t node_count() const { return nodes_.size(); }

 private:
  // Names (filesystem.cc).
  Result<NodePtr> DirectoryNode(NodeId id) const;
  std::string PathOf(const Node& node) const;  // as the backend has it
  std::string ChildPath(const Node& directory, const std::string& name) const;
  CallLimits Limits(std::stop_token stop);
  Result<Known> AskSource(const std::string& path, std::stop_token stop);
  // What the source said less than metadata_ttl ago, to an earlier mount perhaps, or else now.
  Result<Known> AskCacheOrSource(const std::string& path, std::stop_token stop);
  std::optional<Known> KnownToCache(const std::string& path);
  // What the cache knows of `path` so far has turned out to be wrong.
  void Doubt(const std::string& path);
  // Logs what the source did not answer, with the object's name; returns `status`.
  Status Failed(const std::string& path, const Status& status);
  Result<Known> Know(const NodePtr& directory, const std::string& name, Ask ask,
                     std::stop_token stop);
  // A name is looked up: what a program that goes through the directory wants next is asked for
  // now. Who looks that up waits for the answer that is under way.
  void LookAhead(const NodePtr& directory, const std::string& name);
  void AskAhead(Node& directory, const std::string& name, const std::stop_token& stop);
  Result<Entry> Admit(Node& directory, const std::string& name, const Known& known);
  bool Confirm(Node& node, const Known& known);
  // A directory whose time the source does not tell is as old as the mount.
  ObjectInfo Dated(ObjectInfo info) const;
  // The files of a node of which something is kept.
  Result<std::vector<std::string>> KeptPathsOf(const Node& node, const GoOn& go_on);
  // Calls `each` with every one of them.
  Status ForKeptPathsOf(NodeId id, const GoOn& go_on,
                        const std::function<Status(const std::string& path)>& each);
  std::shared_ptr<ListingFetch> BeginListing(const NodePtr& directory);
  void FetchListing(Node& directory, ListingFetch& fetch, const std::stop_token& stop);

  // Open files (open_files.cc).
  // kStale if the node is not what the name is now, as far as that was said within metadata_ttl.
  Status CheckCurrent(Node& node, Ask ask, const std::stop_token& stop);
  Status Revalidate(Node& node, Ask ask, std::stop_token stop);
  // What is stored may be used only for a version that is known exactly.
  bool IsTooVague(const Node& node);
  Status MarkStale(Node& node);
  Result<std::shared_ptr<CachedFile>> FileOf(Node& node, Ask ask, std::stop_token stop);
  void StartReadahead(OpenFile& file, const Range& read);
  void CountRead(OpenFile& file, bool waited, const Range& read);
  // Tells the directory once how much of the file's front was read: as soon as it is all that
  // matters, or at the end.
  void NoteFront(OpenFile& file, const Range& read);
  void NoteEnd(OpenFile& file);
  void FetchSiblings(const Node& node, uint64_t front);
  // A read that had to wait did so from `since` on.
  void OnWaited(OpenFile& file, std::optional<TimePoint> since, const Result<Lease>& outcome);

  // Constant after construction.
  Backend& backend_;
  Cache& cache_;
  Clock& clock_;
  KernelBacking* const kernel_;
  const Options options_;
  const absl::Time mounted_ = absl::Now();
  std::function<std::string()> control_socket_;

  Mutex doubts_mu_;                                                      // a leaf
  std::map<std::string, TimePoint> doubts_ ABSL_GUARDED_BY(doubts_mu_);  // younger than the ttl

  // Each has its own lock.
  InodeTable nodes_;
  SiblingPrefetch siblings_;
  Timer grace_;
  const ListingFetch::AfterGrace after_grace_;
  AheadWork stat_ahead_{kStatsAhead};  // these go first: they use all of the above
  AheadWork listings_{kListings, std::numeric_limits<size_t>::max()};
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FILESYSTEM_H_
