// The bytes of an origin's object, produced when they are sent.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_CONTENT_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <span>
#include <string>

namespace brimfs {

// Immutable and thread-safe.
class OriginContent {
 public:
  virtual ~OriginContent() = default;
  virtual uint64_t size() const = 0;

  // Fills `out` with the bytes from `offset` on, all of them inside the object. False: they cannot
  // be read.
  virtual bool Read(uint64_t offset, std::span<std::byte> out) const = 0;
};

// OracleByte(seed, offset): of any size, without memory.
std::shared_ptr<const OriginContent> OracleContent(uint64_t seed, uint64_t size);

std::shared_ptr<const OriginContent> BytesContent(std::string bytes);

// A file on disk, its size as of now; null if it cannot be opened.
std::shared_ptr<const OriginContent> FileContent(const std::string& file);

// The first `size` bytes of a file that is opened when they are first asked for.
std::shared_ptr<const OriginContent> LateFileContent(const std::string& file, uint64_t size);

struct OriginObject {
  std::shared_ptr<const OriginContent> content;
  std::string etag;               // as sent, quotes included; empty: none
  std::time_t last_modified = 0;  // 0: not sent
  std::string version = {};       // of S3; empty: the bucket has none
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_CONTENT_H_
