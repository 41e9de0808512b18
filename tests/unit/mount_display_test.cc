// What the commands on a mount draw: bars, pictures, tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "fs/fill_picture.h"
#include "fs/progress_bar.h"
#include "fs/status_text.h"
#include "fs/terminal.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

// Of UTF-8 text.
size_t Columns(const std::string& text) {
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return columns;
}

Progress HalfWay() {
  return {.filled = 50 << 20,
          .total = 100 << 20,
          .files = 3,
          .all_files = 7,
          .all_known = true,
          .rate = 10.0 * (1 << 20)};
}

TEST(ProgressLineTest, HasBarShareBytesRateRemainingTimeAndFiles) {
  EXPECT_EQ(ProgressLine(HalfWay(), 70, /*utf8=*/false),
            "[############------------]   50%  50.0M/100M  10.0M/s  0:05  3/7 files");
  EXPECT_EQ(ProgressLine(HalfWay(), 70, /*utf8=*/true),
            "▕████████████            ▏   50%  50.0M/100M  10.0M/s  0:05  3/7 files");
}

TEST(ProgressLineTest, NeverLeavesTheWidthAndLeavesOutFromTheRight) {
  for (const bool utf8 : {false, true}) {
    for (int width = 1; width < 200; ++width) {
      EXPECT_LE(Columns(ProgressLine(HalfWay(), width, utf8)), static_cast<size_t>(width));
    }
  }
  EXPECT_EQ(ProgressLine(HalfWay(), 17, false), " 50%  50.0M/100M");
  EXPECT_EQ(ProgressLine(HalfWay(), 4, false), " 50%");
  EXPECT_EQ(ProgressLine(HalfWay(), 3, false), "");
}

TEST(ProgressLineTest, SaysAHundredOnlyWhenAllIsThere) {
  Progress progress = HalfWay();
  progress.filled = progress.total - 1;
  EXPECT_THAT(ProgressLine(progress, 40, false), HasSubstr(" 99%"));
  progress.filled = progress.total;
  EXPECT_THAT(ProgressLine(progress, 40, false), HasSubstr("100%"));
  progress.total = progress.filled = 0;
  EXPECT_THAT(ProgressLine(progress, 40, false), HasSubstr("100%"));
  progress.all_known = false;
  EXPECT_THAT(ProgressLine(progress, 40, false), HasSubstr("  0%"));
}

TEST(ProgressLineTest, TellsNoRemainingTimeBeforeItKnowsHowMuchThereIs) {
  Progress progress = HalfWay();
  progress.all_known = false;
  EXPECT_THAT(ProgressLine(progress, 80, false),
              HasSubstr("50.0M/100M+  10.0M/s  -:--  3/7+ files"));
  progress = HalfWay();
  progress.rate = std::nullopt;
  EXPECT_THAT(ProgressLine(progress, 80, false), HasSubstr("-/s  -:--"));
}

TEST(ProgressLineTest, ABarGrowsByEighthsOfAColumn) {
  Progress progress = HalfWay();
  std::string before = ProgressLine(progress, 80, true);
  int steps = 0;
  for (progress.filled = 0; progress.filled < progress.total; progress.filled += 1 << 17) {
    const std::string bar = ProgressLine(progress, 80, true);
    steps += bar.substr(0, bar.find("  ")) != before.substr(0, before.find("  ")) ? 1 : 0;
    before = bar;
  }
  EXPECT_GT(steps, 8 * 20);
}

TEST(ReadableSecondsTest, IsMinutesAndHours) {
  EXPECT_EQ(ReadableSeconds(0), "0:00");
  EXPECT_EQ(ReadableSeconds(7.9), "0:07");
  EXPECT_EQ(ReadableSeconds(3599), "59:59");
  EXPECT_EQ(ReadableSeconds(3600), "1:00:00");
  EXPECT_EQ(ReadableSeconds(1e18), "99:59:59");
}

TEST(RateMeterTest, IsTheMeanOfTheLastTenSeconds) {
  const TimePoint start{};
  RateMeter meter;
  meter.Note(0, start);
  EXPECT_EQ(meter.rate(), std::nullopt);
  meter.Note(100, start + std::chrono::milliseconds(100));
  EXPECT_EQ(meter.rate(), std::nullopt) << "too early to tell";
  meter.Note(1000, start + std::chrono::seconds(1));
  EXPECT_DOUBLE_EQ(*meter.rate(), 1000);
  for (int second = 2; second <= 30; ++second) {
    meter.Note(1000, start + std::chrono::seconds(second));
  }
  EXPECT_DOUBLE_EQ(*meter.rate(), 0) << "what came long ago counts no more";
}

