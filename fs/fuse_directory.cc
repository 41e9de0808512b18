#include <cerrno>
#include <vector>

#include "fs/fuse_ops.h"

namespace brimfs {
namespace {

// Positions in a directory: 0 is ".", 1 is "..", and then the names in the order of the listing.
// The offset of an entry is the position of the next.
constexpr size_t kDots = 2;

const char* NameAt(const Listing& listing, size_t position) {
  if (position == 0) return ".";
  if (position == 1) return "..";
  return listing.names[position - kDots].name.c_str();
}

}  // namespace

struct stat FuseOps::TypeAt(const DirectoryHandle& handle, size_t position) const {
  struct stat stat {};
  stat.st_mode = S_IFDIR;
  if (position == 0) {
    stat.st_ino = handle.node;
  } else if (position == 1) {
    stat.st_ino = filesystem_.ParentOf(handle.node);
  } else {
    const ListedName& listed = handle.listing->names[position - kDots];
    stat.st_ino = filesystem_.NumberOf(handle.node, listed.name);
    if (listed.kind == ObjectKind::kFile) stat.st_mode = S_IFREG;
  }
  return stat;
}

void FuseOps::OpenDirectory(fuse_req_t request, fuse_ino_t node) {
  AskThenReply(
      request,
      [this, node](FileSystem::Ask ask, std::stop_token stop) {
        return filesystem_.OpenDirectory(node, ask, std::move(stop));
      },
      [this, node](fuse_req_t answered, Result<std::shared_ptr<const Listing>> listing) {
        if (!listing.ok()) {
          fuse_reply_err(answered, ToErrno(listing.code()));
          return;
        }
        auto* const handle = new DirectoryHandle{node, std::move(*listing)};
        {
          MutexLock lock(mu_);
          directories_.insert(handle);
        }
        fuse_file_info info{};
        info.fh = reinterpret_cast<uint64_t>(handle);
        // Interrupted: no RELEASEDIR will follow.
        if (fuse_reply_open(answered, &info) == -ENOENT) ReleaseDirectory(handle);
      });
}

void FuseOps::ReleaseDirectory(DirectoryHandle* handle) {
  {
    MutexLock lock(mu_);
    directories_.erase(handle);
  }
  delete handle;
  LookWhetherAnythingIsOpen();
}

void FuseOps::ReadDirectory(fuse_req_t request, const DirectoryHandle& handle, size_t size,
                            off_t offset) {
  const Listing& listing = *handle.listing;
  std::vector<char> buffer(size);
  size_t used = 0;
  for (size_t at = static_cast<size_t>(offset); at < listing.names.size() + kDots; ++at) {
    const struct stat stat = TypeAt(handle, at);
    const size_t needed = fuse_add_direntry(request, buffer.data() + used, size - used,
                                            NameAt(listing, at), &stat, static_cast<off_t>(at + 1));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, buffer.data(), used);
}

void FuseOps::ReadDirectoryPlus(fuse_req_t request, const DirectoryHandle& handle, size_t size,
                                off_t offset) {
  const Listing& listing = *handle.listing;
  std::vector<char> buffer(size);
  std::vector<NodeId> counted;
  size_t used = 0;
  for (size_t at = static_cast<size_t>(offset); at < listing.names.size() + kDots; ++at) {
    const char* const name = NameAt(listing, at);
    // Asked before the entry is counted: what does not fit is not looked up.
    const size_t needed = fuse_add_direntry_plus(request, nullptr, 0, name, nullptr, 0);
    if (needed > size - used) break;
    std::optional<FileSystem::Entry> entry;
    if (at >= kDots) entry = filesystem_.EntryOf(handle.node, listing.names[at - kDots]);
    fuse_entry_param param{};
    if (entry) {
      param = ToEntryParam(*entry);
      counted.push_back(entry->node);
    } else {
      // Node id 0 gives the name alone; who wants more asks (fs/fuse/readdir.c,
      // fuse_direntplus_link).
      param.attr = TypeAt(handle, at);
    }
    fuse_add_direntry_plus(request, buffer.data() + used, size - used, name, &param,
                           static_cast<off_t>(at + 1));
    used += needed;
  }
  // Interrupted: the kernel does not know of the entries.
  if (fuse_reply_buf(request, buffer.data(), used) == -ENOENT) {
    for (const NodeId node : counted) filesystem_.Forget(node, 1);
  }
}

}  // namespace brimfs
