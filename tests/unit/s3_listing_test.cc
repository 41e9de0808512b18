#include "backends/s3_listing.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

std::string PageOf(const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         content + "</ListBucketResult>";
}

constexpr char kObject[] =
    "<Contents><Key>a%2Bb+c%C3%BC</Key><LastModified>2026-11-20T10:00:00.123Z</LastModified>"
    "<ETag>&quot;6805f2cfc46c0f04559748bb039d69ae&quot;</ETag><Size>11</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>";

TEST(S3PageTest, APageHasObjectsAndPrefixes) {
  const auto page = ParsePage(PageOf(std::string("<Name>data</Name><EncodingType>url</EncodingType>"
                                                 "<IsTruncated>false</IsTruncated>") +
                                     kObject +
                                     "<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes>"
                                     "<CommonPrefixes><Prefix>e/</Prefix></CommonPrefixes>"));
  ASSERT_TRUE(page.ok()) << page.status().message();
  ASSERT_EQ(page->objects.size(), 1);
  EXPECT_EQ(page->objects[0].key, "a+b cü");
  EXPECT_EQ(page->objects[0].version.etag, "\"6805f2cfc46c0f04559748bb039d69ae\"");
  EXPECT_EQ(page->objects[0].version.length, 11);
  EXPECT_EQ(absl::FormatTime(*page->objects[0].version.last_modified, absl::UTCTimeZone()),
            "2026-11-20T10:00:00+00:00");
  EXPECT_EQ(page->prefixes, (std::vector<std::string>{"d/", "e/"}));
  EXPECT_EQ(page->next, "");
}

TEST(S3PageTest, KeysAreDecodedOnlyWhereThePageSaysSo) {
  const auto page = ParsePage(PageOf(
      "<Contents><Key>a%2Bb+c &amp;&#x41;</Key><Size>0</Size><ETag>plain</ETag></Contents>"));
  ASSERT_TRUE(page.ok()) << page.status().message();
  EXPECT_EQ(page->objects[0].key, "a%2Bb+c &A");
  EXPECT_EQ(page->objects[0].version.etag, "\"plain\"");
}

TEST(S3PageTest, APageThatIsToBeContinuedHasAToken) {
  const auto page = ParsePage(
      PageOf("<IsTruncated>true</IsTruncated><NextContinuationToken>1/+=</NextContinuationToken>"));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->next, "1/+=");
  EXPECT_EQ(ParsePage(PageOf("<IsTruncated>true</IsTruncated>")).code(), Code::kProtocol);
}

TEST(S3PageTest, TheTokenIsSeenAtAGlanceWhereItNeedsNoDecoding) {
  const auto token = [](const std::string& text) {
    return PeekToken(PageOf("<NextContinuationToken>" + text + "</NextContinuationToken>"));
  };
  EXPECT_EQ(token("1/+="), "1/+=");
  EXPECT_EQ(token("a&amp;b"), "");
  EXPECT_EQ(PeekToken(PageOf(kObject)), "");
  EXPECT_EQ(PeekToken("<NextContinuationToken>cut"), "");
  EXPECT_EQ(PeekToken(""), "");
}

TEST(S3PageTest, ControlBytesThatXmlForbidsPassAsTheyAre) {
  const auto page =
      ParsePage(PageOf("<Contents><Key>a\x01z</Key><Size>1</Size><ETag>e</ETag></Contents>"));
  ASSERT_TRUE(page.ok()) << page.status().message();
  EXPECT_EQ(page->objects[0].key, "a\x01z");
}

TEST(S3PageTest, WhatIsNoPageIsRefused) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  const std::string refused[] = {
      "",
      "<html><body>Sign in</body></html>",
      "<ListBucketResult><Contents><Key>a</Key>",
      PageOf("<Contents><Key>a</Key></Contents>"),
      PageOf("<Contents><Key>a</Key><Size>-1</Size></Contents>"),
      PageOf("<Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>"),
      PageOf("<Contents><Key></Key><Size>1</Size></Contents>"),
      PageOf(deep),
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">]>" + PageOf("&a;"),
      std::string(kMaxPageBytes + 1, ' ') + PageOf(""),
      "<Error><Code>InternalError</Code></Error>",
  };
  for (const std::string& xml : refused) {
    EXPECT_EQ(ParsePage(xml).code(), Code::kProtocol) << xml.substr(0, 200);
  }
}

TEST(S3PageTest, BucketsHaveNames) {
  const auto buckets = ParseBuckets(
      "<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets><Bucket><Name>one</Name>"
      "<CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket><Bucket><Name>two</Name></Bucket>"
      "</Buckets></ListAllMyBucketsResult>");
  ASSERT_TRUE(buckets.ok());
  EXPECT_EQ(*buckets, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(ParseBuckets(PageOf("")).code(), Code::kProtocol);
}

TEST(S3PageTest, ErrorsSayWhatIsWrong) {
  const S3Error error = ParseError(
      "<?xml version=\"1.0\"?><Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message>"
      "<Region>eu-west-1</Region><Endpoint>s3.eu-west-1.amazonaws.com</Endpoint></Error>");
  EXPECT_EQ(error.code, "PermanentRedirect");
  EXPECT_EQ(error.message, "Elsewhere.");
  EXPECT_EQ(error.region, "eu-west-1");
  EXPECT_EQ(error.endpoint, "s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(ParseError("<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>").code, "X");
  EXPECT_EQ(ParseError("not XML").code, "");
}

}  // namespace
}  // namespace brimfs
