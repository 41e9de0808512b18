#include "tests/support/origin/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <utility>

#include "tests/support/oracle.h"

namespace brimfs {
namespace {

class Oracle : public OriginContent {
 public:
  Oracle(uint64_t seed, uint64_t size) : seed_(seed), size_(size) {}
  uint64_t size() const override { return size_; }
  bool Read(uint64_t offset, std::span<std::byte> out) const override {
    FillOracle(seed_, offset, out);
    return true;
  }

 private:
  const uint64_t seed_;
  const uint64_t size_;
};

class Bytes : public OriginContent {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  bool Read(uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return true;
  }

 private:
  const std::string bytes_;
};

class File : public OriginContent {
 public:
  File(int fd, uint64_t size) : fd_(fd), size_(size) {}
  ~File() override { close(fd_); }
  uint64_t size() const override { return size_; }
  bool Read(uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const ssize_t n = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (n <= 0) return false;
      out = out.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
    return true;
  }

 private:
  const int fd_;
  const uint64_t size_;
};

class LateFile : public OriginContent {
 public:
  LateFile(std::string file, uint64_t size) : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  bool Read(uint64_t offset, std::span<std::byte> out) const override {
    std::call_once(opened_, [this] { content_ = FileContent(file_); });
    return content_ != nullptr && content_->Read(offset, out);
  }

 private:
  const std::string file_;
  const uint64_t size_;
  mutable std::once_flag opened_;
  mutable std::shared_ptr<const OriginContent> content_;
};

}  // namespace

std::shared_ptr<const OriginContent> OracleContent(uint64_t seed, uint64_t size) {
  return std::make_shared<Oracle>(seed, size);
}

std::shared_ptr<const OriginContent> BytesContent(std::string bytes) {
  return std::make_shared<Bytes>(std::move(bytes));
}

std::shared_ptr<const OriginContent> FileContent(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0) return nullptr;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return nullptr;
  }
  return std::make_shared<File>(fd, static_cast<uint64_t>(st.st_size));
}

std::shared_ptr<const OriginContent> LateFileContent(const std::string& file, uint64_t size) {
  return std::make_shared<LateFile>(file, size);
}

}  // namespace brimfs
