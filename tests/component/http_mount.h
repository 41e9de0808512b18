// A file system over an HTTP source, with no kernel.
#ifndef BRIMFS_TESTS_COMPONENT_HTTP_MOUNT_H_
#define BRIMFS_TESTS_COMPONENT_HTTP_MOUNT_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/registry.h"
#include "core/cache.h"
#include "fs/filesystem.h"
#include "tests/support/oracle.h"

namespace brimfs {

class HttpMount {
 public:
  HttpMount(const std::string& source, int connections) {
    Result<OpenedSource> opened = OpenSource(source, {}, {});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    backend_ = std::move(opened->backend);
    Cache::Options options;
    options.driver = DriverKind::kMemory;
    options.source = opened->identity;
    options.scheduler.connections = connections;
    cache_ = std::move(*Cache::Create(options, *backend_, Clock::Steady()));
    filesystem_ = std::make_unique<FileSystem>(*backend_, *cache_, Clock::Steady(), nullptr,
                                               FileSystem::Options{});
  }

  // Reads the file front to back. Whether every byte was that of the oracle of seed 1.
  bool ReadsRight(const std::string& name) {
    const auto entry = filesystem_->LookUp(kRootNode, name, FileSystem::Ask::kSource);
    if (!entry.ok() || entry->node == 0) return false;
    auto file = filesystem_->Open(entry->node, FileSystem::Ask::kSource);
    if (!file.ok()) return false;
    bool right = true;
    for (uint64_t at = 0; right && at < entry->attributes.size; at += kPiece) {
      const Result<Lease> lease = filesystem_->Read(**file, {at, at + kPiece}, {});
      if (!lease.ok()) return false;
      std::vector<std::byte> bytes(lease->range().size());
      right = lease->Read(bytes).ok() && !FirstWrongByte(1, at, bytes);
    }
    filesystem_->Release(std::move(*file));
    return right;
  }

  Stats& stats() { return cache_->stats(); }

 private:
  static constexpr uint64_t kPiece = 1 << 20;

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FileSystem> filesystem_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_HTTP_MOUNT_H_
