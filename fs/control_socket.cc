#include "fs/control_socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace brimfs {
namespace {

constexpr std::string_view kEnding = ".sock";
constexpr size_t kNameDigits = 32;
constexpr int kBacklog = 16;

std::string DirectoryFdPath(int directory, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(directory) + "/" + name;
}

// Through the descriptor: a socket's address has room for 107 bytes.
bool MakeAddress(int directory, const std::string& name, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  const std::string path = DirectoryFdPath(directory, name);
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return true;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd NewSocket() {
  return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// 0, or the errno of connect(2).
int TryConnect(int socket, int directory, const std::string& name) {
  sockaddr_un address;
  if (!MakeAddress(directory, name, address)) return ENAMETOOLONG;
  return connect(socket, Generic(address), sizeof address) == 0 ? 0 : errno;
}

Result<std::string> RandomName() {
  std::array<unsigned char, kNameDigits / 2> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return Status::FromErrno(errno, "getrandom");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : bytes) {
    name.push_back(kDigits[byte / kDigits.size()]);
    name.push_back(kDigits[byte % kDigits.size()]);
  }
  return name;
}

bool IsSocketName(std::string_view name) {
  return name.size() == kNameDigits + kEnding.size() && name.ends_with(kEnding) &&
         name.find_first_not_of("0123456789abcdef") == kNameDigits;
}

Result<UniqueFd> OpenDirectory(const ControlDirectory& place) {
  std::error_code ignored;  // by the next call
  std::filesystem::create_directories(std::filesystem::path(place.path).parent_path(), ignored);
  if (mkdir(place.path.c_str(), place.mode) == 0) {
    (void)chmod(place.path.c_str(), place.mode);  // whatever the umask is
  }
  UniqueFd directory(open(place.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!directory.valid() || fstat(directory.get(), &found) != 0) {
    return Status::FromErrno(errno, place.path);
  }
  if (found.st_uid != geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Status(Code::kDenied, place.path + ": another user may write to it");
  }
  if ((found.st_mode & 0777 & ~place.mode) != 0) (void)fchmod(directory.get(), place.mode);
  return directory;
}

void RemoveDeadOnes(int directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> names(
      opendir(("/proc/self/fd/" + std::to_string(directory)).c_str()), closedir);
  if (names == nullptr) return;
  while (const dirent* const entry = readdir(names.get())) {
    if (!IsSocketName(entry->d_name)) continue;
    const UniqueFd socket = NewSocket();
    if (TryConnect(socket.get(), directory, entry->d_name) == ECONNREFUSED) {
      unlinkat(directory, entry->d_name, 0);
    }
  }
}

}  // namespace

std::vector<ControlDirectory> ControlDirectories(uid_t user, const std::string& runtime,
                                                 const std::string& cache) {
  constexpr mode_t kForAll = 0711;  // who may ask has the name from the mount
  constexpr mode_t kPrivate = 0700;
  std::vector<ControlDirectory> directories;
  if (user == 0) directories.push_back({"/run/brimfs", kForAll});
  if (user != 0 && runtime.starts_with('/')) {
    directories.push_back({runtime + "/brimfs", kPrivate});
  }
  if (!cache.empty()) directories.push_back({cache + "/control", kPrivate});
  return directories;
}

Result<ControlSocket> ControlSocket::Listen(const std::vector<ControlDirectory>& directories,
                                            mode_t mode) {
  Status why(Code::kNotFound, "no directory for a socket");
  UniqueFd directory;
  std::string path;
  for (const ControlDirectory& place : directories) {
    Result<UniqueFd> opened = OpenDirectory(place);
    why = opened.status();
    if (!opened.ok()) continue;
    directory = std::move(*opened);
    path = place.path;
    break;
  }
  if (!directory.valid()) return why;
  RemoveDeadOnes(directory.get());

  // What it is bound to, everybody sees in /proc/net/unix: another name than the one it gets, and
  // that only once it listens, so that nobody takes it for a dead one.
  const Result<std::string> bound = RandomName();
  if (!bound.ok()) return bound.status();
  const Result<std::string> secret = RandomName();
  if (!secret.ok()) return secret.status();
  const std::string name = *secret + std::string(kEnding);
  UniqueFd fd = NewSocket();
  sockaddr_un address;
  if (!fd.valid() || !MakeAddress(directory.get(), *bound, address) ||
      bind(fd.get(), Generic(address), sizeof address) != 0) {
    return Status::FromErrno(errno, path + "/" + name);
  }
  const bool listens =
      fchmodat(directory.get(), bound->c_str(), mode, 0) == 0 && listen(fd.get(), kBacklog) == 0 &&
      renameat(directory.get(), bound->c_str(), directory.get(), name.c_str()) == 0;
  if (!listens) {
    why = Status::FromErrno(errno, path + "/" + name);
    unlinkat(directory.get(), bound->c_str(), 0);
    return why;
  }
  return ControlSocket(path + "/" + name, name, std::move(directory), std::move(fd));
}

ControlSocket::ControlSocket(std::string path, std::string name, UniqueFd directory, UniqueFd fd)
    : path_(std::move(path)),
      name_(std::move(name)),
      directory_(std::move(directory)),
      fd_(std::move(fd)) {}

ControlSocket::~ControlSocket() {
  if (directory_.valid()) unlinkat(directory_.get(), name_.c_str(), 0);
}

void ControlSocket::Shutdown() const {
  (void)shutdown(fd_.get(), SHUT_RDWR);
  unlinkat(directory_.get(), name_.c_str(), 0);
}

bool IsSocket(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

Result<UniqueFd> ConnectTo(const std::string& path) {
  const std::filesystem::path whole(path);
  const UniqueFd directory(open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Status::FromErrno(errno, path);
  UniqueFd socket = NewSocket();
  if (!socket.valid()) return Status::FromErrno(errno, "socket");
  const int error = TryConnect(socket.get(), directory.get(), whole.filename());
  if (error == ECONNREFUSED || error == EAGAIN) {
    return Status(Code::kUnavailable, path + ": nobody answers");
  }
  if (error != 0) return Status::FromErrno(error, path);
  return socket;
}

}  // namespace brimfs
