// A page gives only names that can be names of files. However JSON is cut into pieces, it gives the
// same ones; with HTML that is so only if it is well-formed: libxml2 mends the rest as it comes.
#include <algorithm>
#include <vector>

#include "backends/index_page.h"
#include "tests/fuzz/fuzz.h"

namespace brimfs {
namespace {

struct Outcome {
  Code code = Code::kOk;
  std::vector<std::string> names;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome ReadPage(std::string_view page, const char* type, size_t piece) {
  Outcome outcome;
  IndexNames names([&outcome](ListedName listed) {
    FUZZ_CHECK(IsFileName(listed.name));
    outcome.names.push_back(std::move(listed.name));
  });
  IndexPage index(type, *ParseUrl("http://host/dir/"), names);
  Status status;
  for (size_t at = 0; at < page.size() && status.ok(); at += piece) {
    status = index.Feed(page.substr(at, piece));
  }
  if (status.ok()) status = index.Finish();
  outcome.code = status.code();
  // How far a page that turns out broken was read depends on the pieces.
  if (!status.ok()) outcome.names.clear();
  return outcome;
}

}  // namespace
}  // namespace brimfs

// The first byte chooses the type, the second the pieces; a page as it is will do.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static constexpr const char* kTypes[] = {"text/html; charset=utf-8", "application/json", ""};
  const char* const type = kTypes[data[0] % std::size(kTypes)];
  const size_t piece = std::max<size_t>(data[1], 1);
  const std::string page = brimfs::FuzzText(data, size);
  const brimfs::Outcome whole = brimfs::ReadPage(page, type, page.size());
  const brimfs::Outcome pieces = brimfs::ReadPage(page, type, piece);
  FUZZ_CHECK(type != kTypes[1] || whole == pieces);
  return 0;
}
