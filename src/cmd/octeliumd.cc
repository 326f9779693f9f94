// The server: data plane, control plane and logins in one process. This file is the wiring, one
// function per subsystem; what is wired stands in the modules.

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "api/server.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "cmd/control.h"
#include "cmd/dev_mode.h"
#include "cmd/local_server.h"
#include "cmd/logins.h"
#include "cmd/openssl_exit.h"
#include "cmd/options.h"
#include "gateway/data_plane.h"
#include "identity/bootstrap.h"
#include "identity/reaper.h"
#include "store/first_start.h"
#include "store/sqlite_store.h"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersion = "0.1.0";
constexpr std::string_view kAuthorityPurpose = "tls-ca";
constexpr int kAuthorityDays = 3650;

std::unexpected<base::Error> fail_start(std::string message) {
  return base::fail(base::Code::kFailedPrecondition, "start_failed", std::move(message));
}

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) return fail_start(fmt::format("cannot read {}", path));
  return all.str();
}

base::Result<void> write_file(const fs::path& path, std::string_view text) {
  const fs::path fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) return fail_start(fmt::format("cannot write {}", fresh.string()));
  }
  std::error_code error;
  fs::permissions(fresh, fs::perms(0644), error);
  fs::rename(fresh, path, error);
  if (error) return fail_start(fmt::format("cannot write {}: {}", path.string(), error.message()));
  return {};
}

base::Result<std::unique_ptr<store::SqliteStore>> open_store(const cmd::Options& options,
                                                             const base::Clock& clock) {
  std::error_code error;
  const bool made = fs::create_directories(options.data_dir, error);
  if (error)
    return fail_start(fmt::format("cannot make {}: {}", options.data_dir, error.message()));
  if (made) fs::permissions(options.data_dir, fs::perms::owner_all, error);
  store::SqliteOptions sqlite;
  sqlite.file = fs::path(options.data_dir) / "octelium.db";
  sqlite.master_key_file = options.master_key_file.empty()
                               ? fs::path(options.data_dir) / "master.key"
                               : fs::path(options.master_key_file);
  sqlite.clock = &clock;
  BASE_ASSIGN(auto store, store::SqliteStore::open(sqlite));
  BASE_TRY(store::create_builtin_objects(*store, options.domain, clock.now()));
  return store;
}

// The CA of this cluster: kept sealed in the store, its certificate as ca.pem in the data folder.
base::Result<io::Issued> open_authority(store::KeyStore& keys, const base::Clock& clock) {
  BASE_ASSIGN(const auto records, keys.get_keys(kAuthorityPurpose));
  constexpr std::string_view kKeyBegin = "-----BEGIN PRIVATE KEY-----";
  if (!records.empty()) {
    const std::string_view both = records.back().bytes.reveal();
    const auto at = both.find(kKeyBegin);
    if (at == std::string_view::npos) return fail_start("the stored CA is not readable");
    return io::Issued{std::string(both.substr(0, at)), base::Secret(std::string(both.substr(at)))};
  }
  BASE_ASSIGN(io::Issued made, io::make_authority("octelium gateway CA", kAuthorityDays));
  store::KeyRecord record;
  record.id = "1";
  record.purpose = kAuthorityPurpose;
  record.created_at = clock.now();
  record.bytes = base::Secret(made.certificate_pem + std::string(made.key_pem.reveal()));
  BASE_TRY(keys.put_key(record));
  return made;
}

base::Result<std::unique_ptr<gateway::CertificateSource>> open_certificates(
    const cmd::Options& options, store::KeyStore& keys, const base::Clock& clock) {
  if (options.tls_cert.empty() != options.tls_key.empty())
    return fail_start("--tls-cert and --tls-key go together");
  if (!options.tls_cert.empty()) {
    BASE_ASSIGN(std::string chain, read_file(options.tls_cert));
    BASE_ASSIGN(std::string key, read_file(options.tls_key));
    return gateway::CertificateSource::from_files(options.domain,
                                                  {std::move(chain), base::Secret(std::move(key))});
  }
  BASE_ASSIGN(io::Issued authority, open_authority(keys, clock));
  BASE_TRY(write_file(fs::path(options.data_dir) / "ca.pem", authority.certificate_pem));
  return gateway::CertificateSource::from_authority(options.domain, std::move(authority));
}

