#include "fs/download.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "core/readahead.h"

namespace brimfs {
namespace {

// A piece that is waited for and written at a time, bytes: few enough to come within the timeout
// over any link that is worth it.
constexpr uint64_t kPiece = 256 << 10;

Status WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Status::FromErrno(errno, "cannot be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return OkStatus();
}

// The bytes' own failures do not say whose they are.
Status Named(const std::string& url, const Status& why) {
  if (!why.message().empty()) return Status(why.code(), url + ": " + why.message());
  const bool late = why.code() == Code::kTimedOut;
  return Status(why.code(), url + (late ? ": its bytes did not come within the timeout"
                                        : std::string(": ") + CodeName(why.code())));
}

Status WritePiece(int fd, const Lease& lease, const std::string& url) {
  const Result<View> view = lease.Map();
  if (!view.ok()) return view.status();
  for (const std::span<const std::byte>& bytes : view->pieces()) {
    if (const Status written = WriteAll(fd, bytes); !written.ok()) return Named(url, written);
  }
  return OkStatus();
}

Status CopyAll(Cache& cache, CachedFile& file, uint64_t length, const std::string& url, int fd,
               const DownloadOptions& options) {
  Readahead readahead;
  Resource& resource = file.resource();
  for (uint64_t done = 0; done < length;) {
    const Range piece{done, std::min(length, done + kPiece)};
    const Readahead::Limits limits = file.fetcher().PrefetchLimits(length);
    for (const Range& ahead : readahead.OnRead(piece, limits)) {
      file.fetcher().Prefetch(ahead, Priority::kReadahead);
    }
    {
      const Result<Lease> lease =
          resource.WaitRange(piece, After(Clock::Steady().Now(), options.timeout), options.stop);
      if (!lease.ok()) return Named(url, lease.status());
      BRIMFS_RETURN_IF_ERROR(WritePiece(fd, *lease, url));
    }
    if (options.let_go) resource.Evict(piece);
    done = piece.end;
    cache.stats().bytes_read.fetch_add(piece.size(), std::memory_order_relaxed);
    if (options.on_progress) options.on_progress(done, length);
  }
  return OkStatus();
}

Status CopyOnce(Backend& backend, Cache& cache, const std::string& path, int fd,
                const DownloadOptions& options) {
  CallLimits limits;
  limits.deadline = After(Clock::Steady().Now(), options.timeout);
  limits.first_byte = options.first_byte;
  limits.stop = options.stop;
  const Result<ObjectInfo> info = backend.Stat(path, limits);
  if (!info.ok()) return info.status();
  const std::string url = backend.DisplayUrl(path);
  if (info->kind == ObjectKind::kDirectory) {
    return Status(Code::kIsDirectory, url + ": is a directory; -r gets what is in it");
  }
  if (!info->version.length) {
    return Status(Code::kUnsupported, url + ": the source does not say its length");
  }
  const Result<std::shared_ptr<CachedFile>> file = cache.Open(path, info->version);
  if (!file.ok()) return file.status();
  (*file)->resource().Reactivate();  // the source has just said that this version is there
  Status copied = CopyAll(cache, **file, *info->version.length, url, fd, options);
  if (!copied.ok()) (*file)->fetcher().DropPrefetch();
  return copied;
}

}  // namespace

Status Download(Backend& backend, Cache& cache, const std::string& path, int fd,
                const DownloadOptions& options) {
  Status copied = CopyOnce(backend, cache, path, fd, options);
  if (copied.code() != Code::kStale || !options.may_restart) return copied;
  if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
    return Status::FromErrno(errno, "cannot be emptied");
  }
  return CopyOnce(backend, cache, path, fd, options);
}

}  // namespace brimfs
