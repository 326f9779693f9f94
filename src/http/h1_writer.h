#pragma once

#include <optional>
#include <string>

#include "http/stream.h"

namespace http {

struct H1ResponseStyle {
  bool close = false;
  bool http10 = false;
  bool chunked = false;
  std::optional<std::uint64_t> complete_length;
};

// `name: value\r\n` for every field that is not hop-by-hop.
void append_fields(std::string& out, const FieldList& fields);
// Heads with the framing fields that the codec decided on, up to and including the empty line.
void append_response_head(std::string& out, const ResponseOut& head, const H1ResponseStyle& style);
void append_request_head(std::string& out, const RequestOut& head, bool chunked);
// `1f4\r\n`
void append_chunk_header(std::string& out, std::size_t size);

}  // namespace http
