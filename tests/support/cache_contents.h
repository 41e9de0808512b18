// What a cache directory holds, asked from outside, beside the daemons that use it.
#ifndef BRIMFS_TESTS_SUPPORT_CACHE_CONTENTS_H_
#define BRIMFS_TESTS_SUPPORT_CACHE_CONTENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/clock.h"
#include "core/range_set.h"

namespace brimfs {

struct CachedObject {
  StoredEntry entry;
  RangeSet blocks;  // on disk, as the catalogue says
};

// Every sound entry; nothing if the catalogue cannot be read.
std::vector<CachedObject> CachedObjects(const std::string& cache);

// What is durable of the object at `path` in the mount: of its only version, or of all of them.
RangeSet StoredRanges(const std::string& cache, const std::string& path);

// Waits until `path` has all of `range`, as far as the catalogue knows; false after `patience`.
// Another process's batch is no event to wait for: this asks again and again.
bool AwaitStored(const std::string& cache, const std::string& path, const Range& range,
                 Duration patience = std::chrono::seconds(30));

// The same for anything.
bool Eventually(const std::function<bool()>& holds, Duration patience = std::chrono::seconds(30));

// Full paths of the regular files in DIR/data and DIR/new, sorted.
std::vector<std::string> DataFiles(const std::string& cache);

// Bytes that those files take on the disk.
uint64_t DiskUse(const std::string& cache);

// How many rounds a test of random events makes: BRIMFS_ROUNDS in the environment, or `few`.
int Rounds(int few);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_CACHE_CONTENTS_H_
