#include "fs/node.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace brimfs {

struct Node::Part {
  virtual ~Part() = default;

  // The first version, where it is an odd one.
  std::unique_ptr<const Version> odd;
};

struct Node::Names : Part {
  explicit Names(const Directory& like) : directory(like.Alike()) {}

  Directory directory;
  ListingFlight listing_flight;
  FlightGroup<Known> lookup_flights;
};

struct Node::Use : Part {
  SingleFlight<Known> check_flight;
  OpenMode open_mode;

  mutable Mutex mu;
  std::optional<Version> learned ABSL_GUARDED_BY(mu);  // more than the first version says
  std::weak_ptr<CachedFile> file ABSL_GUARDED_BY(mu);
  bool was_opened ABSL_GUARDED_BY(mu) = false;
};

NodePtr Node::Make(NodeId id, NodePtr parent, std::string_view name, const ObjectInfo& info,
                   TimePoint as_of) {
  NodePtr node = Allocate(id, std::move(parent), name, info, as_of);
  if (node->is_odd()) {
    Part& part = node->is_directory() ? static_cast<Part&>(node->names()) : node->use();
    part.odd = std::make_unique<const Version>(info.version);
  }
  return node;
}

NodePtr Node::MakeRoot(const ObjectInfo& info, Clock& clock, Duration ttl, Duration negative_ttl) {
  NodePtr root = Allocate(kRootNode, nullptr, "", info, clock.Now());
  Part& part = root->PartMadeBy(
      [&] { return std::make_unique<Names>(Directory(clock, ttl, negative_ttl)); });
  if (root->is_odd()) part.odd = std::make_unique<const Version>(info.version);
  return root;
}

NodePtr Node::Allocate(NodeId id, NodePtr parent, std::string_view name, const ObjectInfo& info,
                       TimePoint as_of) {
  const std::optional<Packed> packed = Pack(info.version);
  const size_t etag_bytes = packed ? packed->etag.size() : 0;
  void* const at = ::operator new(sizeof(Node) + name.size() + etag_bytes);
  return NodePtr(new (at) Node(id, std::move(parent), name, info, packed, as_of));
}

Node::Node(NodeId node_id, NodePtr in, std::string_view name, const ObjectInfo& info,
           const std::optional<Packed>& packed, TimePoint as_of)
    : id(node_id),
      parent(std::move(in)),
      checked_(as_of),
      name_bytes_(static_cast<uint8_t>(name.size())),
      etag_bytes_(static_cast<uint8_t>(packed ? packed->etag.size() : 0)),
      flags_(static_cast<uint8_t>((packed ? packed->version.flags : kOdd) |
                                  (info.kind == ObjectKind::kDirectory ? kDirectory : 0))),
      length_(info.version.length.value_or(0)),
      modified_(packed ? packed->version.modified : 0) {
  char* const text = reinterpret_cast<char*>(this + 1);
  std::memcpy(text, name.data(), name_bytes_);
  if (packed) std::memcpy(text + name_bytes_, packed->etag.data(), etag_bytes_);
}

Node::~Node() { delete part_; }

void Node::Release() {
  // One after the other: a source may have made the way to the root very long.
  Node* node = this;
  while (node != nullptr && node->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Node* const up = node->parent.get();
    if (up != nullptr) up->Retain();
    node->~Node();
    ::operator delete(node);
    node = up;
  }
}

std::string Node::path() const {
  std::vector<const Node*> way;
  for (const Node* node = this; node->parent; node = node->parent.get()) way.push_back(node);
  std::string path;
  for (auto at = way.rbegin(); at != way.rend(); ++at) {
    if (!path.empty()) path += '/';
    path += (*at)->name();
  }
  return path;
}

Attributes Node::attributes() const {
  Attributes attributes{.ino = id, .size = size(), .mtime = absl::FromUnixNanos(modified_)};
  if (is_directory()) attributes.kind = ObjectKind::kDirectory;
  if (is_odd()) attributes.mtime = FirstVersion().last_modified.value_or(absl::UnixEpoch());
  return attributes;
}

template <typename MakePart>
Node::Part& Node::PartMadeBy(const MakePart& make) {
  if (Part* const part = part_) return *part;
  auto made = make();
  Part* earlier = nullptr;
  if (part_.compare_exchange_strong(earlier, made.get())) return *made.release();
  return *earlier;
}

Node::Names& Node::names() {
  return static_cast<Names&>(
      PartMadeBy([this] { return std::make_unique<Names>(parent->directory()); }));
}

Node::Use& Node::use() {
  return static_cast<Use&>(PartMadeBy([] { return std::make_unique<Use>(); }));
}

const Node::Use* Node::used() const {
  return is_directory() ? nullptr : static_cast<const Use*>(part_.load());
}

Directory& Node::directory() { return names().directory; }
ListingFlight& Node::listing_flight() { return names().listing_flight; }
FlightGroup<Known>& Node::lookup_flights() { return names().lookup_flights; }
SingleFlight<Known>& Node::check_flight() { return use().check_flight; }
OpenMode& Node::open_mode() { return use().open_mode; }

Version Node::FirstVersion() const {
  if (is_odd()) return *part_.load()->odd;
  return Unpack({length_, modified_, flags_}, {text() + name_bytes_, etag_bytes_});
}

Version Node::version() const {
  if (const Use* const used = this->used()) {
    MutexLock lock(used->mu);
    if (used->learned) return *used->learned;
  }
  return FirstVersion();
}

bool Node::Learn(const Version& seen) {
  if (gone_) return false;
  const Version first = FirstVersion();
  if (used() == nullptr) {
    if (!SameVersion(first, seen)) return false;
    if (Merge(first, seen) == first) return true;
  }
  Use& use = this->use();
  MutexLock lock(use.mu);
  const Version& known = use.learned ? *use.learned : first;
  if (!SameVersion(known, seen)) return false;
  use.learned = Merge(known, seen);
  return true;
}

bool Node::Confirm(const ObjectInfo& info, TimePoint as_of) {
  if ((info.kind == ObjectKind::kDirectory) != is_directory()) return false;
  if (gone_ || (!is_directory() && !Learn(info.version))) return false;
  TimePoint before = checked_;
  while (before < as_of && !checked_.compare_exchange_weak(before, as_of)) {
  }
  return true;
}

std::shared_ptr<CachedFile> Node::file() const {
  const Use* const used = this->used();
  if (used == nullptr) return nullptr;
  MutexLock lock(used->mu);
  return used->file.lock();
}

void Node::SetFile(const std::shared_ptr<CachedFile>& file) {
  Use& use = this->use();
  MutexLock lock(use.mu);
  use.file = file;
  use.was_opened = true;
}

bool Node::was_opened() const {
  const Use* const used = this->used();
  if (used == nullptr) return false;
  MutexLock lock(used->mu);
  return used->was_opened;
}

}  // namespace brimfs
