#include "core/overflow_file.h"

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

uint64_t TotalBytes(const std::vector<Range>& ranges) {
  uint64_t total = 0;
  for (const Range& range : ranges) total += range.size();
  return total;
}

}  // namespace

OverflowFile::OverflowFile(std::unique_ptr<MappedFile> disk, WindowCache& windows, DiskSpace* space,
                           DiskHealth& health)
    : disk_(std::move(disk)), windows_(windows), space_(space), health_(health) {}

OverflowFile::~OverflowFile() {
  if (space_ != nullptr && on_disk_ > 0) space_->Return(on_disk_);
}

void OverflowFile::Seal() {
  {
    MutexLock lock(mu_);
    sealed_ = true;
  }
  if (space_ != nullptr) space_->Reconsider();
  MutexLock lock(mu_);
  while (at_disk_ > 0) left_disk_.Wait(mu_);
}

std::vector<Range> OverflowFile::InMemory(const Range& range) const {
  if (!any_in_memory_) return {};
  MutexLock lock(mu_);
  return in_memory_.Overlap(range);
}

void OverflowFile::Disown(uint64_t bytes) {
  MutexLock lock(mu_);
  on_disk_ -= std::min<uint64_t>(bytes, on_disk_);
}

Status OverflowFile::SetLength(uint64_t length) {
  if (length > kMaxOffset) return Status(Code::kInvalidArgument, "length beyond 2^63-1");
  MappedFile* memory = nullptr;
  {
    MutexLock lock(mu_);
    length_ = length;
    memory = memory_.get();
  }
  if (disk_ != nullptr) {
    if (EnterDisk()) {
      const Status status = disk_->SetLength(length);
      LeaveDisk();
      if (!status.ok()) {
        health_.Failed(status);
        MutexLock lock(mu_);
        disk_refused_ = true;
      }
    } else {
      disk_->AssumeLength(length);
    }
  }
  return memory != nullptr ? memory->SetLength(length) : OkStatus();
}

Status OverflowFile::Write(uint64_t offset, std::span<const std::byte> data) {
  if (offset > kMaxOffset || data.size() > kMaxOffset - offset) {
    return Status(Code::kInvalidArgument, "write beyond 2^63-1");
  }
  if (data.empty()) return OkStatus();
  const Range range{offset, offset + data.size()};
  if (WriteToDisk(range, data)) return OkStatus();
  return WriteToMemory(range, data);
}

bool OverflowFile::WriteToDisk(const Range& range, std::span<const std::byte> data) {
  if (disk_ == nullptr) return false;
  uint64_t more = 0;  // than what is reserved already
  {
    MutexLock lock(mu_);
    if (sealed_ || disk_refused_ || in_memory_.Overlaps(range)) return false;
    more = range.size() - TotalBytes(written_.Overlap(range));
  }
  if (!health_.Usable()) return false;
  if (space_ != nullptr && !space_->Reserve(more, sealed_)) return false;

  Status status(Code::kReadOnly, "sealed meanwhile");
  bool freed = false;
  const bool entered = EnterDisk();
  if (entered) {
    status = disk_->Write(range.begin, data);
    // Some of it may have been written, and takes room that others could use.
    freed = !status.ok() && disk_->Punch(range).ok();
    LeaveDisk();
  }
  if (status.ok()) {
    {
      MutexLock lock(mu_);
      written_.Add(range);
      on_disk_ += more;
      length_ = std::max(length_, range.end);
    }
    health_.Worked();
    return true;
  }
  if (entered) health_.Failed(status);
  if (freed) more += Uncount(range);
  if (space_ != nullptr && more > 0) space_->Return(more);
  return false;
}

Status OverflowFile::WriteToMemory(const Range& range, std::span<const std::byte> data) {
  const Result<MappedFile*> memory = Memory();
  if (!memory) return memory.status();
  BRIMFS_RETURN_IF_ERROR((*memory)->Write(range.begin, data));
  MutexLock lock(mu_);
  in_memory_.Add(range);
  any_in_memory_ = true;
  length_ = std::max(length_, range.end);
  return OkStatus();
}

bool OverflowFile::EnterDisk() {
  MutexLock lock(mu_);
  if (sealed_ || disk_refused_) return false;
  ++at_disk_;
  return true;
}

void OverflowFile::LeaveDisk() {
  MutexLock lock(mu_);
  if (--at_disk_ == 0) left_disk_.NotifyAll();
}

uint64_t OverflowFile::Uncount(const Range& range) {
  MutexLock lock(mu_);
  const uint64_t bytes = std::min<uint64_t>(TotalBytes(written_.Overlap(range)), on_disk_);
  written_.Remove(range);
  on_disk_ -= bytes;
  return bytes;
}

