#include "cel/value.h"

#include "cel/compare.h"
#include "cel/schema.h"

namespace cel {
namespace {

// Equality of map keys: only scalars, numbers across kinds.
bool same_key(const Value& a, const Value& b) {
  if (a.is(Kind::kString)) return b.is(Kind::kString) && a.as_text() == b.as_text();
  if (a.is(Kind::kBool)) return b.is(Kind::kBool) && a.as_bool() == b.as_bool();
  if (!a.is_number() || !b.is_number()) return false;
  const auto order = compare(a, b);
  return order && *order == 0;
}

}  // namespace

std::size_t Value::list_size() const {
  return is_array() ? as_values().size() : as_list_view()->size();
}

Value Value::list_at(std::size_t index, Arena& arena) const {
  return is_array() ? as_values()[index] : as_list_view()->at(index, arena);
}

std::size_t Value::map_size() const {
  return is_array() ? as_entries().size() : as_map_view()->size();
}

Value Value::map_find(const Value& key, Arena& arena) const {
  if (!is_array()) return as_map_view()->find(key, arena);
  for (const MapEntry& entry : as_entries())
    if (same_key(entry.key, key)) return entry.value;
  return no_such_key();
}

bool ListView::next(Cursor& cursor, Value& element, Arena& arena) const {
  if (cursor.position >= size()) return false;
  element = at(cursor.position++, arena);
  return true;
}

Value MapView::has(const Value& key, Arena& arena) const {
  const Value found = find(key, arena);
  if (found.is_error() && !found.is_miss()) return found;
  return Value::boolean(!found.is_error());
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kType:
      return "type";
    case Kind::kOptional:
      return "optional_type";
    case Kind::kOpaque:
      return value.as_opaque()->type_name();
    case Kind::kError:
      return "error";
  }
  return "error";
}

std::optional<Attribute> Schema::member(const Attribute&, std::string_view) const {
  return std::nullopt;
}

ShapeId Schema::element(ShapeId) const { return kOpenShape; }

std::vector<std::string_view> Schema::member_names(ShapeId) const { return {}; }

Value AttributeSource::has(const Slot& slot, Arena& arena) const {
  const Value value = resolve(slot, arena);
  if (value.is_error() && !value.is_miss()) return value;
  return Value::boolean(!value.is_error());
}

base::WallTime AttributeSource::now() const { return base::SystemClock().now(); }

Value EmptySource::resolve(const Slot&, Arena&) const {
  return Value::error(ErrorCode::kNoSuchAttribute, "no such attribute");
}

}  // namespace cel
