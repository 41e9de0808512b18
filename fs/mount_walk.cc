#include "fs/mount_walk.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "core/mutex.h"

namespace brimfs {

// The threads may outlive the walk: they hold this. They end with the next thing that they find.
struct MountWalk::Shared {
  struct Seen {
    std::string path;
    uint64_t size = 0;
    bool again = false;
  };

  // False: nobody wants more.
  bool Add(std::string path, uint64_t size);
  void AddFailure(std::string path, Status why);
  void Walk(const std::vector<std::string>& paths);
  void WalkDirectory(const std::string& path, dev_t device);
  void Open();
  std::optional<Seen> NextToOpen();
  void Tell() const;

  const UniqueFd changed_fd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  Mutex mu;  // a leaf
  CondVar changed;
  std::deque<Seen> seen ABSL_GUARDED_BY(mu);
  std::deque<Found> found ABSL_GUARDED_BY(mu);
  Totals totals ABSL_GUARDED_BY(mu);
  bool opening ABSL_GUARDED_BY(mu) = false;
  bool quit ABSL_GUARDED_BY(mu) = false;
};

MountWalk::MountWalk(std::vector<std::string> paths) : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, paths = std::move(paths)] { shared->Walk(paths); }).detach();
  std::thread([shared = shared_] { shared->Open(); }).detach();
}

MountWalk::~MountWalk() {
  MutexLock lock(shared_->mu);
  shared_->quit = true;
  shared_->changed.NotifyAll();
}

std::optional<MountWalk::Found> MountWalk::Take() {
  uint64_t count;
  (void)!read(shared_->changed_fd.get(), &count, sizeof count);
  MutexLock lock(shared_->mu);
  if (shared_->found.empty()) return std::nullopt;
  std::optional<Found> first(std::move(shared_->found.front()));
  shared_->found.pop_front();
  shared_->changed.NotifyAll();
  return first;
}

void MountWalk::LookAgain(std::string path, uint64_t size) {
  MutexLock lock(shared_->mu);
  shared_->seen.push_front({std::move(path), size, /*again=*/true});
  shared_->changed.NotifyAll();
}

MountWalk::Totals MountWalk::totals() const {
  MutexLock lock(shared_->mu);
  return shared_->totals;
}

bool MountWalk::ended() const {
  MutexLock lock(shared_->mu);
  return shared_->totals.all && shared_->seen.empty() && shared_->found.empty() &&
         !shared_->opening;
}

int MountWalk::fd() const { return shared_->changed_fd.get(); }

void MountWalk::Shared::Tell() const {
  constexpr uint64_t kOne = 1;
  (void)!write(changed_fd.get(), &kOne, sizeof kOne);
}

bool MountWalk::Shared::Add(std::string path, uint64_t size) {
  MutexLock lock(mu);
  ++totals.files;
  totals.bytes += size;
  seen.push_back({std::move(path), size});
  changed.NotifyAll();
  return !quit;
}

void MountWalk::Shared::AddFailure(std::string path, Status why) {
  {
    MutexLock lock(mu);
    found.push_back({std::move(path), 0, std::move(why)});
  }
  Tell();
}

void MountWalk::Shared::Walk(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    Result<MountedFile> file = FindMountedFile(path);
    if (!file.ok()) {
      AddFailure(path, file.status());
    } else if (file->directory) {
      WalkDirectory(path, file->device);
    } else {
      (void)Add(path, file->size);
    }
  }
  {
    MutexLock lock(mu);
    totals.all = true;
  }
  Tell();
}

void MountWalk::Shared::WalkDirectory(const std::string& top, dev_t device) {
  std::vector<std::string> directories = {top};
  while (!directories.empty()) {
    const std::string path = std::move(directories.back());
    directories.pop_back();
    std::error_code error;
    std::filesystem::directory_iterator entries(path, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      std::string below = entries->path();
      struct stat info {};
      if (lstat(below.c_str(), &info) != 0) {
        AddFailure(std::move(below), Status(FromErrno(errno), strerrordesc_np(errno)));
      } else if (info.st_dev != device) {
        continue;
      } else if (S_ISDIR(info.st_mode)) {
        directories.push_back(std::move(below));
      } else if (S_ISREG(info.st_mode) &&
                 !Add(std::move(below), static_cast<uint64_t>(info.st_size))) {
        return;
      }
    }
    if (error) AddFailure(path, Status(FromErrno(error.value()), error.message()));
  }
}

std::optional<MountWalk::Shared::Seen> MountWalk::Shared::NextToOpen() {
  MutexLock lock(mu);
  opening = false;
  while (!quit && (seen.empty() || found.size() >= kOpen)) changed.Wait(mu);
  if (quit) return std::nullopt;
  Seen next = std::move(seen.front());
  seen.pop_front();
  opening = true;
  return next;
}

void MountWalk::Shared::Open() {
  MountedFile last;
  while (std::optional<Seen> next = NextToOpen()) {
    // open(2) makes the kernel look the name up anew if the version that it knows is gone.
    if (next->again) UniqueFd(open(next->path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    Result<MountedFile> file = FindMountedFile(next->path, &last);
    if (file.ok()) {
      last.device = file->device;
      last.owner = file->owner;
      last.socket = file->socket;
    }
    {
      MutexLock lock(mu);
      found.push_back({std::move(next->path), next->size, std::move(file)});
      opening = false;
    }
    Tell();
  }
}

}  // namespace brimfs
