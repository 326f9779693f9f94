#include "policy/shown_value.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "cel/source.h"
#include "cel/text.h"
#include "cel/time.h"

namespace policy {
namespace {

using cel::Kind;
using cel::Value;

void append_size(std::string& out, std::string_view text, std::string_view shown) {
  if (shown.size() < text.size()) out += fmt::format("... {} bytes in all", text.size());
}

void append_quoted(std::string& out, std::string_view text, std::string_view prefix = {}) {
  const std::string_view shown = cel::head(text, kMaxShownText);
  out += prefix;
  out += '"';
  base::append_json_escaped(out, shown);
  out += '"';
  append_size(out, text, shown);
}

void append(std::string& out, const Value& value, cel::Arena& arena, int depth);

void append_list(std::string& out, const Value& list, cel::Arena& arena, int depth) {
  const std::size_t size = list.list_size();
  out += '[';
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) out += ", ";
    if (i == kMaxShownItems || depth >= kMaxShownDepth) {
      out += fmt::format("... {} in all", size);
      break;
    }
    append(out, list.list_at(i, arena), arena, depth + 1);
  }
  out += ']';
}

void append_map(std::string& out, const Value& map, cel::Arena& arena, int depth) {
  const std::size_t size = map.map_size();
  std::size_t count = 0;
  out += '{';
  // False when there is no room for more.
  const auto entry = [&](const Value& key, const Value& value) {
    if (count > 0) out += ", ";
    if (count++ == kMaxShownItems || depth >= kMaxShownDepth) {
      out += fmt::format("... {} in all", size);
      return false;
    }
    append(out, key, arena, depth + 1);
    out += ": ";
    append(out, value, arena, depth + 1);
    return true;
  };
  if (map.is_array()) {
    for (const cel::MapEntry& each : map.as_entries())
      if (!entry(each.key, each.value)) break;
  } else {
    cel::Cursor cursor;
    Value key, value;
    while (map.as_map_view()->next(cursor, key, value, arena))
      if (!entry(key, value)) break;
  }
  out += '}';
}

void append(std::string& out, const Value& value, cel::Arena& arena, int depth) {
  switch (value.kind()) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Kind::kInt:
      out += std::to_string(value.as_int());
      return;
    case Kind::kUint:
      out += std::to_string(value.as_uint()) + "u";
      return;
    case Kind::kDouble:
      out += cel::print_double(value.as_double());
      return;
    case Kind::kString:
      return append_quoted(out, value.as_text());
    case Kind::kBytes:
      return append_quoted(out, value.as_text(), "b");
    case Kind::kDuration:
      out += "duration(\"" + cel::print_duration(value.as_time()) + "\")";
      return;
    case Kind::kTimestamp:
      out += "timestamp(\"" + cel::print_timestamp(value.as_time()) + "\")";
      return;
    case Kind::kList:
      return append_list(out, value, arena, depth);
    case Kind::kMap:
      return append_map(out, value, arena, depth);
    case Kind::kType:
      out += value.as_text();
      return;
    case Kind::kOptional:
      if (value.as_optional() == nullptr) {
        out += "optional.none()";
        return;
      }
      out += "optional.of(";
      if (depth >= kMaxShownDepth)
        out += "...";
      else
        append(out, *value.as_optional(), arena, depth + 1);
      out += ')';
      return;
    case Kind::kOpaque:
      out += value.as_opaque()->type_name();
      return;
    case Kind::kError:
      out += shortened(value.error_message());
      return;
  }
}

}  // namespace

std::string shortened(std::string_view text, std::size_t limit) {
  const std::string_view shown = cel::head(text, limit);
  std::string out;
  for (std::size_t at = 0; at < shown.size();) cel::append_utf8(out, cel::next_utf8(shown, at));
  append_size(out, text, shown);
  return out;
}

std::string show(const Value& value, cel::Arena& arena) {
  std::string out;
  append(out, value, arena, 0);
  return out;
}

std::string show_size(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
    case Kind::kBytes:
      return fmt::format("{} of {} bytes", cel::type_name(value), value.as_text().size());
    case Kind::kList:
      return fmt::format("list of {}", value.list_size());
    case Kind::kMap:
      return fmt::format("map of {}", value.map_size());
    default:
      return std::string(cel::type_name(value));
  }
}

}  // namespace policy
