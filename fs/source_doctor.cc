// brimfs doctor SOURCE.
#include <CLI/CLI.hpp>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "fs/command_arguments.h"
#include "fs/config.h"
#include "fs/source_commands.h"
#include "fs/source_findings.h"
#include "fs/source_measure.h"

namespace brimfs {
namespace {

struct Report {
  std::string source;
  bool mountable = false;
  std::vector<Finding> findings;
  std::vector<Advice> advice;
  SourceMeasure measure;
};

const char* LevelName(Finding::Level level) {
  switch (level) {
    case Finding::Level::kGood:
      return "ok";
    case Finding::Level::kNote:
      return "note";
    case Finding::Level::kBad:
      break;
  }
  return "bad";
}

void PrintText(const Report& report, std::ostream& out) {
  constexpr int kLevel = 6;
  constexpr int kSubject = 13;
  constexpr int kOption = 24;
  out << EscapeForLog(report.source) << '\n' << std::left;
  for (const Finding& finding : report.findings) {
    out << "  " << std::setw(kLevel) << LevelName(finding.level) << std::setw(kSubject)
        << finding.subject << EscapeForLog(finding.text) << '\n';
  }
  if (!report.mountable) {
    out << "It cannot be mounted so.\n";
  } else if (report.advice.empty()) {
    out << "It can be mounted; the defaults suit it.\n";
  } else {
    out << "It can be mounted; these options suit it:\n";
    for (const Advice& advice : report.advice) {
      out << "  " << std::setw(kOption) << advice.option << advice.why << '\n';
    }
  }
}

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

void PrintJson(const Report& report, std::ostream& out) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"level", LevelName(finding.level)},
                        {"subject", finding.subject},
                        {"text", EscapeForLog(finding.text)}});
  }
  nlohmann::json options = nlohmann::json::array();
  for (const Advice& advice : report.advice) {
    options.push_back({{"option", advice.option}, {"why", advice.why}});
  }
  const nlohmann::json all = {{"source", EscapeForLog(report.source)},
                              {"mountable", report.mountable},
                              {"findings", std::move(findings)},
                              {"options", std::move(options)},
                              {"round_trip_seconds", Seconds(report.measure.round_trip)},
                              {"one_connection_bytes_per_second", report.measure.one_connection},
                              {"all_connections_bytes_per_second", report.measure.all_connections}};
  out << all.dump(2) << '\n';
}

Report Examine(const std::string& name, const MountOptions& options) {
  Report report;
  report.source = name.substr(0, name.find('?'));  // what follows may be a secret
  const TimePoint begun = Clock::Steady().Now();
  const Result<RemoteSource> source = OpenRemoteSource(name, options);
  if (!source.ok()) {
    report.findings.push_back({Finding::Level::kBad, "reachable", source.status().message()});
    return report;
  }
  const auto took =
      std::chrono::ceil<std::chrono::milliseconds>(Clock::Steady().Now() - begun).count();
  report.findings.push_back(
      {Finding::Level::kGood, "reachable", "answered within " + std::to_string(took) + " ms"});
  Backend& backend = *source->backend;
  report.measure =
      MeasureSource(backend, !source->single_file.empty(), options.timeout, LimitsOf(options));
  std::optional<ObjectProbe> probe;
  if (report.measure.path) {
    Result<ObjectProbe> asked = ProbeServer(name, *report.measure.path, options);
    if (asked.ok()) probe = *std::move(asked);
  }
  for (Finding& finding : FindingsOf(report.measure, probe)) {
    report.findings.push_back(std::move(finding));
  }
  report.mountable = Mountable(report.measure);
  if (report.mountable) report.advice = AdviceFor(report.measure, probe);
  return report;
}

}  // namespace

int ExamineSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "SOURCE [--json] [-o OPTION,...]",
      .help =
          "Finds out what the server of a source supports, and says what that means and\n"
          "which options suit it. Makes 40 requests and fetches about 40 MiB at most.\n"
          "  --json         as one JSON object: source, mountable, findings, options, and\n"
          "                 what was measured\n"
          "  -o OPTION,...  those of a mount, see brimfs --help\n",
  };
  CommandErrors errors(argv[0], err);
  std::string source;
  std::vector<std::string> given;
  bool json = false;
  CLI::App app;
  app.add_option("SOURCE", source)->required();
  app.add_option("-o", given)->allow_extra_args(false);
  app.add_flag("--json", json);
  if (const auto code = ParseArguments(app, kSyntax, argc, argv, out, err)) return *code;
  const Result<MountOptions> options = CommandOptions(source, given);
  if (!options.ok()) return errors.FailWith(kCommandUsage, options.status());
  if (options->offline) {
    const Status why(Code::kInvalidArgument,
                     "option offline: doctor has to ask the source; leave it out");
    return errors.Fail(WithOrigins(why, *options));
  }
  const Report report = Examine(source, *options);
  json ? PrintJson(report, out) : PrintText(report, out);
  return report.mountable ? kCommandOk : kCommandFailed;
}

}  // namespace brimfs
