#include "cel/type.h"

#include <fmt/format.h>

namespace cel {

std::string to_string(const Type& type) {
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
      return fmt::format("list({})", to_string(*type.first));
    case TypeKind::kMap:
      return fmt::format("map({}, {})", to_string(*type.first), to_string(*type.second));
    case TypeKind::kType:
      return "type";
    case TypeKind::kOptional:
      return fmt::format("optional({})", to_string(*type.first));
    case TypeKind::kOpaque:
    case TypeKind::kParam:
      return std::string(type.name);
  }
  return "dyn";
}

}  // namespace cel
