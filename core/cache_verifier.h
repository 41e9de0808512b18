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

  // As long as it lives the thread has no file open; then it goes on where it was. Its making may
  // wait for a read from the disk.
  class Pause {
   public:
    explicit Pause(CacheVerifier& verifier);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    CacheVerifier& verifier_;
  };

 private:
  void Run();
  // Whether it has come to the end.
  bool Verify(CachedFile& file);
  bool interrupted();

  Mutex mu_;
  CondVar changed_;
  std::deque<std::weak_ptr<CachedFile>> files_ ABSL_GUARDED_BY(mu_);
  bool verifying_ ABSL_GUARDED_BY(mu_) = false;  // the thread has a file
  int pauses_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_VERIFIER_H_
