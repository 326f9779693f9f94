#include <fmt/format.h>

#include "cli/apply.h"
#include "cli/command_line.h"
#include "cli/explain.h"
#include "cli/get.h"
#include "cli/input_files.h"
#include "cli/kinds.h"
#include "cli/test_policies.h"
#include "cli/write_commands.h"

namespace cli {
namespace {

using resource::Kind;

template <typename T>
std::shared_ptr<T> flags() {
  return std::make_shared<T>();
}

base::Result<std::vector<Kind>> parse_kinds(const std::vector<std::string>& names) {
  std::vector<Kind> out;
  for (const std::string& name : names) {
    BASE_ASSIGN(const Kind kind, parse_kind_name(name));
    if (!words_of(kind).can_apply) {
      return base::fail_invalid("kind_unusable",
                                fmt::format("{} cannot be applied", words_of(kind).plural));
    }
    out.push_back(kind);
  }
  return out;
}

base::Result<void> apply_path(Client& client, Terminal& terminal, const std::string& path,
                              ApplyOptions options) {
  BASE_ASSIGN(resource::Decoded decoded, read_documents(path, terminal.in()));
  const std::vector<resource::Diagnostic> more = check_documents(decoded.documents);
  decoded.problems.insert(decoded.problems.end(), more.begin(), more.end());
  for (const resource::Diagnostic& problem : decoded.problems) terminal.error(to_string(problem));
  if (!decoded.problems.empty()) {
    return base::fail_invalid("input_malformed", "Nothing was applied");
  }
  Apply apply(client.core(), terminal, std::move(options));
  BASE_ASSIGN(const ApplyOutcome outcome, apply.run(std::move(decoded.documents)));
  // Each refusal has been told.
  if (outcome.refused > 0) return base::fail_invalid("refused", "");
  return {};
}

void add_apply(CommandLine& commands, Terminal& terminal) {
  struct Flags {
    std::string path;
    ApplyOptions options;
    std::vector<std::string> include, exclude;
  };
  auto f = flags<Flags>();
  CLI::App& apply = commands.add(commands.app(), "apply", "",
                                 "Make the cluster have what a file, a directory or - says");
  apply.add_option("path", f->path, "File, directory, or - for the standard input")->required();
  apply.add_flag("--prune", f->options.prune, "Delete what is not in the input");
  apply.add_flag("--dry-run", f->options.dry_run, "Send nothing, print what would be done");
  apply.add_flag("--diff", f->options.diff, "Print what changes, field by field");
  apply.add_option("--include", f->include, "Only these kinds")->delimiter(',');
  apply.add_option("--exclude", f->exclude, "All but these kinds")->delimiter(',');
  apply.add_flag("--include-secret", f->options.include_secret, "Prune Secrets as well");
  commands.on(apply, [&terminal, f](Client& client) -> base::Result<void> {
    BASE_ASSIGN(f->options.include, parse_kinds(f->include));
    BASE_ASSIGN(f->options.exclude, parse_kinds(f->exclude));
    return apply_path(client, terminal, f->path, f->options);
  });
}

void add_get(CommandLine& commands, Terminal& terminal) {
  struct Flags {
    std::string kind, name;
    ListFlags list;
  };
  auto f = flags<Flags>();
  CLI::App& get = commands.add(commands.app(), "get", "", "Show one object, or a list");
  get.add_option("kind", f->kind, "service (svc), user, namespace (ns), session (sess), ...")
      ->required();
  get.add_option("name", f->name, "Name of one object; without it, all");
  f->list.add_to(get);
  get.add_option("--namespace", f->list.namespace_name, "Only Services of this Namespace");
  get.add_option("--user", f->list.user, "Only objects of this User");
  commands.on(get, [&terminal, f](Client& client) -> base::Result<void> {
    GetRequest request{.name = f->name, .query = f->list.query()};
    BASE_ASSIGN(request.kind, parse_kind_word(f->kind));
    BASE_ASSIGN(request.format, parse_format(f->list.output));
    return run_get(client.core(), terminal, request, client.now());
  });
}

void add_value_flags(CLI::App& command, const std::shared_ptr<ValueSource>& source, Kind kind) {
  command.add_option("--value", source->value,
                     "The value; other users of this machine may see it while the command runs");
  command.add_option("-f,--file", source->file, "File with the value, or - for the standard input");
  if (kind != Kind::kSecret) return;
  command
      .add_option_function<std::string>(
          "--type",
          [source](const std::string& type) {
            if (type != "value" && type != "cert") {
              throw CLI::ValidationError("--type", "value or cert");
            }
            source->is_certificate = type == "cert";
          },
          "value (the default) or cert")
      ->type_name("TYPE");
  command.add_option("--cert", source->certificate_file, "With --type cert: PEM chain");
  command.add_option("--cert-key", source->key_file, "With --type cert: PEM private key");
}

using ValueCommand = base::Result<void> (*)(CoreApi&, Terminal&, const std::string&,
                                            const ValueSource&);

void add_value_command(CommandLine& commands, Terminal& terminal, CLI::App& parent, Kind kind,
                       const std::string& description, ValueCommand run) {
  auto name = flags<std::string>();
  auto source = flags<ValueSource>();
  const bool is_secret = kind == Kind::kSecret;
  CLI::App& command = commands.add(parent, is_secret ? "secret" : "config",
                                   is_secret ? "sec secrets" : "cfg conf", description);
  command.add_option("name", *name, "Name")->required();
  add_value_flags(command, source, kind);
  commands.on(command, [&terminal, name, source, run](Client& client) {
    return run(client.core(), terminal, *name, *source);
  });
}

void add_create_credential(CommandLine& commands, Terminal& terminal, CLI::App& create) {
  auto request = flags<CredentialRequest>();
  auto output = flags<std::string>();
  CLI::App& command = commands.add(create, "credential", "cred creds credentials",
                                   "Create a Credential and print its token");
  command.add_option("name", request->name, "Name; made up when left out");
  command.add_option("--user", request->user, "User it stands for");
  command.add_option("--type", request->type, "auth-token, oauth2 or access-token");
  command.add_option("--session-type", request->session_type, "client or clientless");
  command.add_option("--policy", request->policies, "Policy of its Sessions; repeatable");
  command.add_option("--expire-in", request->expire_in, "2hours, 30days, 1week, 3months");
  command.add_flag("--one-time", request->one_time, "Can be used once");
  command.add_option("--max-authn", request->max_authentications, "Can be used this often");
  command.add_flag("--rotate", request->rotate, "A new token for the Credential NAME");
  command.add_option("-o,--out", *output, "Output format: json or yaml");
  commands.on(command, [&terminal, request, output](Client& client) -> base::Result<void> {
    BASE_ASSIGN(request->format, parse_format(*output));
    return create_credential(client.core(), terminal, *request, client.now());
  });
}

void add_create(CommandLine& commands, Terminal& terminal) {
  CLI::App& create = commands.add(commands.app(), "create", "",
                                  "Create a Namespace, Secret, Config or Credential");
  create.require_subcommand(1);
  auto name = flags<std::string>();
  CLI::App& command = commands.add(create, "namespace", "ns", "Create a Namespace");
  command.add_option("name", *name, "Name")->required();
  commands.on(command, [&terminal, name](Client& client) {
    return create_namespace(client.core(), terminal, *name);
  });
  add_value_command(commands, terminal, create, Kind::kSecret, "Create a Secret", create_secret);
  add_value_command(commands, terminal, create, Kind::kConfig, "Create a Config", create_config);
  add_create_credential(commands, terminal, create);
}

void add_update_state(CommandLine& commands, Terminal& terminal, CLI::App& update, Kind kind,
                      const std::string& word, const std::string& aliases) {
  auto request = flags<StateRequest>();
  CLI::App& command = commands.add(
      update, word, aliases, fmt::format("Approve or reject a {}", resource::kind_name(kind)));
  command.add_option("name", request->name, "Name")->required();
  command.add_flag("--approve", request->approve, "Make it ACTIVE");
  command.add_flag("--reject", request->reject, "Make it REJECTED");
  commands.on(command, [&terminal, kind, request](Client& client) {
    return update_state(client.core(), terminal, kind, *request);
  });
}

void add_update(CommandLine& commands, Terminal& terminal) {
  CLI::App& update = commands.add(commands.app(), "update", "",
                                  "Change a Secret or Config; approve or reject the others");
  update.require_subcommand(1);
  add_value_command(commands, terminal, update, Kind::kSecret, "Change a Secret", update_secret);
  add_value_command(commands, terminal, update, Kind::kConfig, "Change a Config", update_config);
  add_update_state(commands, terminal, update, Kind::kSession, "session", "sess");
  add_update_state(commands, terminal, update, Kind::kDevice, "device", "dev");
  add_update_state(commands, terminal, update, Kind::kAuthenticator, "authenticator", "authn");
}

void add_delete(CommandLine& commands, Terminal& terminal) {
  struct Flags {
    std::string kind, name;
  };
  auto f = flags<Flags>();
  CLI::App& command = commands.add(commands.app(), "delete", "del rm", "Delete one object");
  command.add_option("kind", f->kind, "service (svc), user, namespace (ns), ...")->required();
  command.add_option("name", f->name, "Name")->required();
  commands.on(command, [&terminal, f](Client& client) -> base::Result<void> {
    BASE_ASSIGN(const Kind kind, parse_kind_word(f->kind));
    if (!words_of(kind).can_delete) {
      return base::fail_invalid("kind_unusable",
                                fmt::format("a {} cannot be deleted", resource::kind_name(kind)));
    }
    return delete_object(client.core(), terminal, kind, f->name);
  });
}

void add_explain(CommandLine& commands, Terminal& terminal) {
  auto f = flags<ExplainFlags>();
  CLI::App& command = commands.add(commands.app(), "explain", "",
                                   "Say why a request was, or would be, allowed or denied");
  command.add_option("id", f->id, "The x-octelium-request-id of an answer or log line");
  command.add_option("--service", f->service, "Name or host of the Service that would be asked");
  command.add_option("--as", f->as, "User who would ask; '' is nobody");
  command.add_flag("--anonymous", f->is_anonymous, "Nobody would ask");
  command.add_option("--group", f->groups, "Group instead of those of the User; repeatable");
  command.add_option("--session-type", f->session_type, "client, or clientless (the default)");
  command.add_option("--session", f->session_file, "File with what to change in the Session");
  command.add_option("--device", f->device_file, "File with the Device of the Session");
  command.add_option("--method", f->method, "GET, or POST for a GRPC Service, if left out");
  command.add_option("--path", f->path, "/ if left out");
  command.add_option("--query", f->query, "Without the question mark");
  command.add_option("--header", f->headers, "'name: value'; repeatable")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--body", f->body, "Text, @FILE, or @- for the standard input");
  command.add_option("--client-ip", f->client_ip, "127.0.0.1 if left out");
  command.add_option("-o,--out", f->output, "Output format: json or yaml instead of text");
  commands.on(command, [&terminal, f](Client& client) {
    return run_explain(client.transport(), terminal, *f);
  });
}

void add_test(CommandLine& commands, Terminal& terminal) {
  struct Flags {
    TestOptions options;
    std::string output;
  };
  auto f = flags<Flags>();
  CLI::App& command =
      commands.add(commands.app(), "test", "", "Run policy cases (*_test.yaml) without a cluster");
  command.add_option("path", f->options.path, "Directory, or one file of cases")->required();
  command
      .add_option("--coverage-min", f->options.coverage_min,
                  "Fail if fewer percent of the rules matched at least once")
      ->check(CLI::Range(0, 100));
  command.add_option("-o,--out", f->output, "Output format: json or yaml instead of text");
  commands.on_offline(command, [&terminal, f]() -> base::Result<void> {
    BASE_ASSIGN(f->options.format, parse_format(f->output));
    return test_policies(terminal, f->options);
  });
}

}  // namespace

int run_octeliumctl(int argc, const char* const* argv, const Environment& environment,
                    Terminal& terminal) {
  CommandLine commands("octeliumctl", "Administers a cluster");
  add_apply(commands, terminal);
  add_get(commands, terminal);
  add_create(commands, terminal);
  add_update(commands, terminal);
  add_delete(commands, terminal);
  add_explain(commands, terminal);
  add_test(commands, terminal);
  add_common_commands(commands, terminal);
  return commands.run(argc, argv, environment, terminal);
}

}  // namespace cli
