// What test objects are made of: a byte depends on a seed and its offset alone and is never zero,
// so that a hole, a shifted body or another object's bytes are told from the right ones.
#ifndef BRIMFS_TESTS_SUPPORT_ORACLE_H_
#define BRIMFS_TESTS_SUPPORT_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/range.h"

namespace brimfs {

std::byte OracleByte(uint64_t seed, uint64_t offset);

// The bytes of `range`, half-open.
std::vector<std::byte> OracleBytes(uint64_t seed, const Range& range);

// `out` becomes the bytes from `offset` on, at several GB a second.
void FillOracle(uint64_t seed, uint64_t offset, std::span<std::byte> out);

// The offset in the object of the first byte of `data` that is not what stands at `offset` on.
std::optional<uint64_t> FirstWrongByte(uint64_t seed, uint64_t offset,
                                       std::span<const std::byte> data);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORACLE_H_
