// How the file of an entry is opened: the parts of DurableFile::Open that taking over and following
// need as well.
#ifndef BRIMFS_CORE_DURABLE_OPEN_H_
#define BRIMFS_CORE_DURABLE_OPEN_H_

#include <optional>
#include <vector>

#include "core/catalogue.h"
#include "core/durable_file.h"
#include "core/status.h"

namespace brimfs {

// The claimed file of `opening.entry`, made fit to be written, and its blocks. kNotFound: the entry
// is worth nothing.
Status OpenOwn(const DurableFile::Shared& shared, DurableFile::Opening& opening);

// Another process writes the entry: what it has stored so far can be read.
void OpenFollowed(const DurableFile::Shared& shared, DurableFile::Opening& opening);

// The entry of the version that is wanted, if there is one; those of other versions come in
// `others`.
std::optional<StoredEntry> FindEntry(const DurableFile::Shared& shared, const StoredEntry& wanted,
                                     std::vector<StoredEntry>& others);

}  // namespace brimfs

#endif  // BRIMFS_CORE_DURABLE_OPEN_H_
