#include "cmd/options.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <variant>

#include "base/suggest.h"

namespace cmd {
namespace {

using Member = std::variant<std::string Options::*, int Options::*, bool Options::*,
                            std::vector<std::string> Options::*>;

struct Option {
  std::string_view
      name;  // also the key in the file; the environment variable is OCTELIUMD_ and upper case
  Member member;
  std::string_view value;  // what the value is called in the help
  std::string_view help;
};

const std::array kOptions = {
    Option{"config", &Options::config, "FILE", "YAML file with any of these options as keys"},
    Option{"data-dir", &Options::data_dir, "DIR", "where the database, keys and the CA are kept"},
    Option{"domain", &Options::domain, "NAME",
           "the domain of the cluster; Services are <name>.<domain>"},
    Option{"https-listen", &Options::https_listen, "ADDR:PORT",
           "HTTPS listener; may be given more than once"},
    Option{"http-listen", &Options::http_listen, "ADDR:PORT",
           "plain listener that redirects to https"},
    Option{"plaintext-listen", &Options::plaintext_listen, "ADDR:PORT",
           "serve Services in clear, behind a TLS-terminating load balancer; loopback or an "
           "explicit address only"},
    Option{"admin-listen", &Options::admin_listen, "ADDR:PORT", "/healthz, /readyz and /metrics"},
    Option{"tls-cert", &Options::tls_cert, "FILE",
           "certificate chain in PEM; without it, one of our own CA is made"},
    Option{"tls-key", &Options::tls_key, "FILE", "private key in PEM of --tls-cert"},
    Option{"workers", &Options::workers, "N",
           "threads that serve requests; 0 is one per processor"},
    Option{"access-log", &Options::access_log, "FILE|-",
           "JSON lines, one per request; - is standard output"},
    Option{"bootstrap-token-file", &Options::bootstrap_token_file, "FILE",
           "where root's authentication token is written, mode 0600"},
    Option{"master-key-file", &Options::master_key_file, "FILE",
           "key that seals Secrets and private keys; made with mode 0600 at the first start"},
    Option{"upstream-ca-file", &Options::upstream_ca_file, "FILE",
           "further roots for TLS to upstreams, PEM"},
    Option{"upstream-resolve", &Options::upstream_resolve, "NAME:PORT=ADDR:PORT",
           "dial there instead, Host and SNI unchanged; may be given more than once"},
    Option{"upstream-connect-timeout-ms", &Options::upstream_connect_timeout_ms, "N",
           "connecting to an upstream, TLS included"},
    Option{"upstream-head-timeout-ms", &Options::upstream_head_timeout_ms, "N",
           "from the request to the head of an upstream's answer (not for gRPC)"},
    Option{"body-idle-timeout-ms", &Options::body_idle_timeout_ms, "N",
           "between two pieces of a body"},
    Option{"head-timeout-ms", &Options::head_timeout_ms, "N",
           "from the first byte of a request to the end of its head"},
    Option{"keep-alive-timeout-ms", &Options::keep_alive_timeout_ms, "N",
           "between two requests of a connection"},
    Option{"drain-timeout-ms", &Options::drain_timeout_ms, "N",
           "for requests under way after SIGTERM"},
    Option{"max-connections", &Options::max_connections, "N",
           "clients' connections at a time, more are closed; 0 is 45 % of the descriptor limit"},
    Option{"explain-ring", &Options::explain_ring, "N",
           "decisions that each worker keeps for octeliumctl explain; 0 keeps none"},
    Option{"explain-per-second", &Options::explain_per_second, "N",
           "how many of them each worker takes in a second; 0 keeps none"},
    Option{"explain-sample", &Options::explain_sample, "N",
           "keep one of N allowed requests (of denied ones, all); 0 keeps no allowed ones"},
    Option{"log-level", &Options::log_level, "LEVEL", "debug, info, warn or error"},
    Option{"dev", &Options::dev, "",
           "everything on loopback, with an echo upstream and an example Service"},
    Option{"help", &Options::help, "", "print this and exit"},
    Option{"version", &Options::version, "", "print the version and exit"},
};

constexpr std::string_view kEnvironmentPrefix = "OCTELIUMD_";

std::string environment_name(const Option& option) {
  std::string name(kEnvironmentPrefix);
  for (const char c : option.name)
    name.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
  return name;
}

const Option* find_option(std::string_view name) {
  const auto it = std::ranges::find(kOptions, name, &Option::name);
  return it == kOptions.end() ? nullptr : &*it;
}

std::unexpected<base::Error> fail_option(std::string message) {
  return base::fail_invalid("option_invalid", std::move(message));
}

std::string unknown_option(std::string_view name, std::string_view where) {
  std::vector<std::string_view> names;
  for (const Option& option : kOptions) names.push_back(option.name);
  const std::string_view near = base::nearest(name, names);
  return fmt::format("{}: unknown option '{}'{}", where, name,
                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
}

base::Result<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return base::fail_invalid("option_invalid", "");
}

// Sets one option from text. Lists take commas, and a later source replaces an earlier one.
base::Result<void> set(Options& options, const Option& option, const std::string& text,
                       std::string_view where, bool append) {
  if (const auto* member = std::get_if<std::string Options::*>(&option.member)) {
    options.*(*member) = text;
    return {};
  }
  if (const auto* member = std::get_if<std::vector<std::string> Options::*>(&option.member)) {
    auto& list = options.*(*member);
    if (!append) list.clear();
    std::size_t start = 0;
    while (start <= text.size()) {
      const auto comma = std::min(text.find(',', start), text.size());
      if (comma > start) list.push_back(text.substr(start, comma - start));
      start = comma + 1;
    }
    return {};
  }
  if (const auto* member = std::get_if<bool Options::*>(&option.member)) {
    const auto value = parse_bool(text.empty() ? "true" : text);
    if (!value)
      return fail_option(
          fmt::format("{}: {} is true or false, not '{}'", where, option.name, text));
    options.*(*member) = *value;
    return {};
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return fail_option(
        fmt::format("{}: {} is a number from 0, not '{}'", where, option.name, text));
  options.*std::get<int Options::*>(option.member) = value;
  return {};
}

base::Result<void> read_file(Options& options, const std::string& file) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file);
  } catch (const YAML::Exception& e) {
    return fail_option(
        fmt::format("{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
  if (root.IsNull()) return {};
  if (!root.IsMap()) return fail_option(fmt::format("{}: expected option names and values", file));
  for (const auto& item : root) {
    const std::string name = item.first.Scalar();
    const std::string where =
        fmt::format("{}:{}:{}", file, item.first.Mark().line + 1, item.first.Mark().column + 1);
    const Option* option = find_option(name);
    if (option == nullptr || name == "config" || name == "help" || name == "version")
      return fail_option(unknown_option(name, where));
    const bool list = std::holds_alternative<std::vector<std::string> Options::*>(option->member);
    if (list && item.second.IsSequence()) {
      bool append = false;
      for (const auto& element : item.second) {
        BASE_TRY(set(options, *option, element.Scalar(), where, append));
        append = true;
      }
    } else if (item.second.IsScalar()) {
      BASE_TRY(set(options, *option, item.second.Scalar(), where, false));
    } else {
      return fail_option(fmt::format("{}: {} is {}", where, name,
                                     list ? "a value or a list of values" : "one value"));
    }
  }
  return {};
}

}  // namespace

base::Result<Options> parse_options(int argc, const char* const* argv,
                                    const char* const* environment) {
  std::vector<std::pair<const Option*, std::string>> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "-h") {
      arguments.emplace_back(find_option("help"), "");
      continue;
    }
    if (!argument.starts_with("--"))
      return fail_option(fmt::format("command line: unexpected '{}'", argument));
    const auto equals = argument.find('=');
    const std::string_view name =
        argument.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const Option* option = find_option(name);
    if (option == nullptr) return fail_option(unknown_option(name, "command line"));
    if (equals != std::string_view::npos) {
      arguments.emplace_back(option, std::string(argument.substr(equals + 1)));
    } else if (std::holds_alternative<bool Options::*>(option->member)) {
      arguments.emplace_back(option, "");
    } else if (++i < argc) {
      arguments.emplace_back(option, argv[i]);
    } else {
      return fail_option(fmt::format("command line: --{} needs a value ({})", name, option->value));
    }
  }

