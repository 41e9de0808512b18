// The thread that removes files of a cache directory that no entry names and no process has: what a
// killed process left, or a catalogue that was lost. Slow by design: it is there for space, and
// nobody waits for it.
#ifndef BRIMFS_CORE_CACHE_SWEEPER_H_
#define BRIMFS_CORE_CACHE_SWEEPER_H_

#include <string>
#include <thread>

#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

class CacheSweeper {
 public:
  // All outlive this.
  CacheSweeper(CacheDirectory& directory, Catalogue& catalogue, Clock& clock)
      : directory_(directory), catalogue_(catalogue), clock_(clock) {}
  ~CacheSweeper() { Stop(); }

  void Start();
  void Stop();

  // One file: moved to where it belongs if an entry names it, else removed. Left alone if somebody
  // has it.
  static void Sweep(CacheDirectory& directory, Catalogue& catalogue, const std::string& name);

 private:
  void Run();
  bool Pause();  // false: it is to stop

  CacheDirectory& directory_;
  Catalogue& catalogue_;
  Clock& clock_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_SWEEPER_H_
