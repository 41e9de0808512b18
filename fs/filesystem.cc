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

// Sorted, each name once: where a name is a file and a directory, it is the directory, because that
// is the one that leads on to other names.
void SortAndMerge(std::vector<ListedName>& names, const std::string& url) {
  const auto directory_first = [](const ListedName& a, const ListedName& b) {
    if (a.name != b.name) return a.name < b.name;
    return a.kind == ObjectKind::kDirectory && b.kind == ObjectKind::kFile;
  };
  std::stable_sort(names.begin(), names.end(), directory_first);
  const auto same_name = [&](const ListedName& a, const ListedName& b) {
    if (a.name != b.name) return false;
    if (a.kind != b.kind) {
      LogOnce("file and directory", LogLevel::kWarning,
              url + ": '" + a.name + "' is a file and a directory; the directory is shown");
    }
    return true;
  };
  names.erase(std::unique(names.begin(), names.end(), same_name), names.end());
  names.shrink_to_fit();
}

std::unique_ptr<Directory> MakeDirectory(Clock& clock, const FileSystem::Options& options) {
  return std::make_unique<Directory>(clock, options.metadata_ttl, options.negative_ttl);
}

}  // namespace

FileSystem::FileSystem(Backend& backend, Cache& cache, Clock& clock, KernelBacking* kernel,
                       Options options)
    : backend_(backend),
      cache_(cache),
      clock_(clock),
      kernel_(kernel),
      options_(std::move(options)),
      nodes_(std::make_shared<Node>(kRootNode, Place{}, Dated({ObjectKind::kDirectory, {}}),
                                    clock.Now(), MakeDirectory(clock, options_))) {}

ObjectInfo FileSystem::Dated(ObjectInfo info) const {
  if (info.kind == ObjectKind::kDirectory && !info.version.last_modified) {
    info.version.last_modified = mounted_;
  }
  return info;
}

Result<std::shared_ptr<Node>> FileSystem::DirectoryNode(NodeId id) const {
  std::shared_ptr<Node> node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (!node->is_directory()) return Status(Code::kNotDirectory);
  return node;
}

std::string FileSystem::ChildPath(const Node& directory, const std::string& name) const {
  if (!options_.single_file.empty()) return "";
  return directory.place.path.empty() ? name : directory.place.path + '/' + name;
}

CallLimits FileSystem::Limits(std::stop_token stop) {
  CallLimits limits;
  limits.deadline = clock_.Now() + options_.timeout;
  limits.first_byte = options_.first_byte;
  limits.stop = std::move(stop);
  return limits;
}