  std::map<std::string, std::string, std::less<>> variables;
  for (const char* const* entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (text.starts_with(kEnvironmentPrefix) && equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }

  Options options;
  std::string file;
  if (const auto it = variables.find("OCTELIUMD_CONFIG"); it != variables.end()) file = it->second;
  for (const auto& [option, text] : arguments)
    if (option->name == "config") file = text;
  if (!file.empty()) BASE_TRY(read_file(options, file));
  for (const Option& option : kOptions) {
    const auto it = variables.find(environment_name(option));
    if (it == variables.end()) continue;
    BASE_TRY(set(options, option, it->second, it->first, false));
    variables.erase(it);
  }
  if (!variables.empty())
    return fail_option(
        fmt::format("environment: {} is no option of this program", variables.begin()->first));
  std::map<std::string_view, bool> seen;
  for (const auto& [option, text] : arguments) {
    BASE_TRY(set(options, *option, text, "command line", seen[option->name]));
    seen[option->name] = true;
  }
  return options;
}

std::string options_help() {
  std::string out = "octeliumd: an identity-aware API gateway\n\n";
  for (const Option& option : kOptions) {
    const std::string left =
        fmt::format("  --{}{}{}", option.name, option.value.empty() ? "" : " ", option.value);
    out += fmt::format("{:<48} {}\n", left, option.help);
  }
  out +=
      "\nEach option is also a key of the file given by --config, and a variable "
      "OCTELIUMD_<NAME>.\n";
  return out;
}

}  // namespace cmd
