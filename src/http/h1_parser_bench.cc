// The head parser, the canonicaliser and the writer on requests as they come: a health check, a
// browser, a program. For scale: the prototype's parser took 28 ns for 81 bytes and 122 ns for 699
// (docs/adr on the I/O engine).

#include "http/h1_parser.h"

#include <benchmark/benchmark.h>

#include "http/chunked.h"
#include "http/h1_writer.h"
#include "http/uri.h"

namespace http {
namespace {

constexpr std::string_view kSmall =
    "GET /health/live HTTP/1.1\r\nHost: service.example.com\r\nUser-Agent: curl/8.5\r\n\r\n";

constexpr std::string_view kProgram =
    "POST /v1/orders?source=web HTTP/1.1\r\nHost: orders.shop.example.com\r\n"
    "Authorization: Bearer "
    "AQEAAAGMNFb2yQABv1f6dW3hKqkq3fQxZ0m7Yt1vD0u8bJcXo9y2n5GZs4hRk6TqWmLxEaVbPfCi\r\n"
    "User-Agent: order-client/2.3 (linux; amd64)\r\nAccept: application/json\r\nAccept-Encoding: "
    "gzip\r\n"
    "Content-Type: application/json\r\nContent-Length: 512\r\nX-Request-Tag: blue\r\n\r\n";

constexpr std::string_view kBrowser =
    "GET /catalog/items/list?page=3&sort=price HTTP/1.1\r\nHost: shop.example.com\r\nConnection: "
    "keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36"
    "\r\nsec-ch-ua-platform: \"Linux\"\r\nAccept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nReferer: "
    "https://shop.example.com/catalog/items\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n"
    "Cookie: "
    "octelium_auth=AQEAAAGMNFb2yQABv1f6dW3hKqkq3fQxZ0m7Yt1vD0u8bJcXo9y2n5GZs4hRk6TqWmLxEaVbPfCi; "
    "theme=dark\r\n"
    "\r\n";

void parse(benchmark::State& state, std::string_view bytes) {
  RequestHead head;
  const Limits limits;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    if (parse_request(bytes, limits, head).state != ParseState::kDone)
      state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse, small, kSmall);
BENCHMARK_CAPTURE(parse, program, kProgram);
BENCHMARK_CAPTURE(parse, browser, kBrowser);

void parse_ok_response(benchmark::State& state) {
  constexpr std::string_view kBytes =
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 14 Mar 2026 09:26:53 GMT\r\n"
      "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n";
  ResponseHead head;
  const Limits limits;
  for (auto _ : state) {
    if (parse_response(kBytes, limits, "GET", head).state != ParseState::kDone)
      state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(parse_ok_response);

void canonicalise_target(benchmark::State& state, std::string_view target) {
  RequestHead head;
  head.method = "GET";
  head.target = target;
  head.authority = "orders.shop.example.com";
  CanonicalTarget out;
  for (auto _ : state) {
    if (canonicalise(head, out) != Reject::kNone) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK_CAPTURE(canonicalise_target, plain, "/catalog/items/list?page=3&sort=price");
BENCHMARK_CAPTURE(canonicalise_target, escapes, "/catalog/%69tems/caf%c3%a9/../list?page=3");

void write_request(benchmark::State& state) {
  RequestHead head;
  if (parse_request(kProgram, Limits(), head).state != ParseState::kDone)
    state.SkipWithError("not parsed");
  std::string text;
  for (auto _ : state) {
    RequestOut out;
    out.method = head.method;
    out.target = head.target;
    out.authority = head.authority;
    for (const Field& field : head.fields)
      if (!field.hop_by_hop && field.id != FieldId::kHost && field.id != FieldId::kContentLength)
        out.fields.push(field);
    out.content_length = head.content_length;
    text.clear();
    append_request_head(text, out, false);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(write_request);

void decode_chunks(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    append_chunk_header(bytes, 4096);
    bytes += std::string(4096, 'x') + "\r\n";
  }
  bytes += "0\r\n\r\n";
  ChunkedDecoder decoder;
  for (auto _ : state) {
    decoder.reset();
    std::string_view input = bytes;
    while (!input.empty()) input.remove_prefix(decoder.feed(input).consumed);
    benchmark::DoNotOptimize(decoder);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(decode_chunks);

}  // namespace
}  // namespace http
