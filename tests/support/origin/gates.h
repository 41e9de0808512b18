// Places where the test origin's answers stop until a test lets them go on.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_GATES_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_GATES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/mutex.h"
#include "tests/support/origin/socket.h"

namespace brimfs {

// Thread-safe. At most one gate a path; closing another moves it.
class OriginGates {
 public:
  void CloseBody(const std::string& path, uint64_t at);
  void CloseHead(const std::string& path);
  void Open(const std::string& path);

  // Returns when `count` answers stand at this path's gate.
  void Await(const std::string& path, size_t count);
  size_t Waiting(const std::string& path) const;

  // Sleep at the gate while it is closed. False: the peer left meanwhile.
  bool PassHead(const std::string& path, OriginSocket& socket);
  bool PassBody(const std::string& path, uint64_t offset, OriginSocket& socket);

  // Where the next piece of a body, [offset, offset + size), has to end because of a gate.
  uint64_t LimitOf(const std::string& path, uint64_t offset, uint64_t size) const;

 private:
  struct Gate {
    std::optional<uint64_t> body_at;  // none: the head is held
    bool open = false;
    std::set<OriginSocket*> waiting;
  };

  bool Pass(const std::string& path, std::optional<uint64_t> offset, OriginSocket& socket);
  void Close(const std::string& path, std::optional<uint64_t> at);

  mutable Mutex mu_;
  CondVar arrived_;
  std::map<std::string, Gate> gates_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_GATES_H_
