#include "backends/credentials.h"

#include <utility>

#include "backends/client_certificate.h"
#include "core/log.h"

namespace brimfs {

Result<std::shared_ptr<Credentials>> Credentials::Load(const Files& files) {
  if (files == Files()) return std::shared_ptr<Credentials>();
  if (files.certificate.empty() && !files.key.empty()) {
    return Status(Code::kInvalidArgument, "key= is nothing without cert=");
  }
  if (!files.credentials.empty() && !files.netrc.empty()) {
    return Status(Code::kInvalidArgument, "credentials= and netrc= exclude each other");
  }
  std::shared_ptr<Credentials> made(new Credentials(files));
  Stamps stamps;
  auto login = made->Read(stamps);
  if (!login.ok()) return login.status();
  MutexLock lock(made->mu_);
  made->current_ = std::make_shared<const Login>(*std::move(login));
  made->stamps_ = std::move(stamps);
  return made;
}

std::shared_ptr<const Login> Credentials::Current() const {
  MutexLock lock(mu_);
  return current_;
}

std::shared_ptr<const Login> Credentials::Instead(const std::shared_ptr<const Login>& refused) {
  Stamps known;
  {
    MutexLock lock(mu_);
    while (looking_) looked_.Wait(mu_);
    if (current_ != refused) return current_;
    looking_ = true;
    known = stamps_;
  }
  std::shared_ptr<const Login> instead;
  Stamps stamps;
  if (const auto seen = Look(); seen.ok() && *seen != known) {
    auto login = Read(stamps);
    if (login.ok()) {
      instead = std::make_shared<const Login>(*std::move(login));
    } else {
      Log(LogLevel::kWarning, login.status().message());
    }
  } else if (!seen.ok()) {
    Log(LogLevel::kWarning, seen.status().message());
  }
  MutexLock lock(mu_);
  looking_ = false;
  looked_.NotifyAll();
  if (instead != nullptr) {
    current_ = instead;
    stamps_ = std::move(stamps);
  }
  return instead;
}

Result<Credentials::Stamps> Credentials::Look() const {
  Stamps stamps;
  for (const std::string* file : {&files_.credentials, &files_.netrc, &files_.headers}) {
    if (file->empty()) continue;
    const auto stamp = CheckSecretFile(*file);
    if (!stamp.ok()) return stamp.status();
    stamps.push_back(*stamp);
  }
  return stamps;
}

Result<Login> Credentials::Read(Stamps& stamps) const {
  Login login;
  if (!files_.credentials.empty()) {
    const auto file = ReadSecretFile(files_.credentials);
    if (!file.ok()) return file.status();
    stamps.push_back(file->stamp);
    auto parsed = ParseCredentials(file->text, files_.credentials);
    if (!parsed.ok()) return parsed.status();
    login = *std::move(parsed);
  }
  if (!files_.netrc.empty()) {
    const auto stamp = CheckSecretFile(files_.netrc);
    if (!stamp.ok()) return stamp.status();
    stamps.push_back(*stamp);
    login.netrc = files_.netrc;
  }
  if (!files_.headers.empty()) {
    const auto file = ReadSecretFile(files_.headers);
    if (!file.ok()) return file.status();
    stamps.push_back(file->stamp);
    auto parsed = ParseHeaderLines(file->text, files_.headers);
    if (!parsed.ok()) return parsed.status();
    login.headers = *std::move(parsed);
  }
  if (!files_.certificate.empty()) {
    login.certificate = files_.certificate;
    login.key = files_.key.empty() ? files_.certificate : files_.key;
    BRIMFS_RETURN_IF_ERROR(CheckClientCertificate(login.certificate, login.key));
  }
  return login;
}

}  // namespace brimfs