// What only this process knows.
base::Secret draw_secret() {
  std::array<unsigned char, 32> bytes{};
  base::random_bytes(bytes);
  return base::Secret(
      base::hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

// `NAME:PORT=ADDR:PORT`
base::Result<std::map<std::string, io::Address>> parse_overrides(
    const std::vector<std::string>& texts) {
  std::map<std::string, io::Address> overrides;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos || name.rfind(':') == std::string::npos)
      return fail_start(fmt::format("--upstream-resolve: '{}' is not NAME:PORT=ADDR:PORT", text));
    BASE_ASSIGN(const io::Address address, io::Address::parse(text.substr(equals + 1)));
    overrides.insert_or_assign(name, address);
  }
  return overrides;
}

base::Result<gateway::BuilderOptions> builder_options(const cmd::Options& options,
                                                      const std::string& api_socket,
                                                      const base::Secret& api_secret) {
  gateway::BuilderOptions out;
  out.domain = options.domain;
  out.api_socket = api_socket;
  out.api_secret = api_secret;
  if (!options.upstream_ca_file.empty()) {
    BASE_ASSIGN(out.upstream_ca_pem, read_file(options.upstream_ca_file));
  }
  BASE_ASSIGN(auto overrides, parse_overrides(options.upstream_resolve));
  out.dial_override = [overrides = std::move(overrides)](
                          std::string_view host, std::uint16_t port) -> std::optional<io::Address> {
    const auto it = overrides.find(fmt::format("{}:{}", host, port));
    return it == overrides.end() ? std::nullopt : std::optional(it->second);
  };
  return out;
}

base::Result<gateway::ListenAddresses> listen_addresses(const cmd::Options& options) {
  gateway::ListenAddresses out;
  std::vector<std::string> https = options.https_listen;
  if (https.empty() && options.plaintext_listen.empty()) https = {"0.0.0.0:443"};
  for (const std::string& text : https) {
    BASE_ASSIGN(const io::Address address, io::Address::parse(text));
    out.https.push_back(address);
  }
  if (!options.http_listen.empty()) {
    BASE_ASSIGN(const io::Address address, io::Address::parse(options.http_listen));
    out.redirect.push_back(address);
  }
  if (!options.plaintext_listen.empty()) {
    BASE_ASSIGN(const io::Address address, io::Address::parse(options.plaintext_listen));
    if (address.is_unspecified())
      return fail_start(
          "--plaintext-listen needs loopback or an explicit address: it serves in clear");
    out.plaintext.push_back(address);
  }
  return out;
}

// A connection may need a second descriptor for its upstream; the rest is for the store, the log
// and the admin.
std::size_t connection_limit(const cmd::Options& options, int workers) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t all = options.max_connections > 0
                              ? static_cast<std::size_t>(options.max_connections)
                              : static_cast<std::size_t>(limit.rlim_cur) * 45 / 100;
  return std::max<std::size_t>(1, all / static_cast<std::size_t>(workers));
}

gateway::DataPlaneOptions data_plane_options(const cmd::Options& options, int workers) {
  gateway::DataPlaneOptions out;
  out.max_connections = connection_limit(options, workers);
  out.server.timeouts.head = options.head_timeout_ms;
  out.server.timeouts.keep_alive = options.keep_alive_timeout_ms;
  out.server.timeouts.body_idle = options.body_idle_timeout_ms;
  out.pool.timeouts.body_idle = options.body_idle_timeout_ms;
  out.pool.connect_timeout = options.upstream_connect_timeout_ms;
  out.exchange.head_timeout = options.upstream_head_timeout_ms;
  out.exchange.body_timeout = options.body_idle_timeout_ms;
  return out;
}

gateway::RecentOptions recent_options(const cmd::Options& options) {
  gateway::RecentOptions out;
  out.entries = static_cast<std::size_t>(options.explain_ring);
  out.per_second = static_cast<std::uint32_t>(options.explain_per_second);
  out.sample = static_cast<std::uint32_t>(options.explain_sample);
  return out;
}

