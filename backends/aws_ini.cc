#include "backends/aws_ini.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "backends/http_headers.h"

namespace brimfs {
namespace {

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct Assignment {
  std::string name;
  std::string value;
};

std::optional<Assignment> ParseAssignment(std::string_view line) {
  const size_t mark = line.find_first_of("=:");
  if (mark == std::string_view::npos) return std::nullopt;
  Assignment assignment{std::string(TrimSpace(line.substr(0, mark))),
                        std::string(TrimSpace(line.substr(mark + 1)))};
  if (assignment.name.empty()) return std::nullopt;
  std::string& name = assignment.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return assignment;
}

class IniParser {
 public:
  // What is wrong with the line, or null.
  const char* Take(std::string_view line) {
    const std::string_view said = TrimSpace(line);
    if (said.empty() || said.front() == '#' || said.front() == ';') return nullptr;
    const size_t indent = line.find_first_not_of(" \t");
    if (continued_ != nullptr && indent > indent_) {
      continued_->append("\n").append(said);
      return nullptr;
    }
    continued_ = nullptr;
    if (said.front() == '[') return TakeSection(said);
    std::optional<Assignment> assignment = ParseAssignment(said);
    if (!assignment) return "expected NAME = VALUE or [SECTION]";
    if (sections_.empty()) return "a value before the first [SECTION]";
    continued_ = &sections_.back().values[assignment->name];
    *continued_ = std::move(assignment->value);
    indent_ = indent;
    return nullptr;
  }

  std::vector<AwsIniSection> TakeSections() { return std::move(sections_); }

 private:
  const char* TakeSection(std::string_view said) {
    const size_t end = said.find(']');
    if (end == std::string_view::npos) return "a '[' without its ']'";
    sections_.push_back({std::string(TrimSpace(said.substr(1, end - 1))), {}});
    return nullptr;
  }

  std::vector<AwsIniSection> sections_;
  std::string* continued_ = nullptr;  // in the last of sections_
  size_t indent_ = 0;                 // of its name
};

}  // namespace

Result<std::vector<AwsIniSection>> ParseAwsIni(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  IniParser parser;
  for (int number = 1; !text.empty(); ++number) {
    if (const char* wrong = parser.Take(TakeLine(text))) {
      return Status(Code::kInvalidArgument, file + ":" + std::to_string(number) + ": " + wrong);
    }
  }
  return parser.TakeSections();
}

AwsIniValues ParseNestedAwsIni(std::string_view text) {
  AwsIniValues values;
  while (!text.empty()) {
    if (auto assignment = ParseAssignment(TrimSpace(TakeLine(text)))) {
      values[assignment->name] = std::move(assignment->value);
    }
  }
  return values;
}

}  // namespace brimfs
