// Shows at a terminal how far a download has come, and nothing elsewhere.
#ifndef BRIMFS_FS_DOWNLOAD_BAR_H_
#define BRIMFS_FS_DOWNLOAD_BAR_H_

#include <cstdint>
#include <functional>
#include <ostream>

#include "core/clock.h"
#include "core/mutex.h"
#include "fs/progress_bar.h"
#include "fs/terminal.h"

namespace brimfs {

// Thread-safe. `out` is used by nobody else meanwhile.
class DownloadBar {
 public:
  // With `one_file` its length is all that will come.
  DownloadBar(bool shown, bool one_file, std::ostream& out);
  ~DownloadBar();  // the line ends
  DownloadBar(const DownloadBar&) = delete;
  DownloadBar& operator=(const DownloadBar&) = delete;

  // DownloadOptions::on_progress of one file more, called by one thread; outlived by this. A file
  // that is begun once more counts from its beginning.
  std::function<void(uint64_t written, uint64_t length)> NextFile();

  // Takes the line away until it is next drawn: another is to be written.
  void Erase();

 private:
  void Note(uint64_t& before, uint64_t written, uint64_t length);
  void Draw(bool last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const bool shown_;
  const Terminal terminal_;
  Mutex mu_;
  std::ostream& out_ ABSL_GUARDED_BY(mu_);
  Progress progress_ ABSL_GUARDED_BY(mu_);
  RateMeter meter_ ABSL_GUARDED_BY(mu_);
  TimePoint drawn_ ABSL_GUARDED_BY(mu_){};
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DOWNLOAD_BAR_H_
