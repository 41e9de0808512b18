// The test origin as an S3 service: what the other tests lean on.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/origin.h"
#include "tests/support/process.h"
#include "tests/support/s3_servers.h"

namespace brimfs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// "Examples: Signature calculations" in the S3 API reference.
TEST(OriginS3AuthTest, TheSignatureIsThatOfTheDocumentation) {
  OriginRequest request;
  request.method = "GET";
  request.target = "/test.txt";
  request.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                     {"range", "bytes=0-9"},
                     {"x-amz-content-sha256", kEmptyHash},
                     {"x-amz-date", "20130524T000000Z"}};
  const std::string scope = "20130524/us-east-1/s3/aws4_request";
  const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const auto fields = ParseSigV4("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" + scope +
                                 ",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                                 "Signature=unknown");
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(fields->access_key, "AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(ExpectedSigV4(request, *fields, secret).signature,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");

  request.target = "/?prefix=J&max-keys=2";
  request.headers.erase("range");
  const auto of_list = ParseSigV4("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" + scope +
                                  ",SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                                  "Signature=unknown");
  EXPECT_EQ(ExpectedSigV4(request, *of_list, secret).signature,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

class OriginS3Test : public ::testing::Test {
 protected:
  // What is signed, and how it is spoiled then.
  struct Signing {
    OriginS3Keys keys = OriginS3Options().keys;
    std::string region = "us-east-1";
    std::time_t time = std::time(nullptr);
    std::string hash = kEmptyHash;
    std::vector<std::string> unsigned_headers = {};  // "Name: value"
    std::string method = "GET";
  };

  void Serve(OriginS3Options options = {}) {
    options.bucket = "bucket";
    Origin::Options of_origin;
    of_origin.s3 = std::move(options);
    origin_ = std::make_unique<Origin>(of_origin);
    ASSERT_TRUE(origin_->Start().ok());
    origin_->PutBytes("key", "content");
  }

  // Head and body as they come, without a signature.
  std::string Ask(const std::string& target, const std::vector<std::string>& headers = {},
                  const std::string& method = "GET") {
    const std::string url = origin_->url();
    std::vector<std::string> argv = {"curl",
                                     "-si",
                                     "--max-time",
                                     "30",
                                     "--path-as-is",
                                     "--globoff",
                                     url.substr(0, url.size() - 1) + target};
    if (method == "HEAD") argv.emplace_back("-I");
    for (const std::string& header : headers) argv.insert(argv.end(), {"-H", header});
    return RunCommand(argv).out;
  }

  std::string AskSigned(const std::string& target, const Signing& signing) {
    std::tm utc;
    gmtime_r(&signing.time, &utc);
    char date[32];
    std::strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &utc);
    OriginRequest request;
    request.method = signing.method;
    request.target = target;
    request.headers = {{"host", "127.0.0.1:" + std::to_string(origin_->port())},
                       {"x-amz-content-sha256", signing.hash},
                       {"x-amz-date", date}};
    std::string names = "host;x-amz-content-sha256;x-amz-date";
    if (!signing.keys.session_token.empty()) {
      request.headers["x-amz-security-token"] = signing.keys.session_token;
      names += ";x-amz-security-token";
    }
    const std::string authorization = "AWS4-HMAC-SHA256 Credential=" + signing.keys.access_key +
                                      "/" + std::string(date, 8) + "/" + signing.region +
                                      "/s3/aws4_request, SignedHeaders=" + names + ", Signature=";
    const SigV4Expected expected =
        ExpectedSigV4(request, *ParseSigV4(authorization + "unknown"), signing.keys.secret_key);
    std::vector<std::string> headers = signing.unsigned_headers;
    headers.push_back("Authorization: " + authorization + expected.signature);
    for (const auto& [name, value] : request.headers) headers.push_back(name + ": " + value);
    return Ask(target, headers, signing.method);
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(OriginS3Test, OnlyRightSignaturesPass) {
  Serve();
  EXPECT_THAT(AskSigned("/bucket/key", {}), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("content"),
                                                  HasSubstr("x-amz-request-id: ")));
  EXPECT_THAT(Ask("/bucket/key"), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("AccessDenied")));
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = {"AKIDORIGIN", "wrong"}}),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("<Code>SignatureDoesNotMatch</Code>"),
                    HasSubstr("<CanonicalRequest>GET&#xa;/bucket/key&#xa;")));
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = {"AKIDNOBODY", "wrong"}}),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("InvalidAccessKeyId")));
  EXPECT_THAT(AskSigned("/bucket/key", {.hash = std::string(64, '0')}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("XAmzContentSHA256Mismatch")));
  EXPECT_THAT(AskSigned("/bucket/key", {.unsigned_headers = {"x-amz-request-payer: requester"}}),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("x-amz-request-payer")));
}

