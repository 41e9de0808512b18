// A sink that keeps what a fetch gives it, and can refuse.
#ifndef BRIMFS_TESTS_SUPPORT_BODY_COLLECTOR_H_
#define BRIMFS_TESTS_SUPPORT_BODY_COLLECTOR_H_

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "core/backend.h"

namespace brimfs {

// Checks on its own that bytes follow an answer, and each other without a gap.
class BodyCollector : public BodySink {
 public:
  Status OnAnswer(const Version& actual, const Range& promised) override {
    EXPECT_FALSE(answer) << "a second answer";
    answer = actual;
    body = promised;
    return on_answer;
  }

  Status OnBytes(uint64_t offset, std::span<const std::byte> data) override {
    EXPECT_TRUE(answer) << "bytes before the answer was checked";
    if (bytes.empty()) begin = offset;
    EXPECT_EQ(offset, begin + bytes.size()) << "a gap or a repetition";
    bytes.append(reinterpret_cast<const char*>(data.data()), data.size());
    return on_bytes ? on_bytes() : OkStatus();
  }

  // Set by a test.
  Status on_answer;
  std::function<Status()> on_bytes;

  std::optional<Version> answer;
  Range body;          // as the answer promised
  uint64_t begin = 0;  // offset of the first byte
  std::string bytes;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_BODY_COLLECTOR_H_
