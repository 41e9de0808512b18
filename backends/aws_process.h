// Runs the program of credential_process.
#ifndef BRIMFS_BACKENDS_AWS_PROCESS_H_
#define BRIMFS_BACKENDS_AWS_PROCESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "backends/aws_keys.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// The words of a command as a shell splits and quotes them: '…', "…" and backslashes; nothing else
// of a shell. kInvalidArgument: a quote is left open, or there is no word.
Result<std::vector<std::string>> SplitWords(std::string_view command);

// What the program `words[0]`, looked for in PATH, writes to its standard output. It runs without a
// shell, its input and its standard error are /dev/null. It and what it has started are killed
// after `patience` (kTimedOut), and where `limits` end. kDenied: it could not be run, or ended with
// an error; kProtocol: more than 64 KiB. Errors name the program, never its arguments or its
// output.
Result<std::string> RunForOutput(const std::vector<std::string>& words, Duration patience,
                                 const CallLimits& limits);

// The keys that `command` prints.
Result<AwsKeys> KeysOfProcess(const std::string& command, Duration patience,
                              const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_PROCESS_H_
