// Every fault of the test origin, at every point of an answer, once, twice and for ever, over
// every driver, as a web server and as S3, from the lookup of a name to the last byte of its file:
// no wrong byte, no zeros from holes, no short read, nothing that outlives its deadline; right
// bytes wherever another try can get them, and else the error that belongs to the fault. What has
// healed reads right again.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "backends/registry.h"
#include "core/cache.h"
#include "fs/filesystem.h"
#include "tests/support/oracle.h"
#include "tests/support/origin.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kLength = (1 << 20) + 4321;
constexpr Duration kTimeout = seconds(3);
constexpr Duration kFirstByte = milliseconds(600);
// Of the machine, not of the file system: many cases run at once.
constexpr Duration kGrace = seconds(20);

// What a fault that strikes for ever comes to.
enum class Ever { kRight, kError, kEither };

struct Row {
  const char* fault;  // NAME[=ARGUMENT]:PHASE[@POINT]
  Ever ever;
  Code code = Code::kOk;  // of the error
  bool final = false;     // the first answer of this kind is not asked about again
};

constexpr Code kEio = Code::kProtocol;

// faults.md's first table, row by row.
constexpr Row kRows[] = {
    // Resets, bodies that end early, silence. What is behind half of a body comes bit by bit.
    {"reset:ranged@head", Ever::kError, Code::kTimedOut},
    {"reset:ranged@in-head", Ever::kError, Code::kTimedOut},
    {"reset:ranged@first", Ever::kError, Code::kTimedOut},
    {"reset:ranged@middle", Ever::kEither, Code::kTimedOut},
    {"reset:ranged@last", Ever::kEither, Code::kTimedOut},
    {"reset:stat", Ever::kError, Code::kTimedOut},
    {"close:ranged@head", Ever::kError, Code::kTimedOut},
    {"close:ranged@in-head", Ever::kError, Code::kTimedOut},
    {"close:ranged@first", Ever::kError, Code::kTimedOut},
    {"close:ranged@middle", Ever::kEither, Code::kTimedOut},
    {"close:ranged@last", Ever::kEither, Code::kTimedOut},
    {"close:stat", Ever::kError, Code::kTimedOut},
    {"stall:ranged@head", Ever::kError, Code::kTimedOut},
    {"stall:ranged@in-head", Ever::kError, Code::kTimedOut},
    {"stall:ranged@first", Ever::kError, Code::kTimedOut},
    {"stall:ranged@middle", Ever::kEither, Code::kTimedOut},
    {"stall:ranged@last", Ever::kEither, Code::kTimedOut},
    {"stall:stat", Ever::kError, Code::kTimedOut},
    {"drip:ranged@head", Ever::kError, Code::kTimedOut},
    {"drip:ranged@in-head", Ever::kError, Code::kTimedOut},
    {"drip:ranged@first", Ever::kEither, Code::kTimedOut},
    {"drip:ranged@middle", Ever::kEither, Code::kTimedOut},
    {"no-length:ranged", Ever::kRight},
    {"no-length:ranged@first", Ever::kError, Code::kTimedOut},
    {"no-length:ranged@middle", Ever::kEither, Code::kTimedOut},
    {"chunked:ranged", Ever::kRight},
    {"chunked:ranged@first", Ever::kError, Code::kTimedOut},
    {"chunked:ranged@middle", Ever::kEither, Code::kTimedOut},
    // Answers that contradict the question or themselves.
    {"short:ranged", Ever::kError, kEio},
    {"long:ranged", Ever::kError, kEio},
    {"wrong-content-range=start:ranged", Ever::kError, kEio},
    {"wrong-content-range=end:ranged", Ever::kError, kEio},
    {"wrong-content-range=total:ranged", Ever::kError, kEio},
    {"missing-content-range:ranged", Ever::kError, kEio},
    {"shifted-range:ranged", Ever::kError, kEio},
    {"xml-200:ranged", Ever::kError, kEio},
    {"html-200:ranged", Ever::kError, kEio},
    {"gzip:ranged", Ever::kRight},  // stored so; never decoded
    {"header-bomb:ranged", Ever::kError, kEio},
    {"header-bomb=size:ranged", Ever::kError, kEio},
    {"header-bomb:stat", Ever::kError, kEio},
    {"ignore-range:ranged", Ever::kRight},
    {"ignore-range:any", Ever::kRight},
    {"head-refused:any", Ever::kRight},
    // Another version, or none.
    {"changing-etag:ranged", Ever::kError, Code::kStale, true},
    {"status=404:ranged", Ever::kError, Code::kStale, true},
    {"status=412:ranged", Ever::kError, Code::kStale, true},
    {"status=416:ranged", Ever::kError, Code::kStale, true},
    {"status=404:stat", Ever::kError, Code::kNotFound, true},
    {"weak-etag:any", Ever::kRight},
    {"no-etag:any", Ever::kRight},
    {"ignore-if-match:any", Ever::kRight},
    // Refusals, and servers in trouble.
    {"status=401:ranged", Ever::kError, Code::kDenied, true},
    {"status=403:ranged", Ever::kError, Code::kDenied, true},
    {"status=401:stat", Ever::kError, Code::kDenied, true},
    {"status=408:ranged", Ever::kError, Code::kTimedOut},
    {"status=429:ranged", Ever::kError, Code::kTimedOut},
    {"status=500:ranged", Ever::kError, Code::kTimedOut},
    {"status=502:ranged", Ever::kError, Code::kTimedOut},
    {"status=503:ranged", Ever::kError, Code::kTimedOut},
    {"status=504:ranged", Ever::kError, Code::kTimedOut},
    {"status=503,0:ranged", Ever::kError, Code::kTimedOut},
    {"status=500:stat", Ever::kError, Code::kTimedOut},
    {"status=503:stat", Ever::kError, Code::kTimedOut},
    // Redirects that lead nowhere.
    {"redirect-loop=301:ranged", Ever::kError, kEio},
    {"redirect-loop=302:ranged", Ever::kError, kEio},
    {"redirect-loop=303:ranged", Ever::kError, kEio},
    {"redirect-loop=307:ranged", Ever::kError, kEio},
    {"redirect-loop=308:ranged", Ever::kError, kEio},
    {"redirect-loop:stat", Ever::kError, kEio},
    {"redirect=ftp://127.0.0.1:ranged", Ever::kError, kEio},
    {"redirect=http://127.0.0.1:1:ranged", Ever::kError, Code::kTimedOut},
};

