#include "cmd/dev_mode.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"

namespace cmd {
namespace {

constexpr std::string_view kExamples = "examples/dev";
constexpr std::string_view kWorkload = "dev-workload";
constexpr std::string_view kStranger = "dev-stranger";

std::string quote_json(std::string_view text) {
  std::string out = "\"";
  base::append_json_escaped(out, text);
  return out + '"';
}

struct Run {
  int status = -1;
  std::string output;
};

// Runs octeliumctl, which stands beside this program, and returns what it printed on standard
// output.
Run run_ctl(const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment) {
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "octeliumctl").string();
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return {};
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& variable : environment)
    envp.push_back(const_cast<char*>(variable.c_str()));
  envp.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    execve(program.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  Run result;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = read(pipe_ends[0], buffer.data(), buffer.size())) > 0)
    result.output.append(buffer.data(), static_cast<std::size_t>(got));
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

// The token out of `{"accessToken":{"accessToken":"..."}}`.
std::string token_in(const std::string& json) {
  const std::string key = "\"accessToken\"";
  auto at = json.rfind(key);
  if (at == std::string::npos) return {};
  at = json.find('"', at + key.size());
  const auto end = json.find('"', at + 1);
  return at == std::string::npos || end == std::string::npos ? ""
                                                             : json.substr(at + 1, end - at - 1);
}

}  // namespace

LocalAnswer echo(const LocalRequest& request) {
  std::string headers;
  for (const http::Field& field : request.fields) {
    if (!headers.empty()) headers += ',';
    headers += fmt::format("{}:{}", quote_json(field.name), quote_json(field.value));
  }
  LocalAnswer answer;
  answer.content_type = "application/json";
  answer.body = fmt::format("{{\"method\":{},\"path\":{},\"headers\":{{{}}},\"body\":{}}}\n",
                            quote_json(request.method), quote_json(request.target), headers,
                            quote_json(request.body));
  return answer;
}

void DevMode::fill_in(Options& options) {
  if (options.data_dir == Options().data_dir) options.data_dir = ".octelium-dev";
  if (options.https_listen.empty()) options.https_listen = {"127.0.0.1:0"};
  if (options.http_listen.empty()) options.http_listen = "127.0.0.1:0";
  if (options.admin_listen.empty()) options.admin_listen = "127.0.0.1:0";
  if (options.workers == 0) options.workers = 1;
  if (options.access_log == "-") options.access_log = options.data_dir + "/access.jsonl";
}

base::Result<std::unique_ptr<DevMode>> DevMode::start() {
  auto dev = std::make_unique<DevMode>();
  BASE_ASSIGN(const io::Address any, io::Address::from_ip("127.0.0.1", 0));
  BASE_ASSIGN(dev->echo_, LocalServer::start(any, echo));
  return dev;
}

base::Result<void> DevMode::seed(const Options& options, std::uint16_t https_port,
                                 const std::string& ca_file, const std::string& token_file) {
  std::ifstream in(token_file);
  std::string token;
  std::getline(in, token);
  const std::string home = options.data_dir + "/home";
  const std::vector<std::string> environment = {
      "OCTELIUM_DOMAIN=" + options.domain,
      "OCTELIUM_HOME=" + home,
      fmt::format("OCTELIUM_API_ENDPOINT=127.0.0.1:{}", https_port),
      "OCTELIUM_CA_FILE=" + ca_file,
      "OCTELIUM_AUTH_TOKEN=" + token,
      "NO_COLOR=1"};
  if (!std::filesystem::exists(kExamples)) {
    fmt::print(stderr, "No {} here: nothing was applied.\n", kExamples);
  } else if (run_ctl({"apply", std::string(kExamples)}, environment).status != 0) {
    return base::fail(base::Code::kInternal, "dev_apply_failed",
                      "octeliumctl apply examples/dev failed");
  }
  std::array<std::string, 2> tokens;
  const std::array users = {kWorkload, kStranger};
  for (std::size_t i = 0; i < users.size(); ++i) {
    const std::string user(users[i]);
    const std::string name = user + "-token";
    // A token is shown once, so each start makes a new one; the first start has none to delete.
    const Run list = run_ctl({"get", "credential", "-o", "json"}, environment);
    if (list.output.find('"' + name + '"') != std::string::npos)
      run_ctl({"delete", "credential", name}, environment);
    const Run made = run_ctl({"create", "cred", "--user", user, "--type", "access-token",
                              "--session-type", "clientless", name, "-o", "json"},
                             environment);
    tokens[i] = token_in(made.output);
    if (made.status != 0 || tokens[i].empty())
      return base::fail(base::Code::kInternal, "dev_token_failed",
                        "octeliumctl create cred failed");
  }
  const std::string url = fmt::format("https://demo.{}:{}/hello?x=1", options.domain, https_port);
  const std::string base_command = fmt::format("curl --cacert {} --resolve demo.{}:{}:127.0.0.1",
                                               ca_file, options.domain, https_port);
  fmt::print(
      "\nThe gateway is up at https://{0}:{1}.\n\n"
      "octeliumctl here:\n"
      "  export OCTELIUM_DOMAIN={0} OCTELIUM_API_ENDPOINT=127.0.0.1:{1} OCTELIUM_CA_FILE={2} "
      "OCTELIUM_HOME={3} "
      "OCTELIUM_AUTH_TOKEN=$(cat {4})\n\n"
      "A User without a grant gets 403:\n  {5} -H 'Authorization: Bearer {6}' '{7}'\n\n"
      "Nobody gets 401:\n  {5} -i '{7}'\n\n"
      "Try it:\n  {5} -H 'Authorization: Bearer {8}' '{7}'\n",
      options.domain, https_port, ca_file, home, token_file, base_command, tokens[1], url,
      tokens[0]);
  std::fflush(stdout);
  return {};
}

}  // namespace cmd
