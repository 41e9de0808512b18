// A name whose address is never told, whatever the machine's resolver is.
#ifndef BRIMFS_TESTS_SUPPORT_SILENT_RESOLVER_H_
#define BRIMFS_TESTS_SUPPORT_SILENT_RESOLVER_H_

#include <cstddef>

namespace brimfs {

// While one lives, getaddrinfo(3) of kHost blocks; its end lets all that wait fail. One at a time.
// All other names are resolved as ever.
class SilentResolver {
 public:
  static constexpr char kHost[] = "silent.brimfs-test.invalid";

  SilentResolver();
  ~SilentResolver();
  SilentResolver(const SilentResolver&) = delete;
  SilentResolver& operator=(const SilentResolver&) = delete;

  void AwaitAsked() const;  // returns when somebody waits
  size_t waiting() const;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_SILENT_RESOLVER_H_