std::string metrics_text(const gateway::DataPlane& plane, const telemetry::AccessLog& log) {
  const auto t = plane.totals();
  std::string out;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                       std::int64_t value) {
    out += fmt::format("# HELP octeliumd_{0} {2}\n# TYPE octeliumd_{0} {1}\nocteliumd_{0} {3}\n",
                       name, type, help, value);
  };
  const auto whole = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  add("requests_total", "counter", "Requests received.", whole(t.requests));
  add("requests_allowed_total", "counter", "Requests that policy allowed.", whole(t.allowed));
  add("requests_denied_total", "counter", "Requests that were not allowed, for any reason.",
      whole(t.denied));
  add("requests_shadow_allowed_total", "counter",
      "Requests that were denied and that shadow rules would have allowed.",
      whole(t.shadow_allowed));
  add("requests_shadow_denied_total", "counter",
      "Requests that were allowed and that shadow rules would have denied.",
      whole(t.shadow_denied));
  add("requests_rejected_total", "counter", "Requests refused as malformed or ambiguous.",
      whole(t.rejected));
  add("upstream_failures_total", "counter", "Requests whose upstream failed.",
      whole(t.upstream_failures));
  add("dynamic_config_rule_failures_total", "counter",
      "dynamicConfig rules passed over because their condition or expression failed.",
      whole(t.config_rule_failures));
  add("computed_configs_compiled_total", "counter",
      "Configs that dynamicConfig rules computed and that were new, good or bad.",
      whole(t.configs_computed));
  add("computed_configs_refused_total", "counter",
      "Requests refused because a computed config cannot be used.", whole(t.configs_refused));
  add("computed_configs", "gauge", "Computed configs that the workers hold.", t.configs_held);
  add("connections_total", "counter", "Connections accepted.", whole(t.connections));
  add("connections_open", "gauge", "Connections open now.", t.open_connections);
  add("access_log_dropped_lines_total", "counter",
      "Access-log lines lost because the disk was too slow.", whole(log.dropped_lines()));
  return out;
}

base::Result<std::unique_ptr<cmd::LocalServer>> start_admin(
    const cmd::Options& options, const std::atomic<bool>& ready,
    const std::atomic<const gateway::DataPlane*>& plane, const telemetry::AccessLog& log) {
  if (options.admin_listen.empty()) return std::unique_ptr<cmd::LocalServer>();
  BASE_ASSIGN(const io::Address address, io::Address::parse(options.admin_listen));
  return cmd::LocalServer::start(
      address, [&](const cmd::LocalRequest& request) -> cmd::LocalAnswer {
        const std::string_view path = request.target.substr(0, request.target.find('?'));
        if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
        if (path == "/readyz")
          return ready ? cmd::LocalAnswer{200, "text/plain; charset=utf-8", "ready\n"}
                       : cmd::LocalAnswer{503, "text/plain; charset=utf-8", "not ready\n"};
        if (path == "/metrics" && plane.load() != nullptr)
          return {200, "text/plain; version=0.0.4; charset=utf-8",
                  metrics_text(*plane.load(), log)};
        return {404, "text/plain; charset=utf-8", "not found\n"};
      });
}

// Deletes what has expired and turns the signing keys over, now and then.
class Housekeeping {
 public:
  Housekeeping(const identity::Environment& environment, identity::SigningKeys& keys)
      : reaper_(environment),
        keys_(keys),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    auto next = std::chrono::steady_clock::now() + identity::Reaper::kEvery;
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      if (std::chrono::steady_clock::now() < next) continue;
      next += identity::Reaper::kEvery;
      reaper_.sweep();
      if (const auto done = keys_.tick(); !done)
        spdlog::error("signing keys: {}", done.error().message);
    }
  }

  identity::Reaper reaper_;
  identity::SigningKeys& keys_;
  std::jthread thread_;
};

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

// A gateway needs two descriptors for each request under way: take what the system allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Until SIGTERM or SIGINT; SIGHUP reopens the access log.
void wait_for_end(telemetry::AccessLog& log) {
  const sigset_t set = handled_signals();
  while (true) {
    int number = 0;
    sigwait(&set, &number);
    if (number == SIGHUP) {
      log.reopen();
      continue;
    }
    spdlog::info("signal {}: draining", number);
    return;
  }
}