Result<View> OverflowFile::Map(const Range& range) {
  {
    MutexLock lock(mu_);
    if (range.end > length_ && !range.empty()) {
      return Status(Code::kInvalidArgument, "mapping past the end");
    }
  }
  const Result<std::vector<Piece>> pieces = Pieces(range);
  if (!pieces) return pieces.status();
  if (pieces->size() == 1) return pieces->front().file->Map(range);
  View all;
  for (const Piece& piece : *pieces) {
    Result<View> view = piece.file->Map(piece.range);
    if (!view) return view;
    all.Append(std::move(*view));
  }
  return all;
}

Status OverflowFile::Read(const Range& range, std::span<std::byte> out) {
  if (range.end > kMaxOffset || out.size() != range.size()) {
    return Status(Code::kInvalidArgument, "read of another size than its range");
  }
  const Result<std::vector<Piece>> pieces = Pieces(range);
  if (!pieces) return pieces.status();
  for (const Piece& piece : *pieces) {
    Status status = piece.file->Read(
        piece.range,
        out.subspan(piece.range.begin - range.begin, static_cast<size_t>(piece.range.size())));
    if (status.ok()) continue;
    // What is fetched instead should not be written where it can't be read. But a file that
    // somebody has cut says nothing about the disk.
    if (piece.file == disk_.get() && disk_->Reaches(piece.range.end)) health_.Failed(status);
    return status;
  }
  return OkStatus();
}

Status OverflowFile::Punch(const Range& range) {
  if (range.empty()) return OkStatus();
  if (range.end > kMaxOffset) return Status(Code::kInvalidArgument, "punch beyond 2^63-1");
  std::vector<Range> held;
  MappedFile* memory = nullptr;
  bool on_disk = disk_ != nullptr;
  {
    MutexLock lock(mu_);
    held = in_memory_.Overlap(range);
    memory = memory_.get();
    if (in_memory_.Covers(range) && !written_.Overlaps(range)) on_disk = false;
    in_memory_.Remove(range);
    any_in_memory_ = !in_memory_.Empty();
  }
  Status status;
  if (memory != nullptr && !held.empty()) status = memory->Punch(range);
  if (!on_disk || !EnterDisk()) return status;
  Status punched = disk_->Punch(range);
  LeaveDisk();
  if (!punched.ok()) return punched;
  const uint64_t bytes = Uncount(range);
  if (space_ != nullptr && bytes > 0) space_->Return(bytes);
  return status;
}

int OverflowFile::BackingFd() const {
  if (disk_ == nullptr) return -1;
  MutexLock lock(mu_);
  return disk_refused_ || !in_memory_.Empty() ? -1 : disk_->BackingFd();
}

Result<uint64_t> OverflowFile::AllocatedBytes() const {
  MappedFile* memory = nullptr;
  {
    MutexLock lock(mu_);
    memory = memory_.get();
  }
  uint64_t total = 0;
  for (const MappedFile* file :
       {static_cast<const MappedFile*>(disk_.get()), static_cast<const MappedFile*>(memory)}) {
    if (file == nullptr) continue;
    Result<uint64_t> bytes = file->AllocatedBytes();
    if (!bytes) return bytes;
    total += *bytes;
  }
  return total;
}

Result<std::vector<OverflowFile::Piece>> OverflowFile::Pieces(const Range& range) {
  if (range.empty()) return std::vector<Piece>();
  if (disk_ != nullptr && !any_in_memory_) return std::vector<Piece>{{range, disk_.get()}};
  const Result<MappedFile*> memory = Memory();
  if (!memory) return memory.status();
  if (disk_ == nullptr) return std::vector<Piece>{{range, *memory}};
  std::vector<Range> held;
  {
    MutexLock lock(mu_);
    held = in_memory_.Overlap(range);
  }
  std::vector<Piece> pieces;
  uint64_t at = range.begin;
  for (const Range& run : held) {
    if (at < run.begin) pieces.push_back({{at, run.begin}, disk_.get()});
    pieces.push_back({run, *memory});
    at = run.end;
  }
  if (at < range.end) pieces.push_back({{at, range.end}, disk_.get()});
  return pieces;
}

Result<MappedFile*> OverflowFile::Memory() {
  uint64_t length = 0;
  {
    MutexLock lock(mu_);
    if (memory_ != nullptr) return memory_.get();
    length = length_;
  }
  Result<std::unique_ptr<MappedFile>> made = MappedFile::InMemory(windows_);
  if (!made) return made.status();
  BRIMFS_RETURN_IF_ERROR((*made)->SetLength(length));
  MutexLock lock(mu_);
  if (memory_ == nullptr) memory_ = std::move(*made);
  return memory_.get();
}

}  // namespace brimfs
