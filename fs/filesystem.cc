// Names and what is known of them; open files are in open_files.cc.
#include "fs/filesystem.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "fs/xattr.h"

namespace brimfs {
namespace {

constexpr size_t kMaxNameBytes = 255;

Status CheckComponent(const std::string& name) {
  if (name.size() > kMaxNameBytes) return Status(Code::kNameTooLong);
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string("/\0", 2)) != std::string::npos) {
    return Status(Code::kInvalidArgument, "not a name: '" + name + "'");
  }
  return OkStatus();
}

}  // namespace

FileSystem::FileSystem(Backend& backend, Cache& cache, Clock& clock, KernelBacking* kernel,
                       Options options)
    : backend_(backend),
      cache_(cache),
      clock_(clock),
      kernel_(kernel),
      options_(std::move(options)),
      nodes_(Node::MakeRoot(Dated({ObjectKind::kDirectory, {}}), clock, options_.metadata_ttl,
                            options_.negative_ttl)),
      siblings_(cache),
      grace_(clock),
      after_grace_([this](std::function<void()> then) {
        grace_.At(clock_.Now() + ListingFetch::kGrace, std::move(then));
      }) {}

ObjectInfo FileSystem::Dated(ObjectInfo info) const {
  if (info.kind == ObjectKind::kDirectory && !info.version.last_modified) {
    info.version.last_modified = mounted_;
  }
  return info;
}

Result<NodePtr> FileSystem::DirectoryNode(NodeId id) const {
  NodePtr node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (!node->is_directory()) return Status(Code::kNotDirectory);
  return node;
}

std::string FileSystem::PathOf(const Node& node) const {
  return options_.single_file.empty() ? node.path() : "";
}

std::string FileSystem::ChildPath(const Node& directory, const std::string& name) const {
  if (!options_.single_file.empty()) return "";
  return JoinPath(directory.path(), name);
}

CallLimits FileSystem::Limits(std::stop_token stop) {
  CallLimits limits;
  limits.deadline = After(clock_.Now(), options_.timeout);
  limits.first_byte = options_.first_byte;
  limits.stop = std::move(stop);
  return limits;
}

Result<Known> FileSystem::AskSource(const std::string& path, std::stop_token stop) {
  cache_.stats().stat_calls.fetch_add(1, std::memory_order_relaxed);
  const LogScope scope(backend_.DisplayUrl(path));
  const TimePoint as_of = clock_.Now();
  Result<ObjectInfo> info = backend_.Stat(path, Limits(std::move(stop)));
  if (!info.ok()) {
    if (info.code() != Code::kNotFound) return Failed(path, info.status());
    return Known{std::move(info), as_of};
  }
  if (info->kind == ObjectKind::kFile) {
    if (!info->version.length) {
      LogOnce("length", LogLevel::kWarning,
              backend_.DisplayUrl(path) + ": the source does not say its length; cannot be opened");
      return Status(Code::kUnsupported, backend_.DisplayUrl(path) + ": length unknown");
    }
    if (!info->version.HasValidator()) {
      LogOnce("validator", LogLevel::kWarning,
              backend_.DisplayUrl(path) +
                  ": neither a strong ETag nor a Last-Modified; a change that keeps the length "
                  "cannot be noticed");
    }
  }
  return Known{std::move(info), as_of};
}

Result<Known> FileSystem::AskCacheOrSource(const std::string& path, std::stop_token stop) {
  if (std::optional<Known> known = KnownToCache(path)) return *std::move(known);
  return AskSource(path, std::move(stop));
}

std::optional<Known> FileSystem::KnownToCache(const std::string& path) {
  const std::optional<Cache::Known> last = cache_.LastKnown(path);
  if (!last || last->age >= options_.metadata_ttl || !last->version.length) return std::nullopt;
  const TimePoint as_of = clock_.Now() - last->age;
  {
    MutexLock lock(doubts_mu_);
    const auto doubt = doubts_.find(path);
    if (doubt != doubts_.end() && doubt->second >= as_of) return std::nullopt;
  }
  return Known{ObjectInfo{ObjectKind::kFile, last->version}, as_of};
}

void FileSystem::Doubt(const std::string& path) {
  const TimePoint now = clock_.Now();
  MutexLock lock(doubts_mu_);
  // What is as old as these is not believed in any case.
  std::erase_if(doubts_,
                [&](const auto& doubt) { return now - doubt.second >= options_.metadata_ttl; });
  doubts_.insert_or_assign(path, now);
}

Status FileSystem::Failed(const std::string& path, const Status& status) {
  if (status.code() == Code::kInterrupted) return status;
  const std::string url = backend_.DisplayUrl(path);
  const bool names_it = status.message().find(url) != std::string::npos;
  Log(LogLevel::kWarning, names_it ? status.ToString() : url + ": " + status.ToString());
  return status;
}

