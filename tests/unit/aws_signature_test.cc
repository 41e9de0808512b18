#include "backends/aws_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brimfs {
namespace {

using testing::Contains;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kEmptySha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(HexSha256Test, IsThatOfTheStandard) {
  EXPECT_EQ(HexSha256(""), kEmptySha256);
  EXPECT_EQ(HexSha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

class SignatureTest : public testing::Test {
 protected:
  SignatureTest(std::string host, std::string access_key_id, std::string secret_access_key,
                std::string service, absl::CivilSecond time)
      : keys_{.access_key_id = std::move(access_key_id),
              .secret_access_key = std::move(secret_access_key),
              .session_token = ""},
        host_(std::move(host)),
        scope_{.region = "us-east-1",
               .service = std::move(service),
               .time = absl::FromCivil(time, absl::UTCTimeZone())} {}

  // Nothing is escaped on the way.
  HttpRequest Get(const std::string& path, const std::string& query = "",
                  std::vector<std::string> headers = {}) const {
    HttpRequest request;
    request.url = {.scheme = "https", .host = host_, .port = 443, .path = path, .query = query};
    request.headers = std::move(headers);
    return request;
  }

  AwsSignature Sign(const HttpRequest& request, const std::vector<std::string>& secret = {}) const {
    return SignRequest(request, secret, keys_, scope_);
  }

  std::string Signature(const HttpRequest& request) const {
    const std::string authorization = Sign(request).headers.back();
    return authorization.substr(authorization.rfind('=') + 1);
  }

  AwsKeys keys_;

 private:
  const std::string host_;
  const SigningScope scope_;
};

// The signatures that the S3 API Reference gives for its examples, in "Signature Calculations for
// the Authorization Header: Transferring Payload in a Single Chunk".
class S3SignatureTest : public SignatureTest {
 protected:
  S3SignatureTest()
      : SignatureTest("examplebucket.s3.amazonaws.com", "AKIAIOSFODNN7EXAMPLE",
                      "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "s3",
                      absl::CivilSecond(2013, 5, 24)) {}
};

TEST_F(S3SignatureTest, OfAnObjectIsThePublishedOne) {
  const AwsSignature signature = Sign(Get("/test.txt", "", {"Range: bytes=0-9"}));
  EXPECT_EQ(
      signature.canonical_request,
      "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
      "x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
      "x-amz-date:20130524T000000Z\n\nhost;range;x-amz-content-sha256;x-amz-date\n"
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(signature.string_to_sign,
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
            "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
  EXPECT_THAT(
      signature.headers,
      testing::ElementsAre(
          "X-Amz-Date: 20130524T000000Z", std::string("X-Amz-Content-Sha256: ") + kEmptySha256,
          "Authorization: AWS4-HMAC-SHA256 "
          "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
          "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
          "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST_F(S3SignatureTest, OfAQueryWithoutAValueIsThePublishedOne) {
  EXPECT_EQ(Signature(Get("/", "lifecycle")),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3SignatureTest, OfAListingIsThePublishedOneInAnyOrderOfTheQuery) {
  for (const char* query : {"max-keys=2&prefix=J", "prefix=J&max-keys=2"}) {
    EXPECT_EQ(Signature(Get("/", query)),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  }
}

TEST_F(S3SignatureTest, TakesThePathAsItIsSent) {
  EXPECT_THAT(Sign(Get("/a%20b//%2E/c%2Bd")).canonical_request,
              StartsWith("GET\n/a%20b//%2E/c%2Bd\n\n"));
}

TEST_F(S3SignatureTest, CoversSecretHeadersAndDoesNotRepeatThem) {
  HttpRequest request;
  request.url = {.scheme = "http", .host = "127.0.0.1", .port = 9000, .path = "/b/k", .query = ""};
  const AwsSignature signature =
      Sign(request, {"X-Amz-Server-Side-Encryption-Customer-Key: c2VjcmV0"});
  EXPECT_THAT(signature.canonical_request, HasSubstr("\nhost:127.0.0.1:9000\n"));
  EXPECT_THAT(signature.canonical_request,
              HasSubstr("\nx-amz-server-side-encryption-customer-key:c2VjcmV0\n"));
  EXPECT_THAT(signature.headers, Each(Not(HasSubstr("c2VjcmV0"))));
}

TEST_F(S3SignatureTest, CoversTheSessionToken) {
  keys_.session_token = "a/token+of=a session";
  const AwsSignature signature = Sign(Get("/"));
  EXPECT_THAT(signature.headers, Contains("X-Amz-Security-Token: a/token+of=a session"));
  EXPECT_THAT(signature.canonical_request,
              HasSubstr("\nx-amz-security-token:a/token+of=a session\n"));
}

// AWS's signature test suite.
class SignatureSuiteTest : public SignatureTest {
 protected:
  SignatureSuiteTest()
      : SignatureTest("example.amazonaws.com", "AKIDEXAMPLE",
                      "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "service",
                      absl::CivilSecond(2015, 8, 30, 12, 36, 0)) {}

  HttpRequest Post(std::vector<std::string> headers, std::string body) const {
    HttpRequest request = Get("/", "", std::move(headers));
    request.method = HttpRequest::Method::kPost;
    request.body = std::move(body);
    return request;
  }
};

TEST_F(SignatureSuiteTest, GetVanilla) {
  const AwsSignature signature = Sign(Get("/"));
  EXPECT_EQ(signature.canonical_request,
            "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
            "host;x-amz-date\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(signature.string_to_sign,
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
            "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
  EXPECT_THAT(signature.headers.back(),
              EndsWith("SignedHeaders=host;x-amz-date, Signature="
                       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
}

TEST_F(SignatureSuiteTest, GetVanillaWithSessionToken) {
  keys_.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
  EXPECT_EQ(Signature(Get("/")),
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
}

TEST_F(SignatureSuiteTest, Paths) {
  EXPECT_EQ(Signature(Get("/\u1234")),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
  EXPECT_EQ(Signature(Get("/example space/")),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
  EXPECT_EQ(Signature(Get("//")),
            "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e");
  EXPECT_EQ(Signature(Get("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST_F(SignatureSuiteTest, Queries) {
  EXPECT_EQ(Signature(Get("/", "Param1=value1")),
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb");
  EXPECT_EQ(Signature(Get("/", "Param2=value2&Param1=value1")),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(Signature(Get("/", "\u1234=bar")),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
  EXPECT_EQ(Signature(Get("/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1")),
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac");
}

TEST_F(SignatureSuiteTest, Headers) {
  EXPECT_EQ(
      Signature(Get("/", "", {"My-Header1:value2", "My-Header1:value2", "My-Header1:value1"})),
      "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
  EXPECT_EQ(Signature(Get("/", "",
                          {"My-Header1:value4", "My-Header1:value1", "My-Header1:value3",
                           "My-Header1:value2"})),
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01");
  EXPECT_EQ(Signature(Get("/", "", {"My-Header1: value1", "My-Header2: \"a   b   c\""})),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST_F(SignatureSuiteTest, Posts) {
  EXPECT_EQ(Signature(Post({"My-Header1:value1"}, "")),
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c");
  EXPECT_EQ(Signature(Post({"Content-Type:application/x-www-form-urlencoded", "Content-Length:13",
                            "x-amz-content-sha256:"
                            "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"},
                           "Param1=value1")),
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b");
}

TEST_F(SignatureSuiteTest, APathThatIsEncodedIsEncodedOnceMoreOutsideS3) {
  EXPECT_THAT(Sign(Get("/a%20b")).canonical_request, StartsWith("GET\n/a%2520b\n"));
}

TEST_F(SignatureSuiteTest, AHeaderThatIsNotSentIsNotSigned) {
  const AwsSignature signature = Sign(Get("/", "", {"Accept:", "X-Empty;"}));
  EXPECT_THAT(signature.canonical_request, HasSubstr("\nhost;x-amz-date;x-empty\n"));
  EXPECT_THAT(signature.canonical_request, HasSubstr("\nx-empty:\n"));
}

TEST_F(SignatureSuiteTest, TheQueryIsSortedByNameAndThenByValue) {
  EXPECT_THAT(Sign(Get("/", "b&a=2&a%2Fb=x&a=1&&a=%2f")).canonical_request,
              StartsWith("GET\n/\na=%2F&a=1&a=2&a%2Fb=x&b=\n"));
}

}  // namespace
}  // namespace brimfs
