// Requests that were made a second time because the first one was silent, as a debugging log tells.
#ifndef BRIMFS_TESTS_E2E_HEDGES_H_
#define BRIMFS_TESTS_E2E_HEDGES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace brimfs {

struct Hedges {
  uint64_t requests = 0;
  uint64_t bytes = 0;  // that were asked for
};

// Those of the file `name` in a daemon's log.
inline Hedges HedgesIn(std::string_view log, std::string_view name) {
  Hedges hedges;
  const std::string line = "/" + std::string(name) + ": asked once more for ";
  for (size_t at = log.find(line); at != std::string_view::npos; at = log.find(line, at)) {
    at += line.size();
    ++hedges.requests;
    hedges.bytes += std::stoull(std::string(log.substr(at, log.find(' ', at) - at)));
  }
  return hedges;
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_HEDGES_H_