TEST(FillPictureTest, ShowsWhatIsFilledInPartAndMissingWithALegend) {
  const FillMap map{.length = 640 << 10, .cells = {1000, 1000, 700, 400, 1, 0, 0, 999, 1000, 0}};
  EXPECT_EQ(FillPicture(map, 20, /*utf8=*/true),
            "     0B ▕██▓▒░··▓█·▏\n"
            "█ filled  ▓▒░ in part  · nothing; each is 64.0K\n");
  EXPECT_EQ(FillPicture(map, 20, /*utf8=*/false),
            "     0B |##+++..+#.|\n"
            "# filled  + in part  . nothing; each is 64.0K\n");
}

TEST(FillPictureTest, HasRowsWithTheirOffsetsInTheWidthThatThereIs) {
  constexpr int kWidth = 40;
  constexpr uint64_t kLength = uint64_t{1} << 30;
  FillMap map{.length = kLength, .cells = {}};
  map.cells.assign(PictureCells(kLength, kWidth), 1000);
  const std::string picture = FillPicture(map, kWidth, true);
  size_t rows = 0;
  size_t begin = 0;
  for (size_t end; (end = picture.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (picture.find("filled", begin) < end) break;
    EXPECT_EQ(Columns(picture.substr(begin, end - begin)), static_cast<size_t>(kWidth));
    ++rows;
  }
  EXPECT_EQ(rows, 8u);
  EXPECT_THAT(picture, HasSubstr("\n   128M ▕"));
  EXPECT_THAT(picture, HasSubstr("\n   896M ▕"));
}

TEST(FillPictureTest, ASmallFileIsOneRowAndAnEmptyOneIsFilled) {
  EXPECT_EQ(PictureCells(1, 80), PictureCells(0, 80));
  EXPECT_EQ(PictureCells(uint64_t{1} << 62, 80), 8 * PictureCells(0, 80));
  const uint32_t cells = PictureCells(0, 80);
  const FillMap map{.length = 0, .cells = FillCells({}, 0, cells)};
  EXPECT_THAT(FillPicture(map, 80, false), HasSubstr("0B |" + std::string(cells, '#') + "|"));
}

TEST(ReadableShareTest, IsAHundredOnlyForAll) {
  EXPECT_EQ(ReadableShare(0, 0), "-");
  EXPECT_EQ(ReadableShare(0, 7), "0.0%");
  EXPECT_EQ(ReadableShare(1, 3), "33.3%");
  EXPECT_EQ(ReadableShare(9'999'999, 10'000'000), "99.9%");
  EXPECT_EQ(ReadableShare(10'000'000, 10'000'000), "100%");
}

TEST(StatusTextTest, AMountIsATableUnderItsSource) {
  MountStatus status;
  status.source = "https://example.org/";
  status.mountpoint = "/mnt";
  status.driver = "mmap";
  status.cache = "/var/cache/brimfs";
  status.reads_covered = 3;
  status.reads_waited = 1;
  status.bytes_fetched = 3 << 20;
  status.cache_used = 1 << 30;
  status.cache_limit = uint64_t{4} << 30;
  const std::string text = MountText(status);
  EXPECT_TRUE(text.starts_with("https://example.org/ on /mnt\n")) << text;
  EXPECT_THAT(text, HasSubstr("\n  hits          75.0% of 4 reads\n"));
  EXPECT_THAT(text, HasSubstr("\n  from network  3.0M\n"));
  EXPECT_THAT(text, HasSubstr("\n  cache use     1.0G of 4.0G (25.0%)\n"));
  EXPECT_THAT(text, Not(HasSubstr("damaged"))) << "nothing is said of what is not";
}

TEST(StatusTextTest, AMountInMemoryHasItsBudgetInPlaceOfADirectory) {
  MountStatus status;
  status.driver = "memory";
  status.memory_used = 16 << 20;
  status.memory_limit = 64 << 20;
  const std::string text = MountText(status);
  EXPECT_THAT(text, HasSubstr("  memory        16.0M of 64.0M (25.0%)\n"));
  EXPECT_THAT(text, Not(HasSubstr("cache")));
}

TEST(StatusTextTest, AFileIsATableUnderItsPathWithItsFirstRanges) {
  FileStatus status;
  status.length = 1 << 20;
  status.filled = 128 << 10;
  for (uint64_t i = 0; i < 10; ++i) status.ranges.push_back({i << 16, (i << 16) + 1024});
  status.state = "active";
  status.readers = 2;
  const std::string text = FileText("dir/file", status, /*utf8=*/true);
  EXPECT_TRUE(text.starts_with("dir/file\n")) << text;
  EXPECT_THAT(text, HasSubstr("\n  filled   128K (12.5%)\n"));
  EXPECT_THAT(text, HasSubstr("\n  ranges   0B-1.0K, 64.0K-65.0K, "));
  EXPECT_THAT(text, HasSubstr(", …\n"));
  EXPECT_THAT(text, HasSubstr("\n  readers  2\n"));
  const std::string ascii = FileText("dir/file", status, /*utf8=*/false);
  EXPECT_THAT(ascii, HasSubstr(", ...\n"));
  EXPECT_EQ(Columns(ascii), ascii.size());
}

TEST(StatusTextTest, WhateverAMountOrANameSaysDrawsNothingAndForgesNoLine) {
  const std::string hostile = "a\nb\x1b[2J\xc2\x9b\xff\\";
  const std::string shown = R"(a\x0ab\x1b[2J\xc2\x9b\xff\x5c)";
  MountStatus mount;
  mount.source = mount.mountpoint = mount.driver = mount.cache = hostile;
  const std::string text = MountText(mount);
  EXPECT_TRUE(text.starts_with(shown + " on " + shown + "\n")) << text;
  EXPECT_THAT(text, HasSubstr("  driver        " + shown + "\n"));
  EXPECT_THAT(text, HasSubstr("  cache         " + shown + "\n"));
  FileStatus file;
  file.url = file.version = file.state = hostile;
  const std::string one = FileText(hostile, file, /*utf8=*/true);
  EXPECT_TRUE(one.starts_with(shown + "\n  source   " + shown + "\n")) << one;
  EXPECT_EQ(std::count(one.begin(), one.end(), '\n'), 10);
}

TEST(ScreenfulTest, IsAllIfItFitsAndElseEndsBeforeItScrolls) {
  EXPECT_EQ(Screenful("a\nb\nc\n", 80, 4, true), "a\nb\nc\n");
  EXPECT_EQ(Screenful("a\nb\nc\nd\n", 80, 4, true), "a\nb\n…\n");
  EXPECT_EQ(Screenful("a\nb\nc\nd\n", 80, 4, false), "a\nb\n...\n");
  EXPECT_EQ(Screenful("a\nb\n", 80, 1, false), "...\n");
  EXPECT_EQ(Screenful("", 80, 24, true), "");
}

TEST(ScreenfulTest, CountsTheRowsThatLongLinesAndWideCharactersTake) {
  const std::string row(20, 'x');
  EXPECT_EQ(Screenful(row + "\nb\n", 20, 3, false), row + "\nb\n");
  EXPECT_EQ(Screenful(row + "x\nb\n", 20, 3, false), "...\n");
  EXPECT_EQ(Screenful("\n\n\n", 20, 3, false), "\n...\n");
  std::string wide;
  for (int i = 0; i < 11; ++i) wide += "\u6f22";
  EXPECT_EQ(Screenful(wide + "\nb\n", 20, 3, false), "...\n");
  EXPECT_EQ(Screenful(wide + "\nb\n", 22, 3, false), wide + "\nb\n");
}

TEST(FillPictureTest, FilesOfAByteAndOfExabytesFitIntoAnyWidth) {
  for (const uint64_t length : {uint64_t{1}, uint64_t{1} << 60, UINT64_MAX}) {
    for (const int width : {20, 80, 300}) {
      const uint32_t count = PictureCells(length, width);
      const std::string picture = FillPicture({length, FillCells({}, length, count)}, width, true);
      size_t rows = 0;
      for (size_t begin = 0, end; (end = picture.find('\n', begin)) != std::string::npos;
           begin = end + 1) {
        const std::string row = picture.substr(begin, end - begin);
        if (row.find("filled") != std::string::npos) break;
        EXPECT_EQ(Columns(row), static_cast<size_t>(width)) << row;
        EXPECT_THAT(row, Not(HasSubstr("█"))) << "nothing is filled";
        ++rows;
      }
      EXPECT_EQ(rows, length == 1 ? 1u : 8u);
      EXPECT_THAT(picture, Not(HasSubstr("each is 0B")));
    }
  }
}

TEST(TerminalTest, TheFirstVariableThatIsSetDecidesOnUtf8) {
  using Variables = std::map<std::string, std::string>;
  const auto has = [](Variables variables) {
    return LocaleHasUtf8([&](const char* name) { return variables[name]; });
  };
  EXPECT_FALSE(has({}));
  EXPECT_TRUE(has({{"LANG", "de_DE.UTF-8"}}));
  EXPECT_TRUE(has({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}));
  EXPECT_FALSE(has({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}));
}

}  // namespace
}  // namespace brimfs
