// The profile files of the AWS tools: their dialect of INI.
//
// Not inih, whose names of sections end after 49 bytes and whose lines after 200, where profiles
// and session tokens are longer.
#ifndef BRIMFS_BACKENDS_AWS_INI_H_
#define BRIMFS_BACKENDS_AWS_INI_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace brimfs {

// Values by name in lower case, without the spaces around them. Lines that are indented deeper than
// the name before them continue its value, after a '\n' each.
using AwsIniValues = std::map<std::string, std::string>;

struct AwsIniSection {
  std::string name;  // "profile prod"
  AwsIniValues values;
};

// "[SECTION]", "NAME = VALUE" and "NAME: VALUE", and comments: lines that begin with '#' or ';'.
// Of two values of one name in a section the later counts. kInvalidArgument, with FILE:LINE and
// never what stands there, for every other line.
Result<std::vector<AwsIniSection>> ParseAwsIni(std::string_view text, const std::string& file);

// The values of `text`, one "NAME = VALUE" a line, as they stand nested in a continued value; what
// is none is left out.
AwsIniValues ParseNestedAwsIni(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_INI_H_
