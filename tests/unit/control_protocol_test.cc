#include "fs/control_protocol.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace brimfs {
namespace {

MountStatus AMount() {
  MountStatus status;
  status.source = "https://example.org/data/";
  status.mountpoint = "/mnt";
  status.driver = "mmap";
  status.cache = "/var/cache/brimfs";
  status.pid = 4711;
  status.reads_covered = 3;
  status.bytes_fetched = uint64_t{1} << 62;
  status.memory_limit = 256 << 20;
  return status;
}

FileStatus AFile() {
  FileStatus status;
  status.url = "https://example.org/data/a";
  status.length = 1000;
  status.filled = 30;
  status.ranges = {{0, 10}, {80, 100}};
  status.all_ranges = false;
  status.version = "\"v1\"";
  status.state = "active";
  status.readers = 2;
  status.pinned = true;
  return status;
}

// Through a line and back.
template <typename T>
T RoundTrip(T what) {
  const std::string line = FormatAnswer({7, std::move(what)});
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  const Result<ControlAnswer> answer = ParseAnswer(line);
  EXPECT_TRUE(answer.ok()) << line;
  if (!answer.ok()) return T{};
  EXPECT_EQ(answer->id, 7u);
  EXPECT_TRUE(std::holds_alternative<T>(answer->what)) << line;
  return std::get<T>(answer->what);
}

TEST(ControlProtocolTest, EveryRequestComesThroughAsItWas) {
  for (const ControlCommand command :
       {ControlCommand::kStatus, ControlCommand::kMap, ControlCommand::kFill,
        ControlCommand::kEvict, ControlCommand::kPin, ControlCommand::kUnpin}) {
    const ControlRequest request{.id = 5, .command = command, .node = 1ULL << 62, .cells = 80};
    const Result<ControlRequest> read = ParseRequest(FormatRequest(request));
    ASSERT_TRUE(read.ok()) << CommandName(command);
    EXPECT_EQ(read->id, request.id);
    EXPECT_EQ(read->command, command);
    EXPECT_EQ(read->node, request.node);
    EXPECT_EQ(read->cells, request.cells);
  }
  const Result<ControlRequest> bare = ParseRequest(R"({"id": 1, "do": "status"})");
  ASSERT_TRUE(bare.ok());
  EXPECT_FALSE(bare->node.has_value());
}

TEST(ControlProtocolTest, EveryAnswerComesThroughAsItWas) {
  EXPECT_EQ(RoundTrip(AMount()), AMount());
  EXPECT_EQ(RoundTrip(AFile()), AFile());
  const FillMap map{.length = 9, .cells = {0, 500, 1000}};
  EXPECT_EQ(RoundTrip(map), map);
  const FillProgress progress{.filled = 1, .length = 2};
  EXPECT_EQ(RoundTrip(progress), progress);
  const KeptFile kept{.path = "a/b", .why = "open"};
  EXPECT_EQ(RoundTrip(kept), kept);
  const Done done{.files = 3, .bytes = 4};
  EXPECT_EQ(RoundTrip(done), done);
  const Status error = RoundTrip(Status(Code::kStale, "gone"));
  EXPECT_EQ(error.code(), Code::kStale);
  EXPECT_EQ(error.message(), "gone");
}

TEST(ControlProtocolTest, OnlyProgressAndKeptFilesAreFollowedByMore) {
  EXPECT_FALSE((ControlAnswer{1, FillProgress{}}).last());
  EXPECT_FALSE((ControlAnswer{1, KeptFile{}}).last());
  EXPECT_TRUE((ControlAnswer{1, Done{}}).last());
  EXPECT_TRUE((ControlAnswer{1, Status(Code::kIo)}).last());
}

TEST(ControlProtocolTest, WhatIsNoTextIsEscapedOnTheLineAndComesThroughAsItWas) {
  FileStatus status = AFile();
  status.url = "https://example.org/a\nb\\x41\x01\xff\xc2\x9b\u00e9";
  EXPECT_NE(
      FormatAnswer({7, status}).find("/a\\\\x0ab\\\\x5cx41\\\\x01\\\\xff\\\\xc2\\\\x9b\u00e9"),
      std::string::npos)
      << FormatAnswer({7, status});
  EXPECT_EQ(RoundTrip(status), status);
  const KeptFile kept{.path = "a\nb", .why = "\x1b[2J"};
  EXPECT_EQ(RoundTrip(kept), kept);
  EXPECT_EQ(RoundTrip(Status(Code::kIo, "no\nline")).message(), "no\nline");
}

TEST(ControlProtocolTest, ProgramsGetTextsEscapedOnce) {
  FileStatus status = AFile();
  status.url = "https://example.org/a\nb\xc2\x9b";
  EXPECT_NE(FileStatusJson(RoundTrip(status)).find("/a\\\\x0ab\\\\xc2\\\\x9b\""), std::string::npos)
      << FileStatusJson(status);
}

TEST(ControlProtocolTest, TextsThatAMountCannotHaveWrittenAreRefused) {
  const char* const kWrong[] = {
      R"(\u001b[2J)", R"(\n)",  R"(\u007f)", R"(\u009b2J)",
      "\u009b2J",                                         // CSI in one character: terminals obey it
      R"(\u0085)",                                        // the next line
      R"(\\)",        R"(\\n)", R"(\\x1)",   R"(\\x1B)",  // no backslash but in front of two digits
      R"(\\x41)",                                         // of what needs no escape
  };
  for (const char* const text : kWrong) {
    const std::string line =
        R"({"id": 1, "kept": {"why": "open", "path": ")" + std::string(text) + "\"}}";
    EXPECT_EQ(ParseAnswer(line).code(), Code::kProtocol) << line;
  }
  const Result<ControlAnswer> right =
      ParseAnswer(R"({"id": 1, "kept": {"why": "open", "path": "\\x1b[2J\\x5c\u00a0"}})");
  ASSERT_TRUE(right.ok());
  EXPECT_EQ(std::get<KeptFile>(right->what).path, "\x1b[2J\\\u00a0");
}

TEST(ControlProtocolTest, TextsThatAreTooLongAreRefused) {
  const auto with = [](size_t size) {
    return R"({"id": 1, "error": {"code": "io", "message": ")" + std::string(size, 'x') + "\"}}";
  };
  EXPECT_TRUE(ParseAnswer(with(16384)).ok());
  EXPECT_EQ(ParseAnswer(with(16385)).code(), Code::kProtocol);
}

