#include "fs/help_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "fs/commands.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Said {
  std::optional<int> code;
  std::string out;
  std::string err;
};

Said Brimfs(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "brimfs");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const auto code = RunCommand(static_cast<int>(argv.size()), argv.data(), out, err);
  return {code, out.str(), err.str()};
}

TEST(HelpTest, EveryCommandSaysWhatItDoesAndTakes) {
  for (const Command& command : CommandTable()) {
    const std::string name(command.name);
    const Said help = Brimfs({name, "--help"});
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_EQ(help.err, "") << name;
    EXPECT_THAT(help.out, StartsWith("Usage: brimfs " + name + " " +
                                     std::string(command.arguments) + "\n\n"));
    // Wherever it stands.
    EXPECT_EQ(Brimfs({name, "-h"}).out, help.out);
    EXPECT_EQ(Brimfs({name, "/srv", "--help"}).out, help.out);
    EXPECT_EQ(Brimfs({"help", name}).out, help.out);
  }
}

TEST(HelpTest, HelpWithoutACommandIsThatOfTheProgram) {
  const Said help = Brimfs({"help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.out, ProgramHelp());
  for (const Command& command : CommandTable()) {
    EXPECT_THAT(help.out, HasSubstr("\n  brimfs " + std::string(command.name) + " " +
                                    std::string(command.arguments) + "\n"));
  }
}

TEST(HelpTest, OfACommandThatIsNoneThereIsNoHelp) {
  const Said help = Brimfs({"help", "nonsense"});
  EXPECT_EQ(help.code, 2);
  EXPECT_EQ(help.out, "");
  EXPECT_EQ(help.err,
            "brimfs help: there is no command 'nonsense'; usage: brimfs help [COMMAND]\n");
}

TEST(HelpTest, NoLineIsWiderThanATerminal) {
  std::string all = ProgramHelp() + MountHelperHelp();
  for (const Command& command : CommandTable()) {
    all += Brimfs({std::string(command.name), "--help"}).out;
  }
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

}  // namespace
}  // namespace brimfs