struct Case {
  const Row* row;
  int count;
  std::string source;
  DriverKind driver;
  std::string path;
};

// One file system over one object of an origin that many cases share.
class MatrixCase {
 public:
  MatrixCase(const Case& one, Origin& origin) : case_(one), origin_(origin) {
    BackendOptions of_backend;
    of_backend.s3.place.endpoint = one.source == "s3://bucket/" ? origin.url() : "";
    OpenedSource opened = std::move(*OpenSource(one.source, of_backend, {}));
    backend_ = std::move(opened.backend);
    FileSystem::Options options;
    options.metadata_ttl = options.negative_ttl = Duration(0);
    options.timeout = kTimeout;
    options.first_byte = kFirstByte;
    Cache::Options cache;
    cache.driver = one.driver;
    cache.directory = directory_.path();
    cache.source = opened.identity;
    cache.scheduler.connections = 4;
    cache.fetcher.timeout = kTimeout;
    cache.fetcher.first_byte = kFirstByte;
    cache_ = std::move(*Cache::Create(cache, *backend_, Clock::Steady()));
    filesystem_ =
        std::make_unique<FileSystem>(*backend_, *cache_, Clock::Steady(), nullptr, options);
  }

  void Run() {
    origin_.PutOracle(case_.path, kLength);
    OriginFault fault = *ParseFault(std::string(case_.row->fault) + ":1");
    fault.count = case_.count;
    fault.path = case_.path;
    origin_.Inject(fault);
    std::unique_ptr<OpenFile> file;
    Code code = ReadSome(file);
    if (case_.count != OriginFault::kForEver && !case_.row->final) {
      EXPECT_EQ(code, Code::kOk) << "another try would have got it: " << Name();
    } else if (code == Code::kOk) {
      EXPECT_NE(case_.row->ever, Ever::kError) << Name();
    } else {
      EXPECT_NE(case_.row->ever, Ever::kRight) << Name() << ": " << CodeName(code);
      EXPECT_EQ(ToErrno(code), ToErrno(case_.row->code)) << Name() << ": " << CodeName(code);
    }

    origin_.ClearFaults(case_.path);
    // A flight of before may still fail, and is then remembered for a second.
    const TimePoint soon = Clock::Steady().Now() + kGrace;
    do {
      if (file != nullptr) Close(std::move(file));
      code = ReadSome(file);
      if (code == Code::kOk) code = ReadRange(*file, {0, kLength});
    } while (code == Code::kTimedOut && Clock::Steady().Now() < soon);
    EXPECT_EQ(code, Code::kOk) << "healed: " << Name();
    if (file != nullptr) Close(std::move(file));
  }

