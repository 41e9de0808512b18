#include "backends/redirect.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

Url At(const std::string& text) { return *ParseUrl(text); }

HttpHead To(const std::string& location) {
  HttpHead head;
  head.status = 302;
  head.headers.Add("Location", location);
  return head;
}

TEST(RedirectTest, OnlyTheStatusesThatNameATargetAreRedirects) {
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_TRUE(IsRedirect(status)) << status;
  for (const int status : {200, 206, 300, 304, 305, 306, 404}) EXPECT_FALSE(IsRedirect(status));
}

TEST(RedirectTest, HttpMayBecomeHttps) {
  const auto target = RedirectTarget(At("http://host/a"), To("https://host/a"));
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->ToString(), "https://host/a");
}

TEST(RedirectTest, HttpsNeverBecomesHttp) {
  EXPECT_EQ(RedirectTarget(At("https://host/a"), To("http://host/a")).code(), Code::kUntrusted);
}

TEST(RedirectTest, ALocationMustBeThereAndClear) {
  HttpHead twice = To("/a");
  twice.headers.Add("Location", "/b");
  EXPECT_EQ(RedirectTarget(At("http://host/"), twice).code(), Code::kProtocol);
  EXPECT_EQ(RedirectTarget(At("http://host/"), HttpHead{}).code(), Code::kProtocol);
  EXPECT_EQ(RedirectTarget(At("http://host/"), To("")).code(), Code::kProtocol);
  EXPECT_EQ(RedirectTarget(At("http://host/"), To("ftp://host/")).code(), Code::kProtocol);
}

TEST(RedirectTest, ANameWithASlashAddedIsADirectory) {
  EXPECT_TRUE(NamesDirectory(At("http://host/a%20b"), At("http://host/a%20b/")));
  EXPECT_TRUE(NamesDirectory(At("http://host/%61"), At("https://www.host/a/")));
  EXPECT_FALSE(NamesDirectory(At("http://host/a/"), At("http://host/a//")));
  EXPECT_FALSE(NamesDirectory(At("http://host/a"), At("http://host/b/")));
  EXPECT_FALSE(NamesDirectory(At("http://host/a"), At("http://host/a")));
}

}  // namespace
}  // namespace brimfs
