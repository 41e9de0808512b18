#include "fs/source_commands.h"

#include <utility>

#include "core/log.h"
#include "fs/commands.h"
#include "fs/config.h"

namespace brimfs {

void CommandErrors::Say(std::string_view what) {
  err_ << title_ << ": " << EscapeForLog(what) << std::endl;
}

int CommandErrors::Usage(std::string_view what, std::string_view arguments) {
  Say(std::string(what) + "; usage: " + title_ + " " + std::string(arguments));
  return kCommandUsage;
}

int CommandErrors::Fail(const Status& why) {
  return FailWith(why.code() == Code::kInvalidArgument ? kCommandUsage : kCommandFailed, why);
}

int CommandErrors::FailWith(int code, const Status& why) {
  Say(why.message());
  return code;
}

Result<MountOptions> CommandOptions(const std::string& source,
                                    const std::vector<std::string>& given) {
  Result<MountOptions> options = OptionsFor(source, given, ConfigPlaces::OfThisUser());
  if (!options.ok()) return options;
  SetLogLevel(options->debug || options->log_level == LogLevel::kDebug ? LogLevel::kDebug
                                                                       : LogLevel::kError);
  MakePathsAbsolute(*options);
  return options;
}

CallLimits LimitsOf(const MountOptions& options, std::stop_token stop) {
  CallLimits limits;
  limits.deadline = After(Clock::Steady().Now(), options.Patience());
  limits.first_byte = options.first_byte_timeout;
  limits.stop = std::move(stop);
  return limits;
}

}  // namespace brimfs
