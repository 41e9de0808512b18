#include "backends/client_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "backends/secret_file.h"

namespace brimfs {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* held) const {
    kFree(held);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;

// Asked for a passphrase: there is none, and OpenSSL itself would ask at the terminal.
int OnPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<Certificate> ReadCertificate(const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) return Status::FromErrno(errno, path);
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) {
    return Status(Code::kInvalidArgument, path + ": holds no certificate in PEM");
  }
  return certificate;
}

Result<Key> ReadKey(const std::string& path) {
  const auto file = ReadSecretFile(path);
  if (!file.ok()) return file.status();
  const Bio text(BIO_new_mem_buf(file->text.data(), static_cast<int>(file->text.size())));
  bool asked = false;
  Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, &OnPassphrase, &asked));
  ERR_clear_error();
  if (asked) {
    return Status(Code::kInvalidArgument,
                  path +
                      ": the key is under a passphrase, which nobody is there to type: take it "
                      "off with openssl pkey -in FILE -out NEWFILE");
  }
  if (key == nullptr) {
    return Status(Code::kInvalidArgument, path + ": holds no private key in PEM");
  }
  return key;
}

}  // namespace

Status CheckClientCertificate(const std::string& cert, const std::string& key) {
  const auto certificate = ReadCertificate(cert);
  if (!certificate.ok()) return certificate.status();
  const auto private_key = ReadKey(key);
  if (!private_key.ok()) return private_key.status();
  const bool match = X509_check_private_key(certificate->get(), private_key->get()) == 1;
  ERR_clear_error();
  if (match) return OkStatus();
  return Status(Code::kInvalidArgument, key + ": is not the key of the certificate " + cert);
}

}  // namespace brimfs
