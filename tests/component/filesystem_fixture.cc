#include "tests/component/filesystem_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <semaphore>
#include <utility>

namespace brimfs {

bool FakeKernel::enabled() const {
  MutexLock lock(mu_);
  return enabled_;
}

Result<int> FakeKernel::Register(int fd) {
  MutexLock lock(mu_);
  ++tried_;
  if (refusing_) return Status(Code::kUnsupported);
  fds_[tried_] = fd;
  return tried_;
}

void FakeKernel::Unregister(int backing_id) {
  MutexLock lock(mu_);
  EXPECT_EQ(fds_.erase(backing_id), 1u) << "unregistered what was not registered";
}

void FakeKernel::SetEnabled(bool enabled) {
  MutexLock lock(mu_);
  enabled_ = enabled;
}

void FakeKernel::SetRefusing(bool refusing) {
  MutexLock lock(mu_);
  refusing_ = refusing;
}

int FakeKernel::registrations() const {
  MutexLock lock(mu_);
  return tried_;
}

int FakeKernel::registered() const {
  MutexLock lock(mu_);
  return static_cast<int>(fds_.size());
}

std::vector<std::byte> FakeKernel::ReadBacking(int backing_id, const Range& range) const {
  int fd;
  {
    MutexLock lock(mu_);
    fd = fds_.at(backing_id);
  }
  std::vector<std::byte> bytes(range.size());
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(range.begin)),
            static_cast<ssize_t>(bytes.size()));
  return bytes;
}

FileSystemTest::~FileSystemTest() {
  Unmount();
  if (!cache_directory_.empty()) std::filesystem::remove_all(cache_directory_);
}

void FileSystemTest::Mount(FileSystem::Options options) {
  if (cache_directory_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "brimfs-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    cache_directory_ = name;
  }
  Cache::Options cache;
  cache.driver = driver_;
  cache.directory = cache_directory_;
  cache.source = "fake://";
  cache.wall_clock = [this] {
    return absl::FromUnixSeconds(1'800'000'000) + absl::FromChrono(clock_.Now().time_since_epoch());
  };
  cache.scheduler = scheduler_;
  cache.max_idle_files = max_idle_files_;
  cache.record_interval = Duration::max();  // no thread sleeps on the clock for it
  cache.traffic.readahead = readahead_;
  Result<std::unique_ptr<Cache>> created = Cache::Create(cache, backend(), clock_);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  cache_ = std::move(*created);
  fs_ = std::make_unique<FileSystem>(backend(), *cache_, clock_, with_kernel_ ? &kernel_ : nullptr,
                                     std::move(options));
}

void FileSystemTest::Unmount() {
  fs_.reset();
  cache_.reset();
}

FileSystem::Entry FileSystemTest::LookUp(const std::string& name, NodeId parent) {
  const Result<FileSystem::Entry> entry = fs_->LookUp(parent, name, Ask::kSource);
  EXPECT_TRUE(entry.ok()) << name << ": " << entry.status().ToString();
  if (!entry.ok()) return {};
  EXPECT_NE(entry->node, 0u) << name << ": not there";
  return *entry;
}

Code FileSystemTest::LookUpCode(const std::string& name, NodeId parent, Ask ask) {
  const Result<FileSystem::Entry> entry = fs_->LookUp(parent, name, ask);
  return entry.ok() && entry->node == 0 ? Code::kNotFound : entry.code();
}

std::vector<std::string> FileSystemTest::List(NodeId directory) {
  std::vector<std::string> names;
  const auto listing = fs_->OpenDirectory(directory, Ask::kSource);
  EXPECT_TRUE(listing.ok()) << listing.status().ToString();
  if (!listing.ok()) return names;
  for (size_t row = 0; const std::optional<Shown> next = AwaitNext(**listing, row);) {
    names.push_back(next->name);
    row = next->row + 1;
  }
  return names;
}

std::optional<Shown> FileSystemTest::AwaitNext(const GrowingListing& listing, size_t row) {
  for (;;) {
    Result<std::optional<Shown>> next = listing.NextFrom(row);
    if (next.ok()) return *next;
    EXPECT_EQ(next.code(), Code::kWouldBlock) << next.status().ToString();
    if (next.code() != Code::kWouldBlock) return std::nullopt;
    std::binary_semaphore there(0);
    listing.WhenThereIsMore(row, [&there] { there.release(); });
    there.acquire();
  }
}

std::shared_ptr<const GrowingListing> FileSystemTest::OpenDirectory(NodeId directory) {
  auto listing = fs_->OpenDirectory(directory, Ask::kSource);
  EXPECT_TRUE(listing.ok()) << listing.status().ToString();
  return listing.ok() ? *listing : nullptr;
}

std::unique_ptr<OpenFile> FileSystemTest::Open(NodeId node) {
  cache_->Flush();  // only what is recorded becomes the kernel's
  Result<std::unique_ptr<OpenFile>> file = fs_->Open(node, Ask::kSource);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  return file.ok() ? std::move(*file) : nullptr;
}

Code FileSystemTest::OpenCode(NodeId node, Ask ask) {
  Result<std::unique_ptr<OpenFile>> file = fs_->Open(node, ask);
  if (file.ok()) Release(std::move(*file));
  return file.code();
}

Code FileSystemTest::Read(OpenFile& file, const Range& range, uint64_t seed) {
  Result<Lease> lease = Status(Code::kWouldBlock);
  if (std::optional<Lease> at_once = fs_->TryRead(file, range)) {
    lease = std::move(*at_once);
  } else {
    lease = fs_->Read(file, range, {});
  }
  if (!lease.ok()) return lease.code();
  const Range got = lease->range();
  EXPECT_EQ(got.begin, range.begin);
  EXPECT_EQ(got.end, std::min(range.end, file.node->size()));
  std::vector<std::byte> bytes(got.size());
  EXPECT_TRUE(lease->Read(bytes).ok());
  EXPECT_EQ(FirstWrongByte(seed, got.begin, bytes), std::nullopt);
  return Code::kOk;
}

void FileSystemTest::Fill(const std::string& name, uint64_t seed) {
  std::unique_ptr<OpenFile> file = Open(name);
  EXPECT_EQ(Read(*file, {0, file->node->size()}, seed), Code::kOk);
  Settle(*file);
  Release(std::move(file));
}

void FileSystemTest::Settle(OpenFile& file) {
  DurableFile* const durable = file.file->durable();
  while (durable != nullptr && !durable->settled()) cache_->Flush();
}

std::string FileSystemTest::Xattr(NodeId node, const std::string& name) {
  const Result<std::string> value = fs_->GetXattr(node, "user.brimfs." + name);
  EXPECT_TRUE(value.ok()) << name << ": " << value.status().ToString();
  return value.ok() ? *value : "";
}

}  // namespace brimfs
