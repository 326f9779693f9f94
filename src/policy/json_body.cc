#include "policy/json_body.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "policy/message_value.h"

namespace policy {
namespace {

namespace dom = simdjson::dom;
using cel::Arena;
using cel::Value;

// simdjson walks to an element or key: what that costs is paid for, since whoever sends the body
// chooses how long it is.
constexpr std::size_t kElementsOfStep = 8;

Value element_value(const dom::element& element, Arena& arena);

// simdjson's iterators are as large as a Cursor and hold no state elsewhere, so they are kept
// there; a Cursor of zeros stands for the beginning.
template <typename Iterator>
Iterator load(const cel::Cursor& cursor, const Iterator& begin) {
  static_assert(sizeof(Iterator) == sizeof(cel::Cursor));
  static_assert(std::is_trivially_copyable_v<Iterator>);
  if (cursor.position == 0 && cursor.state == 0) return begin;
  return std::bit_cast<Iterator>(cursor);
}

class ArrayList final : public cel::ListView {
 public:
  explicit ArrayList(const dom::array& array) : array_(array) {}

  std::size_t size() const override {
    constexpr std::size_t kSaturated = 0xFFFFFF;
    if (array_.size() < kSaturated) return array_.size();
    return static_cast<std::size_t>(std::distance(array_.begin(), array_.end()));
  }
  Value at(std::size_t index, Arena& arena) const override {
    dom::element element;
    if (array_.at(index).get(element) != simdjson::SUCCESS) return Value::no_such_key();
    return element_value(element, arena);
  }
  std::size_t access_steps(std::size_t index) const override { return index / kElementsOfStep; }
  bool next(cel::Cursor& cursor, Value& element, Arena& arena) const override {
    auto it = load(cursor, array_.begin());
    if (it == array_.end()) return false;
    element = element_value(*it, arena);
    cursor = std::bit_cast<cel::Cursor>(++it);
    return true;
  }

 private:
  dom::array array_;
};

class ObjectMap final : public cel::MapView {
 public:
  explicit ObjectMap(const dom::object& object) : object_(object) {}

  std::size_t size() const override { return object_.size(); }
  Value find(const Value& key, Arena& arena) const override {
    dom::element element;
    if (!key.is(cel::Kind::kString) ||
        object_.at_key(key.as_text()).get(element) != simdjson::SUCCESS)
      return Value::no_such_key();
    return element_value(element, arena);
  }
  std::size_t search_steps() const override { return object_.size() / kElementsOfStep; }
  bool next(cel::Cursor& cursor, Value& key, Value& value, Arena& arena) const override {
    auto it = load(cursor, object_.begin());
    if (it == object_.end()) return false;
    key = Value::string(it.key());
    value = element_value(it.value(), arena);
    cursor = std::bit_cast<cel::Cursor>(++it);
    return true;
  }

 private:
  dom::object object_;
};

// The type was asked for, so that the unchecked accessors cannot fail.
Value element_value(const dom::element& element, Arena& arena) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return make_list<ArrayList>(arena, element.get_array().value_unsafe());
    case dom::element_type::OBJECT:
      return make_map<ObjectMap>(arena, element.get_object().value_unsafe());
    case dom::element_type::INT64:
      return Value::real(static_cast<double>(element.get_int64().value_unsafe()));
    case dom::element_type::UINT64:
      return Value::real(static_cast<double>(element.get_uint64().value_unsafe()));
    case dom::element_type::DOUBLE:
      return Value::real(element.get_double().value_unsafe());
    case dom::element_type::STRING:
      return Value::string(element.get_string().value_unsafe());
    case dom::element_type::BOOL:
      return Value::boolean(element.get_bool().value_unsafe());
    case dom::element_type::NULL_VALUE:
      break;
  }
  return Value::null();
}

bool has_duplicates(const dom::element& element);

// Of objects as small as most are: without memory of its own.
constexpr std::size_t kFewKeys = 8;

bool has_duplicates_of_few(const dom::object& object) {
  std::array<std::string_view, kFewKeys> keys;
  std::size_t count = 0;
  for (const auto& field : object) {
    if ((field.value.is_object() || field.value.is_array()) && has_duplicates(field.value))
      return true;
    const auto end = keys.begin() + count;
    if (std::find(keys.begin(), end, field.key) != end) return true;
    keys[count++] = field.key;
  }
  return false;
}

bool has_duplicate_keys(const dom::object& object) {
  if (object.size() <= kFewKeys) return has_duplicates_of_few(object);
  std::vector<std::string_view> keys;
  for (const auto& field : object) {
    if (has_duplicates(field.value)) return true;
    keys.push_back(field.key);
  }
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

// Recursion is bounded by the parser's depth.
bool has_duplicates(const dom::element& element) {
  if (element.is_object()) return has_duplicate_keys(element.get_object().value_unsafe());
  if (!element.is_array()) return false;
  return std::ranges::any_of(element.get_array().value_unsafe(), has_duplicates);
}

const char* describe(simdjson::error_code error) {
  switch (error) {
    case simdjson::DEPTH_ERROR:
      return "the body is nested more than 64 deep";
    case simdjson::UTF8_ERROR:
      return "the body is not UTF-8";
    case simdjson::NUMBER_ERROR:
      return "the body has a number that does not fit into 64 bits";
    default:
      return "the body is not JSON";
  }
}

}  // namespace

// The parser, whose buffers the values are views into, and a copy of the body with the room behind
// it that the parser may read.
struct JsonBody::Document {
  dom::parser parser;
  dom::element root;
  std::string text;

  simdjson::error_code parse(std::string_view body) {
    root = {};
    if (parser.capacity() < body.size() || parser.max_depth() != kMaxDepth)
      if (const auto error = parser.allocate(body.size(), kMaxDepth)) return error;
    text.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    text = body;
    return parser.parse(text.data(), text.size(), false).get(root);
  }
};

namespace {

// Larger ones are not kept: a thread that once saw one should not hold on to it.
constexpr std::size_t kMaxSpareBytes = 16 << 10;

}  // namespace

// What the last request of this thread left behind, so that the next one's body needs no buffers.
std::unique_ptr<JsonBody::Document>& JsonBody::spare() {
  thread_local std::unique_ptr<Document> document;
  return document;
}

JsonBody::JsonBody(std::string_view body) {
  if (body.size() > kMaxBytes) {
    problem_ = "the body is larger than 2 MiB";
    return;
  }
  document_ = std::move(spare());
  if (document_ == nullptr) document_ = std::make_unique<Document>();
  const auto error = document_->parse(body);
  if (error != simdjson::SUCCESS) {
    problem_ = describe(error);
  } else if (!document_->root.is_object() && !document_->root.is_null()) {
    problem_ = "the body is not a JSON object";
  } else if (has_duplicates(document_->root)) {
    problem_ = "the body has the same key twice";
  }
}

JsonBody::~JsonBody() {
  if (document_ != nullptr && document_->parser.capacity() <= kMaxSpareBytes)
    spare() = std::move(document_);
}

Value JsonBody::value(Arena& arena) const {
  if (problem_ != nullptr) return Value::error(cel::ErrorCode::kInvalidArgument, problem_);
  return document_->root.is_null() ? Value::map(std::span<const cel::MapEntry>())
                                   : element_value(document_->root, arena);
}

}  // namespace policy
