// The text of the extended attributes that show what is filled: user.brimfs.*.
#ifndef BRIMFS_FS_XATTR_H_
#define BRIMFS_FS_XATTR_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/range.h"
#include "core/resource.h"

namespace brimfs {

// The kernel's limit on the value of an attribute (XATTR_SIZE_MAX), bytes.
inline constexpr size_t kMaxXattrBytes = 65536;

enum class Xattr { kUrl, kVersion, kFilled, kState, kRanges, kKept, kControl };

// From "user.brimfs.url", ".version", ".filled", ".state", ".ranges", ".kept", ".control"; nothing
// for every other name.
std::optional<Xattr> ParseXattrName(std::string_view name);

// "0-65536,131072-196608": half-open, in bytes. What would not fit into an attribute is cut after a
// whole range, and the text then ends in ",...".
std::string FormatRanges(const std::vector<Range>& ranges);

// "active", "committed", "failed", "cancelled".
std::string_view StateName(Resource::State state);

}  // namespace brimfs

#endif  // BRIMFS_FS_XATTR_H_
