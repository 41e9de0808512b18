#include "fs/fuse_ops.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>

#include "fs/passthrough.h"

namespace brimfs {
namespace {

// Attributes of a node never change, so the kernel need not ask again.
constexpr double kForever = 365.0 * 24 * 3600;

// What programs are told to read at a time; every reply may be that long.
constexpr blksize_t kPreferredRead = 1 << 20;

// glibc's readdir waits for as many bytes of names, or 32 KiB: a listing that is still coming shows
// its first ones sooner.
constexpr blksize_t kPreferredDirectoryRead = 4096;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Whatever would change something, with whatever arguments.
template <typename... Arguments>
void RefuseWrite(fuse_req_t request, Arguments...) {
  fuse_reply_err(request, EROFS);
}

}  // namespace

FuseOps::FuseOps(FileSystem& filesystem, Options options)
    : filesystem_(filesystem),
      options_(std::move(options)),
      metadata_share_(std::max(1, options_.blocking_threads / 8)),
      data_share_(std::max(1, options_.blocking_threads - options_.blocking_threads / 8)) {}

FuseOps::~FuseOps() {
  std::set<OpenFile*> files;
  std::set<DirectoryHandle*> directories;
  {
    MutexLock lock(mu_);
    files = files_;
    directories = directories_;
  }
  for (OpenFile* const file : files) Release(file);
  for (DirectoryHandle* const handle : directories) ReleaseDirectory(handle);
}

void FuseOps::Release(OpenFile* file) {
  {
    MutexLock lock(mu_);
    files_.erase(file);
  }
  filesystem_.Release(std::unique_ptr<OpenFile>(file));
  LookWhetherAnythingIsOpen();
}

void FuseOps::WhenNothingIsOpen(std::function<void()> then) {
  {
    MutexLock lock(mu_);
    when_nothing_is_open_ = std::move(then);
  }
  LookWhetherAnythingIsOpen();
}

void FuseOps::LookWhetherAnythingIsOpen() {
  std::function<void()> then;
  {
    MutexLock lock(mu_);
    if (files_.empty() && directories_.empty()) then.swap(when_nothing_is_open_);
  }
  if (then) then();
}

fuse_lowlevel_ops FuseOps::Table() {
  fuse_lowlevel_ops ops{};
  ops.init = [](void* userdata, fuse_conn_info* connection) {
    static_cast<FuseUserdata*>(userdata)->ops->Init(*connection);
  };
  ops.lookup = [](fuse_req_t request, fuse_ino_t parent, const char* name) {
    Of(request).LookUp(request, parent, name);
  };
  ops.forget = [](fuse_req_t request, fuse_ino_t node, uint64_t count) {
    Of(request).filesystem_.Forget(node, count);
    fuse_reply_none(request);
  };
  ops.forget_multi = [](fuse_req_t request, size_t count, fuse_forget_data* forgets) {
    for (const fuse_forget_data& forget : std::span(forgets, count)) {
      Of(request).filesystem_.Forget(forget.ino, forget.nlookup);
    }
    fuse_reply_none(request);
  };
  ops.getattr = [](fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
    Of(request).GetAttributes(request, node);
  };
  ops.open = [](fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
    Of(request).Open(request, node, *info);
  };
  ops.read = [](fuse_req_t request, fuse_ino_t, size_t size, off_t offset, fuse_file_info* info) {
    Of(request).Read(request, *reinterpret_cast<OpenFile*>(info->fh), size, offset);
  };
  ops.release = [](fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
    Of(request).Release(reinterpret_cast<OpenFile*>(info->fh));
    fuse_reply_err(request, 0);
  };
  ops.lseek = [](fuse_req_t request, fuse_ino_t node, off_t offset, int whence, fuse_file_info*) {
    Of(request).Seek(request, node, offset, whence);
  };
  ops.opendir = [](fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
    Of(request).OpenDirectory(request, node);
  };
  ops.readdir = [](fuse_req_t request, fuse_ino_t, size_t size, off_t offset,
                   fuse_file_info* info) {
    Of(request).ReadDirectory(request, *reinterpret_cast<DirectoryHandle*>(info->fh), size, offset,
                              /*plus=*/false);
  };
  ops.readdirplus = [](fuse_req_t request, fuse_ino_t, size_t size, off_t offset,
                       fuse_file_info* info) {
    Of(request).ReadDirectory(request, *reinterpret_cast<DirectoryHandle*>(info->fh), size, offset,
                              /*plus=*/true);
  };
  ops.releasedir = [](fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
    Of(request).ReleaseDirectory(reinterpret_cast<DirectoryHandle*>(info->fh));
    fuse_reply_err(request, 0);
  };
  ops.statfs = [](fuse_req_t request, fuse_ino_t) { Of(request).StatFs(request); };
  ops.getxattr = [](fuse_req_t request, fuse_ino_t node, const char* name, size_t size) {
    Of(request).GetXattr(request, node, name, size);
  };
  ops.listxattr = [](fuse_req_t request, fuse_ino_t, size_t size) {
    // Nothing is listed: `cp -a` and `rsync -X` would copy it.
    size == 0 ? fuse_reply_xattr(request, 0) : fuse_reply_buf(request, nullptr, 0);
  };

  ops.setattr = RefuseWrite;
  ops.mknod = RefuseWrite;
  ops.mkdir = RefuseWrite;
  ops.unlink = RefuseWrite;
  ops.rmdir = RefuseWrite;
  ops.symlink = RefuseWrite;
  ops.rename = RefuseWrite;
  ops.link = RefuseWrite;
  ops.write = RefuseWrite;
  ops.create = RefuseWrite;
  ops.setxattr = RefuseWrite;
  ops.removexattr = RefuseWrite;
  ops.fallocate = RefuseWrite;
  ops.copy_file_range = RefuseWrite;
  return ops;
}

void FuseOps::Init(fuse_conn_info& connection) const {
  const auto want = [&](unsigned capability, bool wanted) {
    connection.want &= ~capability;
    if (wanted) connection.want |= connection.capable & capability;
  };
  want(FUSE_CAP_ASYNC_READ, !options_.intr);
  want(FUSE_CAP_ASYNC_DIO, !options_.intr);
  want(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_PARALLEL_DIROPS, true);
  want(FUSE_CAP_AUTO_INVAL_DATA, false);  // a version is a node: its data never changes
  want(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE, false);
  want(FUSE_CAP_WRITEBACK_CACHE, false);  // excludes passthrough
  // 12 by default, which 12 blocked readers use up (design: "FUSE facts"). The kernel drops
  // readahead while it calls the connection congested.
  connection.max_background = static_cast<unsigned>(options_.max_background);
  connection.congestion_threshold = connection.max_background;
  // max_write and max_readahead stay as large as libfuse makes them: from max_write it derives
  // max_pages, hence 1 MiB reads.
}

void FuseOps::LookUp(fuse_req_t request, fuse_ino_t parent, const char* name) {
  AskThenReply(
      request,
      [this, parent, name = std::string(name)](FileSystem::Ask ask, std::stop_token stop) {
        return filesystem_.LookUp(parent, name, ask, std::move(stop));
      },
      [this](fuse_req_t answered, const Result<FileSystem::Entry>& entry) {
        ReplyEntry(answered, entry);
      });
}

void FuseOps::ReplyEntry(fuse_req_t request, const Result<FileSystem::Entry>& entry) {
  if (!entry.ok()) {
    fuse_reply_err(request, ToErrno(entry.code()));
    return;
  }
  const bool absent = entry->node == 0;
  const fuse_entry_param param = ToEntryParam(*entry);
  if (absent && param.entry_timeout == 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  // Interrupted: the kernel does not know of the entry.
  if (fuse_reply_entry(request, &param) == -ENOENT && !absent) filesystem_.Forget(entry->node, 1);
}

void FuseOps::GetAttributes(fuse_req_t request, fuse_ino_t node) const {
  const Result<Attributes> attributes = filesystem_.GetAttributes(node);
  if (!attributes.ok()) {
    fuse_reply_err(request, ToErrno(attributes.code()));
    return;
  }
  const struct stat stat = ToStat(*attributes);
  fuse_reply_attr(request, &stat, options_.cache_names ? kForever : 0);
}

void FuseOps::Open(fuse_req_t request, fuse_ino_t node, const fuse_file_info& info) {
  if ((info.flags & O_ACCMODE) != O_RDONLY || (info.flags & O_TRUNC) != 0) {
    fuse_reply_err(request, EROFS);
    return;
  }
  AskThenReply(
      request,
      [this, node](FileSystem::Ask ask, std::stop_token stop) {
        return filesystem_.Open(node, ask, std::move(stop));
      },
      [this](fuse_req_t answered, Result<std::unique_ptr<OpenFile>> file) {
        ReplyOpen(answered, std::move(file));
      });
}

void FuseOps::ReplyOpen(fuse_req_t request, Result<std::unique_ptr<OpenFile>> file) {
  if (!file.ok()) {
    fuse_reply_err(request, ToErrno(file.code()));
    return;
  }
  const int backing_id = (*file)->backing_id;
  // The kernel may read and release before the reply returns: from here on the handle is its.
  OpenFile* const handle = file->release();
  {
    MutexLock lock(mu_);
    files_.insert(handle);
  }
  const uint64_t fh = reinterpret_cast<uint64_t>(handle);
  int sent;
  if (backing_id != 0) {
    const auto reply = Passthrough::OpenReply(fh, backing_id);
    sent = fuse_reply_buf(request, reinterpret_cast<const char*>(reply.data()), reply.size());
  } else {
    fuse_file_info info{};
    info.fh = fh;
    info.keep_cache = 1;
    info.noflush = 1;  // a reader that is killed in FLUSH would stay
    sent = fuse_reply_open(request, &info);
  }
  // Interrupted: no RELEASE will follow.
  if (sent == -ENOENT) Release(handle);
}

void FuseOps::Seek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence) const {
  if (whence != SEEK_DATA && whence != SEEK_HOLE) {
    fuse_reply_err(request, EINVAL);
    return;
  }
  const Result<Attributes> attributes = filesystem_.GetAttributes(node);
  if (!attributes.ok()) {
    fuse_reply_err(request, ToErrno(attributes.code()));
    return;
  }
  if (offset < 0 || static_cast<uint64_t>(offset) >= attributes->size) {
    fuse_reply_err(request, ENXIO);
    return;
  }
  // What is not filled yet is no hole: `cp` would write zeros for it.
  fuse_reply_lseek(request, whence == SEEK_DATA ? offset : static_cast<off_t>(attributes->size));
}

void FuseOps::StatFs(fuse_req_t request) const {
  struct statvfs space {};
  if (options_.space_of.empty() || statvfs(options_.space_of.c_str(), &space) != 0) {
    space = {};
    space.f_bsize = space.f_frsize = 4096;
  }
  space.f_files = space.f_ffree = space.f_favail = 0;  // of the source; not known
  space.f_namemax = NAME_MAX;
  fuse_reply_statfs(request, &space);
}

void FuseOps::GetXattr(fuse_req_t request, fuse_ino_t node, const char* name, size_t size) const {
  const std::string_view asked(name);
  if (!asked.starts_with("user.brimfs.")) {
    // `ls -l` asks for security.selinux and more of every file until it hears that there are none
    // at all.
    fuse_reply_err(request, asked.starts_with("user.") ? ENODATA : EOPNOTSUPP);
    return;
  }
  const Result<std::string> value = filesystem_.GetXattr(node, name);
  if (!value.ok()) {
    fuse_reply_err(request, ToErrno(value.code()));
  } else if (size == 0) {
    fuse_reply_xattr(request, value->size());
  } else if (size < value->size()) {
    fuse_reply_err(request, ERANGE);
  } else {
    fuse_reply_buf(request, value->data(), value->size());
  }
}

struct stat FuseOps::ToStat(const Attributes& attributes) const {
  const bool directory = attributes.kind == ObjectKind::kDirectory;
  struct stat stat {};
  stat.st_ino = attributes.ino;
  stat.st_mode = directory ? S_IFDIR | options_.directory_mode : S_IFREG | options_.file_mode;
  stat.st_nlink = 1;
  stat.st_uid = options_.uid;
  stat.st_gid = options_.gid;
  stat.st_size = static_cast<off_t>(attributes.size);
  stat.st_blksize = directory ? kPreferredDirectoryRead : kPreferredRead;
  stat.st_blocks = static_cast<blkcnt_t>(attributes.size / 512 + (attributes.size % 512 != 0));
  stat.st_mtim = absl::ToTimespec(attributes.mtime);
  stat.st_atim = stat.st_ctim = stat.st_mtim;
  return stat;
}

fuse_entry_param FuseOps::ToEntryParam(const FileSystem::Entry& entry) const {
  fuse_entry_param param{};
  param.ino = entry.node;
  param.attr = ToStat(entry.attributes);
  if (options_.cache_names) {
    param.attr_timeout = kForever;
    param.entry_timeout = Seconds(entry.ttl);
  }
  return param;
}

}  // namespace brimfs
