// catalogue_filler: makes a cache directory of many entries, for measuring what depends on their
// number.
//
//   catalogue_filler DIR SOURCE COUNT
//
// Entry N (from 0) is "many/D/N" of the directory SOURCE, a thousand in each directory D, one fill
// block long, in an empty file whose name is N in 32 hexadecimal digits; the smaller N, the longer
// ago it was used. Prints the bytes that the catalogue counts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/catalogue.h"

namespace brimfs {
namespace {

constexpr uint64_t kBatch = 10'000;

[[noreturn]] void Fail(const Status& status) {
  std::fprintf(stderr, "catalogue_filler: %s\n", status.message().c_str());
  std::exit(1);
}

std::string FileName(uint64_t number) {
  char name[33];
  std::snprintf(name, sizeof name, "%032" PRIx64, number);
  return name;
}

CatalogueChange Entry(const std::string& source, uint64_t number, absl::Time now, uint64_t count) {
  CatalogueChange change;
  StoredEntry& entry = change.entry;
  entry.source = source;
  entry.path = "many/" + std::to_string(number / 1000) + "/" + std::to_string(number);
  entry.key = entry.path;
  entry.version.etag = "\"" + std::to_string(number) + "\"";
  entry.version.length = kFillBlock;
  entry.file = FileName(number);
  entry.salt = number;
  entry.last_use = now - absl::Seconds(static_cast<int64_t>(count - number));
  entry.checked = entry.last_use;
  change.add.push_back({0, number});
  return change;
}

void MakeFile(int directory, const std::string& name) {
  const int fd = openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) Fail(Status::FromErrno(errno, name));
  close(fd);
}

void Make(const std::string& path, const std::string& source, uint64_t count) {
  for (const char* const part : {"", "/data", "/new"}) mkdir((path + part).c_str(), 0700);
  const int data = open((path + "/data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (data < 0) Fail(Status::FromErrno(errno, path));
  Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(path);
  if (!catalogue.ok()) Fail(catalogue.status());
  const absl::Time now = absl::Now();
  for (uint64_t first = 0; first < count; first += kBatch) {
    std::vector<CatalogueChange> batch;
    for (uint64_t number = first; number < std::min(count, first + kBatch); ++number) {
      batch.push_back(Entry(source, number, now, count));
      MakeFile(data, batch.back().entry.file);
    }
    const Status applied = (*catalogue)->Apply(batch, Catalogue::Durability::kProcess);
    if (!applied.ok()) Fail(applied);
  }
  close(data);
  const Result<uint64_t> total = (*catalogue)->TotalBytes();
  if (!total.ok()) Fail(total.status());
  std::printf("%" PRIu64 "\n", *total);
}

}  // namespace
}  // namespace brimfs

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: catalogue_filler DIR SOURCE COUNT\n");
    return 2;
  }
  brimfs::Make(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
  return 0;
}