Result<Known> FileSystem::Know(const NodePtr& directory, const std::string& name, Ask ask,
                               std::stop_token stop) {
  Directory& names = directory->directory();
  const std::optional<Known> known = names.Find(name);
  if (!known && ask == Ask::kMemoryOnly) return Status(Code::kWouldBlock);
  LookAhead(directory, name);
  if (known) return *known;
  return directory->lookup_flights().Do(
      name, clock_, After(clock_.Now(), options_.timeout), stop, [&]() -> Result<Known> {
        // By a flight that has ended meanwhile.
        if (const std::optional<Known> by_now = names.Find(name)) return *by_now;
        Result<Known> answer = AskCacheOrSource(ChildPath(*directory, name), stop);
        if (answer.ok()) names.Remember(name, *answer);
        return answer;
      });
}

void FileSystem::LookAhead(const NodePtr& directory, const std::string& name) {
  const Directory::Outlook outlook = directory->directory().OnLookUp(name);
  if (outlook.random) stat_ahead_.Drop(directory.get());
  for (const std::string& next : outlook.names) {
    stat_ahead_.Submit(directory.get(), [this, directory, next](const std::stop_token& stop) {
      AskAhead(*directory, next, stop);
    });
  }
}

void FileSystem::AskAhead(Node& directory, const std::string& name, const std::stop_token& stop) {
  Directory& names = directory.directory();
  const Result<Known> answer = directory.lookup_flights().Do(
      name, clock_, After(clock_.Now(), options_.timeout), stop, [&]() -> Result<Known> {
        if (const std::optional<Known> by_now = names.Peek(name)) return *by_now;
        // Named by both orders, had, and forgotten: who waits here all the same asks anew.
        if (names.WasHad(name)) return Status(Code::kInterrupted);
        Result<Known> asked = AskCacheOrSource(ChildPath(directory, name), stop);
        if (asked.ok() && asked->info.ok()) names.RememberAhead(name, *asked);
        return asked;
      });
  // The source has trouble: it is left alone until somebody needs it.
  if (!answer.ok() && answer.code() != Code::kInterrupted) stat_ahead_.Drop(&directory);
}

Result<FileSystem::Entry> FileSystem::LookUp(NodeId parent, const std::string& name, Ask ask,
                                             std::stop_token stop) {
  BRIMFS_RETURN_IF_ERROR(CheckComponent(name));
  const Result<NodePtr> directory = DirectoryNode(parent);
  if (!directory.ok()) return directory.status();
  if (!options_.single_file.empty() && name != options_.single_file) {
    return Entry{0, {}, options_.negative_ttl};
  }
  const Result<Known> known = Know(*directory, name, ask, std::move(stop));
  if (!known.ok()) return known.status();
  return Admit(**directory, name, *known);
}

Result<FileSystem::Entry> FileSystem::Admit(Node& directory, const std::string& name,
                                            const Known& known) {
  const auto left = [&](Duration ttl) {
    return std::max(known.as_of + ttl - clock_.Now(), Duration::zero());
  };
  if (!known.info.ok()) {
    if (const auto vanished = nodes_.Unlink(directory, name)) vanished->MarkGone();
    return Entry{0, {}, left(options_.negative_ttl)};
  }
  const InodeTable::Found found = nodes_.LookUp(
      directory, name, PreferredNodeId(ChildPath(directory, name)),
      [&](Node& current) { return Confirm(current, known); },
      [&](NodeId id) {
        return Node::Make(id, NodePtr(&directory), name, Dated(*known.info), known.as_of);
      });
  if (found.replaced) found.replaced->MarkGone();
  return Entry{found.node->id, found.node->attributes(), left(options_.metadata_ttl)};
}

bool FileSystem::Confirm(Node& node, const Known& known) {
  if (const std::shared_ptr<CachedFile> file = node.file()) {
    if (!node.Learn(file->version())) return false;
  }
  if (!known.info.ok() || !node.Confirm(*known.info, known.as_of)) return false;
  if (const std::shared_ptr<CachedFile> file = node.file()) {
    cache_.Confirm(*file, clock_.Now() - node.checked());
  }
  return true;
}

void FileSystem::Forget(NodeId id, uint64_t count) {
  const NodePtr node = nodes_.Forget(id, count);
  if (!node) return;
  if (node->is_directory()) siblings_.Drop(node.get());
  if (nodes_.Current(*node->parent, node->name())) return;
  node->parent->directory().Forget(std::string(node->name()));
}

Result<Attributes> FileSystem::GetAttributes(NodeId id) const {
  const NodePtr node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  return node->attributes();
}

Result<std::shared_ptr<const GrowingListing>> FileSystem::OpenDirectory(
    NodeId id, Ask ask, const std::stop_token& stop) {
  const Result<NodePtr> found = DirectoryNode(id);
  if (!found.ok()) return found.status();
  const NodePtr& node = *found;
  const TimePoint now = clock_.Now();
  if (!options_.single_file.empty()) {
    return std::make_shared<const GrowingListing>(
        MakeListing({{options_.single_file, ObjectKind::kFile, {}}}, "", "", now));
  }
  if (auto known = node->directory().listing()) {
    return std::make_shared<const GrowingListing>(std::move(known));
  }
  if (stop.stop_requested()) return Status(Code::kInterrupted);

  const bool may_ask = ask == Ask::kSource;
  std::function<std::shared_ptr<ListingFetch>()> begin;
  if (may_ask) begin = [&] { return BeginListing(node); };
  const auto fits = [&](const GrowingListing& growing) {
    return growing.begun() ? now - growing.fetched() < options_.metadata_ttl : may_ask;
  };
  std::shared_ptr<const GrowingListing> growing =
      node->listing_flight().Want(fits, begin, after_grace_);
  if (!growing) return Status(Code::kWouldBlock);
  BRIMFS_RETURN_IF_ERROR(growing->AwaitBegun(clock_, After(clock_.Now(), options_.timeout), stop));
  return growing;
}