TEST(ControlProtocolTest, DeepAnswersAreRefusedWithoutHarm) {
  constexpr size_t kHalf = kMostAnswerBytes / 2 - 50;
  const std::string deep = std::string(kHalf, '[') + std::string(kHalf, ']');
  EXPECT_EQ(ParseAnswer(R"({"id": 1, "done": )" + deep + "}").code(), Code::kProtocol);
  std::string objects;
  for (size_t i = 0; i < kHalf / 6; ++i) objects += R"({"a":)";
  EXPECT_EQ(ParseAnswer(R"({"id": 1, "more": )" + objects).code(), Code::kProtocol);
}

TEST(ControlProtocolTest, AnAnswerStaysBelowItsLimitWhateverTheFileHas) {
  FileStatus status = AFile();
  status.url = std::string(1 << 20, '\n');
  status.ranges.assign(kMostRanges, {UINT64_MAX / 2, UINT64_MAX / 2});
  EXPECT_LE(FormatAnswer({UINT64_MAX, status}).size(), kMostAnswerBytes);
  const FillMap map{.length = 1, .cells = std::vector<uint16_t>(kMostCells, 1000)};
  EXPECT_LE(FormatAnswer({UINT64_MAX, map}).size(), kMostAnswerBytes);
}

TEST(ControlProtocolTest, WhatIsNoRequestIsRefused) {
  const char* const kWrong[] = {
      "",
      "status",
      "[]",
      "7",
      "{}",
      R"({"id": 1})",
      R"({"do": "status"})",
      R"({"id": -1, "do": "status"})",
      R"({"id": "1", "do": "status"})",
      R"({"id": 1, "do": "reboot"})",
      R"({"id": 1, "do": 7})",
      R"({"id": 1, "do": "map", "node": -5})",
      R"({"id": 1, "do": "map", "node": 1.5})",
      R"({"id": 1, "do": "map", "node": "1"})",
      R"({"id": 1, "do": "map", "cells": 4294967297})",
      R"({"id": 1, "do": "map", "cells": []})",
      R"({"id": 1, "do": "status")",
      "{\"id\": 1, \"do\": \"status\"}\xff",
  };
  for (const char* const line : kWrong) {
    EXPECT_EQ(ParseRequest(line).code(), Code::kProtocol) << line;
  }
  std::string deep(kMostRequestBytes, '[');
  EXPECT_EQ(ParseRequest(deep).code(), Code::kProtocol);
  std::string long_one =
      R"({"id": 1, "do": "status", "more": ")" + std::string(kMostRequestBytes, 'x') + "\"}";
  EXPECT_EQ(ParseRequest(long_one).code(), Code::kProtocol);
}

