// A time that is accepted is one that HTTP can write, and reads the same when it has been written.
#include "backends/http_date.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = brimfs::FuzzText(data, size);
  for (const auto& time : {brimfs::ParseDate(text), brimfs::ParseRfc3339(text)}) {
    if (!time) continue;
    const auto again = brimfs::ParseDate(brimfs::FormatDate(*time));
    FUZZ_CHECK(again && *again == *time);
  }
  if (const auto wait = brimfs::ParseRetryAfter(text, absl::FromUnixSeconds(1'700'000'000))) {
    FUZZ_CHECK(*wait >= absl::ZeroDuration() && *wait <= absl::Hours(24));
  }
  return 0;
}