TEST_F(OriginS3Test, ASignatureCountsForItsTimeAndItsRegion) {
  Serve({.region = "eu-west-1"});
  const std::time_t now = std::time(nullptr);
  EXPECT_THAT(AskSigned("/bucket/key", {.region = "eu-west-1", .time = now - 14 * 60}),
              StartsWith("HTTP/1.1 200"));
  for (const std::time_t time : {now - 16 * 60, now + 16 * 60}) {
    EXPECT_THAT(AskSigned("/bucket/key", {.region = "eu-west-1", .time = time}),
                AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("RequestTimeTooSkewed")));
  }
  EXPECT_THAT(AskSigned("/bucket/key", {}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("<Region>eu-west-1</Region>")));
  Serve({.region = "eu-west-1", .redirects_region = true});
  EXPECT_THAT(AskSigned("/bucket/key", {}),
              AllOf(StartsWith("HTTP/1.1 301"), HasSubstr("x-amz-bucket-region: eu-west-1")));
}

TEST_F(OriginS3Test, SessionsExpireAndAreRenewed) {
  const OriginS3Keys old{"ASIAOLD", "old", "old-token"};
  const OriginS3Keys fresh{"ASIANEW", "new", "new-token"};
  Serve({.keys = old});
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = old}), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = {"ASIAOLD", "old"}}),
              HasSubstr("InvalidAccessKeyId"));
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = {"ASIAOLD", "old", "other"}}),
              HasSubstr("InvalidToken"));
  origin_->RenewKeys(fresh);
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = old}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("ExpiredToken")));
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = fresh}), StartsWith("HTTP/1.1 200"));
  origin_->ExpireKeys();
  EXPECT_THAT(AskSigned("/bucket/key", {.keys = fresh}), HasSubstr("ExpiredToken"));
}

TEST_F(OriginS3Test, RefusalsAreThoseOfS3) {
  Serve({.anonymous = true});
  EXPECT_THAT(Ask("/bucket/nothing"), AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("NoSuchKey")));
  EXPECT_THAT(Ask("/another/key"), AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("NoSuchBucket")));
  EXPECT_THAT(Ask("/bucket/key", {"If-Match: \"another\""}),
              AllOf(StartsWith("HTTP/1.1 412"), HasSubstr("PreconditionFailed")));
  origin_->Archive("key");
  EXPECT_THAT(Ask("/bucket/key"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("InvalidObjectState")));
  EXPECT_THAT(Ask("/bucket/key", {}, "HEAD"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("x-amz-storage-class: GLACIER")));
  origin_->Inject(*ParseFault("s3-error=SlowDown:any:1"));
  EXPECT_THAT(Ask("/bucket/key"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("SlowDown")));
  origin_->Inject(*ParseFault("s3-moved=eu-west-1:any:1"));
  EXPECT_THAT(Ask("/bucket/key"), AllOf(StartsWith("HTTP/1.1 301"), HasSubstr("eu-west-1")));
  origin_->Inject(*ParseFault("s3-redirect=http://127.0.0.1:1:any:1"));
  EXPECT_THAT(Ask("/bucket/key"), AllOf(StartsWith("HTTP/1.1 307"),
                                        HasSubstr("Location: http://127.0.0.1:1/bucket/key\r\n")));
}

