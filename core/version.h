// What tells one content of an object from another (RFC 9110, section 8.8).
#ifndef BRIMFS_CORE_VERSION_H_
#define BRIMFS_CORE_VERSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace brimfs {

// A time on a server's disk may be this coarse: what was modified longer ago than this and is
// changed now, gets another time.
inline constexpr absl::Duration kSettled = absl::Seconds(2);

struct Version {
  std::string etag;  // as sent, quotes and a W/ included; empty if there is none
  std::string id;    // by which the source gives this version when it has a newer one (S3); may be
                     // empty. Says nothing of whether two versions are the same
  std::optional<absl::Time> last_modified;      // to the precision below
  std::optional<uint64_t> length;               // bytes; exact
  absl::Duration precision = absl::Seconds(1);  // of last_modified: a listing may know only minutes

  // Modified less than kSettled before the source said so, or nothing tells when: a later change
  // might look the same. For what outlives a mount; whether two versions are the same is not asked
  // of it.
  bool racy = false;

  // An ETag without W/: fit for If-Match.
  bool HasStrongEtag() const;

  // Something that makes a change visible: a strong ETag, or a time to the second.
  bool HasValidator() const;

  // For the log and the user.brimfs.version attribute: the ETag, else the time, else the length.
  std::string ToString() const;

  // Whether both say the same in every word, which two descriptions of one version need not.
  friend bool operator==(const Version&, const Version&) = default;
};

// What the strongest validator that both have says; lengths must agree where both are known. Two
// strong ETags decide alone. A time is compared to the coarser precision. Where there is nothing to
// compare but the length, equal lengths are the same version: the caller says so in the log.
bool SameVersion(const Version& a, const Version& b);

// Whether a validator that both have says that they are the same: both strong ETags, or both times,
// to the second. For what outlives a mount: equal lengths alone prove nothing.
bool SameForCertain(const Version& a, const Version& b);

// `known` with what `seen` adds (an ETag, a finer time, a length); racy if one of them is. They are
// the same version.
Version Merge(const Version& known, const Version& seen);

}  // namespace brimfs

#endif  // BRIMFS_CORE_VERSION_H_
