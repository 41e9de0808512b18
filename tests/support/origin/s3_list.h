// Lists of keys and buckets as S3 pages them, in XML.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_S3_LIST_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_S3_LIST_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/support/origin/answer.h"
#include "tests/support/origin/tree.h"

namespace brimfs {

using OriginS3Query = std::multimap<std::string, std::string>;

// Of continuation tokens, which name the page that they lead to, from 2 on, and its first key.
struct OriginS3Token {
  size_t page = 1;
  std::string from;
};
std::string FormatS3Token(const OriginS3Token& token);
// False: this server never gave such a token out.
bool ParseS3Token(const std::string& text, OriginS3Token& token);

// ListObjectsV2, or ListObjects without list-type=2. `page_size`: the most keys of a page.
OriginAnswer S3ListAnswer(const std::string& bucket, const OriginS3Query& query,
                          const OriginTree& tree, size_t page_size);

OriginAnswer S3BucketsAnswer(const std::vector<std::string>& buckets);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_S3_LIST_H_
