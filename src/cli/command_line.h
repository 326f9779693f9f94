#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/client.h"
#include "cli/programs.h"

namespace cli {

// A tree of commands of which exactly one runs. Commands are functions of a Client; each is bound
// to its CLI11 subcommand, and the flags that all have are taken care of here.
class CommandLine {
 public:
  using Command = std::function<base::Result<void>(Client&)>;
  using OfflineCommand = std::function<base::Result<void>()>;

  CommandLine(const std::string& program, const std::string& description);

  CLI::App& app() { return app_; }

  // `parent`'s subcommand `name`, with aliases separated by blanks.
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& aliases,
                const std::string& description);
  void on(CLI::App& subcommand, Command command) { commands_[&subcommand] = std::move(command); }

  // One that needs neither a cluster nor to know which.
  void on_offline(CLI::App& subcommand, OfflineCommand command) {
    offline_[&subcommand] = std::move(command);
  }

  int run(int argc, const char* const* argv, const Environment& environment, Terminal& terminal);

 private:
  base::Result<void> execute(const Environment& environment, Terminal& terminal);

  CLI::App app_;
  GlobalFlags flags_;
  std::map<const CLI::App*, Command> commands_;
  std::map<const CLI::App*, OfflineCommand> offline_;
};

// The flags of everything that lists.
struct ListFlags {
  std::uint32_t page = 1;  // counted from 1
  std::uint32_t items_per_page = 0;
  bool by_name = false;
  bool reverse = false;
  std::string output;
  std::string namespace_name;
  std::string user;

  void add_to(CLI::App& command);
  ListQuery query() const;
};

// `login`, `logout` and `version`, which both programs have.
void add_common_commands(CommandLine& commands, Terminal& terminal);

}  // namespace cli
