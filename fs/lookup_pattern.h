// Whether a program goes through a directory name by name, and what it will want next: a function
// of what it has done with the names so far (look them up, read their files).
#ifndef BRIMFS_FS_LOOKUP_PATTERN_H_
#define BRIMFS_FS_LOOKUP_PATTERN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace brimfs {

// Positions are those of one order of one listing. Several streams are followed at once, because a
// program that sorts as its locale does goes through capitals and small letters in turn, and one
// with several workers in several places; a stream that has come far may be left out of order by as
// much as its window.
class LookUpPattern {
 public:
  struct Options {
    size_t streams = 4;
    size_t shown_by = 1;      // what shows a stream: a lookup nearby counts 1, the very next name 2
    size_t first_window = 2;  // names ahead, when they are
    size_t max_window = 32;   // a few times the connections that work on them
  };

  struct Advice {
    bool in_order = false;  // the lookup went on where one of the streams was
    size_t next = 0;        // where this stream is now
    size_t begin = 0;       // positions to ask for ahead: half-open; no stream names one twice
    size_t end = 0;
    size_t taken = 0;   // names that this stream was seen to take so far
    size_t passed = 0;  // those that it went past without taking them
  };

  LookUpPattern() : LookUpPattern(Options{}) {}
  explicit LookUpPattern(Options options) : options_(options), streams_(options.streams) {}

  // The name at `position` of `count` is looked up.
  Advice OnLookUp(size_t position, size_t count);

  // Of the last advice, what lies from `position` on was not asked for: a later one names it again.
  void Postpone(size_t position) { streams_[last_].asked_to = position; }

  // The lookups became random: streams have to show again that they are some.
  void Collapse();

 private:
  struct Stream {
    size_t begin = 0;     // the first position looked up
    size_t next = 0;      // after the furthest position looked up
    size_t asked_to = 0;  // what lies before it has been advised
    size_t window = 0;    // 0 until it is shown to be a stream
    size_t shown = 0;     // see Options::shown_by
    size_t taken = 0;     // lookups
    uint64_t used = 0;    // 0: none
  };

  // Its index in streams_, or their number.
  size_t Continued(size_t position) const;
  size_t LeastRecent() const;

  Options options_;
  std::vector<Stream> streams_;
  size_t last_ = 0;  // that advised last
  uint64_t lookups_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LOOKUP_PATTERN_H_
