#include "core/catalogue_blocks.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace brimfs {
namespace {

constexpr uint64_t kSegmentBlocks = 1024;
constexpr size_t kPresentBytes = kSegmentBlocks / 8;
constexpr size_t kSumBytes = sizeof(uint64_t);

bool HasBit(std::string_view present, uint64_t bit) {
  return ((static_cast<unsigned char>(present[bit / 8]) >> (bit % 8)) & 1) != 0;
}

void SetBit(std::string& present, uint64_t bit, bool value) {
  const auto mask = static_cast<unsigned char>(1U << (bit % 8));
  const auto before = static_cast<unsigned char>(present[bit / 8]);
  present[bit / 8] = static_cast<char>(value ? before | mask : before & ~mask);
}

uint64_t BlockCount(uint64_t length) { return length / kFillBlock + (length % kFillBlock != 0); }

uint64_t BlockSize(uint64_t number, uint64_t length) {
  return std::min(kFillBlock, length - number * kFillBlock);
}

// Whether a row is of the expected form: a checksum for every bit that is set.
bool IsSound(int64_t number, std::string_view present, uint64_t sums_size, uint64_t length) {
  if (number < 0 || present.size() != kPresentBytes || sums_size % kSumBytes != 0) return false;
  if (static_cast<uint64_t>(number) > BlockCount(length) / kSegmentBlocks) return false;
  size_t used = kPresentBytes;
  while (used > 0 && present[used - 1] == 0) --used;
  if (used == 0) return true;
  const uint64_t highest =
      (used - 1) * 8 + std::bit_width(static_cast<unsigned char>(present[used - 1])) - 1U;
  return sums_size >= (highest + 1) * kSumBytes &&
         static_cast<uint64_t>(number) * kSegmentBlocks + highest < BlockCount(length);
}

// Bytes of those blocks of segment `number` whose bits are set.
uint64_t BytesOf(uint64_t number, std::string_view present, uint64_t length) {
  uint64_t count = 0;
  for (const char byte : present) {
    count += static_cast<uint64_t>(std::popcount(static_cast<unsigned char>(byte)));
  }
  uint64_t bytes = count * kFillBlock;
  const uint64_t last = BlockCount(length) - 1;
  if (count != 0 && last / kSegmentBlocks == number && HasBit(present, last % kSegmentBlocks)) {
    bytes -= kFillBlock - BlockSize(last, length);
  }
  return bytes;
}

// The numbers of the blocks that `range` touches, cut at `length`; half-open.
Range Touched(const Range& range, uint64_t length) {
  const Range cut = Intersect(range, {0, length});
  if (cut.empty()) return {};
  return {cut.begin / kFillBlock, BlockCount(cut.end)};
}

void Subtract(uint64_t& bytes, uint64_t less) { bytes -= std::min(bytes, less); }

Status WriteSegment(Sqlite& database, int64_t id, uint64_t number, std::string_view present,
                    std::string_view sums) {
  Query query(
      database,
      "INSERT INTO segment(entry, number, present, sums) VALUES(?, ?, ?, ?) ON CONFLICT(entry, "
      "number) DO UPDATE SET present = excluded.present, sums = excluded.sums");
  return query.Bind(id).Bind(static_cast<int64_t>(number)).Bind(present).Bind(sums).Run();
}

Status DeleteSegment(Sqlite& database, int64_t id, int64_t number) {
  Query query(database, "DELETE FROM segment WHERE entry = ? AND number = ?");
  return query.Bind(id).Bind(number).Run();
}

}  // namespace

Status ReadBlocks(Sqlite& database, int64_t id, uint64_t length, RangeSet& blocks) {
  Query query(database,
              "SELECT number, present, length(sums) FROM segment WHERE entry = ? ORDER BY number");
  query.Bind(id);
  Range run;
  while (query.Next()) {
    const std::string_view present = query.Blob(1);
    if (!IsSound(query.Int(0), present, static_cast<uint64_t>(query.Int(2)), length)) continue;
    const uint64_t first = static_cast<uint64_t>(query.Int(0)) * kSegmentBlocks;
    for (uint64_t bit = 0; bit < kSegmentBlocks; ++bit) {
      if (!HasBit(present, bit)) continue;
      const uint64_t begin = (first + bit) * kFillBlock;
      const uint64_t end = begin + BlockSize(first + bit, length);
      if (run.end == begin && !run.empty()) {
        run.end = end;
      } else {
        blocks.Add(run);
        run = {begin, end};
      }
    }
  }
  blocks.Add(run);
  return query.status();
}

