#include "backends/login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kFile[] = "/etc/brimfs/who";

TEST(CredentialsFileTest, HoldsANameAndAPasswordOrAToken) {
  const auto password =
      ParseCredentials("# of the archive\n\nusername=ann\r\npassword= p=w \n", kFile);
  ASSERT_TRUE(password.ok()) << password.status().message();
  EXPECT_EQ(password->username, "ann");
  EXPECT_EQ(password->password, " p=w ");
  const auto token = ParseCredentials("token=abc.def", kFile);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->token, "abc.def");
}

TEST(CredentialsFileTest, AMistakeNamesItsLineAndNotWhatStandsThere) {
  const struct {
    const char* text;
    const char* where;
  } kCases[] = {
      {"hunter2\n", ":1:"},
      {"username=hunter2\nPassword=hunter2\n", ":2:"},
      {"username=ann\nusername=hunter2\n", ":2:"},
      {"username=ann\n\npassword=\n", ":3:"},
      {"token=hunter2\x01\n", ":1:"},
      {"", kFile},
      {"username=ann\n", kFile},
      {"password=hunter2\n", kFile},
      {"token=hunter2\nusername=ann\npassword=x\n", kFile},
      {"username=a:b\npassword=hunter2\n", kFile},
  };
  for (const auto& c : kCases) {
    const auto login = ParseCredentials(c.text, kFile);
    EXPECT_EQ(login.code(), Code::kInvalidArgument) << c.text;
    EXPECT_THAT(login.status().message(), HasSubstr(kFile));
    EXPECT_THAT(login.status().message(), HasSubstr(c.where));
    EXPECT_THAT(login.status().message(), Not(HasSubstr("hunter2")));
  }
}

TEST(HeaderFileTest, HoldsFieldsAsTheyAreSent) {
  const auto headers =
      ParseHeaderLines("# comment\nX-Api-Key:  abc def \n\nCookie: a=b; c=d\nX-Empty:\n", kFile);
  ASSERT_TRUE(headers.ok()) << headers.status().message();
  EXPECT_THAT(*headers, ElementsAre("X-Api-Key: abc def", "Cookie: a=b; c=d", "X-Empty;"));
}

TEST(HeaderFileTest, WhatIsNoFieldIsRefusedWithItsLine) {
  for (const char* line : {"no colon", ": no name", "two words: x", " Folded: x", "X: a\rY: b",
                           "X: \x7f", "X\xc3\xa4: y"}) {
    const auto headers = ParseHeaderLines(std::string("A: b\n") + line + "\n", kFile);
    EXPECT_EQ(headers.code(), Code::kInvalidArgument) << line;
    EXPECT_THAT(headers.status().message(), HasSubstr(std::string(kFile) + ":2:"));
  }
  EXPECT_EQ(ParseHeaderLines(std::string("X: a\0b", 6), kFile).code(), Code::kInvalidArgument);
}

TEST(HeaderFileTest, FieldsThatARequestHasByItselfAreRefused) {
  for (const char* name :
       {"Range", "if-match", "If-Modified-Since", "Host", "content-length", "Accept-Encoding",
        "Connection", "Transfer-Encoding", "TE", "Proxy-Authorization", "Upgrade"}) {
    const auto headers = ParseHeaderLines(std::string(name) + ": s3cret", kFile);
    EXPECT_EQ(headers.code(), Code::kInvalidArgument) << name;
    EXPECT_THAT(headers.status().message(), HasSubstr(name));
    EXPECT_THAT(headers.status().message(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace brimfs
