#include "tests/support/power_cut_disk.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <utility>

namespace brimfs {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Die(const std::string& what) {
  std::perror(what.c_str());
  std::abort();
}

struct stat StatOf(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) Die("fstat");
  return info;
}

// If there is one. Through SQLite, because a descriptor of that file that this process closed would
// take all of its locks along.
void CopyDatabase(const std::string& from, const std::string& to) {
  if (!fs::exists(from)) return;
  sqlite3* source = nullptr;
  sqlite3* copy = nullptr;
  sqlite3_backup* backup = nullptr;
  const bool done =
      sqlite3_open_v2(from.c_str(), &source, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_busy_timeout(source, 10'000) == SQLITE_OK &&
      sqlite3_open(to.c_str(), &copy) == SQLITE_OK &&
      (backup = sqlite3_backup_init(copy, "main", source, "main")) != nullptr &&
      sqlite3_backup_step(backup, -1) == SQLITE_DONE && sqlite3_backup_finish(backup) == SQLITE_OK;
  if (!done) Die("copying " + from + ": " + sqlite3_errmsg(copy != nullptr ? copy : source));
  sqlite3_close(copy);
  sqlite3_close(source);
}

constexpr char kCatalogue[] = "/catalogue.db";
constexpr char kBefore[] = "before";  // copies in scratch_
constexpr char kUntil[] = "until";

}  // namespace

PagedContent PagedContent::Of(int fd) {
  PagedContent content;
  std::array<std::byte, kPage> page;
  for (;;) {
    const ssize_t got = pread(fd, page.data(), page.size(), static_cast<off_t>(content.length_));
    if (got < 0) Die("reading a file for a power cut");
    if (got == 0) return content;
    const auto data = std::span(page).first(static_cast<size_t>(got));
    const bool zeros =
        std::all_of(data.begin(), data.end(), [](std::byte byte) { return byte == std::byte{0}; });
    if (zeros) {
      content.length_ += data.size();
    } else {
      content.Write(content.length_, data);
    }
  }
}

void PagedContent::Write(uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const uint64_t number = offset / kPage;
    const uint64_t in_page = offset % kPage;
    const auto part = data.first(std::min<uint64_t>(data.size(), kPage - in_page));
    std::shared_ptr<const Page>& slot = pages_[number];
    auto page = slot ? std::make_shared<Page>(*slot) : std::make_shared<Page>(kPage);
    std::copy(part.begin(), part.end(), page->begin() + static_cast<ptrdiff_t>(in_page));
    slot = std::move(page);
    offset += part.size();
    data = data.subspan(part.size());
    length_ = std::max(length_, offset);
  }
}

void PagedContent::Truncate(uint64_t length) {
  if (length < length_) Punch({length, AlignOutward({length, length_}, kPage).end});
  length_ = length;
}

void PagedContent::Punch(const Range& range) {
  const uint64_t length = length_;
  for (auto it = pages_.lower_bound(range.begin / kPage);
       it != pages_.end() && it->first * kPage < range.end;) {
    const Range page{it->first * kPage, (it->first + 1) * kPage};
    const Range hole = Intersect(page, range);
    const uint64_t number = (it++)->first;
    if (hole == page) {
      pages_.erase(number);
    } else {
      Write(hole.begin, std::vector<std::byte>(hole.size()));
    }
  }
  length_ = length;
}

template <typename Pick>
PagedContent PagedContent::MixedWith(const PagedContent& older, Pick pick) const {
  PagedContent mixed;
  const auto take = [&](uint64_t number, const PagedContent& from) {
    const auto page = from.pages_.find(number);
    if (page != from.pages_.end()) mixed.pages_.insert(*page);
  };
  std::map<uint64_t, std::shared_ptr<const Page>> all = pages_;
  all.insert(older.pages_.begin(), older.pages_.end());
  for (const auto& [number, page] : all) take(number, pick() ? *this : older);
  mixed.length_ = std::max(length_, older.length_);
  mixed.Truncate(pick() ? length_ : older.length_);
  return mixed;
}

