// How far the fill of many files has come, and how fast. Pure, but for the time that is passed in.
#ifndef BRIMFS_FS_FILL_TALLY_H_
#define BRIMFS_FS_FILL_TALLY_H_

#include <cstdint>

#include "core/clock.h"
#include "fs/mount_walk.h"
#include "fs/progress_bar.h"

namespace brimfs {

// The rate is of what comes: not of what was there before, and whatever becomes of it. Used by one
// thread.
class FillTally {
 public:
  // One that is asked for, until one of the calls below ends it.
  struct File {
    uint64_t size = 0;    // bytes, as in the totals
    uint64_t filled = 0;  // as far as it is known
    bool heard = false;   // the mount has said what was there before
  };

  // The mount says that so much is filled: first what was there before, then how far it is.
  void Note(File& file, uint64_t filled);

  void Done(const File& file);

  // It can't be had. What came of it counts, the rest is no more waited for.
  void Failed(const File& file);

  // Another version is in its place and is asked for from its beginning: what came was for nothing.
  void Replaced(const File& file);

  // With the rate up to `now`, which goes on.
  Progress At(const MountWalk::Totals& totals, TimePoint now);

 private:
  uint64_t filled_ = 0;   // bytes: of all files
  uint64_t came_ = 0;     // of these, since they were asked for
  uint64_t missing_ = 0;  // will not come
  uint64_t in_vain_ = 0;  // of versions that are gone
  uint64_t files_ = 0;    // that are done
  RateMeter meter_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FILL_TALLY_H_
