// Processor time of a wait whose bytes are there: the path of every read that this program answers.
//
// The time printed is the processor time of a call: google-benchmark sums it over the threads and
// divides by their iterations.
#include <benchmark/benchmark.h>

#include <memory>

#include "core/resource.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

constexpr uint64_t kLength = uint64_t{1} << 30;
constexpr uint64_t kRead = 128 << 10;

// One for all benchmarks and their threads.
Resource& Filled() {
  static Resource* const filled = [] {
    Resource::Options options;
    options.length = kLength;
    auto* made = new Resource(std::make_unique<NullDriver>(), options, Clock::Steady(),
                              *new Timer(Clock::Steady()));
    const std::vector<std::byte> part(1 << 20);
    for (uint64_t at = 0; at < kLength; at += part.size()) {
      if (!made->Write(at, part).ok()) std::abort();
    }
    return made;
  }();
  return *filled;
}

void CoveredWaitRange(benchmark::State& state) {
  Resource& resource = Filled();
  uint64_t at = static_cast<uint64_t>(state.thread_index()) * (kLength / 8);
  for (auto _ : state) {
    benchmark::DoNotOptimize(resource.WaitRange({at, at + kRead}));
    at = (at + kRead) % kLength;
  }
}
BENCHMARK(CoveredWaitRange)->Threads(1)->Threads(8);

void CoveredTryLease(benchmark::State& state) {
  Resource& resource = Filled();
  uint64_t at = static_cast<uint64_t>(state.thread_index()) * (kLength / 8);
  for (auto _ : state) {
    benchmark::DoNotOptimize(resource.TryLease({at, at + kRead}));
    at = (at + kRead) % kLength;
  }
}
BENCHMARK(CoveredTryLease)->Threads(1)->Threads(8);

}  // namespace
}  // namespace brimfs

BENCHMARK_MAIN();