base::Result<void> serve(cmd::Options options) {
  std::unique_ptr<cmd::DevMode> dev;
  if (options.dev) {
    cmd::DevMode::fill_in(options);
    BASE_ASSIGN(dev, cmd::DevMode::start());
    options.upstream_resolve.push_back(
        fmt::format("{}:80={}", cmd::DevMode::kEchoName, dev->echo_address()));
  }
  const base::SystemClock clock;
  BASE_ASSIGN(const auto store, open_store(options, clock));
  const fs::path data = fs::absolute(options.data_dir);
  const std::string api_socket = (data / "api.sock").string();
  const base::Secret api_secret = draw_secret();
  BASE_ASSIGN(const auto keys, identity::SigningKeys::open(*store, clock));
  BASE_ASSIGN(const auto certificates, open_certificates(options, *store, clock));
  BASE_ASSIGN(gateway::BuilderOptions building, builder_options(options, api_socket, api_secret));
  BASE_ASSIGN(const gateway::ListenAddresses addresses, listen_addresses(options));
  BASE_ASSIGN(const auto log, telemetry::AccessLog::open(options.access_log));

  std::atomic<bool> ready = false;
  std::atomic<const gateway::DataPlane*> plane_now = nullptr;
  BASE_ASSIGN(const auto admin, start_admin(options, ready, plane_now, *log));

  identity::SessionTable sessions;
  gateway::SnapshotBuilder builder(std::move(building), *certificates);
  cmd::Applied applied;
  cmd::Control control(*store, sessions, builder, applied);
  BASE_ASSIGN(const auto first, control.load());

  const auto wait_applied = [&applied](store::Sequence sequence) { applied.wait(sequence); };
  const identity::Environment environment{*store, sessions, *keys, clock, wait_applied};
  identity::Authenticator authenticator(environment);
  cmd::Logins logins(authenticator, options.domain);
  const int workers = options.workers > 0
                          ? options.workers
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  gateway::RecentDecisions recent(recent_options(options), workers);
  api::Options api_options{api_socket,     *store,     authenticator, clock,
                           options.domain, api_secret, wait_applied};
  api_options.find_explanation = [&recent](std::string_view id) { return recent.find(id); };
  BASE_ASSIGN(const auto api, api::Server::start(std::move(api_options)));

  const gateway::DataPlaneOptions plane_options = data_plane_options(options, workers);
  BASE_ASSIGN(const auto plane,
              gateway::DataPlane::start(plane_options,
                                        {plane_options, sessions, *keys, *log, logins, &recent},
                                        addresses, workers, first));
  control.start(*plane);
  plane_now = plane.get();
  const std::string token_file = options.bootstrap_token_file.empty()
                                     ? (data / "root-token").string()
                                     : options.bootstrap_token_file;
  BASE_TRY(identity::ensure_root_token(authenticator, *keys, token_file));
  const Housekeeping housekeeping(environment, *keys);
  ready = true;
  for (const auto& address : plane->bound().https) spdlog::info("https on {}", address.text());
  for (const auto& address : plane->bound().plaintext)
    spdlog::info("plaintext on {}", address.text());
  for (const auto& address : plane->bound().redirect)
    spdlog::info("http (redirects) on {}", address.text());
  if (admin) spdlog::info("admin on {}", admin->address().text());
  if (dev && !plane->bound().https.empty()) {
    const std::string ca = (fs::path(options.data_dir) / "ca.pem").string();
    BASE_TRY(dev->seed(options, plane->bound().https[0].port(), ca, token_file));
  }
  wait_for_end(*log);
  ready = false;
  plane->shut_down(std::chrono::milliseconds(options.drain_timeout_ms));
  api->stop(std::chrono::milliseconds(500));
  control.stop();
  return {};
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  cmd::keep_openssl_until_the_end();
  const auto options = cmd::parse_options(argc, argv, environment);
  if (!options) {
    fmt::print(stderr, "octeliumd: {}\n", options.error().message);
    return 2;
  }
  if (options->help) {
    fmt::print("{}", cmd::options_help());
    return 0;
  }
  if (options->version) {
    fmt::print("octeliumd {}\n", kVersion);
    return 0;
  }
  if (!base::start_logging(options->log_level)) {
    fmt::print(stderr, "octeliumd: --log-level is debug, info, warn or error, not '{}'\n",
               options->log_level);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const sigset_t handled = handled_signals();
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);  // for every thread; main takes them by sigwait
  if (const auto served = serve(*options); !served) {
    spdlog::error("{}", served.error().message);
    return 1;
  }
  return 0;
}
