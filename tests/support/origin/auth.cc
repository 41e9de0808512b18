#include "tests/support/origin/auth.h"

#include <openssl/evp.h>

#include <array>
#include <string_view>
#include <utility>

namespace brimfs {
namespace {

constexpr char kRealm[] = "brimfs test";

std::string Md5(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += {kHex[digest[i] >> 4], kHex[digest[i] & 15]};
  }
  return hex;
}

// The value of `name` among `name="value", name=value, …`.
std::string Field(std::string_view fields, const std::string& name) {
  size_t at = 0;
  while ((at = fields.find(name + "=", at)) != std::string_view::npos) {
    if (at == 0 || fields[at - 1] == ' ' || fields[at - 1] == ',') break;
    ++at;
  }
  if (at == std::string_view::npos) return {};
  fields.remove_prefix(at + name.size() + 1);
  if (fields.starts_with('"')) return std::string(fields.substr(1, fields.find('"', 1) - 1));
  return std::string(fields.substr(0, fields.find_first_of(", ")));
}

}  // namespace

std::string BasicLogin(const std::string& user, const std::string& password) {
  const std::string text = user + ":" + password;
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  return "Basic " + encoded.substr(0, static_cast<size_t>(size));
}

void OriginGuard::Require(OriginAuth auth) {
  MutexLock lock(mu_);
  auth_ = std::move(auth);
}

void OriginGuard::ExpireNonces() {
  MutexLock lock(mu_);
  ++generation_;
}

std::optional<std::string> OriginGuard::Challenge(const OriginRequest& request) const {
  using Scheme = OriginAuth::Scheme;
  MutexLock lock(mu_);
  const std::string* const field = request.Header("authorization");
  const std::string given = field != nullptr ? *field : "";
  const bool basic = given == BasicLogin(auth_.user, auth_.password);
  const bool is_digest = given.starts_with("Digest ");
  const bool digest = is_digest && IsRightDigest(request, given.substr(7));
  const bool stale = is_digest && Field(given, "nonce") != Nonce();
  const std::string ask_basic = std::string("Basic realm=\"") + kRealm + "\"";
  const std::string ask_digest = std::string("Digest realm=\"") + kRealm + "\", nonce=\"" +
                                 Nonce() + "\", qop=\"auth\"" + (stale ? ", stale=true" : "");
  switch (auth_.scheme) {
    case Scheme::kNone:
      return std::nullopt;
    case Scheme::kBasic:
      return basic ? std::nullopt : std::optional(ask_basic);
    case Scheme::kDigest:
      return digest ? std::nullopt : std::optional(ask_digest);
    case Scheme::kBoth:
      return basic || digest ? std::nullopt : std::optional(ask_basic + ", " + ask_digest);
    case Scheme::kBearer:
      break;
  }
  return given == "Bearer " + auth_.password ? std::nullopt : std::optional<std::string>("Bearer");
}

std::string OriginGuard::Nonce() const { return "nonce-" + std::to_string(generation_); }

bool OriginGuard::IsRightDigest(const OriginRequest& request, const std::string& fields) const {
  if (Field(fields, "nonce") != Nonce() || Field(fields, "uri") != request.target) return false;
  const std::string user = Md5(auth_.user + ":" + kRealm + ":" + auth_.password);
  const std::string what = Md5(request.method + ":" + request.target);
  const std::string expected =
      Md5(user + ":" + Nonce() + ":" + Field(fields, "nc") + ":" + Field(fields, "cnonce") + ":" +
          Field(fields, "qop") + ":" + what);
  return Field(fields, "username") == auth_.user && Field(fields, "response") == expected;
}

}  // namespace brimfs
