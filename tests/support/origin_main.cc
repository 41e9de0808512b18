// brimfs-origin: the test origin as a program, for the demonstration, the bench and trying by hand.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/origin.h"

namespace {

void PutSample(brimfs::Origin& origin) {
  origin.PutBytes(
      "README.txt",
      "This is a sample tree. large.bin has 256 MiB that are made up as they are sent;\n"
      "docs/ has a few small files.\n");
  origin.PutOracle("large.bin", 256 << 20, /*seed=*/1);
  origin.PutBytes(
      "docs/how it works.txt",
      "A file is there at once, at its full size; its bytes arrive when they are read.\n");
  origin.PutBytes("docs/numbers.csv", "n,square\n1,1\n2,4\n3,9\n4,16\n");
  origin.PutBytes("docs/deeper/\xc3\xbcml\xc3\xa4ut #1.txt", "Names may hold nearly anything.\n");
}

// "PREFIX=COUNT": so many small objects, PREFIX and seven digits each.
bool PutMany(brimfs::Origin& origin, const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos) return false;
  const long count = std::atol(text.c_str() + equals + 1);
  for (long i = 0; i < count; ++i) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%07ld", i);
    origin.PutOracle(text.substr(0, equals) + digits, 100);
  }
  return count > 0;
}

void AddFaultHelp(CLI::App& app) {
  std::string help = "\nFaults (--fault NAME[=ARGUMENT]:PHASE[@POINT]:COUNT):\n";
  for (const brimfs::OriginFaultKind& kind : brimfs::FaultTable()) {
    std::string name = kind.name;
    name.resize(std::max<size_t>(name.size(), 23), ' ');
    help += "  " + name + kind.help + "\n";
  }
  help +=
      "PHASE: any, stat (HEAD, whole objects), ranged, list.\n"
      "POINT: where an answer breaks: head (before it), in-head, first, middle, last byte of the "
      "body,\n  or a number of its bytes.\n"
      "COUNT: of answers, \"ever\", or 1/N: one answer in N, for ever.";
  app.footer(help);
}

}  // namespace

int main(int argc, char** argv) {
  brimfs::Origin::Options options;
  std::vector<std::string> fault_texts;
  bool sample = false;
  int64_t delay_ms = 0;
  bool json = false;
  std::vector<std::string> many;
  std::string keys;
  CLI::App app("A web server on loopback with chosen content, delay, bandwidth and faults.");
  app.add_option("--port", options.port, "port on 127.0.0.1 (0: a free one)");
  app.add_option("--root", options.root, "serve this directory")->check(CLI::ExistingDirectory);
  app.add_flag("--sample", sample, "serve a small sample tree with a large file");
  app.add_flag("--json-index", json, "listings in JSON instead of HTML");
  app.add_option("--delay-ms", delay_ms, "before the first byte of each answer");
  app.add_option("--bandwidth", options.bandwidth, "bytes a second and connection");
  app.add_option("--total-bandwidth", options.total_bandwidth, "bytes a second");
  app.add_option("--many", many, "PREFIX=COUNT: put so many small objects, numbered");
  app.add_option("--s3", options.s3.bucket, "speak S3: everything is in this bucket, path-style");
  app.add_option("--s3-keys", keys, "ACCESS:SECRET of who may ask; without, everybody may");
  app.add_option("--s3-region", options.s3.region, "of the bucket (us-east-1)");
  app.add_option("--fault", fault_texts, "spoil answers, see below");
  AddFaultHelp(app);
  CLI11_PARSE(app, argc, argv);
  options.delay = std::chrono::milliseconds(delay_ms);
  options.s3.anonymous = keys.empty();
  if (const size_t colon = keys.find(':'); colon != std::string::npos) {
    options.s3.keys = {keys.substr(0, colon), keys.substr(colon + 1)};
  }
  if (json) options.index = brimfs::Origin::Index::kJson;

  // Blocked before the first thread starts, so that every thread inherits it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  brimfs::Origin origin(options);
  if (sample) PutSample(origin);
  for (const std::string& text : many) {
    if (PutMany(origin, text)) continue;
    std::fprintf(stderr, "brimfs-origin: --many is PREFIX=COUNT, as in dir/key-=1000\n");
    return 2;
  }
  for (const std::string& text : fault_texts) {
    const brimfs::Result<brimfs::OriginFault> fault = brimfs::ParseFault(text);
    if (!fault.ok()) {
      std::fprintf(stderr, "brimfs-origin: %s\n", fault.status().message().c_str());
      return 2;
    }
    origin.Inject(*fault);
  }
  if (const brimfs::Status status = origin.Start(); !status.ok()) {
    std::fprintf(stderr, "brimfs-origin: %s\n", status.message().c_str());
    return 1;
  }
  std::printf("%s\n", origin.url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  std::fputs(origin.CountersJson().c_str(), stdout);
  return 0;
}
