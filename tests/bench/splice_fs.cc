// splice_fs FILE MOUNTPOINT: FILE as the one file "file" in MOUNTPOINT, every read answered with
// libfuse's splice from FILE's page cache. What a file system on libfuse gets without doing
// anything of its own: tests/bench compares filled reads with it. Runs in the foreground until
// unmounted.
#define FUSE_USE_VERSION 314
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

constexpr fuse_ino_t kFile = 2;
constexpr double kForEver = 1e9;  // seconds that the kernel may keep names and attributes

int backing = -1;
struct stat backing_stat;

struct stat StatOf(fuse_ino_t node) {
  struct stat status = {};
  if (node == kFile) {
    status = backing_stat;
  } else {
    status.st_mode = S_IFDIR | 0555;
    status.st_nlink = 2;
  }
  status.st_ino = node;
  return status;
}

void Init(void*, fuse_conn_info* connection) {
  connection->want |=
      connection->capable & (FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
  connection->max_readahead = 1 << 20;
}

void LookUp(fuse_req_t request, fuse_ino_t parent, const char* name) {
  if (parent != FUSE_ROOT_ID || std::strcmp(name, "file") != 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  fuse_entry_param entry = {};
  entry.ino = kFile;
  entry.attr = StatOf(kFile);
  entry.attr_timeout = kForEver;
  entry.entry_timeout = kForEver;
  fuse_reply_entry(request, &entry);
}

void GetAttributes(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  const struct stat status = StatOf(node);
  fuse_reply_attr(request, &status, kForEver);
}

void Open(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  info->keep_cache = 1;
  info->noflush = 1;
  fuse_reply_open(request, info);
}

void Read(fuse_req_t request, fuse_ino_t, size_t size, off_t offset, fuse_file_info*) {
  fuse_bufvec data = {};
  data.count = 1;
  data.buf[0].size = size;
  data.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  data.buf[0].fd = backing;
  data.buf[0].pos = offset;
  fuse_reply_data(request, &data, FUSE_BUF_SPLICE_MOVE);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: splice_fs FILE MOUNTPOINT\n");
    return 2;
  }
  backing = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (backing < 0 || fstat(backing, &backing_stat) != 0) {
    std::perror(argv[1]);
    return 1;
  }
  fuse_lowlevel_ops operations = {};
  operations.init = Init;
  operations.lookup = LookUp;
  operations.getattr = GetAttributes;
  operations.open = Open;
  operations.read = Read;

  fuse_args arguments = FUSE_ARGS_INIT(1, argv);
  fuse_session* session = fuse_session_new(&arguments, &operations, sizeof(operations), nullptr);
  if (session == nullptr) return 1;
  int status = 1;
  if (fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, argv[2]) == 0) {
    fuse_loop_config* config = fuse_loop_cfg_create();
    status = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_session_unmount(session);
  }
  fuse_session_destroy(session);
  return status == 0 ? 0 : 1;
}