void PagedContent::WriteTo(const std::string& path) const {
  const UniqueFd fd(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd.valid() || FileIo::System().Truncate(fd.get(), length_) != 0) Die(path);
  for (const auto& [number, page] : pages_) {
    const Range range = Intersect({number * kPage, (number + 1) * kPage}, {0, length_});
    const auto bytes = std::span(*page).first(range.size());
    if (FileIo::System().Write(fd.get(), range.begin, bytes) != 0) Die(path);
  }
}

PowerCutDisk::PowerCutDisk(const std::string& root) : root_(fs::canonical(root)) {
  MutexLock lock(mu_);
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (!entry.is_directory()) continue;
    DirectoryOf(UniqueFd(open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)).get());
  }
}

void PowerCutDisk::CutAfter(uint64_t calls) {
  MutexLock lock(mu_);
  cut_after_ = calls;
  if (calls == 0) CopyDatabase(root_ + kCatalogue, scratch_ / kBefore);
}

bool PowerCutDisk::cut() const {
  MutexLock lock(mu_);
  return cut_after_ && calls_ >= *cut_after_;
}

uint64_t PowerCutDisk::calls() const {
  MutexLock lock(mu_);
  return calls_;
}

void PowerCutDisk::Materialise(const std::string& to, Unsynced unsynced, Commits commits,
                               uint32_t seed) const {
  std::minstd_rand random(seed);
  const auto pick = [&] { return random() / 2 % 2 == 0; };
  MutexLock lock(mu_);
  Names names;
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& [inode, directory] : directories_) {
    fs::create_directories(to + "/" + directory.path);
    fs::permissions(to + "/" + directory.path, fs::perms::owner_all);
    for (const auto& [name, file] : directory.durable) names[{directory.path, name}] = file;
  }
  if (unsynced == Unsynced::kSome) {
    auto rest = random() % (changes_.size() + 1);
    for (auto change = changes_.begin(); rest > 0; ++change, --rest) {
      if (change->gone) names.erase({change->gone->directory->path, change->gone->name});
      if (change->come) {
        names[{change->come->directory->path, change->come->name}] = change->file;
      }
    }
  }
  for (const auto& [name, file] : names) {
    const PagedContent content =
        unsynced == Unsynced::kLost ? file->durable : file->current.MixedWith(file->durable, pick);
    content.WriteTo(to + "/" + name.first + "/" + name.second);
  }
  std::string catalogue = root_ + kCatalogue;
  if (noticed_) catalogue = scratch_ / kUntil;
  if (cut_after_ && calls_ >= *cut_after_ && commits == Commits::kBeforeTheLastCall) {
    catalogue = scratch_ / kBefore;
  }
  CopyDatabase(catalogue, to + kCatalogue);
  if (fs::exists(to + kCatalogue)) {
    fs::permissions(to + kCatalogue, fs::perms::owner_read | fs::perms::owner_write);
  }
}

int PowerCutDisk::Create(int directory, const std::string& name, int* fd) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  Directory& in = DirectoryOf(directory);
  const int error = System().Create(directory, name, fd);
  if (error == 0) Change({.gone = {}, .come = Side{&in, name}, .file = FileOf(*fd)});
  return error;
}

int PowerCutDisk::Write(int fd, uint64_t offset, std::span<const std::byte> data) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  const std::shared_ptr<File> file = FileOf(fd);
  const int error = System().Write(fd, offset, data);
  if (error == 0) file->current.Write(offset, data);
  return error;
}

int PowerCutDisk::Read(int fd, uint64_t offset, std::span<std::byte> out) {
  {
    MutexLock lock(mu_);
    if (Gone()) return EIO;
  }
  return System().Read(fd, offset, out);
}

int PowerCutDisk::Truncate(int fd, uint64_t length) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  const std::shared_ptr<File> file = FileOf(fd);
  const int error = System().Truncate(fd, length);
  if (error == 0) file->current.Truncate(length);
  return error;
}

int PowerCutDisk::Punch(int fd, const Range& range) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  const std::shared_ptr<File> file = FileOf(fd);
  const int error = System().Punch(fd, range);
  if (error == 0) file->current.Punch(range);
  return error;
}

// The real disk keeps its power: nothing to wait for.
int PowerCutDisk::Sync(int fd) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  File& file = *FileOf(fd);
  file.durable = file.current;
  return 0;
}

