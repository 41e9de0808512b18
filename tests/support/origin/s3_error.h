// Errors as S3 tells them: a status and a small document of XML.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_S3_ERROR_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_S3_ERROR_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/origin/answer.h"

namespace brimfs {

struct OriginS3Error {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  std::string code;  // "NoSuchKey"
  std::string message;
  Fields details = {};  // further elements of the document
  Fields headers = {};
};

// With the status that belongs to the code; 400 if it is not known.
OriginAnswer S3ErrorAnswer(const OriginS3Error& error);

// `text` between tags. Bytes that XML cannot carry become references to them, as AWS sends them.
std::string EscapeXml(std::string_view text);

// "<Name>text</Name>", escaped.
std::string XmlElement(std::string_view name, std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_S3_ERROR_H_
