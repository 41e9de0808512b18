#include "core/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/clock.h"
#include "core/journal.h"
#include "core/mutex.h"
#include "core/repeat_limit.h"
#include "core/timer.h"

namespace brimfs {
namespace {

thread_local LogScope* innermost = nullptr;

// A server may be quoted in it, bytes.
constexpr size_t kLongestMessage = 2048;

// Of the UTF-8 character that `at` is in.
size_t StartOfCharacter(const std::string& text, size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

// What a line is about.
struct LogSubject {
  std::string mount;
  std::string object;
  std::string request;

  static LogSubject OfThisThread();

  // What `message` does not say itself, as " [mount /mnt, request 17]".
  std::string Suffix(std::string_view message) const;
};

namespace {

// Where lines go; never destroyed, as lines may come to the end of the process.
struct Destination {
  spdlog::logger logger{"brimfs", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::optional<Journal> journal;  // constant once a second thread logs, as is the next
  std::string mount;

  Mutex mu;  // taken before the timer's own
  RepeatLimit repeats ABSL_GUARDED_BY(mu);
  std::optional<TimePoint> alarm ABSL_GUARDED_BY(mu);  // FlushEnded is called then
  std::unique_ptr<Timer> timer ABSL_GUARDED_BY(mu);    // since something was kept back
};

Destination& Lines() {
  static Destination* const lines = [] {
    auto* const made = new Destination;
    made->logger.set_pattern("brimfs: %l: %v");
    made->logger.flush_on(spdlog::level::trace);
    return made;
  }();
  return *lines;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

int ToSyslog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return LOG_DEBUG;
    case LogLevel::kInfo:
      return LOG_INFO;
    case LogLevel::kWarning:
      return LOG_WARNING;
    case LogLevel::kError:
      break;
  }
  return LOG_ERR;
}

void AddField(std::string_view name, std::string_view value, std::string& fields) {
  if (!value.empty()) fields.append(name).append("=").append(value).append("\n");
}

// All of it escaped.
void Write(LogLevel level, const std::string& line, const LogSubject& subject) {
  Destination& lines = Lines();
  if (lines.journal) {
    std::string fields;
    AddField("MESSAGE", line, fields);
    AddField("PRIORITY", std::to_string(ToSyslog(level)), fields);
    AddField("SYSLOG_IDENTIFIER", "brimfs", fields);
    AddField("SYSLOG_FACILITY", std::to_string(LOG_FAC(LOG_DAEMON)), fields);
    AddField("BRIMFS_MOUNT", subject.mount, fields);
    AddField("BRIMFS_OBJECT", subject.object, fields);
    AddField("BRIMFS_REQUEST", subject.request, fields);
    if (lines.journal->Send(fields)) return;
  }
  lines.logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void WriteKeptBack(const std::vector<RepeatLimit::KeptBack>& ended) {
  for (const RepeatLimit::KeptBack& kept_back : ended) {
    const std::string times = std::to_string(kept_back.times) + " times";
    Write(kept_back.level, kept_back.line + " (repeated " + times + ")", {Lines().mount, {}, {}});
  }
}

void FlushEnded(TimePoint now);

// A timer is there once there is something to say later, which is hardly ever.
void SetAlarm(Destination& lines) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lines.mu) {
  const std::optional<TimePoint> next = lines.repeats.next_end();
  if (!next || (lines.alarm && *lines.alarm <= *next)) return;
  lines.alarm = next;
  if (lines.timer == nullptr) lines.timer = std::make_unique<Timer>(Clock::Steady());
  lines.timer->At(*next, [] { FlushEnded(Clock::Steady().Now()); });
}

void FlushEnded(TimePoint now) {
  Destination& lines = Lines();
  std::vector<RepeatLimit::KeptBack> ended;
  {
    MutexLock lock(lines.mu);
    ended = lines.repeats.TakeEnded(now);
    lines.alarm.reset();
    if (now != TimePoint::max()) SetAlarm(lines);
  }
  WriteKeptBack(ended);
}

// Whether it is to be written now.
bool Admit(LogLevel level, const std::string& line, const LogSubject& subject) {
  Destination& lines = Lines();
  const TimePoint now = Clock::Steady().Now();
  const std::string kind = std::to_string(ToSyslog(level)) +
                           RepeatLimit::KindOf(line, {subject.object, subject.request});
  std::vector<RepeatLimit::KeptBack> ended;
  bool admitted = false;
  {
    MutexLock lock(lines.mu);
    ended = lines.repeats.TakeEnded(now);
    admitted = lines.repeats.Admit(kind, level, line, now);
    if (!admitted) SetAlarm(lines);
  }
  WriteKeptBack(ended);
  return admitted;
}

}  // namespace

LogSubject LogSubject::OfThisThread() {
  LogSubject subject{Lines().mount, {}, {}};
  if (innermost == nullptr) return subject;
  subject.object = EscapeForLog(innermost->object_);
  subject.request = EscapeForLog(innermost->request_);
  return subject;
}

std::string LogSubject::Suffix(std::string_view message) const {
  std::string parts;
  const auto add = [&](std::string_view what, const std::string& value, const std::string& said) {
    if (value.empty() || message.find(said) != std::string_view::npos) return;
    parts.append(parts.empty() ? " [" : ", ").append(what).append(" ").append(value);
  };
  add("mount", mount, mount);
  add("object", object, object);
  add("request", request, "request " + request);
  return parts.empty() ? parts : parts + "]";
}

LogScope::LogScope(std::string object)
    : object_(std::move(object)), outer_(std::exchange(innermost, this)) {}

LogScope::~LogScope() { innermost = outer_; }

void SetLogRequest(std::string_view id) {
  if (innermost != nullptr) innermost->request_ = id;
}

void SetLogMount(std::string_view mountpoint) { Lines().mount = EscapeForLog(mountpoint); }

void Log(LogLevel level, std::string_view message) {
  if (!LogEnabled(level)) return;
  const LogSubject subject = LogSubject::OfThisThread();
  std::string line = EscapeForLog(message);
  if (line.size() > kLongestMessage)
    line.replace(StartOfCharacter(line, kLongestMessage), line.size(), "...");
  line += subject.Suffix(line);
  if (LogEnabled(LogLevel::kDebug) || Admit(level, line, subject)) Write(level, line, subject);
}

void LogOnce(std::string_view key, LogLevel level, std::string_view message) {
  static Mutex* const mu = new Mutex;
  static auto* const seen = new std::set<std::string, std::less<>>;
  {
    MutexLock lock(*mu);
    if (!seen->emplace(key).second) return;
  }
  Log(level, message);
}

bool LogEnabled(LogLevel level) { return Lines().logger.should_log(ToSpdlog(level)); }

void SetLogLevel(LogLevel level) { Lines().logger.set_level(ToSpdlog(level)); }

void LogToSystem() {
  Destination& lines = Lines();
  // The second also takes what the first refuses.
  lines.logger.sinks() = {
      std::make_shared<spdlog::sinks::syslog_sink_mt>("brimfs", LOG_PID, LOG_DAEMON, false)};
  if (Result<Journal> journal = Journal::Open(); journal.ok()) lines.journal = std::move(*journal);
}

void LogToJournalIfItIsStandardError() {
  if (Journal::IsStream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) LogToSystem();
}

void FlushLog() { FlushEnded(TimePoint::max()); }

}  // namespace brimfs
