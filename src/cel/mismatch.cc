#include "cel/mismatch.h"

#include <fmt/format.h>

namespace cel {
namespace {

// Of `element in container` and `container[element]`.
std::string membership_message(const Type& container, const Type& element, bool is_in) {
  if (container.kind == TypeKind::kMap)
    return fmt::format("the keys of a {} are {}, not {}", to_string(container),
                       to_string(*container.first), to_string(element));
  if (container.kind == TypeKind::kList && is_in)
    return fmt::format("a {} holds no {}", to_string(container), to_string(element));
  if (container.kind == TypeKind::kList)
    return fmt::format("a list is indexed by an int, not {}", to_string(element));
  return fmt::format("{} needs a list or map, not {}", is_in ? "\"in\"" : "\"[]\"",
                     to_string(container));
}

// "+" for "_+_".
std::string_view readable(std::string_view name) {
  if (name == "@in") return "in";
  if (name == "_?_:_") return "?:";
  if (name == "_[_]" || name == "_[?_]") return "[]";
  const auto first = name.find_first_not_of('_');
  const bool is_operator = name.front() == '_' || name.back() == '_';
  return is_operator ? name.substr(first, name.find_last_not_of('_') - first + 1) : name;
}

}  // namespace

std::string describe_mismatch(const Function& function, std::span<const Type* const> given,
                              bool has_receiver) {
  const std::string_view name = readable(function.name);
  if (function.name == "_?_:_") {
    if (given[0]->kind != TypeKind::kBool && given[0]->kind != TypeKind::kDyn)
      return fmt::format("the condition of ?: is a bool, not {}", to_string(*given[0]));
    return fmt::format("the branches of ?: are {} and {}; they need one type", to_string(*given[1]),
                       to_string(*given[2]));
  }
  if (function.name == "@in") return membership_message(*given[1], *given[0], true);
  if (function.name == "_[_]" || function.name == "_[?_]")
    return membership_message(*given[0], *given[1], false);
  const bool is_equality = function.name == "_==_" || function.name == "_!=_";
  const auto is_number = [](const Type* type) {
    return type->kind == TypeKind::kInt || type->kind == TypeKind::kUint ||
           type->kind == TypeKind::kDouble;
  };
  const bool are_numbers =
      given.size() == 2 && !has_receiver && is_number(given[0]) && is_number(given[1]);
  std::string message =
      fmt::format("\"{}\" does not take {}", name, describe_arguments(given, has_receiver, false));
  if (are_numbers && given[0]->kind != given[1]->kind)
    return message + "; convert one side with int(), uint() or double()";
  if (is_equality) return message + "; values of different types are not compared";
  if (const auto& overloads = function.overloads; overloads.size() <= 4) {
    for (std::size_t i = 0; i < overloads.size(); ++i)
      message += fmt::format("{}{}", i == 0 ? "; it takes " : " or ", describe(overloads[i]));
  }
  return message;
}

}  // namespace cel
