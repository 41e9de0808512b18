#include "tests/support/cache_contents.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <thread>

namespace brimfs {

std::vector<CachedObject> CachedObjects(const std::string& cache) {
  std::vector<CachedObject> objects;
  const Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(cache);
  if (!catalogue.ok()) return objects;
  const Status read = (*catalogue)->ForEach([&](const StoredEntry& entry) {
    if (!entry.file.empty()) objects.push_back({entry, {}});
  });
  if (!read.ok()) return {};
  for (CachedObject& object : objects) {
    Result<RangeSet> blocks = (*catalogue)->Blocks(object.entry);
    if (blocks.ok()) object.blocks = std::move(*blocks);
  }
  return objects;
}

RangeSet StoredRanges(const std::string& cache, const std::string& path) {
  RangeSet stored;
  for (const CachedObject& object : CachedObjects(cache)) {
    if (object.entry.path != path) continue;
    for (const Range& range : object.blocks.Ranges()) stored.Add(range);
  }
  return stored;
}

bool Eventually(const std::function<bool()>& holds, Duration patience) {
  const TimePoint deadline = Clock::Steady().Now() + patience;
  while (!holds()) {
    if (Clock::Steady().Now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

bool AwaitStored(const std::string& cache, const std::string& path, const Range& range,
                 Duration patience) {
  return Eventually([&] { return StoredRanges(cache, path).Covers(range); }, patience);
}

std::vector<std::string> DataFiles(const std::string& cache) {
  std::vector<std::string> files;
  for (const char* const part : {"/data", "/new"}) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(cache + part, error), end; !error && it != end;
         it.increment(error)) {
      if (it->is_regular_file(error)) files.push_back(it->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

namespace {

std::map<std::string, uint64_t> BytesOnDisk(const std::string& cache) {
  std::map<std::string, uint64_t> bytes;
  for (const std::string& file : DataFiles(cache)) {
    struct stat info;
    if (stat(file.c_str(), &info) == 0) bytes[file] = static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace

uint64_t DiskUse(const std::string& cache) {
  // Between the two looks each file was at least as large as the smaller one, but for one that went
  // down and up again.
  const std::map<std::string, uint64_t> before = BytesOnDisk(cache);
  uint64_t bytes = 0;
  for (const auto& [file, now] : BytesOnDisk(cache)) {
    const auto was = before.find(file);
    if (was != before.end()) bytes += std::min(was->second, now);
  }
  return bytes;
}

int Rounds(int few) {
  const char* const rounds = std::getenv("BRIMFS_ROUNDS");
  return rounds != nullptr ? std::atoi(rounds) : few;
}

}  // namespace brimfs
