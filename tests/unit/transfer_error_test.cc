#include "backends/transfer_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brimfs {
namespace {

using testing::HasSubstr;

Status Of(CURLcode error, const std::string& details = {}) {
  TransferFailure failure;
  failure.error = error;
  failure.details = details;
  return ToStatus(failure);
}

TEST(TransferErrorTest, ARefusedHandshakeIsFinalAndABrokenOneIsNot) {
  for (const char* refused : {"error:0A000410:SSL routines::sslv3 alert handshake failure",
                              "error:0A00042E:SSL routines::tlsv1 alert protocol version",
                              "error:0A000102:SSL routines::unsupported protocol",
                              "error:0A00010B:SSL routines::wrong version number"}) {
    EXPECT_EQ(Of(CURLE_SSL_CONNECT_ERROR, refused).code(), Code::kUntrusted) << refused;
  }
  for (const char* broken : {"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to host:443",
                             "OpenSSL SSL_connect: Connection reset by peer in connection to host",
                             "error:0A000126:SSL routines::unexpected eof while reading",
                             "error:0A000438:SSL routines::tlsv1 alert internal error", ""}) {
    EXPECT_EQ(Of(CURLE_SSL_CONNECT_ERROR, broken).code(), Code::kUnavailable) << broken;
  }
}

TEST(TransferErrorTest, AnAlertAfterTheHandshakeIsFinalToo) {
  EXPECT_EQ(Of(CURLE_RECV_ERROR,
               "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, "
               "errno 0")
                .code(),
            Code::kUntrusted);
  EXPECT_EQ(Of(CURLE_RECV_ERROR,
               "OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, "
               "errno 0")
                .code(),
            Code::kUnavailable);
  EXPECT_EQ(Of(CURLE_RECV_ERROR, "Recv failure: Connection reset by peer").code(),
            Code::kUnavailable);
}

TEST(TransferErrorTest, ACertificateIsNeverTriedAgainAndTheRemedyIsSaid) {
  const Status unknown = Of(CURLE_PEER_FAILED_VERIFICATION,
                            "SSL certificate problem: unable to get local issuer certificate");
  EXPECT_EQ(unknown.code(), Code::kUntrusted);
  EXPECT_THAT(unknown.message(), HasSubstr("cacert="));
  TransferFailure asked{.error = CURLE_SSL_CONNECT_ERROR,
                        .details = "error:0A000410:SSL routines::sslv3 alert handshake failure",
                        .certificate_asked = true};
  EXPECT_THAT(ToStatus(asked).message(), HasSubstr("cert= and key="));
}

TEST(TransferErrorTest, AProxyThatRefusesUsIsDenied) {
  TransferFailure tunnel{.error = CURLE_RECV_ERROR,
                         .details = "CONNECT tunnel failed, response 407",
                         .connect_status = 407};
  EXPECT_EQ(ToStatus(tunnel).code(), Code::kDenied);
  EXPECT_THAT(ToStatus(tunnel).message(), HasSubstr("proxy_credentials="));
  TransferFailure socks{.error = CURLE_PROXY, .details = "", .proxy_refused_user = true};
  EXPECT_EQ(ToStatus(socks).code(), Code::kDenied);
}

TEST(TransferErrorTest, WhereNobodyAnswersTheRemedyIsAsked) {
  EXPECT_THAT(Of(CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: hots").message(),
              HasSubstr("Could not resolve host: hots; is the name right"));
  EXPECT_THAT(Of(CURLE_COULDNT_CONNECT).message(), HasSubstr("is the server running"));
}

TEST(TransferErrorTest, WhatMayPassIsUnavailable) {
  for (const CURLcode error : {CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_GOT_NOTHING,
                               CURLE_PARTIAL_FILE, CURLE_PROXY}) {
    EXPECT_EQ(Of(error).code(), Code::kUnavailable) << error;
  }
}

}  // namespace
}  // namespace brimfs
