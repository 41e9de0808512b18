#include "core/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace brimfs {

struct WindowCache::Window {
  explicit Window(std::span<const std::byte> mapped) : bytes(mapped) {}
  ~Window() { munmap(const_cast<std::byte*>(bytes.data()), bytes.size()); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  const std::span<const std::byte> bytes;
};

std::shared_ptr<const WindowCache::Window> WindowCache::Find(const Key& key, uint64_t length) {
  const auto it = slots_.find(key);
  if (it == slots_.end() || it->second.window->bytes.size() != length) return nullptr;
  oldest_first_.splice(oldest_first_.end(), oldest_first_, it->second.age);
  return it->second.window;
}

Result<std::shared_ptr<const WindowCache::Window>> WindowCache::Get(const void* owner, int fd,
                                                                    uint64_t number,
                                                                    uint64_t file_length) {
  const Key key{owner, number};
  const uint64_t begin = number * kWindowBytes;
  const uint64_t length = std::min(kWindowBytes, file_length - begin);
  {
    MutexLock lock(mu_);
    if (auto window = Find(key, length)) return window;
  }

  void* const at = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(begin));
  if (at == MAP_FAILED) return Status::FromErrno(errno, "mapping a cached file");
  auto mapped = std::make_shared<const Window>(
      std::span<const std::byte>(static_cast<const std::byte*>(at), length));

  std::vector<std::shared_ptr<const Window>> leaving;  // unmapped after the lock is let go
  MutexLock lock(mu_);
  if (auto window = Find(key, length)) {  // another thread was faster
    leaving.push_back(std::move(mapped));
    return window;
  }
  if (auto shorter = slots_.find(key); shorter != slots_.end()) {  // the file has grown since
    leaving.push_back(Take(shorter));
  }
  slots_[key] = {mapped, oldest_first_.insert(oldest_first_.end(), key)};
  while (slots_.size() > max_windows_) leaving.push_back(Take(slots_.find(oldest_first_.front())));
  return std::shared_ptr<const Window>(std::move(mapped));
}

std::shared_ptr<const WindowCache::Window> WindowCache::Take(Slots::iterator slot) {
  std::shared_ptr<const Window> window = std::move(slot->second.window);
  oldest_first_.erase(slot->second.age);
  slots_.erase(slot);
  return window;
}

void WindowCache::Drop(const void* owner) {
  std::vector<std::shared_ptr<const Window>> leaving;
  MutexLock lock(mu_);
  auto it = slots_.lower_bound({owner, 0});
  while (it != slots_.end() && it->first.first == owner) {
    const auto next = std::next(it);
    leaving.push_back(Take(it));
    it = next;
  }
}

MappedFile::MappedFile(int fd, WindowCache& windows, FileIo& io)
    : fd_(fd), windows_(windows), io_(io) {}

MappedFile::~MappedFile() {
  windows_.Drop(this);
  close(fd_);
}

Result<std::unique_ptr<MappedFile>> MappedFile::InMemory(WindowCache& windows) {
  const int fd = memfd_create("brimfs", MFD_CLOEXEC);
  if (fd < 0) return Status::FromErrno(errno, "memfd_create");
  auto file = std::make_unique<MappedFile>(fd, windows);
  file->in_memory_ = true;
  return file;
}

Status MappedFile::SetLength(uint64_t length) {
  if (length > kMaxOffset) return Status(Code::kInvalidArgument, "length beyond 2^63-1");
  struct stat info;
  if (fstat(fd_, &info) != 0 || static_cast<uint64_t>(info.st_size) != length) {
    const int error = io_.Truncate(fd_, length);
    if (error != 0) return Status::FromErrno(error, "sizing a cached file");
  }
  AssumeLength(length);
  return OkStatus();
}

void MappedFile::AssumeLength(uint64_t length) {
  MutexLock lock(mu_);
  length_ = length;
}

bool MappedFile::Reaches(uint64_t length) const {
  struct stat info;
  return fstat(fd_, &info) == 0 && static_cast<uint64_t>(info.st_size) >= length;
}

Status MappedFile::Write(uint64_t offset, std::span<const std::byte> data) {
  if (offset > kMaxOffset || data.size() > kMaxOffset - offset) {
    return Status(Code::kInvalidArgument, "write beyond 2^63-1");
  }
  if (data.empty()) return OkStatus();
  const int error = io_.Write(fd_, offset, data);
  if (error != 0) return Status::FromErrno(error, "writing a cached file");
  MutexLock lock(mu_);
  length_ = std::max(length_, offset + data.size());
  return OkStatus();
}

Result<View> MappedFile::Map(const Range& range) {
  uint64_t length;
  {
    MutexLock lock(mu_);
    length = length_;
  }
  View view;
  if (range.empty()) return view;
  if (range.end > length) return Status(Code::kInvalidArgument, "mapping past the end");
  for (uint64_t at = range.begin; at < range.end;) {
    const uint64_t number = at / WindowCache::kWindowBytes;
    const uint64_t begin = number * WindowCache::kWindowBytes;
    const uint64_t end = std::min(range.end, begin + WindowCache::kWindowBytes);
    auto window = windows_.Get(this, fd_, number, length);
    if (!window) return window.status();
    view.Add((*window)->bytes.subspan(at - begin, end - at), *window);
    at = end;
  }
  return view;
}

Status MappedFile::Read(const Range& range, std::span<std::byte> out) {
  if (range.end > kMaxOffset || out.size() != range.size()) {
    return Status(Code::kInvalidArgument, "read of another size than its range");
  }
  const int error = out.empty() ? 0 : io_.Read(fd_, range.begin, out);
  if (error == 0) return OkStatus();
  if (!Reaches(range.end)) return Status(Code::kIo, "a cached file is shorter than it was made");
  return Status::FromErrno(error, "reading a cached file");
}

Status MappedFile::Punch(const Range& range) {
  if (range.empty()) return OkStatus();
  if (range.end > kMaxOffset) return Status(Code::kInvalidArgument, "punch beyond 2^63-1");
  // The kernel only zeroes a block that the range cuts; the object's last one holds nothing else.
  Range hole = range;
  {
    MutexLock lock(mu_);
    if (range.end >= length_) hole.end = AlignOutward(range, kFillBlock).end;
  }
  const int error = io_.Punch(fd_, hole);
  if (error == 0) return OkStatus();
  if (error == EOPNOTSUPP || error == EPERM || error == EINVAL) {
    return Status(Code::kUnsupported, "this file system does not punch holes");
  }
  return Status::FromErrno(error, "punching a cached file");
}

std::vector<Range> MappedFile::InMemory(const Range& range) const {
  if (!in_memory_ || range.empty()) return {};
  return {range};
}

Result<uint64_t> MappedFile::AllocatedBytes() const {
  struct stat info;
  if (fstat(fd_, &info) != 0) return Status::FromErrno(errno, "looking at a cached file");
  return static_cast<uint64_t>(info.st_blocks) * 512;  // stat(2): always units of 512
}

}  // namespace brimfs
