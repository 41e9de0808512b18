#include "backends/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CredentialsTest : public testing::Test {
 protected:
  // Replaces it, as who rotates a token does.
  std::string Write(const std::string& name, const std::string& text) {
    const std::string next = dir_ / (name + ".next");
    WriteFile(next, text);
    chmod(next.c_str(), 0600);
    EXPECT_EQ(rename(next.c_str(), (dir_ / name).c_str()), 0);
    return dir_ / name;
  }

  std::shared_ptr<Credentials> Load(const Credentials::Files& files) {
    auto loaded = Credentials::Load(files);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    return loaded.ok() ? *loaded : nullptr;
  }

  const TempDir dir_;
};

TEST_F(CredentialsTest, NoFilesAreNoCredentials) { EXPECT_EQ(Load({}), nullptr); }

TEST_F(CredentialsTest, ALoginAndHeadersComeFromTheirFiles) {
  const auto credentials = Load({.credentials = Write("who", "username=ann\npassword=pw\n"),
                                 .netrc = "",
                                 .headers = Write("headers", "X-Key: abc\n"),
                                 .certificate = "",
                                 .key = ""});
  EXPECT_EQ(credentials->Current()->username, "ann");
  EXPECT_THAT(credentials->Current()->headers, ElementsAre("X-Key: abc"));
}

TEST_F(CredentialsTest, TwoAnswersToOneQuestionAreRefused) {
  Credentials::Files files;
  files.credentials = Write("who", "token=a\n");
  files.netrc = Write("netrc", "");
  EXPECT_EQ(Credentials::Load(files).code(), Code::kInvalidArgument);
  Credentials::Files key_only;
  key_only.key = Write("key", "");
  EXPECT_EQ(Credentials::Load(key_only).code(), Code::kInvalidArgument);
}

TEST_F(CredentialsTest, NothingIsInsteadOfWhatHasNotChanged) {
  Credentials::Files files;
  files.credentials = Write("who", "token=a\n");
  const auto credentials = Load(files);
  EXPECT_EQ(credentials->Instead(credentials->Current()), nullptr);
}

TEST_F(CredentialsTest, ARotatedTokenIsReadAgain) {
  Credentials::Files files;
  files.credentials = Write("who", "token=a\n");
  const auto credentials = Load(files);
  const auto old = credentials->Current();
  Write("who", "token=b\n");
  EXPECT_EQ(credentials->Current()->token, "a") << "read without need";
  const auto renewed = credentials->Instead(old);
  ASSERT_NE(renewed, nullptr);
  EXPECT_EQ(renewed->token, "b");
  EXPECT_EQ(credentials->Instead(old), renewed) << "a second waiter gets the same";
  EXPECT_EQ(credentials->Instead(renewed), nullptr);
}

TEST_F(CredentialsTest, AFileThatHasBecomeUnreadableChangesNothing) {
  Credentials::Files files;
  files.credentials = Write("who", "token=a\n");
  const auto credentials = Load(files);
  const auto old = credentials->Current();
  Write("who", "nonsense\n");
  EXPECT_EQ(credentials->Instead(old), nullptr);
  chmod(files.credentials.c_str(), 0644);
  EXPECT_EQ(credentials->Instead(old), nullptr);
  Write("who", "token=b\n");
  EXPECT_EQ(credentials->Instead(old)->token, "b");
}

TEST_F(CredentialsTest, ManyWaitersGetOneRenewal) {
  Credentials::Files files;
  files.credentials = Write("who", "token=a\n");
  const auto credentials = Load(files);
  const auto old = credentials->Current();
  Write("who", "token=b\n");
  std::vector<std::shared_ptr<const Login>> renewed(8);
  std::vector<std::thread> threads;
  threads.reserve(renewed.size());
  for (auto& each : renewed) threads.emplace_back([&] { each = credentials->Instead(old); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& each : renewed) EXPECT_EQ(each, renewed[0]);
  EXPECT_EQ(renewed[0]->token, "b");
}

class ClientCertificateTest : public CredentialsTest {
 protected:
  ClientCertificateTest() {
    const Ran ran = Shell(
        "cd \"$1\" && umask 077 && for n in a b; do openssl req -x509 -days 2 -subj /CN=$n -newkey "
        "ec"
        " -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $n.key -out $n.pem; done &&"
        " openssl pkey -in a.key -aes256 -passout pass:s3cret -out locked.key &&"
        " cat a.pem a.key > both.pem",
        {dir_.path()});
    EXPECT_EQ(ran.code, 0) << ran.err;
  }

  Status Check(const std::string& certificate, const std::string& key) {
    Credentials::Files files;
    files.certificate = certificate.empty() ? "" : dir_ / certificate;
    files.key = key.empty() ? "" : dir_ / key;
    return Credentials::Load(files).status();
  }
};

TEST_F(ClientCertificateTest, AKeyOfItsOwnOrInTheSameFileIsTaken) {
  EXPECT_TRUE(Check("a.pem", "a.key").ok()) << Check("a.pem", "a.key").message();
  EXPECT_TRUE(Check("both.pem", "").ok()) << Check("both.pem", "").message();
}

TEST_F(ClientCertificateTest, AKeyUnderAPassphraseIsRefusedWithTheRemedy) {
  const Status status = Check("a.pem", "locked.key");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("locked.key"));
  EXPECT_THAT(status.message(), HasSubstr("openssl pkey"));
}

TEST_F(ClientCertificateTest, WhatDoesNotBelongTogetherIsNamed) {
  EXPECT_THAT(Check("a.pem", "b.key").message(), HasSubstr("b.key"));
  EXPECT_THAT(Check("a.key", "a.key").message(), HasSubstr("certificate"));
  EXPECT_THAT(Check("a.pem", "a.pem").message(), HasSubstr("private key"));
  EXPECT_EQ(Check("missing.pem", "a.key").code(), Code::kNotFound);
  chmod((dir_ / "a.key").c_str(), 0644);
  EXPECT_EQ(Check("a.pem", "a.key").code(), Code::kDenied);
}

}  // namespace
}  // namespace brimfs
