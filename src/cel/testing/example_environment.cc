#include "cel/testing/example_environment.h"

#include <limits>

namespace cel::testing {
namespace {

enum Shape : ShapeId { kMessage = 1, kPart, kHeaders, kRows };

constexpr struct {
  ShapeId parent;
  std::string_view name;
  ShapeId shape;
} kMembers[] = {
    {kMessage, "i", kOpenShape},    {kMessage, "u", kOpenShape},     {kMessage, "d", kOpenShape},
    {kMessage, "b", kOpenShape},    {kMessage, "s", kOpenShape},     {kMessage, "n", kOpenShape},
    {kMessage, "list", kOpenShape}, {kMessage, "map", kOpenShape},   {kMessage, "sub", kPart},
    {kMessage, "gone", kPart},      {kMessage, "headers", kHeaders}, {kMessage, "rows", kRows},
    {kPart, "s", kOpenShape},       {kPart, "list", kOpenShape},
};

constexpr std::string_view kRoots[] = {"least", "most",  "big",   "nan",  "inf",  "zero", "text",
                                       "empty", "items", "table", "some", "none", "when", "absent"};

Plain uint_of(std::uint64_t v) {
  Plain out;
  out.kind = Kind::kUint;
  out.natural = v;
  return out;
}

Plain text(const char* v) { return Plain::of(std::string(v)); }
Plain integer(std::int64_t v) { return Plain::of(v); }

Plain map(std::vector<PlainEntry> entries) {
  Plain out;
  out.kind = Kind::kMap;
  out.entries = std::move(entries);
  return out;
}

Plain part(const char* s, std::vector<Plain> list) {
  return map({{text("s"), text(s)}, {text("list"), Plain::list(std::move(list))}});
}

// Lists and maps of an Environment as views.
Value view(const Plain& plain, Arena& arena);

class PlainList final : public ListView {
 public:
  explicit PlainList(const Plain& plain) : items_(plain.items) {}
  std::size_t size() const override { return items_.size(); }
  Value at(std::size_t index, Arena& arena) const override { return view(items_[index], arena); }

 private:
  const std::vector<Plain>& items_;
};

class PlainMap final : public MapView {
 public:
  explicit PlainMap(const Plain& plain) : entries_(plain.entries) {}
  std::size_t size() const override { return entries_.size(); }
  Value find(const Value& key, Arena& arena) const override {
    for (const auto& [name, value] : entries_)
      if (equal(to_value(name, arena), key, arena)) return view(value, arena);
    return Value::no_such_key();
  }
  bool next(Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    if (cursor.position == entries_.size()) return false;
    key = to_value(entries_[cursor.position].first, arena);
    value = view(entries_[cursor.position++].second, arena);
    return true;
  }

 private:
  const std::vector<PlainEntry>& entries_;
};

Value view(const Plain& plain, Arena& arena) {
  if (plain.is(Kind::kList)) {
    const PlainList* list = arena.make<PlainList>(plain);
    return list == nullptr ? Value::memory_limit() : Value::list(list);
  }
  if (plain.is(Kind::kMap)) {
    const PlainMap* map_view = arena.make<PlainMap>(plain);
    return map_view == nullptr ? Value::memory_limit() : Value::map(map_view);
  }
  return to_value(plain, arena);
}

// The value a path leads to, its steps separated by '/'; null when there is none.
const Plain* walk(const Environment& environment, std::string_view path) {
  std::size_t slash = path.find('/');
  const auto root = environment.find(std::string(path.substr(0, slash)));
  const Plain* at = root == environment.end() ? nullptr : &root->second;
  while (at != nullptr && slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
    slash = path.find('/');
    const Plain* below = nullptr;
    for (const auto& [key, value] : at->entries)
      if (key.text == path.substr(0, slash)) below = &value;
    at = below;
  }
  return at;
}

}  // namespace

Environment example_environment() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Environment out;
  out["least"] = integer(std::numeric_limits<std::int64_t>::min());
  out["most"] = integer(std::numeric_limits<std::int64_t>::max());
  out["big"] = uint_of(std::numeric_limits<std::uint64_t>::max());
  out["nan"] = Plain::of(std::numeric_limits<double>::quiet_NaN());
  out["inf"] = Plain::of(-kInfinity);
  out["zero"] = Plain::of(-0.0);
  out["text"] = text("a\xC3\xB1\xF0\x9F\x98\x80");
  out["empty"] = text("");
  out["items"] = Plain::list({integer(1), uint_of(1), Plain::of(1.0), text("a"), Plain(),
                              Plain::list({}), Plain::of(true)});
  out["table"] = map({{integer(1), text("one")},
                      {text("a"), integer(-1)},
                      {Plain::of(true), Plain()},
                      {uint_of(7), Plain::list({text("a"), text("b")})}});
  out["some"] = Plain::optional(std::make_shared<const Plain>(out["table"]));
  out["none"] = Plain::optional(nullptr);
  Plain when;
  when.kind = Kind::kTimestamp;
  when.time = {1'772'616'600, 5};
  out["when"] = when;
  out["ctx"] = map({{text("i"), integer(-1)},
                    {text("u"), uint_of(3)},
                    {text("d"), Plain::of(2.5)},
                    {text("b"), Plain::of(true)},
                    {text("s"), text("a")},
                    {text("n"), Plain()},
                    {text("list"), Plain::list({text("a"), text("b"), text("")})},
                    {text("map"), map({{text("a"), Plain::of(1.0)}, {text("b"), Plain()}})},
                    {text("sub"), part("b", {integer(0), integer(-1)})},
                    {text("headers"), map({{text("a"), text("b")}, {text("x-y"), text("")}})},
                    {text("rows"), Plain::list({part("a", {}), part("", {text("a")})})}});
  return out;
}

std::optional<Attribute> EnvironmentSchema::root(std::string_view name) const {
  Attribute out;
  out.slot.key = name;
  if (name == "ctx") {
    out.shape = kMessage;
    return out;
  }
  for (const std::string_view known : kRoots)
    if (known == name) return out;
  return std::nullopt;
}

std::optional<Attribute> EnvironmentSchema::member(const Attribute& parent,
                                                   std::string_view name) const {
  Attribute out;
  out.slot.key = parent.slot.key + "/" + std::string(name);
  if (parent.shape == kHeaders && name.find('/') == std::string_view::npos) return out;
  for (const auto& row : kMembers) {
    if (row.parent != parent.shape || row.name != name) continue;
    out.shape = row.shape;
    return out;
  }
  return std::nullopt;
}

ShapeId EnvironmentSchema::element(ShapeId container) const {
  return container == kRows ? ShapeId{kPart} : kOpenShape;
}

Value EnvironmentSource::resolve(const Slot& slot, Arena& arena) const {
  const Plain* plain = walk(environment_, slot.key);
  if (plain == nullptr) return Value::no_such_key();
  return slot.key.starts_with("ctx") ? view(*plain, arena) : to_value(*plain, arena);
}

Value EnvironmentSource::has(const Slot& slot, Arena&) const {
  const auto slash = slot.key.rfind('/');
  if (slash != std::string::npos &&
      walk(environment_, std::string_view(slot.key).substr(0, slash)) == nullptr)
    return Value::no_such_key();
  return Value::boolean(walk(environment_, slot.key) != nullptr);
}

}  // namespace cel::testing
