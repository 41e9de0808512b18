// The thread that verifies what earlier runs left of complete files, so that they may be passed
// through to the kernel.
#ifndef BRIMFS_CORE_CACHE_VERIFIER_H_
#define BRIMFS_CORE_CACHE_VERIFIER_H_

#include <deque>
#include <memory>
#include <thread>

#include "core/cached_file.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe. Lock order: mu_ is a leaf.
class CacheVerifier {
 public:
  ~CacheVerifier() { Stop(); }

  // Starts the thread; once.
  void Start();

  // Drops what it has not begun.
  void Stop();

  // Unless it is closed before its turn, or too many others come after it.
  void Add(const std::shared_ptr<CachedFile>& file);

 private:
  void Run();
  void Verify(CachedFile& file);
  bool stopping();

  Mutex mu_;
  CondVar wake_;
  std::deque<std::weak_ptr<CachedFile>> files_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_VERIFIER_H_
