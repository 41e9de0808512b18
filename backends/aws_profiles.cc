#include "backends/aws_profiles.h"

#include <cctype>
#include <string_view>
#include <utility>

#include "backends/http_headers.h"

namespace brimfs {
namespace {

constexpr size_t kMaxFile = 1024 * 1024;

// As the variable says it, or where it is by default; empty: nowhere.
std::string PathOf(const AwsContext& context, const char* variable, const char* name) {
  if (const std::string path = context.environment(variable); !path.empty()) {
    return context.Expand(path);
  }
  const std::string home = context.Home();
  return home.empty() ? std::string() : home + "/.aws/" + name;
}

Result<std::vector<AwsIniSection>> ReadSections(const std::string& file) {
  const auto text = ReadAwsFile(file, kMaxFile);
  if (text.code() == Code::kNotFound) return std::vector<AwsIniSection>();
  if (!text.ok()) return text.status();
  return ParseAwsIni(*text, file);
}

// NAME in "KIND NAME" or "KIND 'NAME'"; empty if the section is of another kind.
std::string NameIn(std::string_view section, std::string_view kind) {
  if (!section.starts_with(kind)) return {};
  section.remove_prefix(kind.size());
  if (section.empty() || (section.front() != ' ' && section.front() != '\t')) return {};
  section = TrimSpace(section);
  for (const char quote : {'"', '\''}) {
    if (section.size() > 1 && section.front() == quote && section.back() == quote) {
      section = section.substr(1, section.size() - 2);
      break;
    }
  }
  return std::string(section);
}

// What is in `from` counts more.
void Merge(AwsIniValues& into, const AwsIniValues& from) {
  for (const auto& [name, value] : from) into[name] = value;
}

// "AWS_ENDPOINT_URL_S3".
std::string VariableOf(const std::string& service) {
  std::string name = "AWS_ENDPOINT_URL_";
  for (const char c : service) name += static_cast<char>(std::toupper(c));
  return name;
}

bool IsIgnoring(const AwsEnvironment& environment, const AwsIniValues* profile) {
  std::string ignoring = environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (ignoring.empty() && profile != nullptr) {
    ignoring = AwsValue(*profile, "ignore_configured_endpoint_urls");
  }
  return EqualsIgnoringCase(ignoring, "true");
}

}  // namespace

Result<AwsProfiles> AwsProfiles::Load(const AwsContext& context) {
  const std::string config = PathOf(context, "AWS_CONFIG_FILE", "config");
  const std::string credentials = PathOf(context, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  AwsProfiles profiles;
  if (!config.empty()) BRIMFS_RETURN_IF_ERROR(profiles.TakeConfig(config));
  if (!credentials.empty()) BRIMFS_RETURN_IF_ERROR(profiles.TakeCredentials(credentials));
  for (const std::string& file : {credentials, config}) {
    if (!file.empty()) profiles.files_ += (profiles.files_.empty() ? "" : " and ") + file;
  }
  if (profiles.files_.empty()) profiles.files_ = "the files of the home directory";
  return profiles;
}

Status AwsProfiles::TakeConfig(const std::string& file) {
  auto sections = ReadSections(file);
  if (!sections.ok()) return sections.status();
  AwsIniValues short_default;
  for (const AwsIniSection& section : *sections) {
    if (section.name == "default") {
      Merge(short_default, section.values);
    } else if (const auto name = NameIn(section.name, "profile"); !name.empty()) {
      Merge(profiles_[name], section.values);
    } else if (const auto session = NameIn(section.name, "sso-session"); !session.empty()) {
      Merge(sessions_[session], section.values);
    } else if (const auto services = NameIn(section.name, "services"); !services.empty()) {
      Merge(services_[services], section.values);
    }
  }
  // [profile default] counts, and [default] only without it.
  if (!short_default.empty()) profiles_.try_emplace("default", std::move(short_default));
  return OkStatus();
}

Status AwsProfiles::TakeCredentials(const std::string& file) {
  auto sections = ReadSections(file);
  if (!sections.ok()) return sections.status();
  for (const AwsIniSection& section : *sections) {
    Merge(profiles_[section.name], section.values);
  }
  return OkStatus();
}

const AwsIniValues* AwsProfiles::Find(const Sections& sections, const std::string& name) {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

std::string AwsProfiles::ServiceEndpoint(const AwsIniValues& profile,
                                         const std::string& service) const {
  const AwsIniValues* const services = Find(services_, AwsValue(profile, "services"));
  if (services == nullptr) return {};
  return AwsValue(ParseNestedAwsIni(AwsValue(*services, service)), "endpoint_url");
}

std::string AwsValue(const AwsIniValues& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

std::string AwsProfileName(const AwsEnvironment& environment, const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  const std::string named = environment("AWS_PROFILE");
  return named.empty() ? "default" : named;
}

std::string AwsRegion(const AwsEnvironment& environment, const AwsIniValues* profile) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = environment(name); !region.empty()) return region;
  }
  return profile == nullptr ? std::string() : AwsValue(*profile, "region");
}

std::string AwsEndpoint(const AwsEnvironment& environment, const AwsProfiles& profiles,
                        const AwsIniValues* profile, const std::string& service) {
  if (IsIgnoring(environment, profile)) return {};
  std::string endpoint = environment(VariableOf(service).c_str());
  if (endpoint.empty()) endpoint = environment("AWS_ENDPOINT_URL");
  if (profile == nullptr) return endpoint;
  if (endpoint.empty()) endpoint = profiles.ServiceEndpoint(*profile, service);
  return endpoint.empty() ? AwsValue(*profile, "endpoint_url") : endpoint;
}

std::string AwsServiceEndpoint(const AwsEnvironment& environment, const AwsProfiles& profiles,
                               const AwsIniValues* profile, const std::string& service) {
  if (IsIgnoring(environment, profile)) return {};
  std::string endpoint = environment(VariableOf(service).c_str());
  if (!endpoint.empty() || profile == nullptr) return endpoint;
  return profiles.ServiceEndpoint(*profile, service);
}

}  // namespace brimfs
