// From FUSE requests to calls of FileSystem, and from their results to replies. Thin: what there is
// to decide is decided in fs/filesystem.h, which knows no FUSE type.
//
// Who waits where: what is in memory is answered on the thread that read the request. What has to
// ask the source takes a slot of a BlockingShare first. Metadata and data have a share each, so
// that `ls` never waits behind reads; a read that finds no slot is parked (no thread), a metadata
// request is put off until one is free. Whoever reads a directory faster than its listing comes is
// parked too, and answered on a thread for that.
#ifndef BRIMFS_FS_FUSE_OPS_H_
#define BRIMFS_FS_FUSE_OPS_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/timer.h"
#include "fs/blocking_share.h"
#include "fs/filesystem.h"
#include "fs/fuse_api.h"
#include "fs/waiting_requests.h"

namespace brimfs {

class FuseOps {
 public:
  struct Options {
    uid_t uid = 0;
    gid_t gid = 0;
    mode_t file_mode = 0444;
    mode_t directory_mode = 0555;
    bool cache_names = true;  // the kernel may answer from what it was told before
    bool intr = false;
    int max_background = 4096;
    int blocking_threads = 448;  // that may sleep, for data and metadata together
    std::string space_of;        // statfs tells the space of this directory's disk; empty: none
  };

  // `filesystem` outlives this.
  FuseOps(FileSystem& filesystem, Options options);

  // Releases what the kernel had open: a connection that is cut sends no RELEASE. After
  // AwaitAnswers.
  ~FuseOps();

  // For fuse_session_new, whose userdata is a FuseUserdata.
  static fuse_lowlevel_ops Table();

  // Ends every wait, now and from now on; the requests are answered with EINTR.
  void StopWaiting() { waiting_.StopAll(); }

  // Calls `then` once no file and no directory is open, now or on the thread that closes the last.
  // Once.
  void WhenNothingIsOpen(std::function<void()> then);

  // After StopWaiting and the end of the loop: returns when the last reply has been sent.
  void AwaitAnswers() { waiting_.AwaitNone(); }

 private:
  struct DirectoryHandle {
    NodeId node;
    std::shared_ptr<const GrowingListing> listing;
  };

  // One READDIR or READDIRPLUS.
  struct DirectoryRead {
    const DirectoryHandle* handle;
    size_t size;    // of the reply at most, bytes
    size_t offset;  // of the first entry, see fuse_directory.cc
    bool plus;
  };
  struct Entries {
    std::vector<char> buffer;     // as the kernel wants it
    std::vector<NodeId> counted;  // those with one more lookup count
  };

  static FuseOps& Of(fuse_req_t request) {
    return *static_cast<FuseUserdata*>(fuse_req_userdata(request))->ops;
  }

  // Operations, as in fuse_lowlevel_ops. In fuse_ops.cc:
  void Init(fuse_conn_info& connection) const;
  void LookUp(fuse_req_t request, fuse_ino_t parent, const char* name);
  void GetAttributes(fuse_req_t request, fuse_ino_t node) const;
  void Open(fuse_req_t request, fuse_ino_t node, const fuse_file_info& info);
  void Seek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence) const;
  void StatFs(fuse_req_t request) const;
  void GetXattr(fuse_req_t request, fuse_ino_t node, const char* name, size_t size) const;
  // In fuse_read.cc:
  void Read(fuse_req_t request, OpenFile& file, size_t size, off_t offset);
  void ReplyRead(fuse_req_t request, const OpenFile& file, Result<Lease> lease);
  // In fuse_directory.cc:
  void OpenDirectory(fuse_req_t request, fuse_ino_t node);
  void ReadDirectory(fuse_req_t request, const DirectoryHandle& handle, size_t size, off_t offset,
                     bool plus);
  // What there is of them; kWouldBlock if that is nothing yet.
  Result<Entries> EntriesOf(fuse_req_t request, const DirectoryRead& read);
  bool AddEntry(fuse_req_t request, const DirectoryRead& read, size_t position,
                const std::string& name, ObjectKind kind, Entries& to);

  void Release(OpenFile* file);
  void ReleaseDirectory(DirectoryHandle* handle);
  void LookWhetherAnythingIsOpen();
  void ReplyEntry(fuse_req_t request, const Result<FileSystem::Entry>& entry);
  void ReplyOpen(fuse_req_t request, Result<std::unique_ptr<OpenFile>> file);

  struct stat ToStat(const Attributes& attributes) const;
  fuse_entry_param ToEntryParam(const FileSystem::Entry& entry) const;

  // A request that has to wait: whoever takes it first, the thread that has its answer or an
  // interrupt, answers it.
  template <typename Call, typename Reply>
  struct Asked;
  template <typename Call, typename Reply>
  std::shared_ptr<Asked<Call, Reply>> MakeAsked(fuse_req_t request, Call call, Reply reply);

