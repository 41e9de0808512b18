#include "tests/support/mount.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace brimfs {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

bool IsMountpoint(const std::string& directory) {
  return ReadFile("/proc/self/mountinfo").find(" " + directory + " ") != std::string::npos;
}

}  // namespace

std::string BrimfsProgram() { return BRIMFS_PROGRAM; }

bool IsMounted(const std::string& directory) {
  struct stat own;
  struct stat parent;
  return stat(directory.c_str(), &own) == 0 && stat((directory + "/..").c_str(), &parent) == 0 &&
         own.st_dev != parent.st_dev;
}

Mount::Mount(const std::string& source, const std::vector<std::string>& options,
             const Account* account)
    : mountpoint_(dir_ / "mnt") {
  std::filesystem::create_directory(mountpoint_);
  std::vector<std::string> argv = {BrimfsProgram(), source, mountpoint_, "-f"};
  if (account != nullptr) {
    argv[0] = "brimfs";
    for (const std::string& owned : {dir_.path(), mountpoint_}) {
      std::filesystem::permissions(owned, std::filesystem::perms{0755});
      if (chown(owned.c_str(), account->uid(), account->gid()) != 0) std::perror(owned.c_str());
    }
  }
  const bool own_cache =
      std::none_of(options.begin(), options.end(),
                   [](const std::string& option) { return option.starts_with("cache="); });
  if (own_cache) argv.insert(argv.end(), {"-o", "cache=" + cache()});
  for (const std::string& option : options) argv.insert(argv.end(), {"-o", option});
  if (account != nullptr) argv = account->Command(std::move(argv));
  daemon_ = std::make_unique<Process>(argv);
  started_ = AwaitAnswer(account);
}

Mount::~Mount() { (void)Stop(); }

Status Mount::AwaitAnswer(const Account* account) {
  // The kernel makes this file pollable: POLLPRI says that a mount has come or gone since it was
  // read.
  const int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  const TimePoint deadline = Clock::Steady().Now() + kPatience;
  Status status;
  while (!IsMountpoint(mountpoint_)) {
    pollfd fds[2] = {{mounts, POLLPRI, 0}, {daemon_->pidfd(), POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
    const int ready = poll(fds, 2, std::max(0, static_cast<int>(left.count())));
    if (ready > 0 && fds[1].revents != 0) {
      status = Status(Code::kIo,
                      "brimfs ended with " + std::to_string(*daemon_->Wait()) + ":\n" + log());
      break;
    }
    if (ready == 0) {
      status = Status(Code::kTimedOut, "brimfs does not mount:\n" + log());
      break;
    }
  }
  close(mounts);
  BRIMFS_RETURN_IF_ERROR(status);
  // This sleeps in the kernel until the daemon has answered INIT and the first GETATTR. Root may
  // not look into an ordinary user's mount.
  const bool answers = account == nullptr ? IsMounted(mountpoint_)
                                          : account->Shell("stat \"$1\"", {mountpoint_}).code == 0;
  if (!answers) return Status(Code::kIo, "the mount does not answer:\n" + log());
  return OkStatus();
}

uint64_t Mount::Memory(std::string_view field) const {
  const std::string status = ReadFile("/proc/" + std::to_string(daemon_->pid()) + "/status");
  const size_t at = status.find("\n" + std::string(field) + ":");
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + field.size() + 2, nullptr, 10) * 1024;
}

int Mount::Threads() const {
  const std::string status = ReadFile("/proc/" + std::to_string(daemon_->pid()) + "/status");
  const size_t at = status.find("\nThreads:");
  return at == std::string::npos ? 0 : std::atoi(status.c_str() + at + 9);
}

void Mount::Detach() { umount2(mountpoint_.c_str(), MNT_DETACH); }

Status Mount::Stop() {
  if (std::exchange(stopped_, true)) return OkStatus();
  daemon_->Signal(SIGCONT);
  if (umount2(mountpoint_.c_str(), 0) != 0 && errno == EBUSY) Detach();
  std::optional<int> code = daemon_->Wait(kPatience);
  if (!code) {
    daemon_->Signal(SIGABRT);
    code = daemon_->Wait(kPatience);
    return Status(Code::kTimedOut, "brimfs does not end after the unmount:\n" + log());
  }
  // A daemon that was killed leaves its mount behind.
  while (IsMountpoint(mountpoint_) && umount2(mountpoint_.c_str(), MNT_DETACH) == 0) {
  }
  if (*code == 0) return OkStatus();
  return Status(Code::kIo, "brimfs ended with " + std::to_string(*code) + ":\n" + log());
}

}  // namespace brimfs
