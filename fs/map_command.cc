// brimfs map PATH.
#include <memory>

#include "fs/commands.h"
#include "fs/fill_picture.h"
#include "fs/mount_commands.h"
#include "fs/source_commands.h"
#include "fs/terminal.h"

namespace brimfs {

int ShowMap(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr MountSyntax kSyntax{
      .arguments = "PATH",
      .help =
          "Shows which parts of a file in a mount have been fetched, in the width that the\n"
          "terminal or COLUMNS has.\n",
      .one_path = true,
  };
  const ParsedArguments parsed = ParseMountArguments(kSyntax, argc, argv, out, err);
  if (!parsed.arguments) return parsed.code;
  const std::string& path = parsed.arguments->paths.front();
  CommandErrors errors(argv[0], err);
  const Result<MountedFile> file = FindMountedFile(path);
  if (!file.ok()) {
    errors.Say(path + ": " + Words(file.status()));
    return kCommandFailed;
  }
  const Terminal terminal = Terminal::Of(out);
  const uint32_t cells = PictureCells(file->size, terminal.width);
  Result<FillMap> map = Expect<FillMap>(AskMount(*file, ControlCommand::kMap, cells));
  if (map.ok() && map->cells.size() != cells) {
    map = Status(Code::kProtocol, "the mount answers with another map than it was asked for");
  }
  if (!map.ok()) {
    errors.Say(path + ": " + Words(map.status()));
    return kCommandFailed;
  }
  out << FillPicture(*map, terminal.width, terminal.utf8) << std::flush;
  return kCommandOk;
}

}  // namespace brimfs
