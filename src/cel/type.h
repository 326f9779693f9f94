#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace cel {

enum class TypeKind : std::uint8_t {
  kDyn,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kDuration,
  kTimestamp,
  kList,      // first: element
  kMap,       // first: key, second: value
  kType,      // first: the type named
  kOptional,  // first: the value
  kNumber,    // of a declaration: int, uint or double
  kWrapper,   // first: a scalar that may be null (google.protobuf.Int64Value, ...)
  kOpaque,    // name; first: its first parameter, second: a nameless kOpaque with the rest
  kParam,     // of a declaration: name
  kVariable,  // of an inference: id
};

// A static type. Immutable; made once and compared by structure; lives in a TypePool or for ever.
struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::uint32_t id = 0;
  const Type* first = nullptr;
  const Type* second = nullptr;
  std::string_view name = {};
};

inline constexpr Type kDynType{TypeKind::kDyn};
inline constexpr Type kNullType{TypeKind::kNull};
inline constexpr Type kBoolType{TypeKind::kBool};
inline constexpr Type kIntType{TypeKind::kInt};
inline constexpr Type kUintType{TypeKind::kUint};
inline constexpr Type kDoubleType{TypeKind::kDouble};
inline constexpr Type kStringType{TypeKind::kString};
inline constexpr Type kBytesType{TypeKind::kBytes};
inline constexpr Type kDurationType{TypeKind::kDuration};
inline constexpr Type kTimestampType{TypeKind::kTimestamp};
inline constexpr Type kNumberType{TypeKind::kNumber};
inline constexpr Type kDynListType{TypeKind::kList, 0, &kDynType};
inline constexpr Type kDynMapType{TypeKind::kMap, 0, &kDynType, &kDynType};

// Owns composite types. Pointers into it stay valid as it grows. One thread at a time.
class TypePool {
 public:
  const Type* list_of(const Type* element) { return add({TypeKind::kList, 0, element}); }
  const Type* map_of(const Type* key, const Type* value) {
    return add({TypeKind::kMap, 0, key, value});
  }
  const Type* type_of(const Type* named) { return add({TypeKind::kType, 0, named}); }
  const Type* optional_of(const Type* value) { return add({TypeKind::kOptional, 0, value}); }
  const Type* wrapper_of(const Type* scalar) { return add({TypeKind::kWrapper, 0, scalar}); }
  const Type* opaque(std::string_view name, std::span<const Type* const> parameters = {});
  const Type* param(std::string_view name) {
    return add({TypeKind::kParam, 0, nullptr, nullptr, own(name)});
  }
  const Type* variable(std::uint32_t id) { return add({TypeKind::kVariable, id}); }

  const Type* intern(const Type& type) { return add(type); }

 private:
  const Type* add(const Type& type) { return &types_.emplace_back(type); }
  std::string_view own(std::string_view name) { return names_.emplace_back(name); }

  std::deque<Type> types_;
  std::deque<std::string> names_;
};

// As CEL writes it: list(string), map(string, dyn), ...; what is nested deep is left out.
std::string to_string(const Type& type);

}  // namespace cel
