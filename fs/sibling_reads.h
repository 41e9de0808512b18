// Which files of a directory a program that reads them one after the other will want next: a pure
// function of the files that it has read so far.
#ifndef BRIMFS_FS_SIBLING_READS_H_
#define BRIMFS_FS_SIBLING_READS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fs/listing.h"
#include "fs/lookup_pattern.h"

namespace brimfs {

// Not thread-safe. Of one listing; only files that were read count, not those that were opened.
//
// All orders of the listing are followed (see NameOrders). Three or four files in a row are a
// stream; how many are wanted ahead of it then doubles with every file that is read. A program with
// several workers may leave the order by as much as that; one that takes only some of the files it
// goes past gets none ahead.
class SiblingReads {
 public:
  // So much of a file at most, bytes: its own readahead serves the rest of a larger one well.
  static constexpr uint64_t kMost = 1 << 20;

  static constexpr LookUpPattern::Options kPattern = {
      .streams = 8,   // as many workers as have a part of the directory each
      .shown_by = 3,  // the third of those in order, the fourth of those about so
      .first_window = 3,
      .max_window = 64,  // a few times the connections that work on them
  };

  struct Read {
    size_t position = 0;  // of the file, see Listing
    uint64_t length = 0;  // of the file, bytes
    uint64_t bytes = 0;   // of its front that were read
  };

  struct Wanted {
    size_t position = 0;
    uint64_t bytes = 0;  // of its front: no larger a part than was read of those before it
  };

  struct Advice {
    bool random = false;         // the read was in no order: nothing is wanted any more
    std::vector<Wanted> wanted;  // in the order in which it will be
  };

  // Of the file at a position; 0 where there is nothing to fetch, nothing where
  // it is not known yet: then neither that file nor one beyond it is wanted for now.
  using LengthOf = std::function<std::optional<uint64_t>(size_t position)>;

  // A file of `listing`, always the same one, was read. What is wanted ahead of one stream is
  // `limit` bytes at most.
  Advice OnRead(const Listing& listing, const Read& read, uint64_t limit,
                const LengthOf& length_of);

 private:
  // What a read at `place` in one of the orders shows of that order.
  static LookUpPattern::Advice Look(LookUpPattern& pattern, size_t place, size_t count);

  // By order.
  std::array<LookUpPattern, NameOrders::kMaxOrders> patterns_{
      LookUpPattern(kPattern), LookUpPattern(kPattern), LookUpPattern(kPattern)};
  uint64_t front_ = 0;  // what was read of the last file, bytes; kMost: all that matters
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SIBLING_READS_H_
