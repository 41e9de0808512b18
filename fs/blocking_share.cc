#include "fs/blocking_share.h"

#include <utility>

namespace brimfs {

bool BlockingShare::TryTake() {
  MutexLock lock(mu_);
  if (free_ == 0) return false;
  --free_;
  return true;
}

void BlockingShare::Return() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      if (put_off_.empty()) {
        ++free_;
        return;
      }
      work = std::move(put_off_.front());
      put_off_.pop_front();
    }
    work();
  }
}

void BlockingShare::Run(std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (free_ == 0) {
      put_off_.push_back(std::move(work));
      return;
    }
    --free_;
  }
  work();
  Return();
}

}  // namespace brimfs
