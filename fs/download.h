// Copies one version of an object from its source to a file descriptor, in order and whole.
#ifndef BRIMFS_FS_DOWNLOAD_H_
#define BRIMFS_FS_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "core/backend.h"
#include "core/cache.h"
#include "core/status.h"

namespace brimfs {

struct DownloadOptions {
  Duration timeout = std::chrono::seconds(60);  // of each piece; Duration::max(): none
  Duration first_byte = std::chrono::seconds(10);
  std::stop_token stop;

  // `fd` is a file of ours, empty, that may be emptied to begin once more.
  bool may_restart = true;

  // Called as bytes are written, on the caller's thread; may be null.
  std::function<void(uint64_t written, uint64_t length)> on_progress;

  // What the cache holds in memory of the object is let go as it is written: nobody reads it twice.
  bool let_go = true;
};

// Two versions are never mixed: if the object changes meanwhile this begins once more, with the new
// one, or is kStale. kIsDirectory if that is what lies at `path`;
// kInterrupted by `stop`; otherwise what the source, or writing, failed with, with the name of the
// object. Several at a time may share a cache.
Status Download(Backend& backend, Cache& cache, const std::string& path, int fd,
                const DownloadOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_FS_DOWNLOAD_H_
