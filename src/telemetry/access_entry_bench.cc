// One line of the access log, as for a request with a Session, a Policy that matched and an
// upstream. What a worker pays for a request's line is `append_entry`; the file is another
// thread's.

#include <benchmark/benchmark.h>

#include "telemetry/access_entry.h"
#include "telemetry/access_log.h"

namespace telemetry {
namespace {

std::string reference(std::string_view kind, std::string_view name) {
  resource::metav1::ObjectReference out;
  out.set_apiversion("core/v1");
  out.set_kind(std::string(kind));
  out.set_uid("5b1f7c0e-2f0d-4b7e-9a55-0c9f3f4f1a01");
  out.set_name(std::string(name));
  out.set_resourceversion("019ced2a-63a1-7c10-8b3e-4d2f6a7b8c90");
  return render_reference(out);
}

struct Sample {
  std::string session = reference("Session", "mira-x7k2p9");
  std::string user = reference("User", "mira");
  std::string service = reference("Service", "orders.shop");
  std::string name_space = reference("Namespace", "shop");
  std::string region = reference("Region", "default");
  AccessEntry entry;

  Sample() {
    entry.id = "k3f9-7x2a-q8w1z5b0c4n7m2v9t6r3y1u8-0p4d-e6h1";
    entry.started_ns = 1'773'480'413'589'500'000;
    entry.ended_ns = 1'773'480'413'589'793'238;
    entry.allowed = true;
    entry.mode = "HTTP";
    entry.session_ref = session;
    entry.user_ref = user;
    entry.service_ref = service;
    entry.namespace_ref = name_space;
    entry.region_ref = region;
    entry.is_public = true;
    entry.reason_type = "POLICY_MATCH";
    entry.policy_match = true;
    entry.inline_owner_ref = service;
    entry.inline_name = "order-writers";
    entry.rule_name = "allow-post";
    entry.rule_priority = -1;
    entry.method = "POST";
    entry.path = "/v1/orders";
    entry.host = "orders.shop.example.com";
    entry.user_agent = "order-client/2.3 (linux; amd64)";
    entry.request_bytes = 512;
    entry.status = 201;
    entry.response_bytes = 36;
    entry.content_type = "application/json";
    entry.upstream = "10.0.0.5:8080";
    entry.client_address = "203.0.113.7";
  }
};

void format(benchmark::State& state) {
  Sample sample;
  std::string out;
  out.reserve(AccessLogBuffer::kFullBytes * 2);
  for (auto _ : state) {
    append_entry(out, sample.entry);
    sample.entry.started_ns += 20'000;
    sample.entry.ended_ns += 20'000;
    if (out.size() > AccessLogBuffer::kFullBytes) out.clear();
  }
  out.clear();
  append_entry(out, sample.entry);
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(format);

// With the hand-over to the writer, which takes everything to /dev/null.
void format_and_write(benchmark::State& state) {
  const auto log = AccessLog::open("/dev/null");
  if (!log) return state.SkipWithError("no log");
  AccessLogBuffer buffer(**log);
  Sample sample;
  std::int64_t now = 0;
  for (auto _ : state) {
    append_entry(buffer.text(), sample.entry);
    buffer.appended(++now / 50);
    buffer.flush_if_due(now / 50);
  }
  state.counters["dropped"] = static_cast<double>((*log)->dropped_lines());
}
BENCHMARK(format_and_write);

}  // namespace
}  // namespace telemetry
