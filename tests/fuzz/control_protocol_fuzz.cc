// What a client or a mount says over the control socket: a line that is accepted says the same
// again when it is written out.
#include "fs/control_protocol.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string line(brimfs::FuzzText(data, size));
  if (const auto request = brimfs::ParseRequest(line); request.ok()) {
    const std::string text = brimfs::FormatRequest(*request);
    const auto again = brimfs::ParseRequest(text);
    FUZZ_CHECK(again.ok() && brimfs::FormatRequest(*again) == text);
  }
  if (const auto answer = brimfs::ParseAnswer(line); answer.ok()) {
    const std::string text = brimfs::FormatAnswer(*answer);
    const auto again = brimfs::ParseAnswer(text);
    FUZZ_CHECK(again.ok() && brimfs::FormatAnswer(*again) == text);
  }
  return 0;
}
