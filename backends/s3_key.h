// Keys of a bucket and names of files: each path has at most one key, and the other way round.
// Pure.
//
// Keys are any bytes; '/' parts them into components. A component that cannot be, or had better not
// be, the name of a file is shown as "%:" and itself with '%' and its control bytes as %XX: one
// that is empty ("a//b" is a/%:/b), "." or "..", one with control bytes, and one that begins with
// "%:". An object whose key ends in '/' is the marker of a directory if it is empty; else it is
// shown as
// "%:" in that directory.
#ifndef BRIMFS_BACKENDS_S3_KEY_H_
#define BRIMFS_BACKENDS_S3_KEY_H_

#include <optional>
#include <string>
#include <string_view>

namespace brimfs {

// How a component is shown; nothing if that is too long for a name.
std::optional<std::string> NameOfComponent(std::string_view component);

// Its inverse; nothing for a name that no component has.
std::optional<std::string> ComponentOfName(std::string_view name);

// The key of `path` (see core/backend.h; not ""), without a '/' at its end unless its last
// component is empty; nothing if no key has this path.
std::optional<std::string> KeyOfPath(std::string_view path);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_KEY_H_