std::shared_ptr<ListingFetch> FileSystem::BeginListing(const NodePtr& directory) {
  const std::string path = PathOf(*directory);
  auto growing = std::make_shared<GrowingListing>(path, backend_.DisplayUrl(path), clock_.Now());
  directory->directory().SetGrowing(growing);
  auto fetch = std::make_shared<ListingFetch>(std::move(growing));
  listings_.Submit(directory.get(), [this, directory, fetch](const std::stop_token& stop) {
    FetchListing(*directory, *fetch, stop);
  });
  return fetch;
}

void FileSystem::FetchListing(Node& directory, ListingFetch& fetch, const std::stop_token& stop) {
  const std::stop_callback unmounted(stop, [&fetch] { fetch.GiveUp(); });
  const std::string path = PathOf(directory);
  const LogScope scope(backend_.DisplayUrl(path));
  GrowingListing& growing = fetch.listing();
  Status status(Code::kInterrupted);
  if (!fetch.stop().stop_requested()) {
    cache_.stats().list_calls.fetch_add(1, std::memory_order_relaxed);
    status = backend_.List(
        path, [&](const ListedName& name) { growing.Add(name); }, [&] { growing.BeginAnew(); },
        Limits(fetch.stop()));
  }
  if (status.code() == Code::kUnsupported) {
    growing.BeginAnew();
    status = OkStatus();
  }
  if (status.ok()) {
    directory.directory().SetListing(growing.Seal());
  } else {
    (void)Failed(path, status);
  }
  directory.directory().DropGrowing(growing);
  directory.listing_flight().Land(fetch);
  // Last: who hears of it finds it all done.
  growing.End(status);
}

std::optional<FileSystem::Entry> FileSystem::EntryOf(NodeId id, const std::string& name) {
  const Result<NodePtr> directory = DirectoryNode(id);
  if (!directory.ok()) return std::nullopt;
  // Not from the listing that is read: it may be older than what is known by now.
  const std::optional<Known> known = (*directory)->directory().Find(name);
  if (!known || !known->info.ok()) return std::nullopt;
  const Result<Entry> entry = Admit(**directory, name, *known);
  if (!entry.ok()) return std::nullopt;
  (*directory)->directory().OnGiven(name);
  return *entry;
}

NodeId FileSystem::NumberOf(NodeId id, const std::string& name) const {
  const Result<NodePtr> directory = DirectoryNode(id);
  if (!directory.ok()) return 0;
  if (const NodePtr current = nodes_.Current(**directory, name)) return current->id;
  return PreferredNodeId(ChildPath(**directory, name));
}

NodeId FileSystem::ParentOf(NodeId id) const {
  const Result<NodePtr> directory = DirectoryNode(id);
  return directory.ok() && (*directory)->parent ? (*directory)->parent->id : kRootNode;
}

Result<std::string> FileSystem::GetXattr(NodeId id, const std::string& name) const {
  const std::optional<Xattr> which = ParseXattrName(name);
  if (!which) return Status(Code::kNoData);
  const NodePtr node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (which == Xattr::kUrl) return backend_.DisplayUrl(PathOf(*node));
  if (which == Xattr::kControl) {
    std::string socket = control_socket_ ? control_socket_() : "";
    if (socket.empty()) return Status(Code::kNoData);
    return socket;
  }
  if (node->is_directory()) return Status(Code::kNoData);

  std::shared_ptr<CachedFile> file = node->file();
  // Only what was opened: asking must not make a file in the cache for every name.
  if (!file && node->was_opened()) {
    Result<std::shared_ptr<CachedFile>> kept = cache_.Open(PathOf(*node), node->version());
    if (!kept.ok()) return kept.status();
    file = std::move(*kept);
  }
  if (which == Xattr::kVersion) return (file ? file->version() : node->version()).ToString();
  if (which == Xattr::kFilled) return file ? FormatRanges(file->Filled()) : "";
  if (which == Xattr::kRanges) {
    const std::optional<bool> none = file ? file->fetcher().without_ranges() : std::nullopt;
    if (!none) return std::string("unknown");
    return std::string(*none ? "no" : "yes");
  }
  if (which == Xattr::kKept) {
    DurableFile* const durable = file ? file->durable() : nullptr;
    return std::string(durable != nullptr && durable->settled() ? "yes" : "no");
  }
  return std::string(file ? StateName(file->resource().state()) : "untouched");
}

}  // namespace brimfs
