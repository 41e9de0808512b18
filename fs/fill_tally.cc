#include "fs/fill_tally.h"

#include <algorithm>
#include <utility>

namespace brimfs {

void FillTally::Note(File& file, uint64_t filled) {
  const uint64_t now = std::clamp(filled, file.filled, file.size);
  const uint64_t more = now - std::exchange(file.filled, now);
  filled_ += more;
  if (std::exchange(file.heard, true)) came_ += more;
}

void FillTally::Done(const File& file) {
  filled_ += file.size - file.filled;
  came_ += file.size - file.filled;
  ++files_;
}

void FillTally::Failed(const File& file) { missing_ += file.size - file.filled; }

void FillTally::Replaced(const File& file) { in_vain_ += file.filled; }

Progress FillTally::At(const MountWalk::Totals& totals, TimePoint now) {
  meter_.Note(came_, now);
  Progress progress;
  progress.filled = filled_;
  progress.total = totals.bytes + in_vain_ - std::min(totals.bytes + in_vain_, missing_);
  progress.files = files_;
  progress.all_files = totals.files;
  progress.all_known = totals.all;
  progress.rate = meter_.rate();
  return progress;
}

}  // namespace brimfs
