// A large file over real nginx, read whole by the programs that people read files with.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <tuple>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

// A line of sh that prints the SHA-256 of what it read from "$1"; "$2" is an empty directory, "$3"
// the original.
struct Reader {
  const char* name;
  const char* line;
};

constexpr Reader kReaders[] = {
    {"cat", "cat \"$1\" | openssl dgst -sha256 -r"},
    {"dd", "dd if=\"$1\" bs=300k status=none | openssl dgst -sha256 -r"},
    {"cp", "cp \"$1\" \"$2/copy\" && openssl dgst -sha256 -r < \"$2/copy\""},
    {"tar", "tar -C \"${1%/*}\" -cSf - \"${1##*/}\" | tar -xOSf - | openssl dgst -sha256 -r"},
    {"rsync", "rsync -S \"$1\" \"$2/copy\" && openssl dgst -sha256 -r < \"$2/copy\""},
    {"grep",
     "test \"$(LC_ALL=C grep -a -c 'the needle at the end' \"$1\")\" = 1 && "
     "LC_ALL=C grep -a '' \"$1\" | openssl dgst -sha256 -r"},
    {"python_mmap",
     "python3 -c 'import hashlib, mmap, sys\n"
     "with open(sys.argv[1], \"rb\") as file:\n"
     "    map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
     "    print(hashlib.sha256(map).hexdigest())' \"$1\""},
    {"eight_at_once",
     "for n in 1 2 3 4 5 6 7 8; do (cmp \"$1\" \"$3\" || touch \"$2/differs\") & done; wait; "
     "test ! -e \"$2/differs\" && openssl dgst -sha256 -r < \"$1\""},
};

class WholeFileTest : public E2eTest {
 protected:
  // The file in a new mount of real nginx.
  std::string BigFileIn(const std::string& scheme, const std::string& driver) {
    const BigFile& big = TheBigFile();
    nginx_ = std::make_unique<Nginx>(Nginx::Options{.tls = scheme == "https"});
    std::filesystem::create_symlink(big.path, nginx_->File("big"));
    std::vector<std::string> options = {"driver=" + driver};
    if (scheme == "https") options.push_back("cacert=" + nginx_->cacert());
    return Attach(scheme == "https" ? nginx_->https_url() : nginx_->url(), options).File("big");
  }

 private:
  std::unique_ptr<Nginx> nginx_;
};

using ReaderCase = std::tuple<Reader, const char*, const char*>;  // scheme, driver

class WholeFileReaderTest : public WholeFileTest,
                            public ::testing::WithParamInterface<ReaderCase> {};

std::string CaseName(const ::testing::TestParamInfo<ReaderCase>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param) + "_" +
         std::get<2>(info.param);
}

TEST_P(WholeFileReaderTest, SeesEveryByte) {
  const auto& [reader, scheme, driver] = GetParam();
  const std::string file = BigFileIn(scheme, driver);
  const TempDir scratch;
  // Cold, and again when the kernel, the cache or both have it.
  for (const char* pass : {"first", "second"}) {
    const Ran ran = Shell(reader.line, {file, scratch.path(), TheBigFile().path});
    EXPECT_EQ(ran.out.substr(0, 64), TheBigFile().sha256) << pass << ": " << ran.err;
    if (std::string(reader.name) != "cat") break;
  }
}

INSTANTIATE_TEST_SUITE_P(Http, WholeFileReaderTest,
                         ::testing::Combine(::testing::ValuesIn(kReaders),
                                            ::testing::Values("http"),
                                            ::testing::Values("mmap", "memory")),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(Https, WholeFileReaderTest,
                         ::testing::Combine(::testing::Values(kReaders[0]),
                                            ::testing::Values("https"),
                                            ::testing::Values("mmap", "memory")),
                         CaseName);

using RandomCase = std::tuple<const char*, const char*>;

class RandomReadsTest : public WholeFileTest, public ::testing::WithParamInterface<RandomCase> {};

TEST_P(RandomReadsTest, SeeTheRightBytes) {
  const Descriptor file(BigFileIn(std::get<0>(GetParam()), std::get<1>(GetParam())));
  ASSERT_EQ(file.error(), 0);
  std::mt19937_64 random(17);
  const uint64_t size = TheBigFile().oracle_size;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t begin = random() % size;
    const uint64_t length = 1 + random() % (i % 10 == 0 ? 1 << 20 : 9000);
    const Range range{begin, std::min(begin + length, size)};
    ASSERT_EQ(CheckOracle(file, range), "") << range.begin << "-" << range.end;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RandomReadsTest,
                         ::testing::Combine(::testing::Values("http", "https"),
                                            ::testing::Values("mmap", "memory")),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param)) + "_" +
                                  std::get<1>(test.param);
                         });

}  // namespace
}  // namespace brimfs