Result<Known> FileSystem::AskSource(const std::string& path, std::stop_token stop) {
  cache_.stats().stat_calls.fetch_add(1, std::memory_order_relaxed);
  const TimePoint as_of = clock_.Now();
  Result<ObjectInfo> info = backend_.Stat(path, Limits(std::move(stop)));
  if (!info.ok()) {
    if (info.code() != Code::kNotFound) return info.status();
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

Result<Known> FileSystem::Know(Node& directory, const std::string& name, Ask ask,
                               std::stop_token stop) {
  if (const std::optional<Known> known = directory.directory->Find(name)) return *known;
  if (ask == Ask::kMemoryOnly) return Status(Code::kWouldBlock);
  Result<Known> known = AskSource(ChildPath(directory, name), std::move(stop));
  if (known.ok()) directory.directory->Remember(name, *known);
  return known;
}

Result<FileSystem::Entry> FileSystem::LookUp(NodeId parent, const std::string& name, Ask ask,
                                             std::stop_token stop) {
  BRIMFS_RETURN_IF_ERROR(CheckComponent(name));
  const Result<std::shared_ptr<Node>> directory = DirectoryNode(parent);
  if (!directory.ok()) return directory.status();
  if (!options_.single_file.empty() && name != options_.single_file) {
    return Entry{0, {}, options_.negative_ttl};
  }
  const Result<Known> known = Know(**directory, name, ask, std::move(stop));
  if (!known.ok()) return known.status();
  return Admit(**directory, name, *known);
}

Result<FileSystem::Entry> FileSystem::Admit(Node& directory, const std::string& name,
                                            const Known& known) {
  const auto left = [&](Duration ttl) {
    return std::max(known.as_of + ttl - clock_.Now(), Duration::zero());
  };
  if (!known.info.ok()) {
    if (const auto vanished = nodes_.Unlink(directory.id, name)) vanished->MarkGone();
    return Entry{0, {}, left(options_.negative_ttl)};
  }
  const ObjectInfo& info = *known.info;
  const std::string path = ChildPath(directory, name);
  const InodeTable::Found found = nodes_.LookUp(
      directory.id, name, PreferredNodeId(path),
      [&](Node& current) { return Confirm(current, known); },
      [&](NodeId id) {
        return std::make_shared<Node>(
            id, Place{directory.id, name, path}, Dated(info), known.as_of,
            info.kind == ObjectKind::kDirectory ? MakeDirectory(clock_, options_) : nullptr);
      });
  if (found.replaced) found.replaced->MarkGone();
  return Entry{found.node->id, found.node->attributes, left(options_.metadata_ttl)};
}

bool FileSystem::Confirm(Node& node, const Known& known) {
  if (const std::shared_ptr<CachedFile> file = node.file()) {
    if (!node.Learn(file->version())) return false;
  }
  return known.info.ok() && node.Confirm(*known.info, known.as_of);
}

void FileSystem::Forget(NodeId id, uint64_t count) {
  const std::shared_ptr<Node> node = nodes_.Forget(id, count);
  if (!node || nodes_.Current(node->place.parent, node->place.name)) return;
  if (const auto parent = nodes_.Find(node->place.parent)) {
    parent->directory->Forget(node->place.name);
  }
}

Result<Attributes> FileSystem::GetAttributes(NodeId id) const {
  const std::shared_ptr<Node> node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  return node->attributes;
}

Result<std::shared_ptr<const Listing>> FileSystem::OpenDirectory(NodeId id, Ask ask,
                                                                 std::stop_token stop) {
  const Result<std::shared_ptr<Node>> found = DirectoryNode(id);
  if (!found.ok()) return found.status();
  Node& node = **found;
  if (!options_.single_file.empty()) {
    auto one = std::make_shared<Listing>();
    one->names.push_back({options_.single_file, ObjectKind::kFile, {}});
    return std::shared_ptr<const Listing>(std::move(one));
  }
  if (auto known = node.directory->listing()) return known;
  if (ask == Ask::kMemoryOnly) return Status(Code::kWouldBlock);
  return node.listing_flight.Do(clock_, clock_.Now() + options_.timeout, stop,
                                [&] { return FetchListing(node, stop); });
}

Result<std::shared_ptr<const Listing>> FileSystem::FetchListing(Node& directory,
                                                                std::stop_token stop) {
  cache_.stats().list_calls.fetch_add(1, std::memory_order_relaxed);
  auto listing = std::make_shared<Listing>();
  listing->fetched = clock_.Now();
  const std::string& path = directory.place.path;
  const Status status = backend_.List(
      path, [&](ListedName name) { listing->names.push_back(std::move(name)); },
      Limits(std::move(stop)));
  if (!status.ok() && status.code() != Code::kUnsupported) return status;
  if (!status.ok()) listing->names.clear();
  SortAndMerge(listing->names, backend_.DisplayUrl(path));
  directory.directory->SetListing(listing);
  return std::shared_ptr<const Listing>(std::move(listing));
}

std::optional<FileSystem::Entry> FileSystem::EntryOf(NodeId id, const ListedName& listed) {
  const Result<std::shared_ptr<Node>> directory = DirectoryNode(id);
  if (!directory.ok()) return std::nullopt;
  // Not from `listed`: the handle it comes from may be older than what is known by now.
  const std::optional<Known> known = (*directory)->directory->Find(listed.name);
  if (!known || !known->info.ok()) return std::nullopt;
  const Result<Entry> entry = Admit(**directory, listed.name, *known);
  if (!entry.ok()) return std::nullopt;
  return *entry;
}

NodeId FileSystem::NumberOf(NodeId id, const std::string& name) const {
  if (const auto current = nodes_.Current(id, name)) return current->attributes.ino;
  const Result<std::shared_ptr<Node>> directory = DirectoryNode(id);
  return directory.ok() ? PreferredNodeId(ChildPath(**directory, name)) : 0;
}

NodeId FileSystem::ParentOf(NodeId id) const {
  const Result<std::shared_ptr<Node>> directory = DirectoryNode(id);
  return directory.ok() && id != kRootNode ? (*directory)->place.parent : kRootNode;
}

Result<std::string> FileSystem::GetXattr(NodeId id, const std::string& name) const {
  const std::optional<Xattr> which = ParseXattrName(name);
  if (!which) return Status(Code::kNoData);
  const std::shared_ptr<Node> node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (which == Xattr::kUrl) return backend_.DisplayUrl(node->place.path);
  if (node->is_directory()) return Status(Code::kNoData);

  std::shared_ptr<CachedFile> file = node->file();
  // Only what was opened: asking must not make a file in the cache for every name.
  if (!file && node->was_opened()) {
    Result<std::shared_ptr<CachedFile>> kept = cache_.Open(node->place.path, node->version());
    if (!kept.ok()) return kept.status();
    file = std::move(*kept);
  }
  if (which == Xattr::kVersion) return (file ? file->version() : node->version()).ToString();
  if (which == Xattr::kFilled) return file ? FormatRanges(file->resource().Coverage()) : "";
  return std::string(file ? StateName(file->resource().state()) : "untouched");
}

}  // namespace brimfs
