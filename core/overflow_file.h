// A file on the cache's disk, and memory for what the disk does not take: when it is full,
// read-only or failing, when the cache's limits leave no room, and where the file may not be
// written any more (design rule 4). Reads never fail because of the cache.
#ifndef BRIMFS_CORE_OVERFLOW_FILE_H_
#define BRIMFS_CORE_OVERFLOW_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/disk_health.h"
#include "core/driver.h"
#include "core/mapped_file.h"
#include "core/mutex.h"
#include "core/range_set.h"

namespace brimfs {

// Room on the disk, within the cache's limits. Thread-safe.
class DiskSpace {
 public:
  virtual ~DiskSpace() = default;

  // Room for `bytes` more, evicting others if need be, which takes a while. False: there is none,
  // or `give_up` was set meanwhile (then call Reconsider).
  virtual bool Reserve(uint64_t bytes, const std::atomic<bool>& give_up) = 0;
  bool Reserve(uint64_t bytes) { return Reserve(bytes, std::atomic<bool>(false)); }

  // Whoever waits in Reserve looks at its `give_up` again.
  virtual void Reconsider() = 0;

  // So many bytes were not written, or have left the disk again.
  virtual void Return(uint64_t bytes) = 0;
};

// As any Driver, and: only memory that runs out fails a write. What was in memory stays there until
// it is punched; what is written after the disk has recovered goes to the disk again.
// Lock order: mu_ is a leaf; nothing is read, written, reserved or returned under it.
class OverflowFile : public Driver {
 public:
  // `disk` null: everything lies in memory. The others outlive this; `space` null: no limits.
  OverflowFile(std::unique_ptr<MappedFile> disk, WindowCache& windows, DiskSpace* space,
               DiskHealth& health);

  // Returns OnDisk() to the space.
  ~OverflowFile() override;

  // From now on what is on the disk stays as it is: neither written, punched nor truncated. Waits
  // for those who are at it; who waits for room on it goes to memory. A file that is sealed before
  // its first SetLength is never touched.
  void Seal();

  // Which bytes of `range` lie in memory. They are no part of what the disk will still have
  // tomorrow, and count against the memory budget.
  std::vector<Range> InMemory(const Range& range) const override;
  bool AnyInMemory() const { return any_in_memory_; }

  // Bytes that were written to the disk and not punched, as reserved from `space`.
  uint64_t OnDisk() const { return on_disk_; }

  // They have become somebody else's to account for: OnDisk shrinks, nothing is returned. A punch
  // returns no more than what OnDisk still says.
  void Disown(uint64_t bytes);

  // A disk that refuses is not asked again for this file: everything goes to memory.
  Status SetLength(uint64_t length) override;
  Status Write(uint64_t offset, std::span<const std::byte> data) override;
  Result<View> Map(const Range& range) override;
  Status Read(const Range& range, std::span<std::byte> out) override;
  Status Punch(const Range& range) override;

  // -1 as long as any byte lies in memory.
  int BackingFd() const override;
  Result<uint64_t> AllocatedBytes() const override;

 private:
  struct Piece {
    Range range;
    MappedFile* file;
  };

  // Whether the bytes are on the disk now. False: they are to go elsewhere.
  bool WriteToDisk(const Range& range, std::span<const std::byte> data);
  Status WriteToMemory(const Range& range, std::span<const std::byte> data);

  // The right to change the file on the disk, until LeaveDisk; false if nobody may any more.
  bool EnterDisk();
  void LeaveDisk();

  // `range` is no longer on the disk: what of it is to be returned, in bytes.
  uint64_t Uncount(const Range& range);

  // Where the bytes of `range` lie, in order.
  Result<std::vector<Piece>> Pieces(const Range& range);

  // The memory, made at the first call.
  Result<MappedFile*> Memory();

  // Constant after construction.
  const std::unique_ptr<MappedFile> disk_;  // null: none
  WindowCache& windows_;
  DiskSpace* const space_;  // null: no limits
  DiskHealth& health_;

  // Read without a lock; written with mu_ held.
  std::atomic<bool> sealed_{false};
  std::atomic<bool> any_in_memory_{false};
  std::atomic<uint64_t> on_disk_{0};

  mutable Mutex mu_;
  std::unique_ptr<MappedFile> memory_ ABSL_GUARDED_BY(mu_);  // once made, never replaced
  uint64_t length_ ABSL_GUARDED_BY(mu_) = 0;
  bool disk_refused_ ABSL_GUARDED_BY(mu_) = false;  // its length: it is too short
  RangeSet in_memory_ ABSL_GUARDED_BY(mu_);
  RangeSet written_ ABSL_GUARDED_BY(mu_);  // to the disk, by this object, and not punched
  int at_disk_ ABSL_GUARDED_BY(mu_) = 0;   // threads between EnterDisk and LeaveDisk
  CondVar left_disk_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_OVERFLOW_FILE_H_
