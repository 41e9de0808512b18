// A Content-Range that is accepted says the same again when it is written out, and names bytes that
// can exist.
#include "backends/content_range.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = brimfs::ParseContentRange(brimfs::FuzzText(data, size));
  if (!parsed) return 0;
  const auto& [range, total] = *parsed;
  FUZZ_CHECK(range.begin <= range.end);
  FUZZ_CHECK(!range.empty() || total);
  FUZZ_CHECK(!total || range.end <= *total);
  const std::string bytes =
      range.empty() ? "*" : std::to_string(range.begin) + "-" + std::to_string(range.end - 1);
  const std::string text = "bytes " + bytes + "/" + (total ? std::to_string(*total) : "*");
  const auto again = brimfs::ParseContentRange(text);
  FUZZ_CHECK(again && again->range == range && again->total == total);
  return 0;
}