  // Makes `call` (Ask, stop_token → Result) from memory, or else, with a slot of the share for
  // metadata, from the source; then `reply` (request, Result) once.
  template <typename Call, typename Reply>
  void AskThenReply(fuse_req_t request, Call call, Reply reply);

  // For what is `call`ed (Ask::kMemoryOnly, stop_token → Result) again and again until it does not
  // answer kWouldBlock: whenever `park` (std::function<void()> → std::function<void()>) calls what
  // it is given, on a thread for that. What `park` returns takes it back.
  template <typename Call, typename Reply, typename Park>
  void ParkThenReply(fuse_req_t request, Call call, Reply reply, Park park);
  template <typename Parked, typename Park>
  void TryParked(std::shared_ptr<Parked> parked, Park park);

  FileSystem& filesystem_;
  const Options options_;
  BlockingShare metadata_share_;
  BlockingShare data_share_;
  WaitingRequests waiting_;

  Mutex mu_;                                        // a leaf
  std::set<OpenFile*> files_ ABSL_GUARDED_BY(mu_);  // owned, as is what the next holds
  std::set<DirectoryHandle*> directories_ ABSL_GUARDED_BY(mu_);
  std::function<void()> when_nothing_is_open_ ABSL_GUARDED_BY(mu_);

  // Answers those that were interrupted before they had a slot, and those that were parked.
  Timer answering_{Clock::Steady()};
};

template <typename Call, typename Reply>
struct FuseOps::Asked {
  Asked(WaitingRequests& all, fuse_req_t asked_by, Call to_call, Reply to_reply)
      : waiting(all, asked_by),
        request(asked_by),
        call(std::move(to_call)),
        reply(std::move(to_reply)) {}

  bool Take() { return !taken.exchange(true); }

  template <typename R>
  void Answer(R result) {
    waiting.Settle();
    reply(request, std::move(result));
  }

  WaitingRequests::Waiting waiting;
  const fuse_req_t request;
  const Call call;
  const Reply reply;
  std::atomic<bool> taken{false};
  std::function<void()> unpark;  // of what is parked; only the thread of answering_ touches it
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // goes first
};

template <typename Call, typename Reply>
std::shared_ptr<FuseOps::Asked<Call, Reply>> FuseOps::MakeAsked(fuse_req_t request, Call call,
                                                                Reply reply) {
  using Mine = Asked<Call, Reply>;
  auto asked = std::make_shared<Mine>(waiting_, request, std::move(call), std::move(reply));
  // On another thread: this one may hold libfuse's lock of the request.
  asked->on_stop.emplace(asked->waiting.stop(), [this, weak = std::weak_ptr<Mine>(asked)] {
    const std::shared_ptr<Mine> stopped = weak.lock();
    if (stopped == nullptr) return;
    answering_.At(Clock::Steady().Now(), [stopped] {
      if (!stopped->Take()) return;
      if (stopped->unpark) stopped->unpark();
      using Answer = decltype(stopped->call(FileSystem::Ask::kMemoryOnly, std::stop_token()));
      stopped->Answer(Answer(Status(Code::kInterrupted, "interrupted")));
    });
  });
  return asked;
}

template <typename Call, typename Reply>
void FuseOps::AskThenReply(fuse_req_t request, Call call, Reply reply) {
  auto known = call(FileSystem::Ask::kMemoryOnly, std::stop_token());
  if (known.code() != Code::kWouldBlock) {
    reply(request, std::move(known));
    return;
  }
  metadata_share_.Run([asked = MakeAsked(request, std::move(call), std::move(reply))] {
    if (!asked->Take()) return;
    asked->Answer(asked->call(FileSystem::Ask::kSource, asked->waiting.stop()));
  });
}

template <typename Call, typename Reply, typename Park>
void FuseOps::ParkThenReply(fuse_req_t request, Call call, Reply reply, Park park) {
  auto known = call(FileSystem::Ask::kMemoryOnly, std::stop_token());
  if (known.code() != Code::kWouldBlock) {
    reply(request, std::move(known));
    return;
  }
  TryParked(MakeAsked(request, std::move(call), std::move(reply)), std::move(park));
}

template <typename Parked, typename Park>
void FuseOps::TryParked(std::shared_ptr<Parked> parked, Park park) {
  answering_.At(Clock::Steady().Now(), [this, parked = std::move(parked), park] {
    if (parked->taken) return;
    auto result = parked->call(FileSystem::Ask::kMemoryOnly, std::stop_token());
    if (result.code() == Code::kWouldBlock) {
      parked->unpark = park([this, parked, park] { TryParked(parked, park); });
    } else if (parked->Take()) {
      parked->Answer(std::move(result));
    }
  });
}

}  // namespace brimfs

#endif  // BRIMFS_FS_FUSE_OPS_H_
