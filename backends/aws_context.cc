#include "backends/aws_context.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "core/unique_fd.h"

namespace brimfs {

std::string AwsContext::Home() const {
  std::string home = environment("HOME");
  if (home.empty()) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16 * 1024);
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
      home = found->pw_dir;
    }
  }
  while (home.ends_with('/')) home.pop_back();
  return home;
}

std::string AwsContext::Expand(const std::string& path) const {
  return path == "~" || path.starts_with("~/") ? Home() + path.substr(1) : path;
}

HttpTransport::Options AwsContext::DirectTransport(Duration connect_timeout) const {
  HttpTransport::Options direct = transport;
  direct.proxy.clear();
  direct.proxy_login = {};
  direct.no_proxy = "*";
  direct.connect_timeout = connect_timeout;
  return direct;
}

Result<std::string> ReadAwsFile(const std::string& path, size_t max_size) {
  // Not blocking, should it be a pipe.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return Status::FromErrno(errno, path);
  struct stat file {};
  if (fstat(fd.get(), &file) != 0) return Status::FromErrno(errno, path);
  if (!S_ISREG(file.st_mode)) return Status(Code::kInvalidArgument, path + ": not a regular file");
  std::string text(max_size + 1, '\0');
  size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::FromErrno(errno, path);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  if (filled > max_size) {
    return Status(Code::kInvalidArgument,
                  path + ": larger than " + std::to_string(max_size / 1024) + " KiB");
  }
  text.resize(filled);
  return text;
}

}  // namespace brimfs
