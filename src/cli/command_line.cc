#include "cli/command_line.h"

#include <fmt/format.h>

#include <sstream>

#include "cli/user_commands.h"
#include "cli/version.h"

namespace cli {

CommandLine::CommandLine(const std::string& program, const std::string& description)
    : app_(description, program) {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.add_option("--domain", flags_.domain, "Domain of the cluster (OCTELIUM_DOMAIN)");
  app_.add_option("--homedir", flags_.home,
                  "Directory of the stored Session, or \"mem\" for none (OCTELIUM_HOME)");
  app_.add_flag("--logout", flags_.logout, "Log out after the command (OCTELIUM_LOGOUT)");
}

CLI::App& CommandLine::add(CLI::App& parent, const std::string& name, const std::string& aliases,
                           const std::string& description) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.fallthrough();
  std::istringstream words(aliases);
  for (std::string alias; words >> alias;) command.alias(alias);
  return command;
}

base::Result<void> CommandLine::execute(const Environment& environment, Terminal& terminal) {
  const CLI::App* chosen = &app_;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  if (const auto offline = offline_.find(chosen); offline != offline_.end())
    return offline->second();
  const auto command = commands_.find(chosen);
  if (command == commands_.end()) {
    return base::fail_invalid("command_missing", "no such command; see --help");
  }
  BASE_ASSIGN(const auto client, Client::open(flags_, environment, terminal));
  BASE_TRY(command->second(*client));
  if (client->settings().logout_after) {
    return run_logout(client->transport(), terminal, client->settings());
  }
  return {};
}

int CommandLine::run(int argc, const char* const* argv, const Environment& environment,
                     Terminal& terminal) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& help) {
    std::ostringstream out;
    app_.exit(help, out, out);
    terminal.print(out.str());
    return 0;
  } catch (const CLI::ParseError& error) {
    terminal.error(fmt::format("{}; see {} --help", error.what(), app_.get_name()));
    return 1;
  }
  if (app_.got_subcommand("version")) {
    terminal.line(kVersion);
    return 0;
  }
  const auto done = execute(environment, terminal);
  if (done) return 0;
  if (!done.error().message.empty()) terminal.error(describe(done.error()));
  return 1;
}

void ListFlags::add_to(CLI::App& command) {
  command.add_option("--page", page, "Page to show, counted from 1")->check(CLI::PositiveNumber);
  command.add_option("--items-per-page", items_per_page, "Length of a page, at most 1000");
  command.add_flag("--order-by-name", by_name, "Sort by name instead of age");
  command.add_flag("--order-reverse", reverse, "With --order-by-name: Z to A");
  command.add_option("-o,--out", output, "Output format: json or yaml");
}

ListQuery ListFlags::query() const {
  return {.page = page - 1,
          .items_per_page = items_per_page,
          .by_name = by_name,
          .reverse = reverse,
          .user = user,
          .namespace_name = namespace_name};
}

void add_common_commands(CommandLine& commands, Terminal& terminal) {
  CLI::App& app = commands.app();
  auto token = std::make_shared<std::string>();
  auto scopes = std::make_shared<std::vector<std::string>>();
  CLI::App& login = commands.add(app, "login", "", "Log in and keep the Session");
  login.add_option("--auth-token", *token,
                   "Authentication token; OCTELIUM_AUTH_TOKEN keeps it out of the process list");
  login.add_option("--scope", *scopes, "Limit what the Session may do; repeatable")->delimiter(',');
  commands.on(login, [&terminal, token, scopes](Client& client) {
    return run_login(client.transport(), terminal, client.settings(), base::Secret(*token),
                     *scopes);
  });

  CLI::App& logout = commands.add(app, "logout", "", "End the stored Session");
  commands.on(logout, [&terminal](Client& client) {
    return run_logout(client.transport(), terminal, client.settings());
  });

  commands.add(app, "version", "", "Print the version");
}

}  // namespace cli
