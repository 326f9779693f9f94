// The HTTP/1 codec on any bytes. The first byte chooses what they are and how they are cut. What
// must hold: a head is judged the same whatever comes behind it; what we write from a parsed
// request parses to that request again; a chunked body is the same in whatever pieces it comes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/chunked.h"
#include "http/field.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"

namespace {

using http::Field;
using http::FieldId;
using http::FieldList;
using http::ParseState;

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_fields(const FieldList& fields, std::string_view bytes, const http::Limits& limits) {
  check(fields.size() <= limits.max_fields);
  for (const Field& field : fields) {
    check(http::is_token(field.name) && http::is_field_value(field.value));
    check(is_inside(field.name, bytes) && is_inside(field.value, bytes));
    check(field.name.size() <= limits.max_name && field.value.size() <= limits.max_value);
    check(field.value == http::trim_whitespace(field.value));
    check(field.id == http::classify(field.name));
  }
}

// What an upstream gets, and what a strict reader makes of it.
void check_rewritten(const http::RequestHead& head, const http::Limits& limits) {
  http::RequestOut out;
  out.method = head.method;
  out.target = head.target;
  out.authority = head.authority;
  out.upgrade_websocket = head.upgrade_websocket;
  out.te_trailers = head.te_trailers;
  out.has_body = head.framing != http::Framing::kNone;
  if (head.framing == http::Framing::kLength) out.content_length = head.content_length;
  for (const Field& field : head.fields) {
    if (field.hop_by_hop || field.id == FieldId::kHost || field.id == FieldId::kContentLength)
      continue;
    out.fields.push(field);
  }
  std::string text;
  append_request_head(text, out, head.framing == http::Framing::kChunked);
  http::Limits wide = limits;
  wide.max_head_bytes += 1024;
  wide.max_fields = FieldList::kCapacity;
  http::RequestHead again;
  const http::Parsed parsed = parse_request(text, wide, again);
  check(parsed.state == ParseState::kDone && parsed.consumed == text.size());
  check(again.method == head.method && again.target == head.target &&
        again.authority == head.authority);
  check(again.framing == head.framing && again.content_length == head.content_length);
  check(again.upgrade_websocket == head.upgrade_websocket);
  for (const Field& field : out.fields) {
    const auto same = [&](const Field& other) {
      return other.name == field.name && other.value == field.value;
    };
    check(std::any_of(again.fields.begin(), again.fields.end(), same));
  }
}

template <typename Head, typename Parse>
void check_head(std::string_view bytes, std::size_t cut, Head& head, Parse parse) {
  Head other;
  const http::Parsed early = parse(bytes.substr(0, cut), other);
  const http::Parsed parsed = parse(bytes, head);
  check(early.state == ParseState::kNeedMore || early.state == parsed.state);
  check((parsed.state == ParseState::kRejected) == (parsed.reject != http::Reject::kNone));
  if (parsed.state != ParseState::kDone) return;
  check(parsed.consumed <= bytes.size());
  check(early.state != ParseState::kDone || early.consumed == parsed.consumed);
  check(parse(bytes.substr(0, parsed.consumed), other).state == ParseState::kDone);
  check(parse(bytes.substr(0, parsed.consumed - 1), other).state == ParseState::kNeedMore);
}

void fuzz_request(std::string_view bytes, std::size_t cut) {
  const http::Limits limits{.max_head_bytes = 2048,
                            .max_fields = 20,
                            .max_name = 64,
                            .max_value = 512,
                            .max_target = 256};
  http::RequestHead head;
  check_head(bytes, cut, head,
             [&](std::string_view b, http::RequestHead& h) { return parse_request(b, limits, h); });
  const http::Parsed parsed = parse_request(bytes, limits, head);
  check_fields(head.fields, bytes, limits);
  if (parsed.state != ParseState::kDone) return;
  check(!head.method.empty() && !head.target.empty());
  check((head.framing == http::Framing::kLength) == head.content_length.has_value());
  check_rewritten(head, limits);
}

void fuzz_response(std::string_view bytes, std::size_t cut) {
  const http::Limits limits{.max_head_bytes = 2048,
                            .max_fields = 20,
                            .max_name = 64,
                            .max_value = 512,
                            .max_target = 256};
  const std::string_view method = cut % 2 == 0 ? "GET" : "HEAD";
  http::ResponseHead head;
  check_head(bytes, cut, head, [&](std::string_view b, http::ResponseHead& h) {
    return parse_response(b, limits, method, h);
  });
  check_fields(head.fields, bytes, limits);
}

struct Decoded {
  http::ChunkedDecoder::State state = http::ChunkedDecoder::State::kMore;
  std::string data;
  std::size_t consumed = 0;
};

Decoded decode(std::string_view bytes, std::size_t piece, http::ChunkedDecoder& decoder) {
  Decoded out;
  while (out.consumed < bytes.size() && out.state == http::ChunkedDecoder::State::kMore) {
    const auto step = decoder.feed(bytes.substr(out.consumed, piece));
    check(step.consumed > 0 && step.consumed <= piece);
    check(is_inside(step.data, bytes));
    out.data += step.data;
    out.consumed += step.consumed;
    out.state = step.state;
  }
  return out;
}

void fuzz_chunked(std::string_view bytes, std::size_t piece) {
  http::ChunkedDecoder whole_decoder;
  http::ChunkedDecoder pieces_decoder;
  const Decoded whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1), whole_decoder);
  const Decoded pieces = decode(bytes, piece + 1, pieces_decoder);
  check(whole.state == pieces.state);
  if (whole.state == http::ChunkedDecoder::State::kRejected) return;
  check(whole.data == pieces.data && whole.consumed == pieces.consumed);
  check(whole_decoder.trailers().size() == pieces_decoder.trailers().size());
  for (const Field& field : whole_decoder.trailers())
    check(http::is_token(field.name) && http::is_field_value(field.value) && !field.hop_by_hop);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t choice = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = choice / 3;
  switch (choice % 3) {
    case 0:
      fuzz_request(bytes, std::min(cut, bytes.size()));
      break;
    case 1:
      fuzz_response(bytes, std::min(cut, bytes.size()));
      break;
    default:
      fuzz_chunked(bytes, cut);
  }
  return 0;
}
