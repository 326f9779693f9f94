#include "policy/rego_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <set>
#include <span>

#include "base/encoding.h"
#include "base/suggest.h"
#include "policy/engine_buffer.h"
#include "policy/message_value.h"
#include "policy/request_context.h"

namespace policy {
namespace {

using cel::Kind;
using cel::Value;

constexpr int kMaxDepth = 100;

Attr attr_of(const cel::Slot& slot) { return static_cast<Attr>(slot.id & ~kUnderGrpc); }

// A line of engines_rego_reads(): "7<TAB>ctx<TAB>user", "7=<TAB>ctx<TAB>user".
RegoRead read_of(std::string_view line) {
  const std::string_view place = take_until(line, '\t');
  RegoRead read;
  std::uint32_t at = 0;
  if (std::from_chars(place.data(), place.data() + place.size(), at).ec == std::errc())
    read.at = at;
  read.is_named = place.ends_with('=');
  while (!line.empty()) read.path.emplace_back(take_until(line, '\t'));
  return read;
}

bool is_header(const cel::Attribute& attribute) {
  const Attr attr = attr_of(attribute.slot);
  return attr == Attr::kHeader || attr == Attr::kHeaderValues;
}

std::string unknown_field(std::string_view name, std::string_view of,
                          std::span<const std::string_view> known) {
  const std::string_view near = base::nearest(name, known);
  return fmt::format("unknown field \"{}\" of {}{}", cel::printable(name), of,
                     near.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", near));
}

// Why there is never anything at `path`.
std::optional<std::string> why_unknown(const std::vector<std::string>& path,
                                       ContextSchema::Attrs attrs) {
  static constexpr std::array<std::string_view, 2> kRoots = {"ctx", "attrs"};
  const bool has_attrs = attrs == ContextSchema::Attrs::kBound;
  if (path[0] == "attrs")
    return has_attrs ? std::nullopt : std::optional("only Policies have input.attrs");
  if (path[0] != "ctx")
    return unknown_field(path[0], "input", std::span(kRoots).first(has_attrs ? 2 : 1));
  const auto& schema = ContextSchema::get(ContextSchema::Attrs::kBound);
  cel::Attribute at = *schema.root("ctx");
  std::string known = "input.ctx";
  for (std::size_t i = 1; i < path.size() && at.shape != cel::kOpenShape; ++i) {
    auto member = schema.member(at, path[i]);
    if (!member) return unknown_field(path[i], known, schema.member_names(at.shape));
    if (is_header(*member) && base::to_lower(path[i]) != path[i])
      return fmt::format("names of headers are in lower case here: \"{}\"",
                         cel::printable(base::to_lower(path[i])));
    at = std::move(*member);
    known += "." + path[i];
  }
  return std::nullopt;
}

RegoValue parse(const std::string& text) {
  return RegoValue(
      engines_value_make(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace

void FreeRegoValue::operator()(engines_value* value) const { engines_value_free(value); }

// Writes values in the form that engines_value_make reads.
class RegoInput::Writer {
 public:
  explicit Writer(RequestContext& context) : context_(context) {}

  // The value that could not be written, if there was one.
  std::optional<Value> write(const Node& node) {
    if (node.is_leaf) return write(context_.resolve(node.attribute.slot, context_.arena()), 0);
    out_ += '{';
    for (const Node& member : node.members) {
      // Also of what only members are read of: a script may ask whether it is there.
      if (member.is_leaf || !is_always_there(member)) {
        const Value has = context_.has(member.attribute.slot, context_.arena());
        if (has.is_error() && !has.is_miss()) return has;
        if (!has.is_true()) continue;
      }
      write_text(member.name);
      if (const auto failed = write(member)) return failed;
    }
    out_ += '}';
    return std::nullopt;
  }

  std::optional<Value> write(const Value& value, int depth) {
    if (depth > kMaxDepth)
      return Value::error(cel::ErrorCode::kOutOfRange, "the input is nested too deep");
    switch (value.kind()) {
      case Kind::kNull:
        out_ += 'n';
        return std::nullopt;
      case Kind::kBool:
        out_ += value.as_bool() ? 't' : 'f';
        return std::nullopt;
      case Kind::kDouble:
        write_number(value.as_double());
        return std::nullopt;
      case Kind::kInt:
        write_number(static_cast<double>(value.as_int()));
        return std::nullopt;
      case Kind::kString:
        out_ += 's';
        write_text(value.as_text());
        return std::nullopt;
      case Kind::kList:
        return write_list(value, depth);
      case Kind::kMap:
        return write_map(value, depth);
      default:
        return value.is_error() ? value
                                : Value::error(cel::ErrorCode::kInvalidArgument,
                                               "the input has a value that is no JSON");
    }
  }

  const std::string& text() const { return out_; }

 private:
  static bool is_always_there(const Node& part) {
    switch (attr_of(part.attribute.slot)) {
      case Attr::kHeaders:
      case Attr::kQueryParams:
      case Attr::kAllHeaderValues:
      case Attr::kAllQueryParamValues:
        return true;
      default:
        return false;
    }
  }

  void write_number(double number) {
    char raw[sizeof number];
    std::memcpy(raw, &number, sizeof number);
    out_ += 'd';
    out_.append(raw, sizeof raw);
  }

  void write_text(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    char raw[sizeof size];
    std::memcpy(raw, &size, sizeof size);
    out_.append(raw, sizeof raw);
    out_.append(text);
  }

  std::optional<Value> write_list(const Value& list, int depth) {
    out_ += '[';
    cel::Cursor cursor;
    Value element;
    for (std::size_t i = 0; list.is_array() && i < list.list_size(); ++i)
      if (const auto failed = write(list.as_values()[i], depth + 1)) return failed;
    while (!list.is_array() && list.as_list_view()->next(cursor, element, context_.arena()))
      if (const auto failed = write(element, depth + 1)) return failed;
    out_ += ']';
    return std::nullopt;
  }

  std::optional<Value> write_entry(const Value& key, const Value& value, int depth) {
    if (!key.is(Kind::kString)) return std::nullopt;
    write_text(key.as_text());
    return write(value, depth + 1);
  }

  std::optional<Value> write_map(const Value& map, int depth) {
    out_ += '{';
    cel::Cursor cursor;
    Value key;
    Value value;
    for (std::size_t i = 0; map.is_array() && i < map.map_size(); ++i) {
      const cel::MapEntry& entry = map.as_entries()[i];
      if (const auto failed = write_entry(entry.key, entry.value, depth)) return failed;
    }
    while (!map.is_array() && map.as_map_view()->next(cursor, key, value, context_.arena()))
      if (const auto failed = write_entry(key, value, depth)) return failed;
    out_ += '}';
    return std::nullopt;
  }

  RequestContext& context_;
  std::string out_;
};

RegoInput::RegoInput(std::string_view reads, ContextSchema::Attrs attrs) : attrs_(attrs) {
  ctx_ = {.name = "ctx",
          .attribute = *ContextSchema::get(ContextSchema::Attrs::kBound).root("ctx"),
          .members = {}};
  while (!reads.empty()) {
    const RegoRead& read = reads_.emplace_back(read_of(take_until(reads, '\n')));
    if (read.is_named) continue;
    const bool is_all = read.path.empty();
    if (is_all || read.path[0] == "attrs") reads_attrs_ = attrs == ContextSchema::Attrs::kBound;
    if (is_all || read.path[0] == "ctx") add(read.path);
  }
  reads_body_ = reads_body(ctx_);
}

std::optional<cel::Problem> RegoInput::find_unknown() const {
  std::set<std::vector<std::string>> paths;
  for (const RegoRead& read : reads_)
    if (!read.is_named) paths.insert(read.path);
  // What is also read as a whole may have been replaced by something else, with `with`.
  const auto is_in_another = [&](std::vector<std::string> path) {
    while (!path.empty()) {
      path.pop_back();
      if (paths.contains(path)) return true;
    }
    return false;
  };
  for (const RegoRead& read : reads_) {
    if (!read.at || read.path.empty() || is_in_another(read.path)) continue;
    if (auto why = why_unknown(read.path, attrs_)) return cel::Problem{*read.at, std::move(*why)};
  }
  return std::nullopt;
}

void RegoInput::add(const std::vector<std::string>& path) {
  const auto& schema = ContextSchema::get(ContextSchema::Attrs::kBound);
  Node* node = &ctx_;
  for (std::size_t i = 1; i < path.size() && !node->is_leaf; ++i) {
    if (node->attribute.shape == cel::kOpenShape) break;  // read as it is, whatever is below
    auto member = std::ranges::find(node->members, path[i], &Node::name);
    if (member == node->members.end()) {
      auto attribute = schema.member(node->attribute, path[i]);
      if (!attribute || attr_of(attribute->slot) == Attr::kAbsent) return;
      // The names of headers are in lower case, and Rego's are compared as they are.
      if (is_header(*attribute) && base::to_lower(path[i]) != path[i]) return;
      node->members.push_back({std::string(path[i]), std::move(*attribute), false, {}});
      member = node->members.end() - 1;
    }
    node = &*member;
  }
  node->is_leaf = true;
  node->members.clear();
}

bool RegoInput::reads_body(const Node& node) {
  if (!node.is_leaf)
    return std::ranges::any_of(node.members, [](const Node& member) { return reads_body(member); });
  switch (attr_of(node.attribute.slot)) {
    case Attr::kBody:
    case Attr::kBodyMap:
    case Attr::kHttp:
    case Attr::kGrpc:
    case Attr::kRequest:
    case Attr::kContext:
      return true;
    default:
      return false;
  }
}

RegoValue RegoInput::make_ctx(RequestContext& context) const {
  Writer writer(context);
  const auto failed = writer.write(ctx_);
  RegoValue made = failed ? nullptr : parse(writer.text());
  if (failed)
    context.set_error(failed->error_message(), failed->error_message());
  else if (made == nullptr)
    context.set_error("the request has a text that is not UTF-8");
  context.arena().reset();
  return made;
}

RegoValue RegoInput::make_attrs(const google::protobuf::Struct& attrs, RequestContext& context) {
  Writer writer(context);
  const auto failed = writer.write(struct_value(attrs, context.arena()), 0);
  RegoValue made = failed ? nullptr : parse(writer.text());
  if (made == nullptr) context.set_error("the policy's attrs cannot be read");
  context.arena().reset();
  return made;
}

}  // namespace policy
