// What a command writes to standard output or standard error: knows why a write has failed, and can
// be told not to wait for a reader for ever.
#ifndef BRIMFS_FS_COMMAND_OUTPUT_H_
#define BRIMFS_FS_COMMAND_OUTPUT_H_

#include <array>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string_view>

#include "core/status.h"

namespace brimfs {

// Under a stream as long as it lives. Used by one thread at a time, like the stream.
class CommandOutput : public std::streambuf {
 public:
  // `fd` is what `stream` writes to; both outlive this.
  CommandOutput(std::ostream& stream, int fd);
  ~CommandOutput() override;  // the stream is as it was before; what was not flushed is gone
  CommandOutput(const CommandOutput&) = delete;
  CommandOutput& operator=(const CommandOutput&) = delete;

  // The one under `stream`; null: there is none.
  static CommandOutput* Under(std::ostream& stream);

  // Writes what is left. An error if that or anything before could not be written, but for what was
  // given up; where nobody can read it any more, this ends the process (EndByBrokenPipe).
  Status Finish();

  // A write that has not ended when `fd` becomes readable is given up, and the stream is bad; from
  // then on one only does what it can without waiting. Until GiveWayToNone `fd` is open, and the
  // signals that are to end the process are blocked: a thread is started.
  void GiveWayTo(int fd);
  void GiveWayToNone();

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int_type overflow(int_type c) override;
  int sync() override;

 private:
  class Writer;

  // False: nothing more will be written.
  bool Write(std::string_view text);

  std::ostream& stream_;
  std::streambuf* const before_;
  const int fd_;
  const bool by_line_;  // as a terminal has it
  int error_ = 0;
  bool given_up_ = false;
  std::unique_ptr<Writer> writer_;  // null: this thread writes, however long it takes
  std::array<char, 16384> buffer_;
};

// Ends this process as a GNU tool whose reader has gone is ended: by SIGPIPE.
void EndByBrokenPipe();

}  // namespace brimfs

#endif  // BRIMFS_FS_COMMAND_OUTPUT_H_
