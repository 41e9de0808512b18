// Whether a program goes through a directory name by name, and what it will want next: a function
// of the lookups so far.
#ifndef BRIMFS_FS_LOOKUP_PATTERN_H_
#define BRIMFS_FS_LOOKUP_PATTERN_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace brimfs {

// Positions are those of one order of one listing. Several streams are followed at once, because a
// program that sorts as its locale does goes through capitals and small letters in turn; a stream
// that has come far may be left out of order by as much as its window.
class LookUpPattern {
 public:
  static constexpr size_t kStreams = 4;
  static constexpr size_t kFirstWindow = 2;  // names ahead, at the second lookup in a row
  static constexpr size_t kMaxWindow = 32;   // a few times the connections that work on them

  struct Advice {
    bool in_order = false;  // the lookup went on where one of the streams was
    size_t begin = 0;       // positions to ask for ahead: half-open; no stream names one twice
    size_t end = 0;
  };

  // The name at `position` of `count` is looked up.
  Advice OnLookUp(size_t position, size_t count);

  // The lookups became random: streams have to show again that they are some.
  void Collapse();

 private:
  struct Stream {
    size_t next = 0;      // after the furthest position looked up
    size_t asked_to = 0;  // what lies before it has been advised
    size_t window = 0;    // 0 until a second lookup
    uint64_t used = 0;    // 0: none
  };

  Stream* Continued(size_t position);
  Stream& LeastRecent();

  std::array<Stream, kStreams> streams_;
  uint64_t lookups_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LOOKUP_PATTERN_H_
