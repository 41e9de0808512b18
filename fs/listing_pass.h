// Which names of a listing the program that goes through it has had already.
#ifndef BRIMFS_FS_LISTING_PASS_H_
#define BRIMFS_FS_LISTING_PASS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace brimfs {

// Of one listing of `count` names; positions are those in it. Whether the kernel holds a name still
// does not matter. Four bytes a name, once one was had.
class ListingPass {
 public:
  // The name at `position` is looked up. One that was had before is looked up again by somebody who
  // begins anew, and is the first of a new pass: but for the one looked up last, of which a program
  // may ask several things.
  void OnLookUp(size_t position, size_t count) {
    if (Had(position) && position != last_) ++pass_;
    last_ = position;
    OnGiven(position, count);
  }

  // The name at `position` came with the listing, with all that stat needs.
  void OnGiven(size_t position, size_t count) {
    if (had_in_.empty()) had_in_.resize(count);
    had_in_[position] = pass_;
  }

  bool Had(size_t position) const { return !had_in_.empty() && had_in_[position] == pass_; }

 private:
  uint32_t pass_ = 1;
  std::vector<uint32_t> had_in_;  // 0: in none
  size_t last_ = 0;               // looked up last, if any was had
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LISTING_PASS_H_
