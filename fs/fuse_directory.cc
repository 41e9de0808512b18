#include <cerrno>
#include <vector>

#include "fs/fuse_ops.h"

namespace brimfs {
namespace {

// Positions in a directory: 0 is ".", 1 is "..", and then the rows of its listing, not all of which
// need have a name. The offset of an entry is the position after it.
constexpr size_t kDots = 2;

}  // namespace

void FuseOps::OpenDirectory(fuse_req_t request, fuse_ino_t node) {
  AskThenReply(
      request,
      [this, node](FileSystem::Ask ask, const std::stop_token& stop) {
        return filesystem_.OpenDirectory(node, ask, stop);
      },
      [this, node](fuse_req_t answered, Result<std::shared_ptr<const GrowingListing>> listing) {
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
                            off_t offset, bool plus) {
  const DirectoryRead read{&handle, size, static_cast<size_t>(offset), plus};
  ParkThenReply(
      request, [this, request, read](FileSystem::Ask, auto&&) { return EntriesOf(request, read); },
      [this](fuse_req_t answered, const Result<Entries>& entries) {
        if (!entries.ok()) {
          fuse_reply_err(answered, ToErrno(entries.code()));
          return;
        }
        const std::vector<char>& buffer = entries->buffer;
        // Interrupted: the kernel does not know of the entries.
        if (fuse_reply_buf(answered, buffer.data(), buffer.size()) == -ENOENT) {
          for (const NodeId node : entries->counted) filesystem_.Forget(node, 1);
        }
      },
      // The kernel keeps the directory open until it is answered.
      [&listing = *handle.listing, row = read.offset - kDots](std::function<void()> more) {
        const uint64_t id = listing.WhenThereIsMore(row, std::move(more));
        return [&listing, id] { listing.Forget(id); };
      });
}

Result<FuseOps::Entries> FuseOps::EntriesOf(fuse_req_t request, const DirectoryRead& read) {
  const DirectoryHandle& handle = *read.handle;
  Entries entries;
  entries.buffer.reserve(read.size);
  for (size_t at = read.offset;; ++at) {
    if (at < kDots) {
      const char* const name = at == 0 ? "." : "..";
      if (!AddEntry(request, read, at, name, ObjectKind::kDirectory, entries)) break;
      continue;
    }
    const Result<std::optional<Shown>> next = handle.listing->NextFrom(at - kDots);
    if (!next.ok() && entries.buffer.empty()) return next.status();
    if (!next.ok() || !*next) break;
    at = (*next)->row + kDots;
    if (!AddEntry(request, read, at, (*next)->name, (*next)->kind, entries)) break;
  }
  return entries;
}

bool FuseOps::AddEntry(fuse_req_t request, const DirectoryRead& read, size_t position,
                       const std::string& name, ObjectKind kind, Entries& to) {
  // Asked before the entry is counted: what does not fit is not looked up.
  const size_t needed = read.plus
                            ? fuse_add_direntry_plus(request, nullptr, 0, name.c_str(), nullptr, 0)
                            : fuse_add_direntry(request, nullptr, 0, name.c_str(), nullptr, 0);
  const size_t used = to.buffer.size();
  if (needed > read.size - used) return false;
  to.buffer.resize(used + needed);

  const NodeId directory = read.handle->node;
  const auto next = static_cast<off_t>(position + 1);
  std::optional<FileSystem::Entry> entry;
  if (read.plus && position >= kDots) entry = filesystem_.EntryOf(directory, name);
  fuse_entry_param param{};
  if (entry) {
    param = ToEntryParam(*entry);
    to.counted.push_back(entry->node);
  } else {
    // Node id 0 gives the name alone; who wants more asks (fs/fuse/readdir.c,
    // fuse_direntplus_link).
    param.attr.st_mode = kind == ObjectKind::kDirectory ? S_IFDIR : S_IFREG;
    param.attr.st_ino = position == 0   ? directory
                        : position == 1 ? filesystem_.ParentOf(directory)
                                        : filesystem_.NumberOf(directory, name);
  }
  char* const place = to.buffer.data() + used;
  if (read.plus) {
    fuse_add_direntry_plus(request, place, needed, name.c_str(), &param, next);
  } else {
    fuse_add_direntry(request, place, needed, name.c_str(), &param.attr, next);
  }
  return true;
}

}  // namespace brimfs
