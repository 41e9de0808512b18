#include "fs/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr char kLabels[] = R"({source="http://h/a\"b\\",mountpoint="/mnt)";

class MetricsTest : public testing::Test {
 protected:
  std::string Page(const MountLabels& labels = {"http://h/a\"b\\", "/mnt"}) {
    return MetricsText(labels, {.stats = stats_,
                                .load = {.running = 3, .queued = 4},
                                .space = {.stored = 5, .stored_limit = 6},
                                .nodes = 7,
                                .version = "1.2.3",
                                .mounted = {}});
  }

  // A line of the page, without the labels that all have.
  static std::string Line(const std::string& name, const std::string& labels, int value) {
    return "brimfs_" + name + kLabels + "\"" + labels + "} " + std::to_string(value) + "\n";
  }

  Stats stats_;
};

TEST_F(MetricsTest, SaysWhatWasCounted) {
  stats_.fetches = 11;
  stats_.bytes_fetched = 12;
  stats_.bytes_read = 13;
  stats_.reads_failed = 14;
  stats_.bytes_recovered = 15;
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr(Line("fetch_requests_total", "", 11)));
  EXPECT_THAT(page, HasSubstr(Line("fetched_bytes_total", "", 12)));
  EXPECT_THAT(page, HasSubstr(Line("read_bytes_total", "", 13)));
  EXPECT_THAT(page, HasSubstr(Line("recovered_bytes_total", "", 15)));
  EXPECT_THAT(page, HasSubstr(Line("reads_total", ",result=\"failed\"", 14)));
  EXPECT_THAT(page, HasSubstr(Line("fetches", ",state=\"running\"", 3)));
  EXPECT_THAT(page, HasSubstr(Line("fetches", ",state=\"queued\"", 4)));
  EXPECT_THAT(page, HasSubstr(Line("cache_used_bytes", ",place=\"disk\"", 5)));
  EXPECT_THAT(page, HasSubstr(Line("cache_limit_bytes", ",place=\"disk\"", 6)));
  EXPECT_THAT(page, HasSubstr(Line("inodes", "", 7)));
  EXPECT_THAT(page, HasSubstr(Line("build_info", ",version=\"1.2.3\"", 1)));
}

TEST_F(MetricsTest, TellsFilesThatTheKernelReadsFromOthers) {
  stats_.open_files = 5;
  stats_.open_passed = 2;
  EXPECT_THAT(Page(), HasSubstr(Line("open_files", ",way=\"ordinary\"", 3)));
  EXPECT_THAT(Page(), HasSubstr(Line("open_files", ",way=\"passthrough\"", 2)));
}

TEST_F(MetricsTest, IsUtf8WhateverTheNamesAre) {
  EXPECT_THAT(Page({"/srv/\xe4", "/mnt\n"}),
              HasSubstr(R"({source="/srv/\\xe4",mountpoint="/mnt\\x0a")"));
}

TEST_F(MetricsTest, BucketsCountWhatIsSmallerToo) {
  stats_.first_byte.Observe(milliseconds(3));
  stats_.first_byte.Observe(milliseconds(30));
  stats_.first_byte.Observe(std::chrono::hours(1));
  const std::string page = Page();
  const auto bucket = [](const std::string& bound, int count) {
    return Line("fetch_first_byte_seconds_bucket", ",le=\"" + bound + "\"", count);
  };
  EXPECT_THAT(page, HasSubstr(bucket("0.0025", 0)));
  EXPECT_THAT(page, HasSubstr(bucket("0.005", 1)));
  EXPECT_THAT(page, HasSubstr(bucket("0.05", 2)));
  EXPECT_THAT(page, HasSubstr(bucket("60", 2)));
  EXPECT_THAT(page, HasSubstr(bucket("+Inf", 3)));
  EXPECT_THAT(page, HasSubstr(Line("fetch_first_byte_seconds_count", "", 3)));
}

TEST_F(MetricsTest, EveryNameHasHelpAndATypeOnce) {
  std::istringstream page(Page());
  std::set<std::string> helped;
  std::set<std::string> typed;
  std::string line;
  while (std::getline(page, line)) {
    if (!line.starts_with("# ")) continue;
    std::istringstream words(line.substr(2));
    std::string what;
    std::string name;
    words >> what >> name;
    EXPECT_TRUE(name.starts_with("brimfs_")) << line;
    EXPECT_TRUE((what == "HELP" ? helped : typed).insert(name).second) << line;
  }
  EXPECT_EQ(helped, typed);
  EXPECT_GT(helped.size(), 20);
}

TEST_F(MetricsTest, PromtoolHasNothingToSay) {
  if (RunCommand({"promtool", "--version"}).code != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian: prometheus)";
  }
  const TempDir dir;
  WriteFile(dir / "page", Page());
  const Ran good = Shell("promtool check metrics < \"$1\" 2>&1", {dir / "page"});
  EXPECT_EQ(good.code, 0) << good.out;
  EXPECT_EQ(good.out, "");
  // It can fail: a counter by a wrong name.
  WriteFile(dir / "page", "# HELP brimfs_bad Bad.\n# TYPE brimfs_bad counter\nbrimfs_bad 1\n");
  EXPECT_NE(Shell("promtool check metrics < \"$1\" 2>&1", {dir / "page"}).code, 0);
}

}  // namespace
}  // namespace brimfs
