// A sparse file that is written with pwrite and read through a bounded number of mapped windows.
// Both drivers that exist are this over different descriptors: a file in the cache directory (mmap)
// or a memfd (memory).
#ifndef BRIMFS_CORE_MAPPED_FILE_H_
#define BRIMFS_CORE_MAPPED_FILE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/driver.h"
#include "core/file_io.h"
#include "core/mutex.h"

namespace brimfs {

// Windows of all files together, least recently used out first. Without a bound the resident memory
// of a sequential reader would look like the file's size. A window that a View holds stays mapped
// until the View goes, so the bound is exceeded by what is being read at that moment.
class WindowCache {
 public:
  // Mapped windows are this long (the last of a file may be shorter) and start at its multiples.
  static constexpr uint64_t kWindowBytes = 16 << 20;

  explicit WindowCache(size_t max_windows = 8) : max_windows_(max_windows) {}

  struct Window;

  // The window of `owner` with this number, which begins inside the file, mapping it from `fd` if
  // it is not there.
  Result<std::shared_ptr<const Window>> Get(const void* owner, int fd, uint64_t number,
                                            uint64_t file_length);

  // Forgets all windows of `owner`.
  void Drop(const void* owner);

 private:
  using Key = std::pair<const void*, uint64_t>;
  struct Slot {
    std::shared_ptr<const Window> window;
    std::list<Key>::iterator age;
  };

  using Slots = std::map<Key, Slot>;

  // The window if it is there and `length` bytes long; it counts as used.
  std::shared_ptr<const Window> Find(const Key& key, uint64_t length)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Takes the window out. To be let go without the lock: the last reference unmaps.
  std::shared_ptr<const Window> Take(Slots::iterator slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_windows_;
  Mutex mu_;
  Slots slots_ ABSL_GUARDED_BY(mu_);
  std::list<Key> oldest_first_ ABSL_GUARDED_BY(mu_);
};

class MappedFile : public Driver {
 public:
  // Takes `fd` over, open for reading and writing. The others outlive this.
  MappedFile(int fd, WindowCache& windows, FileIo& io = FileIo::System());
  ~MappedFile() override;

  // A memfd, for -o driver=memory.
  static Result<std::unique_ptr<MappedFile>> InMemory(WindowCache& windows);

  // A file that has the length already is not touched.
  Status SetLength(uint64_t length) override;

  // Instead of SetLength where the file may not be touched: one that is shorter fails to be read.
  void AssumeLength(uint64_t length);

  // Whether the file really has so many bytes.
  bool Reaches(uint64_t length) const;

  Status Write(uint64_t offset, std::span<const std::byte> data) override;
  Result<View> Map(const Range& range) override;
  Status Read(const Range& range, std::span<std::byte> out) override;
  Status Punch(const Range& range) override;
  std::vector<Range> InMemory(const Range& range) const override;
  int BackingFd() const override { return fd_; }
  Result<uint64_t> AllocatedBytes() const override;

 private:
  const int fd_;
  WindowCache& windows_;
  FileIo& io_;
  bool in_memory_ = false;  // constant after construction
  Mutex mu_;
  uint64_t length_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_MAPPED_FILE_H_
