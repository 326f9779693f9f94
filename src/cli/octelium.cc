#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/user_commands.h"

namespace cli {
namespace {

base::Result<void> get(Client& client, Terminal& terminal, const std::string& name,
                       const ListFlags& list, bool namespaces) {
  BASE_ASSIGN(const Format format, parse_format(list.output));
  if (namespaces) return list_namespaces(client.transport(), terminal, list.query(), format);
  if (name.empty()) return list_services(client.transport(), terminal, list.query(), format);
  return get_service(client.transport(), terminal, name, format);
}

void add_get(CommandLine& commands, Terminal& terminal) {
  CLI::App& parent = commands.add(commands.app(), "get", "", "Show what this User can see");
  parent.require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto list = std::make_shared<ListFlags>();
  CLI::App& services = commands.add(parent, "service", "svc services", "Services");
  services.add_option("name", *name, "One Service; without it, all");
  services.add_option("--namespace", list->namespace_name, "Only Services of this Namespace");
  CLI::App& namespaces = commands.add(parent, "namespace", "ns namespaces", "Namespaces");
  for (CLI::App* command : {&services, &namespaces}) {
    list->add_to(*command);
    const bool is_namespaces = command == &namespaces;
    commands.on(*command, [&terminal, name, list, is_namespaces](Client& client) {
      return get(client, terminal, *name, *list, is_namespaces);
    });
  }
}

void add_status(CommandLine& commands, Terminal& terminal) {
  auto output = std::make_shared<std::string>();
  CLI::App& status = commands.add(commands.app(), "status", "", "Show the User and the Session");
  status.add_option("-o,--out", *output, "Output format: json or yaml");
  commands.on(status, [&terminal, output](Client& client) -> base::Result<void> {
    BASE_ASSIGN(const Format format, parse_format(*output));
    return show_status(client.transport(), terminal, format);
  });
}

}  // namespace

int run_octelium(int argc, const char* const* argv, const Environment& environment,
                 Terminal& terminal) {
  CommandLine commands("octelium", "Reaches the Services of a cluster");
  add_status(commands, terminal);
  add_get(commands, terminal);
  add_common_commands(commands, terminal);
  return commands.run(argc, argv, environment, terminal);
}

}  // namespace cli
