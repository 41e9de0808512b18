// Gathers bytes that follow each other into writes of a worthwhile size: libcurl hands out 16 KiB
// at a time.
#ifndef BRIMFS_CORE_WRITE_GATHERER_H_
#define BRIMFS_CORE_WRITE_GATHERER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/status.h"

namespace brimfs {

// Used by one thread.
class WriteGatherer {
 public:
  using Store = std::function<Status(std::span<const std::byte>)>;

  // `memory` is what they are gathered in; it is emptied. `store` gets about `enough` bytes at a
  // time, up to the end of a fill block, or what is handed over whole, or less where somebody
  // waits.
  WriteGatherer(std::vector<std::byte>& memory, uint64_t enough, Store store)
      : bytes_(memory), enough_(enough), store_(std::move(store)) {
    bytes_.clear();
  }

  // The next bytes, at this offset in the object; `due`: they must not wait for more.
  Status Add(uint64_t offset, std::span<const std::byte> data, bool due);

  // Stores what is gathered. After an error it is still gathered.
  Status Flush();

  uint64_t size() const { return bytes_.size(); }

 private:
  // Stores the whole blocks of what is gathered, which ends at `end` in the object; all of it if
  // there is none.
  Status StoreBlocks(uint64_t end);

  std::vector<std::byte>& bytes_;
  const uint64_t enough_;
  const Store store_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_WRITE_GATHERER_H_
