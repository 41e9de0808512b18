#include "core/stored_blocks.h"

#include <vector>

#include "core/block_checksum.h"

namespace brimfs {

Status VisitStoredBlocks(Catalogue& catalogue, FileIo& io, const StoredEntry& entry, int fd,
                         const StoredBlockVisitor& visit) {
  constexpr uint64_t kAtOnce = 1024 * kFillBlock;  // of checksums, not of bytes
  const Range whole{0, entry.version.length.value_or(0)};
  std::vector<std::byte> buffer(kFillBlock);
  for (uint64_t begin = 0; begin < whole.end; begin += kAtOnce) {
    const Result<std::vector<StoredBlock>> blocks =
        catalogue.Checksums(entry, Intersect({begin, begin + kAtOnce}, whole));
    if (!blocks.ok()) return blocks.status();
    for (const StoredBlock& block : *blocks) {
      const Range range =
          Intersect({block.number * kFillBlock, (block.number + 1) * kFillBlock}, whole);
      const std::span<std::byte> bytes = std::span(buffer).first(range.size());
      const bool right = io.Read(fd, range.begin, bytes) == 0 &&
                         BlockChecksum(entry.salt, block.number, bytes) == block.checksum;
      BRIMFS_RETURN_IF_ERROR(
          visit(block.number, range, right ? bytes : std::span<const std::byte>()));
    }
  }
  return OkStatus();
}

}  // namespace brimfs
