// What can be found and read of a source that is not asked.
#include "core/offline_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/body_collector.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const std::string kSource = "http://host/dir/";

class OfflineBackendTest : public testing::Test {
 protected:
  OfflineBackendTest() : catalogue_(OpenCatalogue()) {}

  // In version `etag`, confirmed at second `checked`.
  void Store(const std::string& path, const std::string& etag = "\"1\"", int64_t checked = 100,
             const std::string& source = kSource, const std::string& key = "") {
    StoredEntry entry;
    entry.source = source;
    entry.key = key.empty() ? path : key;
    entry.path = path;
    entry.version.etag = etag;
    entry.version.length = 1000;
    const std::string digits = std::to_string(++files_);
    entry.file = std::string(32 - digits.size(), '0') + digits;
    entry.checked = absl::FromUnixSeconds(checked);
    entry.last_use = entry.checked;
    std::vector<CatalogueChange> changes(1);
    changes[0].entry = entry;
    changes[0].add = {{0, 1}};
    ASSERT_TRUE(catalogue_->Apply(changes, Catalogue::Durability::kProcess).ok());
    ASSERT_FALSE(changes[0].taken);
  }

  // As a mount of `source` does.
  void Mount(const OfflineSource& source) {
    auto opened = OfflineBackend::Open(OpenCatalogue(), source);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    opened_ = std::move(*opened);
  }
  void Mount() { Mount({kSource, "", "", nullptr}); }

  std::vector<std::pair<std::string, ObjectKind>> List(const std::string& path) {
    std::vector<std::pair<std::string, ObjectKind>> names;
    const Status status = opened_.backend->List(
        path, [&](const ListedName& name) { names.emplace_back(name.name, name.kind); }, [] {}, {});
    EXPECT_TRUE(status.ok()) << status.ToString();
    return names;
  }
  Result<ObjectInfo> Stat(const std::string& path) { return opened_.backend->Stat(path, {}); }

  std::unique_ptr<Catalogue> OpenCatalogue() {
    auto catalogue = Catalogue::Open(dir_.path());
    EXPECT_TRUE(catalogue.ok()) << catalogue.status().ToString();
    return std::move(*catalogue);
  }

  TempDir dir_;
  std::unique_ptr<Catalogue> catalogue_;
  OfflineBackend::Opened opened_;
  int files_ = 0;
};

TEST_F(OfflineBackendTest, StoredFilesAreThereAndTheDirectoriesThatLeadToThem) {
  Store("a");
  Store("below/deep/b");
  Mount();
  EXPECT_EQ(opened_.identity, kSource);
  EXPECT_EQ(opened_.single_file, "");
  EXPECT_THAT(List(""), UnorderedElementsAre(Pair("a", ObjectKind::kFile),
                                             Pair("below", ObjectKind::kDirectory)));
  EXPECT_THAT(List("below/deep"), UnorderedElementsAre(Pair("b", ObjectKind::kFile)));
  EXPECT_EQ(Stat("")->kind, ObjectKind::kDirectory);
  EXPECT_EQ(Stat("below")->kind, ObjectKind::kDirectory);
  ASSERT_EQ(Stat("below/deep/b")->kind, ObjectKind::kFile);
  EXPECT_EQ(Stat("below/deep/b")->version.length, 1000u);
}

TEST_F(OfflineBackendTest, WhatIsNotStoredIsNotThere) {
  Store("a");
  Store("b", "\"1\"", 100, "http://other/dir/");
  Mount();
  EXPECT_EQ(Stat("b").code(), Code::kNotFound);
  EXPECT_EQ(Stat("a/b").code(), Code::kNotFound);
  EXPECT_EQ(List("").size(), 1u);
}

TEST_F(OfflineBackendTest, OfAnEmptyCacheTheRootIsLeft) {
  Mount({"http://host/x/", "http://host/x", "x", nullptr});
  EXPECT_EQ(opened_.identity, "http://host/x/");
  EXPECT_EQ(opened_.single_file, "");
  EXPECT_EQ(Stat("")->kind, ObjectKind::kDirectory);
  EXPECT_THAT(List(""), IsEmpty());
}

TEST_F(OfflineBackendTest, TheVersionIsTheOneThatWasConfirmedLast) {
  Store("a", "\"old\"", 100);
  Store("a", "\"new\"", 300);
  Store("a", "\"between\"", 200);
  Mount();
  EXPECT_EQ(Stat("a")->version.etag, "\"new\"");
}

TEST_F(OfflineBackendTest, AnObjectThatIsStoredAsOneIsTheOneFile) {
  Store("", "\"1\"", 100, "http://host/x");
  Mount({"http://host/x/", "http://host/x", "x", nullptr});
  EXPECT_EQ(opened_.identity, "http://host/x");
  EXPECT_EQ(opened_.single_file, "x");
  EXPECT_EQ(Stat("")->kind, ObjectKind::kFile);
  EXPECT_EQ(opened_.backend->DisplayUrl(""), "http://host/x");
}

TEST_F(OfflineBackendTest, ADirectoryOfTheSameNameIsFoundWithoutItsSlash) {
  Store("a", "\"1\"", 100, "http://host/x/");
  Mount({"http://host/x/", "http://host/x", "x", nullptr});
  EXPECT_EQ(opened_.identity, "http://host/x/");
  EXPECT_EQ(opened_.single_file, "");
  EXPECT_EQ(List("").size(), 1u);
  EXPECT_EQ(opened_.backend->DisplayUrl("a"), "http://host/x/a");
}

TEST_F(OfflineBackendTest, TheKeyIsTheOneThatIsStored) {
  Store("a", "\"1\"", 100, kSource, "another key");
  Mount();
  EXPECT_EQ(opened_.backend->CacheKey("a"), "another key");
  EXPECT_EQ(opened_.backend->CacheKey("b"), "b");
}

// A list of URLs: only the file's own names, and only if they still mean the same object.
TEST_F(OfflineBackendTest, WhatHasAnotherKeyTodayIsNotThere) {
  class Keys : public OfflineBackend {
   public:
    explicit Keys(std::unique_ptr<Catalogue> catalogue)
        : OfflineBackend(std::move(catalogue), "", nullptr) {}
    std::string CacheKey(const std::string& path) const override { return "key of " + path; }
  };
  Store("same", "\"1\"", 100, "list:", "key of same");
  Store("moved", "\"1\"", 100, "list:", "another");
  Mount({"list:", "", "", std::make_shared<Keys>(OpenCatalogue())});
  EXPECT_EQ(List("").size(), 1u);
  EXPECT_EQ(Stat("same")->kind, ObjectKind::kFile);
  EXPECT_EQ(Stat("moved").code(), Code::kNotFound);
  EXPECT_EQ(opened_.backend->CacheKey("same"), "key of same");
}

TEST_F(OfflineBackendTest, BytesThatAreMissingAreAnErrorAtOnce) {
  Store("a");
  Mount();
  BodyCollector body;
  FetchRequest request;
  request.path = "a";
  request.range = {0, 1000};
  EXPECT_EQ(opened_.backend->Connect()->Fetch(request, body, {}).code(), Code::kIo);
}

}  // namespace
}  // namespace brimfs
