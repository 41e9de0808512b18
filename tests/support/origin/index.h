// Directory listings as nginx's autoindex writes them (ngx_http_autoindex_module.c, 1.22).
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_INDEX_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_INDEX_H_

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace brimfs {

struct IndexEntry {
  std::string name;
  bool directory = false;
  uint64_t size = 0;
  std::time_t mtime = 0;
};

// "autoindex_format html" with "autoindex_exact_size on"; `path` begins and ends with '/'.
std::string HtmlIndex(const std::string& path, const std::vector<IndexEntry>& entries);

// Links only, as Python's http.server writes them (Lib/http/server.py, list_directory).
std::string NamesIndex(const std::string& path, const std::vector<IndexEntry>& entries);

// "autoindex_format json".
std::string JsonIndex(const std::vector<IndexEntry>& entries);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_INDEX_H_