TEST_F(OriginS3Test, OwnersPayersAndCustomersKeysAreChecked) {
  Serve({.anonymous = true,
         .requester_pays = true,
         .owner = "111122223333",
         .sse_c_key = std::string(32, 'k')});
  const std::string pays = "x-amz-request-payer: requester";
  const std::string prefix = "x-amz-server-side-encryption-customer-";
  const std::string algorithm = prefix + "algorithm: AES256";
  const std::string key = prefix + "key: a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
  const std::string md5 = prefix + "key-MD5: mT2HRsMGJ5IX5C+0rreZ8Q==";
  EXPECT_THAT(Ask("/bucket/key"), HasSubstr("AccessDenied"));
  EXPECT_THAT(Ask("/bucket/key", {pays}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Server Side Encryption")));
  EXPECT_THAT(Ask("/bucket/key", {pays, algorithm, key, prefix + "key-MD5: x"}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("MD5")));
  EXPECT_THAT(Ask("/bucket/key", {pays, algorithm, key, md5}), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(
      Ask("/bucket/key", {pays, algorithm, key, md5, "x-amz-expected-bucket-owner: 444455556666"}),
      StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(
      Ask("/bucket/key", {pays, algorithm, key, md5, "x-amz-expected-bucket-owner: 111122223333"}),
      StartsWith("HTTP/1.1 200"));
}

TEST_F(OriginS3Test, OlderVersionsStay) {
  Serve({.anonymous = true, .versions = true});
  origin_->PutBytes("key", "newer");
  EXPECT_THAT(Ask("/bucket/key"),
              AllOf(HasSubstr("newer"), HasSubstr("x-amz-version-id: version-2")));
  EXPECT_THAT(Ask("/bucket/key?versionId=version-1"), HasSubstr("content"));
  EXPECT_THAT(Ask("/bucket/key?versionId=version-9"), HasSubstr("NoSuchVersion"));
}

TEST_F(OriginS3Test, ListsAreParted) {
  Serve({.anonymous = true});
  for (const char* key : {"a/1", "a/2", "b c", "b+", "d&/x"}) origin_->PutBytes(key, "x");
  const std::string list = "/bucket?list-type=2";
  EXPECT_THAT(Ask(list + "&delimiter=/"),
              AllOf(HasSubstr("<KeyCount>5</KeyCount>"), HasSubstr("<Key>b c</Key>"),
                    HasSubstr("<Prefix>a/</Prefix>"), HasSubstr("<Prefix>d&amp;/</Prefix>"),
                    HasSubstr("<IsTruncated>false</IsTruncated>")));
  EXPECT_THAT(Ask(list + "&encoding-type=url"),
              AllOf(HasSubstr("<Key>b+c</Key>"), HasSubstr("<Key>b%2B</Key>"),
                    HasSubstr("<Key>a/1</Key>"), HasSubstr("<Key>d%26/x</Key>")));
  EXPECT_THAT(Ask(list + "&start-after=a/1&max-keys=1"),
              AllOf(HasSubstr("<Key>a/2</Key>"), HasSubstr("<KeyCount>1</KeyCount>"),
                    HasSubstr("<IsTruncated>true</IsTruncated>")));
  EXPECT_THAT(Ask(list + "&continuation-token=forged"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask("/"), HasSubstr("<Bucket><Name>bucket</Name>"));
  EXPECT_THAT(Ask("/", {"Host: bucket.localhost"}), HasSubstr("<Key>b c</Key>"));
}

TEST_F(OriginS3Test, AnIndependentClientListsAndReads) {
  if (Shell("/usr/bin/python3 -c 'import boto3'").code != 0)
    GTEST_SKIP() << "python3-boto3 is not installed";
  Serve({.page = 2});
  for (const char* key : {"a b/1", "a b/2+%", "c\x01", "\xC3\xBC"}) origin_->PutOracle(key, 100);
  const std::vector<S3Task> results = RunS3Client(
      origin_->url(), "us-east-1", "AKIDORIGIN", "origin-secret",
      {{{"do", "list"}, {"bucket", "bucket"}, {"Delimiter", "/"}},
       {{"do", "list"}, {"bucket", "bucket"}, {"Prefix", "a b/"}},
       {{"do", "get"}, {"bucket", "bucket"}, {"key", "key"}, {"begin", 2}, {"end", 5}}});
  EXPECT_EQ(results[0]["pages"], 2);
  EXPECT_THAT(results[0]["names"].get<std::vector<std::string>>(),
              testing::UnorderedElementsAre("a b/", "c\x01", "key", "\xC3\xBC"));
  EXPECT_THAT(results[1]["names"].get<std::vector<std::string>>(), ElementsAre("a b/1", "a b/2+%"));
  EXPECT_EQ(results[2], "nte");
}

}  // namespace
}  // namespace brimfs
