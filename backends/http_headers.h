// The fields of one answer's head, as received.
#ifndef BRIMFS_BACKENDS_HTTP_HEADERS_H_
#define BRIMFS_BACKENDS_HTTP_HEADERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brimfs {

// Letter case counts as little as it does in HTTP.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// `text` without the spaces and tabs at its ends.
std::string_view TrimSpace(std::string_view text);

class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  // `value` without the spaces around it.
  void Add(std::string_view name, std::string_view value);

  // The first field of this name.
  std::optional<std::string> Find(std::string_view name) const;

  // Two fields of this name contradict each other. Which of them a proxy on the way believed cannot
  // be known.
  bool Conflicting(std::string_view name) const;

  size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_HEADERS_H_
