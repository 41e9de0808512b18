#include "backends/url.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

Url MustParse(const std::string& text) {
  auto url = ParseUrl(text);
  EXPECT_TRUE(url.ok()) << text << ": " << url.status().ToString();
  return url.ok() ? *url : Url{};
}

TEST(UrlTest, PartsAreTakenAndNormalised) {
  const struct {
    const char* text;
    const char* normal;
    const char* host;
    int port;
    const char* path;
    const char* query;
  } kCases[] = {
      {"http://host/dir/", "http://host/dir/", "host", 80, "/dir/", ""},
      {"HTTP://HOST", "http://host/", "host", 80, "/", ""},
      {"http://host:80/a", "http://host/a", "host", 80, "/a", ""},
      {"https://host:443/a", "https://host/a", "host", 443, "/a", ""},
      {"https://host:80/a", "https://host:80/a", "host", 80, "/a", ""},
      {"http://host:8080/a/../b/./c", "http://host:8080/b/c", "host", 8080, "/b/c", ""},
      {"http://[2001:DB8::1]:81/x", "http://[2001:db8::1]:81/x", "[2001:db8::1]", 81, "/x", ""},
      {"http://[::1]/", "http://[::1]/", "[::1]", 80, "/", ""},
      {"http://host/my dir/", "http://host/my%20dir/", "host", 80, "/my%20dir/", ""},
      {"http://host/a%2Fb?sig=1%2B2&x=y", "http://host/a%2Fb?sig=1%2B2&x=y", "host", 80, "/a%2Fb",
       "sig=1%2B2&x=y"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    const Url url = MustParse(c.text);
    EXPECT_EQ(url.ToString(), c.normal);
    EXPECT_EQ(url.host, c.host);
    EXPECT_EQ(url.port, c.port);
    EXPECT_EQ(url.path, c.path);
    EXPECT_EQ(url.query, c.query);
  }
}

TEST(UrlTest, NonsenseAndOtherSchemesAreRefused) {
  for (const char* text : {"", "host/dir", "ftp://host/", "http://", "http://host:0x/",
                           "http://host:99999/", "http://ho st/", "http://host/\r\nX: y"}) {
    EXPECT_EQ(ParseUrl(text).code(), Code::kInvalidArgument) << text;
  }
}

TEST(UrlTest, CredentialsAreRefusedWithoutRepeatingThem) {
  for (const char* text : {"http://me:s3cret@host/", "https://s3cret@host/"}) {
    const auto url = ParseUrl(text);
    ASSERT_EQ(url.code(), Code::kInvalidArgument);
    EXPECT_EQ(url.status().message().find("s3cret"), std::string::npos);
    EXPECT_NE(url.status().message().find("leave out"), std::string::npos) << "no remedy";
  }
}

TEST(UrlTest, AFragmentIsRefusedWithTheRemedy) {
  const auto url = ParseUrl("http://host/track#1.flac");
  ASSERT_EQ(url.code(), Code::kInvalidArgument);
  EXPECT_NE(url.status().message().find("%23"), std::string::npos);
}

TEST(UrlTest, WithoutQueryHidesASignature) {
  EXPECT_EQ(MustParse("https://host/x?X-Amz-Signature=abc").WithoutQuery(), "https://host/x");
}

TEST(UrlTest, NamesAreJoinedPercentEncodedAndKeepTheQuery) {
  const Url base = MustParse("http://host/dir/?token=t%2F1");
  const std::string long_name(255, 'n');
  const struct {
    std::string path;
    std::string url;
  } kCases[] = {
      {"", "http://host/dir/?token=t%2F1"},
      {"a", "http://host/dir/a?token=t%2F1"},
      {"a/b/c", "http://host/dir/a/b/c?token=t%2F1"},
      {"with space", "http://host/dir/with%20space?token=t%2F1"},
      {"100%", "http://host/dir/100%25?token=t%2F1"},
      {"%41", "http://host/dir/%2541?token=t%2F1"},
      {"a#b?c", "http://host/dir/a%23b%3Fc?token=t%2F1"},
      {"a:b@c&d=e+f", "http://host/dir/a%3Ab%40c%26d%3De%2Bf?token=t%2F1"},
      {"\xC3\xBC\xFF", "http://host/dir/%C3%BC%FF?token=t%2F1"},
      {"line\nbreak", "http://host/dir/line%0Abreak?token=t%2F1"},
      {"...", "http://host/dir/...?token=t%2F1"},
      {long_name, "http://host/dir/" + long_name + "?token=t%2F1"},
  };
  for (const auto& c : kCases) EXPECT_EQ(JoinPath(base, c.path).ToString(), c.url);
}

TEST(UrlTest, JoiningAddsTheSlashThatABaseLacks) {
  EXPECT_EQ(JoinPath(MustParse("http://host/dir"), "a").ToString(), "http://host/dir/a");
}

TEST(UrlTest, AnAbsoluteReferenceReplacesAllAndARelativeOneThePath) {
  const Url base = MustParse("https://host:444/a/b?q=1");
  const struct {
    const char* reference;
    const char* target;
  } kCases[] = {
      {"c", "https://host:444/a/c"},
      {"/c/", "https://host:444/c/"},
      {"../../c", "https://host:444/c"},
      {"//other/c", "https://other/c"},
      {"http://other:81/c?d#e", "http://other:81/c?d"},
      {"/with space", "https://host:444/with%20space"},
  };
  for (const auto& c : kCases) {
    const auto url = ResolveUrl(base, c.reference);
    ASSERT_TRUE(url.ok()) << c.reference;
    EXPECT_EQ(url->ToString(), c.target);
  }
}

TEST(UrlTest, ReferencesToOtherSchemesOrWithCredentialsAreRefused) {
  const Url base = MustParse("http://host/");
  for (const char* reference : {"ftp://host/", "file:///etc/passwd", "javascript:x()",
                                "http://me:pw@host/", "http://host/\nX: y"}) {
    EXPECT_EQ(ResolveUrl(base, reference).code(), Code::kProtocol) << reference;
  }
}

TEST(UrlTest, AHostThatIsLeftOutIsNotTakenFromThePath) {
  for (const char* text : {"http:///dir", "http:/dir", "http:dir", "HTTPS:////dir/"}) {
    const auto url = ParseUrl(text);
    EXPECT_EQ(url.code(), Code::kInvalidArgument) << text;
    EXPECT_NE(url.status().message().find("no host"), std::string::npos);
    EXPECT_EQ(ResolveUrl(MustParse("http://host/"), text).code(), Code::kProtocol) << text;
  }
}

TEST(UrlTest, OriginsAreComparedBySchemeHostAndPort) {
  const Url url = MustParse("http://host/a");
  EXPECT_TRUE(SameOrigin(url, MustParse("http://HOST:80/b?c")));
  EXPECT_FALSE(SameOrigin(url, MustParse("https://host:80/a")));
  EXPECT_FALSE(SameOrigin(url, MustParse("http://host:81/a")));
  EXPECT_FALSE(SameOrigin(url, MustParse("http://other/a")));
}

TEST(UrlTest, DecodingUndoesEncodingForEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(DecodePercent(EncodeComponent(all)), all);
}

TEST(UrlTest, APercentSignWithoutDigitsStandsForItself) {
  EXPECT_EQ(DecodePercent("100%"), "100%");
  EXPECT_EQ(DecodePercent("%4"), "%4");
  EXPECT_EQ(DecodePercent("%zz%4x%-1%41"), "%zz%4x%-1A");
}

}  // namespace
}  // namespace brimfs
