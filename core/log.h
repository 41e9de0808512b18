// Lines for the journal or standard error. spdlog does the work; its headers stay in log.cc.
#ifndef BRIMFS_CORE_LOG_H_
#define BRIMFS_CORE_LOG_H_

#include <string>
#include <string_view>

namespace brimfs {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Thread-safe. Control bytes and invalid UTF-8 in `message` are escaped as \xNN, so that a hostile
// name cannot forge a line. No secret may be passed in: a URL goes through its DisplayUrl first.
void Log(LogLevel level, std::string_view message);

// As Log, but only the first time that `key` is seen in this process. Keys are remembered for ever:
// they name a reason or a host, never an object.
void LogOnce(std::string_view key, LogLevel level, std::string_view message);

// Whether a message of `level` would be written; saves building it.
bool LogEnabled(LogLevel level);

// What is less than `level` is dropped. Default kInfo.
void SetLogLevel(LogLevel level);

// From now on lines go to syslog(3): a daemon has no standard error. Before a second thread logs.
void LogToSyslog();

// `text` with control bytes, backslashes and invalid UTF-8 as \xNN.
std::string EscapeForLog(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_CORE_LOG_H_
