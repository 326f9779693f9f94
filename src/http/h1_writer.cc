#include "http/h1_writer.h"

#include <charconv>

#include "http/status.h"

namespace http {
namespace {

void append_number(std::string& out, std::uint64_t number, int base) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
  out.append(digits, end);
}

}  // namespace

void append_fields(std::string& out, const FieldList& fields) {
  for (const Field& field : fields) {
    if (field.hop_by_hop) continue;
    out.append(field.name).append(": ", 2).append(field.value).append("\r\n", 2);
  }
}

void append_response_head(std::string& out, const ResponseOut& head, const H1ResponseStyle& style) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(head.status), 10);
  out += ' ';
  out += reason_phrase(head.status);
  out += "\r\n";
  append_fields(out, head.fields);
  if (head.upgrade_websocket) {
    out += "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    return;
  }
  if (style.chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (style.complete_length && !(head.no_body && head.status < 200) && head.status != 204) {
    out += "Content-Length: ";
    append_number(out, *style.complete_length, 10);
    out += "\r\n";
  }
  if (style.close) {
    out += "Connection: close\r\n";
  } else if (style.http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

void append_request_head(std::string& out, const RequestOut& head, bool chunked) {
  out.append(head.method).append(" ", 1).append(head.target).append(" HTTP/1.1\r\nHost: ");
  out.append(head.authority).append("\r\n", 2);
  append_fields(out, head.fields);
  if (head.upgrade_websocket) {
    out += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  } else if (head.te_trailers) {
    out += "TE: trailers\r\nConnection: TE\r\n";
  }
  if (chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (head.content_length) {
    out += "Content-Length: ";
    append_number(out, *head.content_length, 10);
    out += "\r\n";
  }
  out += "\r\n";
}

void append_chunk_header(std::string& out, std::size_t size) {
  append_number(out, size, 16);
  out += "\r\n";
}

}  // namespace http