int PowerCutDisk::SyncDirectory(int fd) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  const Directory* const synced = &DirectoryOf(fd);
  for (NameChange& change : changes_) {
    for (std::optional<Side>* side : {&change.gone, &change.come}) {
      if (*side && (*side)->directory == synced) (*side)->synced = true;
    }
  }
  Settle();
  return 0;
}

int PowerCutDisk::SyncFileSystem(int /*fd*/) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  for (auto& [inode, file] : files_) file->durable = file->current;
  for (auto& [inode, directory] : directories_) directory.durable = directory.current;
  changes_.clear();
  return 0;
}

int PowerCutDisk::Rename(int from, const std::string& old_name, int to,
                         const std::string& new_name) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  Directory& before = DirectoryOf(from);
  Directory& after = DirectoryOf(to);
  const int error = System().Rename(from, old_name, to, new_name);
  if (error != 0) return error;
  const auto moved = before.current.find(old_name);
  if (moved == before.current.end()) return 0;  // a file that was not made through this
  Change({.gone = Side{&before, old_name}, .come = Side{&after, new_name}, .file = moved->second});
  return 0;
}

int PowerCutDisk::Unlink(int directory, const std::string& name) {
  MutexLock lock(mu_);
  if (!Powered()) return EIO;
  Directory& from = DirectoryOf(directory);
  const int error = System().Unlink(directory, name);
  if (error == 0 && from.current.contains(name)) {
    Change({.gone = Side{&from, name}, .come = {}, .file = nullptr});
  }
  return error;
}

bool PowerCutDisk::Powered() {
  if (Gone()) return false;
  if (++calls_ == cut_after_) CopyDatabase(root_ + kCatalogue, scratch_ / kBefore);
  return true;
}

bool PowerCutDisk::Gone() {
  if (!cut_after_ || calls_ < *cut_after_) return false;
  if (!std::exchange(noticed_, true)) CopyDatabase(root_ + kCatalogue, scratch_ / kUntil);
  return true;
}

std::shared_ptr<PowerCutDisk::File> PowerCutDisk::FileOf(int fd) {
  const struct stat info = StatOf(fd);
  std::shared_ptr<File>& file = files_[{info.st_dev, info.st_ino}];
  if (file == nullptr) {
    file = std::make_shared<File>();
    file->keeps = UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    file->current = PagedContent::Of(fd);
    file->durable = file->current;
  }
  return file;
}

PowerCutDisk::Directory& PowerCutDisk::DirectoryOf(int fd) {
  const struct stat info = StatOf(fd);
  const auto [slot, is_new] = directories_.try_emplace({info.st_dev, info.st_ino});
  Directory& directory = slot->second;
  if (!is_new) return directory;
  const std::string path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
  directory.path = fs::relative(path, root_);
  for (const auto& entry : fs::directory_iterator(path)) {
    // In the root are SQLite's files and the claims.
    if (path == root_ || entry.is_symlink() || !entry.is_regular_file()) continue;
    const UniqueFd file(open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) Die(entry.path());
    directory.durable[entry.path().filename()] = FileOf(file.get());
  }
  directory.current = directory.durable;
  return directory;
}

void PowerCutDisk::Change(NameChange change) {
  if (change.gone) change.gone->directory->current.erase(change.gone->name);
  if (change.come) change.come->directory->current[change.come->name] = change.file;
  changes_.push_back(std::move(change));
}

void PowerCutDisk::Settle() {
  std::vector<std::pair<Directory*, std::string>> waiting;  // names whose earlier change is pending
  for (auto change = changes_.begin(); change != changes_.end();) {
    bool settled = true;
    for (const std::optional<Side>& side : {change->gone, change->come}) {
      if (!side) continue;
      const std::pair<Directory*, std::string> name(side->directory, side->name);
      if (!side->synced || std::find(waiting.begin(), waiting.end(), name) != waiting.end()) {
        settled = false;
      }
    }
    if (!settled) {
      for (const std::optional<Side>& side : {change->gone, change->come}) {
        if (side) waiting.emplace_back(side->directory, side->name);
      }
      ++change;
      continue;
    }
    if (change->gone) change->gone->directory->durable.erase(change->gone->name);
    if (change->come) change->come->directory->durable[change->come->name] = change->file;
    change = changes_.erase(change);
  }
}

}  // namespace brimfs
