#include "tests/support/tamper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/unique_fd.h"
#include "tests/support/cache_contents.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

namespace fs = std::filesystem;

uint64_t SizeOf(const std::string& file) {
  std::error_code error;
  const uint64_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// As a disk that rots does it.
void PutTimesBack(int fd, const struct stat& before) {
  const timespec times[2] = {before.st_atim, before.st_mtim};
  futimens(fd, times);
}

void WriteAt(const std::string& file, uint64_t offset, std::string_view bytes) {
  const UniqueFd fd(open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct stat before {};
  if (!fd.valid() || fstat(fd.get(), &before) != 0) return;
  (void)!pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  PutTimesBack(fd.get(), before);
}

void Remove(const std::string& file) {
  std::error_code ignored;
  fs::remove_all(file, ignored);
}

}  // namespace

Tamper::Tamper(std::string cache, std::string older, std::string foreign, std::string decoy,
               uint32_t seed)
    : cache_(std::move(cache)),
      older_(std::move(older)),
      foreign_(std::move(foreign)),
      decoy_(std::move(decoy)),
      random_(seed) {
  using File = const std::string&;
  const auto replaced = [](auto make) {
    return [make](File file) {
      Remove(file);
      make(file);
    };
  };
  const Kind common[] = {
      {"a flipped bit", [this](File file) { FlipBit(file); }},
      {"truncation", [this](File file) { Truncate(file); }},
      {"extension", [this](File file) { Extend(file); }},
      {"zeros", [this](File file) { Zero(file); }},
      {"removal", Remove},
      {"an empty file", replaced([](File file) { WriteFile(file, ""); })},
      {"garbage", replaced([](File file) { WriteFile(file, std::string(100'000, 'g')); })},
      {"a symbolic link",
       replaced([this](File file) { (void)!symlink(decoy_.c_str(), file.c_str()); })},
      {"a dangling link",
       replaced([](File file) { (void)!symlink("/nonexistent/x", file.c_str()); })},
      {"a hard link", replaced([this](File file) { (void)!link(decoy_.c_str(), file.c_str()); })},
      {"a fifo", replaced([](File file) { (void)!mkfifo(file.c_str(), 0600); })},
      {"a directory", replaced([](File file) { (void)!mkdir(file.c_str(), 0700); })},
      {"no permissions", [](File file) { (void)!chmod(file.c_str(), 0); }},
      {"all permissions", [](File file) { (void)!chmod(file.c_str(), 0666); }},
      {"another owner", [](File file) { (void)!lchown(file.c_str(), 65534, 65534); }},
  };
  of_data_.assign(std::begin(common), std::end(common));
  of_catalogue_ = of_data_;
  of_data_.push_back({"swapped files", [this](File file) { Swap(file); }});
  of_data_.push_back(
      {"a second name", [](File file) { (void)!link(file.c_str(), (file + "-copy").c_str()); }});
  of_catalogue_.push_back({"an older one", [this](File) { ReplaceCatalogue(older_); }});
  of_catalogue_.push_back({"another directory's", [this](File) { ReplaceCatalogue(foreign_); }});
  for (const char* const harmless : {"truncation", "extension", "removal", "garbage"}) {
    for (const Kind& kind : common) {
      if (kind.name == std::string_view(harmless)) of_locks_.push_back(kind);
    }
  }
}

std::string Tamper::Once() {
  const uint64_t where = Below(20);
  std::string file;
  const std::vector<Kind>* kinds = nullptr;
  if (where < 12) {
    file = AnyDataFile();
    kinds = &of_data_;
  } else if (where < 19) {
    file = AnyCatalogueFile();
    kinds = &of_catalogue_;
  } else {
    file = cache_ + (Below(2) == 0 ? "/claims" : "/catalogue.lock");
    kinds = &of_locks_;
  }
  if (file.empty()) return "nothing";
  const Kind& kind = (*kinds)[Below(kinds->size())];
  kind.strike(file);
  // One that others may write is refused, and that is right.
  if (kinds == &of_locks_) (void)!chmod(file.c_str(), 0600);
  return std::string(kind.name) + " in place of " +
         fs::path(file).lexically_relative(cache_).string();
}

std::string Tamper::FlipDataBit() {
  const std::string file = AnyDataFile();
  FlipBit(file);
  return file;
}

std::string Tamper::AnyDataFile() {
  const std::vector<std::string> files = DataFiles(cache_);
  return files.empty() ? "" : files[Below(files.size())];
}

std::string Tamper::AnyCatalogueFile() {
  std::vector<std::string> files;
  for (const char* const name : {"/catalogue.db", "/catalogue.db-wal", "/catalogue.db-shm"}) {
    if (fs::is_regular_file(fs::symlink_status(cache_ + name))) files.push_back(cache_ + name);
  }
  return files.empty() ? "" : files[Below(files.size())];
}

void Tamper::FlipBit(const std::string& file) {
  const uint64_t size = SizeOf(file);
  if (size == 0) return;
  const uint64_t at = Below(size);
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  char byte = 0;
  if (!fd.valid() || pread(fd.get(), &byte, 1, static_cast<off_t>(at)) != 1) return;
  byte = static_cast<char>(byte ^ (1 << Below(8)));
  WriteAt(file, at, {&byte, 1});
}

void Tamper::Truncate(const std::string& file) {
  const uint64_t size = SizeOf(file);
  if (size > 0) (void)!truncate(file.c_str(), static_cast<off_t>(Below(size)));
}

void Tamper::Extend(const std::string& file) {
  WriteAt(file, SizeOf(file) + Below(100'000), "more than there was");
}

void Tamper::Zero(const std::string& file) {
  const uint64_t size = SizeOf(file);
  if (size > 0) WriteAt(file, Below(size), std::string(1 + Below(70'000), '\0'));
}

void Tamper::Swap(const std::string& file) {
  const std::string other = AnyDataFile();
  if (other == file) return;
  (void)!renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
}

void Tamper::ReplaceCatalogue(const std::string& with) {
  for (const char* const name : {"/catalogue.db", "/catalogue.db-wal", "/catalogue.db-shm"}) {
    Remove(cache_ + name);
    std::error_code ignored;
    if (fs::exists(with + name)) fs::copy_file(with + name, cache_ + name, ignored);
  }
}

}  // namespace brimfs