Status ReadChecksums(Sqlite& database, int64_t id, uint64_t length, const Range& range,
                     std::vector<StoredBlock>& checksums) {
  const Range touched = Touched(range, length);
  if (touched.empty()) return OkStatus();
  Query query(database,
              "SELECT number, present, sums FROM segment WHERE entry = ? AND number BETWEEN ? AND "
              "? ORDER BY number");
  query.Bind(id)
      .Bind(static_cast<int64_t>(touched.begin / kSegmentBlocks))
      .Bind(static_cast<int64_t>((touched.end - 1) / kSegmentBlocks));
  while (query.Next()) {
    const std::string_view present = query.Blob(1);
    const std::string_view sums = query.Blob(2);
    if (!IsSound(query.Int(0), present, sums.size(), length)) continue;
    const uint64_t first = static_cast<uint64_t>(query.Int(0)) * kSegmentBlocks;
    const uint64_t begin = std::max(first, touched.begin);
    for (uint64_t block = begin; block < std::min(first + kSegmentBlocks, touched.end); ++block) {
      if (!HasBit(present, block - first)) continue;
      StoredBlock found{block, 0};
      std::memcpy(&found.checksum, sums.data() + (block - first) * kSumBytes, kSumBytes);
      checksums.push_back(found);
    }
  }
  return query.status();
}

Status ForgetBlocks(Sqlite& database, int64_t id, uint64_t length, const Range& range,
                    uint64_t& bytes) {
  const Range touched = Touched(range, length);
  if (touched.empty()) return OkStatus();
  std::vector<std::pair<int64_t, std::string>> changed;  // number, present
  {
    Query query(database,
                "SELECT number, present, length(sums) FROM segment WHERE entry = ? AND number "
                "BETWEEN ? AND ?");
    query.Bind(id)
        .Bind(static_cast<int64_t>(touched.begin / kSegmentBlocks))
        .Bind(static_cast<int64_t>((touched.end - 1) / kSegmentBlocks));
    while (query.Next()) {
      const int64_t number = query.Int(0);
      std::string present(query.Blob(1));
      if (!IsSound(number, present, static_cast<uint64_t>(query.Int(2)), length)) {
        changed.emplace_back(number, std::string());
        continue;
      }
      const uint64_t first = static_cast<uint64_t>(number) * kSegmentBlocks;
      const uint64_t before = BytesOf(static_cast<uint64_t>(number), present, length);
      const uint64_t begin = std::max(first, touched.begin);
      for (uint64_t block = begin; block < std::min(first + kSegmentBlocks, touched.end); ++block) {
        SetBit(present, block - first, false);
      }
      const uint64_t after = BytesOf(static_cast<uint64_t>(number), present, length);
      if (after != before) changed.emplace_back(number, after == 0 ? std::string() : present);
      Subtract(bytes, before - after);
    }
    BRIMFS_RETURN_IF_ERROR(query.status());
  }
  for (const auto& [number, present] : changed) {
    if (present.empty()) {
      BRIMFS_RETURN_IF_ERROR(DeleteSegment(database, id, number));
      continue;
    }
    Query update(database, "UPDATE segment SET present = ? WHERE entry = ? AND number = ?");
    BRIMFS_RETURN_IF_ERROR(update.Bind(present).Bind(id).Bind(number).Run());
  }
  return OkStatus();
}

Status AddBlocks(Sqlite& database, int64_t id, uint64_t length,
                 const std::vector<StoredBlock>& blocks, uint64_t& bytes) {
  std::vector<StoredBlock> sorted(blocks);
  // Stable: of two for one block the later counts.
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const StoredBlock& a, const StoredBlock& b) { return a.number < b.number; });
  const uint64_t count = BlockCount(length);
  for (auto next = sorted.begin(); next != sorted.end() && next->number < count;) {
    const uint64_t number = next->number / kSegmentBlocks;
    std::string present;
    std::string sums;
    {
      Query query(database, "SELECT present, sums FROM segment WHERE entry = ? AND number = ?");
      if (query.Bind(id).Bind(static_cast<int64_t>(number)).Next()) {
        present = query.Blob(0);
        sums = query.Blob(1);
      }
      BRIMFS_RETURN_IF_ERROR(query.status());
    }
    if (!IsSound(static_cast<int64_t>(number), present, sums.size(), length)) {
      present.assign(kPresentBytes, '\0');
      sums.clear();
    }
    Subtract(bytes, BytesOf(number, present, length));
    for (; next != sorted.end() && next->number < count && next->number / kSegmentBlocks == number;
         ++next) {
      const uint64_t bit = next->number % kSegmentBlocks;
      SetBit(present, bit, true);
      sums.resize(std::max(sums.size(), (bit + 1) * kSumBytes));
      std::memcpy(sums.data() + bit * kSumBytes, &next->checksum, kSumBytes);
    }
    bytes += BytesOf(number, present, length);
    BRIMFS_RETURN_IF_ERROR(WriteSegment(database, id, number, present, sums));
  }
  return OkStatus();
}

}  // namespace brimfs
