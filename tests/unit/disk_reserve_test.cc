#include "core/disk_reserve.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

class DiskReserveTest : public ::testing::Test {
 protected:
  DiskReserve Make() {
    return DiskReserve(UniqueFd(open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                       FileIo::System());
  }

  const TempDir dir_;
  const std::string file_ = dir_ / "reserve";
};

TEST_F(DiskReserveTest, TakesRoomUntilItIsReleased) {
  DiskReserve reserve = Make();
  reserve.Fill();
  EXPECT_EQ(std::filesystem::file_size(file_), DiskReserve::kSize);
  EXPECT_TRUE(reserve.Release());
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_FALSE(reserve.Release()) << "there is none any more";
  reserve.Fill();
  EXPECT_EQ(std::filesystem::file_size(file_), DiskReserve::kSize);
}

TEST_F(DiskReserveTest, IsTheSameForAll) {
  Make().Fill();
  const auto made = std::filesystem::last_write_time(file_);
  Make().Fill();
  EXPECT_EQ(std::filesystem::last_write_time(file_), made);
  EXPECT_TRUE(Make().Release());
}

TEST_F(DiskReserveTest, OneThatIsNotWholeIsMadeAgain) {
  WriteFile(file_, "a part");
  Make().Fill();
  EXPECT_EQ(std::filesystem::file_size(file_), DiskReserve::kSize);
}

TEST_F(DiskReserveTest, WithoutADirectoryThereIsNone) {
  DiskReserve reserve(UniqueFd(), FileIo::System());
  reserve.Fill();
  EXPECT_FALSE(reserve.Release());
}

}  // namespace
}  // namespace brimfs
