#include "tests/support/origin/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace brimfs {
namespace {

// As nginx makes it: time and size in hexadecimal.
std::string DiskEtag(const struct stat& st) {
  char etag[64];
  std::snprintf(etag, sizeof etag, "\"%lx-%lx\"", static_cast<long>(st.st_mtime),
                static_cast<long>(st.st_size));
  return etag;
}

// The first string that comes after all that begin with `prefix`, which does not end in 0xff.
std::string After(std::string prefix) {
  ++prefix.back();
  return prefix;
}

}  // namespace

void OriginTree::PutLocked(const std::string& path, OriginObject object) {
  ++puts_;
  if (keeps_versions_) {
    object.version = "version-" + std::to_string(puts_);
    versions_[{path, object.version}] = object;
  }
  objects_[path] = std::move(object);
}

void OriginTree::Put(const std::string& path, OriginObject object) {
  MutexLock lock(mu_);
  PutLocked(path, std::move(object));
}

void OriginTree::Put(const std::string& path, std::shared_ptr<const OriginContent> content) {
  constexpr std::time_t kFirst = 1600000000;
  MutexLock lock(mu_);
  const int put = puts_ + 1;
  PutLocked(path, {std::move(content), "\"put-" + std::to_string(put) + "\"", kFirst + put});
}

void OriginTree::Erase(const std::string& path) {
  MutexLock lock(mu_);
  objects_.erase(path);
}

std::string OriginTree::OnDisk(const std::string& path) const {
  if (root_.empty() || ("/" + path + "/").find("/../") != std::string::npos) return {};
  return root_ + "/" + path;
}

std::optional<OriginObject> OriginTree::Find(const std::string& path) const {
  {
    MutexLock lock(mu_);
    const auto it = objects_.find(path);
    if (it != objects_.end()) return it->second;
  }
  const std::string file = OnDisk(path);
  struct stat st;
  if (file.empty() || path.ends_with('/') || stat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) {
    return std::nullopt;
  }
  OriginObject object{FileContent(file), DiskEtag(st), st.st_mtime};
  if (object.content == nullptr) return std::nullopt;
  return object;
}

std::optional<std::vector<IndexEntry>> OriginTree::List(const std::string& path) const {
  std::map<std::string, IndexEntry> entries;
  const std::string on_disk = OnDisk(path);
  std::error_code error;
  bool found = path.empty();
  if (!on_disk.empty() && std::filesystem::is_directory(on_disk, error)) {
    found = true;
    for (const auto& item : std::filesystem::directory_iterator(on_disk, error)) {
      struct stat st;
      const std::string name = item.path().filename();
      if (name.starts_with('.') || stat(item.path().c_str(), &st) != 0) continue;
      entries[name] = {name, S_ISDIR(st.st_mode), static_cast<uint64_t>(st.st_size), st.st_mtime};
    }
  }
  const std::string prefix = path.empty() ? "" : path + "/";
  MutexLock lock(mu_);
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix); ++it) {
    found = true;
    const std::string rest = it->first.substr(prefix.size());
    const size_t slash = rest.find('/');
    const std::string name = rest.substr(0, slash);
    IndexEntry& entry = entries[name];
    entry.name = name;
    entry.directory = slash != std::string::npos;
    entry.size = entry.directory ? 0 : it->second.content->size();
    entry.mtime = std::max(entry.mtime, it->second.last_modified);
  }
  if (!found) return std::nullopt;
  std::vector<IndexEntry> sorted;
  for (const bool directories : {true, false}) {
    for (const auto& [name, entry] : entries) {
      if (entry.directory == directories) sorted.push_back(entry);
    }
  }
  return sorted;
}

void OriginTree::KeepVersions() {
  MutexLock lock(mu_);
  keeps_versions_ = true;
}

std::optional<OriginObject> OriginTree::FindVersion(const std::string& key,
                                                    const std::string& version) const {
  MutexLock lock(mu_);
  const auto it = versions_.find({key, version});
  if (it == versions_.end()) return std::nullopt;
  return it->second;
}

void OriginTree::PutRoot() {
  if (root_.empty()) return;
  const std::string above = root_ + "/";
  for (const auto& item : std::filesystem::recursive_directory_iterator(root_)) {
    const std::string& file = item.path().native();
    struct stat st;
    if (stat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    Put(file.substr(above.size()),
        {LateFileContent(file, static_cast<uint64_t>(st.st_size)), DiskEtag(st), st.st_mtime});
  }
}

OriginTree::Page OriginTree::ListKeys(const std::string& prefix, const std::string& delimiter,
                                      const std::string& from, size_t limit) const {
  Page page;
  MutexLock lock(mu_);
  auto it = objects_.lower_bound(std::max(prefix, from));
  while (it != objects_.end() && it->first.starts_with(prefix)) {
    const auto& [name, object] = *it;
    if (page.keys.size() == limit) {
      page.next = name;
      break;
    }
    const size_t end = delimiter.empty() ? std::string::npos : name.find(delimiter, prefix.size());
    if (end == std::string::npos) {
      page.keys.push_back({name, false, object.content->size(), object.etag, object.last_modified});
      ++it;
    } else {
      page.keys.push_back({name.substr(0, end + delimiter.size()), true, 0, {}, 0});
      it = objects_.lower_bound(After(page.keys.back().name));
    }
  }
  return page;
}

}  // namespace brimfs
