// The XML in which S3 lists objects and buckets (ListObjectsV2 and ListBuckets in its API
// reference). Pure; what is not well-formed, too deep or has a document type is kProtocol.
#ifndef BRIMFS_BACKENDS_S3_LISTING_H_
#define BRIMFS_BACKENDS_S3_LISTING_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "core/version.h"

namespace brimfs {

// Of one page, bytes: a thousand keys of 1,024 bytes, each encoded threefold, come to 4 MB.
inline constexpr size_t kMaxPageBytes = 16 << 20;

struct S3Object {
  std::string key;
  Version version;  // ETag, length and time
};

struct S3Page {
  std::vector<S3Object> objects;      // in the order of the page
  std::vector<std::string> prefixes;  // common ones, each with its delimiter at the end
  std::string next;                   // token of the page that follows; empty: this is the last
};

// Keys are decoded if the page says that they are encoded. kProtocol, too, for an object without a
// size and for a page that is to be continued and does not say how.
Result<S3Page> ParsePage(std::string_view xml);

// The token that ParsePage will probably say follows, told at a glance, so that the server can be
// asked meanwhile. Empty: none, or one that takes parsing.
std::string PeekToken(std::string_view xml);

Result<std::vector<std::string>> ParseBuckets(std::string_view xml);

// An answer of status 400 or more, or one of status 200 that turned out to be an error.
struct S3Error {
  std::string code;  // "NoSuchKey"; empty: the body was no error of S3
  std::string message;
  std::string region;    // where the bucket is, or what the scope's region should have been
  std::string endpoint;  // what to ask instead
};

S3Error ParseError(std::string_view xml);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_LISTING_H_
