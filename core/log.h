// Lines for the journal, syslog(3) or standard error. spdlog does much of the work; its headers
// stay in log.cc.
//
// A line ends with what it is about, "[mount /mnt, object https://example.org/a, request 17]", as
// far as that is known and the line does not say it already. In the journal these are fields as
// well: BRIMFS_MOUNT, BRIMFS_OBJECT, BRIMFS_REQUEST.
#ifndef BRIMFS_CORE_LOG_H_
#define BRIMFS_CORE_LOG_H_

#include <string>
#include <string_view>

namespace brimfs {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Thread-safe. Control bytes and invalid UTF-8 in `message` are escaped as \xNN, so that a hostile
// name cannot forge a line. No secret may be passed in: a URL goes through its DisplayUrl first.
// Of lines that repeat (core/repeat_limit.h), but for kDebug, only the first are written, and later
// how many followed.
void Log(LogLevel level, std::string_view message);

// As Log, but only the first time that `key` is seen in this process. Keys are remembered for ever:
// they name a reason or a host, never an object.
void LogOnce(std::string_view key, LogLevel level, std::string_view message);

// While it lives, the lines of this thread are about `object`, a DisplayUrl; the innermost scope
// counts.
class LogScope {
 public:
  explicit LogScope(std::string object);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  friend struct LogSubject;
  friend void SetLogRequest(std::string_view id);

  const std::string object_;
  std::string request_;
  LogScope* const outer_;
};

// The lines of the innermost scope of this thread come from this request from now on: the server's
// name for it, or ours. Without a scope it does nothing.
void SetLogRequest(std::string_view id);

// The mount that all lines are about from now on. Before a second thread logs.
void SetLogMount(std::string_view mountpoint);

// Whether a message of `level` would be written; saves building it.
bool LogEnabled(LogLevel level);

// What is less than `level` is dropped. Default kInfo.
void SetLogLevel(LogLevel level);

// From now on lines go to the journal if there is one, else to syslog(3): a daemon has no standard
// error. Before a second thread logs.
void LogToSystem();

// The same, if standard error leads to the journal anyway.
void LogToJournalIfItIsStandardError();

// Says what was kept back of repeated lines: at the end of the process.
void FlushLog();

// `text` with control bytes, backslashes and invalid UTF-8 as \xNN.
std::string EscapeForLog(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_CORE_LOG_H_
