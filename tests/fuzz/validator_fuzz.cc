// An answer that is accepted is about the very bytes and the very version that were asked for: what
// the validator accepts is judged again here, in another way.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <sstream>

#include "backends/http_date.h"
#include "backends/response_validator.h"
#include "tests/fuzz/fuzz.h"

namespace brimfs {
namespace {

constexpr uint64_t kMostOffset = uint64_t{1} << 40;

struct Input {
  RangeQuestion question;
  HttpHead head;
};

// "ETAG\nLAST-MODIFIED\nBEGIN SIZE LENGTH STATUS\n" and then an answer's fields. What is no number
// is 0; a LENGTH of 0 and an empty line mean "not known".
Input Parse(const std::string& text) {
  Input input;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, input.question.expected.etag);
  if (std::getline(lines, line)) input.question.expected.last_modified = ParseDate(line);
  uint64_t begin = 0, size = 0, length = 0;
  std::getline(lines, line);
  std::istringstream(line) >> begin >> size >> length >> input.head.status;
  begin = std::min(begin, kMostOffset);
  size = std::clamp<uint64_t>(size, 1, kMostOffset);
  input.question.range = {begin, begin + size};
  if (length != 0) input.question.expected.length = length;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    input.head.headers.Add(line.substr(0, colon), line.substr(colon + 1));
  }
  return input;
}

void CheckAccepted(const Input& input, const RangeAnswer& answer) {
  const auto& [range, expected] = input.question;
  const HttpHeaders& headers = input.head.headers;
  FUZZ_CHECK(input.head.status == 206 || input.head.status == 200);
  const auto length = answer.version.length ? answer.version.length : expected.length;
  FUZZ_CHECK(length && range.end <= *length);
  FUZZ_CHECK(!expected.length || *expected.length == *length);
  FUZZ_CHECK(SameVersion(expected, answer.version));

  const std::string etag = headers.Find("ETag").value_or("");
  const bool both_strong = expected.HasStrongEtag() && etag.starts_with('"');
  FUZZ_CHECK(!both_strong || etag == expected.etag);

  if (input.head.status == 200) {
    FUZZ_CHECK((answer.body == Range{0, *length}));
    return;
  }
  FUZZ_CHECK(answer.body == range);
  unsigned long long first = 0, last = 0, total = 0;
  FUZZ_CHECK(std::sscanf(headers.Find("Content-Range").value_or("").c_str(),
                         "%*s %llu - %llu / %llu", &first, &last, &total) == 3);
  FUZZ_CHECK(first == range.begin && last + 1 == range.end && total == *length);
}

}  // namespace
}  // namespace brimfs

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const brimfs::Input input = brimfs::Parse(brimfs::FuzzText(data, size));
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  const auto answer = brimfs::CheckRangeAnswer(input.question, input.head, now);
  if (answer.ok()) brimfs::CheckAccepted(input, *answer);
  return 0;
}
