#include "cel/type.h"

#include <fmt/format.h>

namespace cel {
namespace {

constexpr int kShownLevels = 6;  // of types within types

std::string print(const Type& type, int level);

// "(A, B)" of an opaque type.
std::string parameters(const Type& type, int level) {
  if (type.first == nullptr) return {};
  std::string out = "(";
  for (const Type* part = &type; part != nullptr && part->first != nullptr; part = part->second)
    out += (part == &type ? "" : ", ") + print(*part->first, level);
  return out + ")";
}

std::string print(const Type& type, int level) {
  if (level > kShownLevels) return "...";
  switch (type.kind) {
    case TypeKind::kDyn:
    case TypeKind::kVariable:
      return "dyn";
    case TypeKind::kNull:
      return "null";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kUint:
      return "uint";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kString:
      return "string";
    case TypeKind::kBytes:
      return "bytes";
    case TypeKind::kDuration:
      return "duration";
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kList:
      return fmt::format("list({})", print(*type.first, level + 1));
    case TypeKind::kMap:
      return fmt::format("map({}, {})", print(*type.first, level + 1),
                         print(*type.second, level + 1));
    case TypeKind::kType:
      return "type";
    case TypeKind::kOptional:
      return fmt::format("optional({})", print(*type.first, level + 1));
    case TypeKind::kNumber:
      return "number";
    case TypeKind::kWrapper:
      return fmt::format("wrapper({})", print(*type.first, level + 1));
    case TypeKind::kOpaque:
      return std::string(type.name) + parameters(type, level + 1);
    case TypeKind::kParam:
      return std::string(type.name);
  }
  return "dyn";
}

}  // namespace

std::string to_string(const Type& type) { return print(type, 0); }

const Type* TypePool::opaque(std::string_view name, std::span<const Type* const> parameters) {
  Type out{TypeKind::kOpaque, 0, nullptr, nullptr, own(name)};
  if (parameters.empty()) return add(out);
  out.first = parameters.front();
  if (parameters.size() > 1) out.second = opaque("", parameters.subspan(1));
  return add(out);
}

}  // namespace cel
