// SQLite maps its -shm file, and a disk that fails, or somebody who cuts the file, takes pages of
// it away: whoever touches one gets SIGBUS, which ends the process. Here such a page becomes an
// empty one of this process alone, and is counted: what SQLite makes of it is not to be trusted.
//
// Nothing else of ours touches the pages of a mapped file: they are for system calls
// (core/driver.h).
#ifndef BRIMFS_CORE_LOST_PAGES_H_
#define BRIMFS_CORE_LOST_PAGES_H_

#include <cstdint>

namespace brimfs {

// From the first call on, for the life of the process; replaces the handler of SIGBUS. From any
// thread.
void SurviveLostPages();

// How many pages have been lost. From any thread.
uint64_t LostPages();

}  // namespace brimfs

#endif  // BRIMFS_CORE_LOST_PAGES_H_
