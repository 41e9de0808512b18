#include "core/status.h"

#include <cerrno>
#include <cstring>

namespace brimfs {
namespace {

struct CodeInfo {
  Code code;
  int error;
  const char* name;
};

constexpr CodeInfo kCodes[] = {
    {Code::kOk, 0, "ok"},
    {Code::kEof, 0, "eof"},
    {Code::kInterrupted, EINTR, "interrupted"},
    {Code::kInvalidArgument, EINVAL, "invalid-argument"},
    {Code::kNotFound, ENOENT, "not-found"},
    {Code::kDenied, EACCES, "denied"},
    {Code::kStale, ESTALE, "stale"},
    {Code::kNoSpace, ENOSPC, "no-space"},
    {Code::kTimedOut, ETIMEDOUT, "timed-out"},
    {Code::kUnavailable, EIO, "unavailable"},
    {Code::kProtocol, EIO, "protocol"},
    {Code::kUntrusted, EIO, "untrusted"},
    {Code::kUnsupported, EOPNOTSUPP, "unsupported"},
    {Code::kReadOnly, EROFS, "read-only"},
    {Code::kNotDirectory, ENOTDIR, "not-directory"},
    {Code::kIsDirectory, EISDIR, "is-directory"},
    {Code::kNameTooLong, ENAMETOOLONG, "name-too-long"},
    {Code::kNoData, ENODATA, "no-data"},
    {Code::kTooBig, ERANGE, "too-big"},
    {Code::kBusy, EBUSY, "busy"},
    {Code::kShutdown, ENODEV, "shutdown"},
    {Code::kWouldBlock, EAGAIN, "would-block"},
    {Code::kIo, EIO, "io"},
};

// A Code is its own index.
constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kCodes); ++i) {
    if (static_cast<size_t>(kCodes[i].code) != i) return false;
  }
  return std::size(kCodes) == static_cast<size_t>(Code::kIo) + 1;
}
static_assert(InOrder());

const CodeInfo& InfoOf(Code code) { return kCodes[static_cast<size_t>(code)]; }

}  // namespace

int ToErrno(Code code) { return InfoOf(code).error; }

const char* CodeName(Code code) { return InfoOf(code).name; }

Code FromErrno(int error) {
  switch (error) {
    case 0:
      return Code::kOk;
    case EPERM:
      return Code::kDenied;
    case EDQUOT:
      return Code::kNoSpace;
    case ENOTSUP:
    case ENOSYS:
      return Code::kUnsupported;
    case ELOOP:
      return Code::kDenied;  // a symbolic link where we follow none
    case EAGAIN:
    case ENODEV:
    case ESTALE:
      return Code::kIo;  // of the cache's disk, not of the object or the mount
    default:
      break;
  }
  for (const CodeInfo& info : kCodes) {
    if (info.error == error) return info.error == EIO ? Code::kIo : info.code;
  }
  return Code::kIo;
}

Status Status::FromErrno(int error, std::string what) {
  char buffer[128];
  what += ": ";
  what += strerror_r(error, buffer, sizeof buffer);
  return Status(brimfs::FromErrno(error), std::move(what));
}

std::string Status::ToString() const {
  std::string text = CodeName(code_);
  if (!message_.empty()) text += ": " + message_;
  return text;
}

}  // namespace brimfs
