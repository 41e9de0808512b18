#include "fs/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>

namespace brimfs {
namespace {

constexpr int kWidest = 4096;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Terminal Terminal::Of(const std::ostream& out) {
  Terminal terminal;
  terminal.utf8 = LocaleHasUtf8(Variable);
  terminal.interactive = &out == &std::cout && isatty(STDOUT_FILENO) != 0;
  winsize size{};
  const int columns = std::atoi(Variable("COLUMNS").c_str());
  if (terminal.interactive && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
    terminal.height = size.ws_row;
  } else if (columns > 0) {
    terminal.width = std::min(columns, kWidest);
  }
  return terminal;
}

bool LocaleHasUtf8(const std::function<std::string(const char*)>& variable) {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale = variable(name);
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace brimfs