 private:
  std::string Name() const {
    return case_.path + (case_.driver == DriverKind::kMmap ? " mmap" : " memory");
  }

  void Close(std::unique_ptr<OpenFile> file) {
    Resource& resource = file->file->resource();
    if (resource.state() == Resource::State::kActive) resource.Reactivate();
    filesystem_->Release(std::move(file));
  }

  // The first error of: lookup, open, and a read in the middle, at the end, and at the front.
  Code ReadSome(std::unique_ptr<OpenFile>& file) {
    const auto entry = filesystem_->LookUp(kRootNode, case_.path, FileSystem::Ask::kSource);
    if (!entry.ok()) return entry.code();
    if (entry->node == 0) return Code::kNotFound;
    auto opened = filesystem_->Open(entry->node, FileSystem::Ask::kSource);
    if (!opened.ok()) return opened.code();
    file = std::move(*opened);
    Code first = Code::kOk;
    for (const Range& range :
         {Range{500'001, 500'100}, Range{kLength - 5000, kLength + 4096}, Range{0, 131'072}}) {
      const Code code = ReadRange(*file, range);
      if (first == Code::kOk) first = code;
    }
    return first;
  }

  Code ReadRange(OpenFile& file, const Range& range) {
    const TimePoint start = Clock::Steady().Now();
    const Result<Lease> lease = filesystem_->Read(file, range, {});
    EXPECT_LT(Clock::Steady().Now() - start, kTimeout + kGrace) << "a hang: " << Name();
    if (!lease.ok()) return lease.code();
    EXPECT_EQ(lease->range().begin, range.begin) << Name();
    EXPECT_EQ(lease->range().end, std::min(range.end, kLength)) << "short: " << Name();
    std::vector<std::byte> bytes(lease->range().size());
    EXPECT_TRUE(lease->Read(bytes).ok()) << Name();
    EXPECT_EQ(FirstWrongByte(1, range.begin, bytes), std::nullopt) << Name();
    return Code::kOk;
  }

  const Case& case_;
  Origin& origin_;
  const TempDir directory_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FileSystem> filesystem_;
};

// Enough at a time that waiting for deadlines costs little, few enough that the machine keeps up.
constexpr size_t kAtOnce = 24;

enum class Speaks { kHttp, kS3 };

class FaultMatrixTest : public testing::TestWithParam<std::tuple<Speaks, DriverKind>> {};

TEST_P(FaultMatrixTest, NoFaultGivesAWrongByteAndEachHasItsError) {
  const auto [speaks, driver] = GetParam();
  Origin::Options options;
  if (speaks == Speaks::kS3) options.s3.bucket = "bucket";
  setenv("AWS_ACCESS_KEY_ID", options.s3.keys.access_key.c_str(), 1);
  setenv("AWS_SECRET_ACCESS_KEY", options.s3.keys.secret_key.c_str(), 1);
  Origin origin(options);
  ASSERT_TRUE(origin.Start().ok());
  const std::string source = speaks == Speaks::kS3 ? "s3://bucket/" : origin.url();
  std::vector<Case> cases;
  for (const Row& row : kRows) {
    for (const int count : {1, 2, OriginFault::kForEver}) {
      std::string path = row.fault;
      for (char& c : path) c = c == '/' ? '_' : c;
      path += count == OriginFault::kForEver ? " for ever" : " x" + std::to_string(count);
      cases.push_back({&row, count, source, driver, path});
    }
  }
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kAtOnce; ++i) {
    threads.emplace_back([&] {
      for (size_t at = next++; at < cases.size(); at = next++) MatrixCase(cases[at], origin).Run();
    });
  }
  for (std::thread& thread : threads) thread.join();

  // Each of them really struck.
  std::map<std::string, uint64_t> struck = origin.counters().faults;
  for (const Row& row : kRows) {
    const std::string fault(row.fault);
    EXPECT_GE(struck[fault.substr(0, fault.find_first_of(":="))], 3u) << fault;
  }
}

std::string NameOf(const testing::TestParamInfo<FaultMatrixTest::ParamType>& test) {
  const auto [speaks, driver] = test.param;
  return std::string(speaks == Speaks::kHttp ? "http" : "s3") +
         (driver == DriverKind::kMmap ? "_mmap" : "_memory");
}

INSTANTIATE_TEST_SUITE_P(Drivers, FaultMatrixTest,
                         testing::Combine(testing::Values(Speaks::kHttp, Speaks::kS3),
                                          testing::Values(DriverKind::kMmap, DriverKind::kMemory)),
                         &NameOf);

}  // namespace
}  // namespace brimfs
