// Whatever a server sends as a page: objects have keys and lengths, and each key that is shown has
// a name that leads back to it.
#include <vector>

#include "backends/file_name.h"
#include "backends/s3_key.h"
#include "backends/s3_listing.h"
#include "tests/fuzz/fuzz.h"

namespace brimfs {
namespace {

void CheckComponent(std::string_view component) {
  const std::optional<std::string> name = NameOfComponent(component);
  if (!name || name->find('/') != std::string::npos) return;
  FUZZ_CHECK(IsFileName(*name));
  FUZZ_CHECK(ComponentOfName(*name) == component);
}

void CheckPage(const std::string& xml) {
  const Result<S3Page> page = ParsePage(xml);
  FUZZ_CHECK(page.ok() || page.code() == Code::kProtocol);
  const std::string peeked = PeekToken(xml);
  FUZZ_CHECK(peeked.find_first_of("<&") == peeked.npos);
  if (!page.ok()) return;
  for (const S3Object& object : page->objects) {
    FUZZ_CHECK(!object.key.empty());
    FUZZ_CHECK(object.version.length.has_value());
    CheckComponent(object.key.substr(object.key.rfind('/') + 1));
  }
  for (const std::string& prefix : page->prefixes) CheckComponent(prefix);
}

}  // namespace
}  // namespace brimfs

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string xml = brimfs::FuzzText(data, size);
  brimfs::CheckPage(xml);
  (void)brimfs::ParseBuckets(xml).ok();
  (void)brimfs::ParseError(xml);
  return 0;
}