TEST(ControlProtocolTest, AnAnswerWithAFieldLessOrAnotherKindIsRefused) {
  const char* const kWrong[] = {
      R"({"id": 1})",
      R"({"id": 1, "done": {"files": 1}})",
      R"({"id": 1, "done": {"files": 1, "bytes": "2"}})",
      R"({"id": 1, "done": []})",
      R"({"id": 1, "done": {"files": 18446744073709551616, "bytes": 1}})",
      R"({"id": 1, "done": {"files": -1, "bytes": 1}})",
      R"({"id": 1, "done": {"files": 1e3, "bytes": 1}})",
      R"({"id": 1, "map": {"length": 1, "cells": [1001]}})",
      R"({"id": 1, "map": {"length": 1, "cells": [[]]}})",
      R"({"id": 1, "error": {"code": "ok", "message": ""}})",
      R"({"id": 1, "error": {"code": "unheard of", "message": ""}})",
      R"({"id": 1, "file": {"ranges": [[5, 1]]}})",
  };
  for (const char* const line : kWrong) {
    EXPECT_EQ(ParseAnswer(line).code(), Code::kProtocol) << line;
  }
}

TEST(ControlProtocolTest, DamagedLinesNeverDoMoreThanBeRefused) {
  std::mt19937 random(1);
  const std::string lines[] = {FormatAnswer({1, AMount()}), FormatAnswer({2, AFile()}),
                               FormatRequest({.id = 3, .node = 4, .cells = 5})};
  for (int i = 0; i < 20'000; ++i) {
    std::string line = lines[random() % 3];
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      const size_t at = random() % line.size();
      if (random() % 2 == 0) {
        line[at] = static_cast<char>(random());
      } else {
        line.erase(at, 1);
      }
    }
    const Result<ControlAnswer> answer = ParseAnswer(line);
    const Result<ControlRequest> request = ParseRequest(line);
    EXPECT_TRUE(answer.ok() || answer.code() == Code::kProtocol);
    EXPECT_TRUE(request.ok() || request.code() == Code::kProtocol);
  }
}

using Cells = std::vector<uint16_t>;

TEST(FillCellsTest, ACellIsFullOnlyIfNothingOfItIsMissingAndEmptyOnlyIfAllIs) {
  EXPECT_EQ(FillCells({}, 100, 4), (Cells{0, 0, 0, 0}));
  EXPECT_EQ(FillCells({{0, 100}}, 100, 4), (Cells{1000, 1000, 1000, 1000}));
  EXPECT_EQ(FillCells({{0, 25}, {50, 51}, {76, 100}}, 100, 4), (Cells{1000, 0, 40, 960}));
  EXPECT_EQ(FillCells({{0, 1}}, 1'000'000, 1), (Cells{1}));
  EXPECT_EQ(FillCells({{1, 1'000'000}}, 1'000'000, 1), (Cells{999}));
}

TEST(FillCellsTest, OddLengthsAndVeryLargeOnesAreCutWithoutALoss) {
  EXPECT_EQ(FillCells({{0, 3}}, 10, 3), (Cells{1000, 0, 0}));
  EXPECT_EQ(FillCells({}, 0, 2), (Cells{1000, 1000}));
  EXPECT_EQ(FillCells({}, 1, 3), (Cells{0, 0, 0}));
  EXPECT_EQ(FillCells({{0, 1}}, 1, 3), (Cells{1000, 1000, 1000}));
  EXPECT_EQ(FillCells({{1, 2}}, 3, 6), (Cells{0, 0, 1000, 1000, 0, 0})) << "two cells a byte";
  const uint64_t most = uint64_t{1} << 62;
  EXPECT_EQ(FillCells({{0, most / 2}}, most, 2), (Cells{1000, 0}));
  EXPECT_EQ(FillCells({{0, most}}, most, 3), (Cells{1000, 1000, 1000}));
}

}  // namespace
}  // namespace brimfs
