#include "fs/open_mode.h"

#include <utility>

namespace brimfs {

int OpenMode::Enter(bool may_pass, const std::function<Result<int>()>& register_file) {
  {
    MutexLock lock(mu_);
    while (deciding_) decided_.Wait(mu_);
    if (passed_ > 0) {
      ++passed_;
      return backing_id_;
    }
    if (ordinary_ > 0 || !may_pass) {
      ++ordinary_;
      return 0;
    }
    deciding_ = true;
  }
  const Result<int> id = register_file();
  MutexLock lock(mu_);
  deciding_ = false;
  decided_.NotifyAll();
  if (!id.ok()) {
    ++ordinary_;
    return 0;
  }
  ++passed_;
  backing_id_ = *id;
  return backing_id_;
}

int OpenMode::Leave(int backing_id) {
  MutexLock lock(mu_);
  if (backing_id == 0) {
    --ordinary_;
    return 0;
  }
  return --passed_ == 0 ? std::exchange(backing_id_, 0) : 0;
}

OpenMode::Count OpenMode::count() const {
  MutexLock lock(mu_);
  return {ordinary_, passed_};
}

}  // namespace brimfs
