// Where the bytes of one object lie. A driver stores; it does not know which bytes are there:
// coverage is the Resource's, and nothing here is read unless the Resource says that it was
// written.
#ifndef BRIMFS_CORE_DRIVER_H_
#define BRIMFS_CORE_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/range.h"
#include "core/status.h"

namespace brimfs {

// Bytes that stay addressable as long as the view lives. Our own code may not dereference them when
// the driver is file-backed: a failing disk would be SIGBUS. They are for system calls (writev,
// process_vm_readv), which report EFAULT instead, and for CopyOut.
class View {
 public:
  View() = default;
  View(View&&) = default;
  View& operator=(View&&) = default;

  // In the order of the file; together exactly as long as the range that was asked for.
  const std::vector<std::span<const std::byte>>& pieces() const { return pieces_; }
  uint64_t size() const;

  // Appends a piece and what keeps it addressable.
  void Add(std::span<const std::byte> piece, std::shared_ptr<const void> keeps);

  // Appends all pieces of `other`.
  void Append(View other);

 private:
  std::vector<std::span<const std::byte>> pieces_;
  std::vector<std::shared_ptr<const void>> keep_;
};

// All calls from any thread, on any ranges at once; the Resource never lets a Punch overlap a Write
// or a View of the same bytes. No call is made with a lock of ours held.
class Driver {
 public:
  virtual ~Driver() = default;

  // Makes room for exactly `length` bytes of address space; no disk block is used. Called before
  // the first Write, and again when a length that was unknown becomes known.
  virtual Status SetLength(uint64_t length) = 0;

  // All of `data` at `offset`, or an error (kNoSpace, kIo) after which the bytes of the range are
  // undefined. Never through a map: a full disk is kNoSpace, not SIGBUS.
  virtual Status Write(uint64_t offset, std::span<const std::byte> data) = 0;

  // The bytes of `range`, without copying. The range was written and not punched.
  virtual Result<View> Map(const Range& range) = 0;

  // Copies `range` into `out`, which has exactly its size.
  virtual Status Read(const Range& range, std::span<std::byte> out) = 0;

  // Gives the space of `range` back; it reads as zeros afterwards or as it was. A range that
  // reaches the length takes the whole last disk block along. Failing is harmless (kUnsupported,
  // kIo): the bytes count as absent all the same.
  virtual Status Punch(const Range& range) = 0;

  // Which bytes of `range`, if they were written, use memory rather than a disk: they count against
  // the memory budget and end with the process. In order. Cheap where there are none.
  virtual std::vector<Range> InMemory(const Range& /*range*/) const { return {}; }

  // A descriptor that the kernel could read the whole object from, or -1. The driver owns it.
  virtual int BackingFd() const { return -1; }

  // Space in use, in bytes: allocated blocks, not the length.
  virtual Result<uint64_t> AllocatedBytes() const = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_DRIVER_H_
