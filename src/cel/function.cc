#include "cel/function.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace cel {
namespace {

// Reads the signatures of FunctionSpec. They are constants of this program, checked by a test that
// builds the library, so a malformed one only has to be noticed.
class SignatureReader {
 public:
  SignatureReader(std::string_view text, TypePool& types) : text_(text), types_(types) {}

  std::vector<Overload> read() {
    std::vector<Overload> out;
    do {
      out.push_back(overload());
    } while (take(';'));
    return out;
  }

 private:
  Overload overload() {
    Overload out;
    if (!peek('(')) {
      out.has_receiver = true;
      out.params.push_back(type());
      take('.');
    }
    take('(');
    while (!peek(')')) {
      out.params.push_back(type());
      if (text_.starts_with("...")) {
        out.is_variadic = true;
        text_.remove_prefix(3);
      }
      take(',');
    }
    take(')');
    take(':');
    out.result = type();
    return out;
  }

  const Type* type() {
    skip();
    const std::string_view name = text_.substr(0, text_.find_first_of(" ,.():;"));
    text_.remove_prefix(name.size());
    if (name.size() == 1) return types_.param(name);
    if (name == "list") return inside([&] { return types_.list_of(type()); });
    if (name == "optional") return inside([&] { return types_.optional_of(type()); });
    if (name == "map") {
      return inside([&] {
        const Type* key = type();
        take(',');
        return types_.map_of(key, type());
      });
    }
    static constexpr std::pair<std::string_view, const Type*> kNames[] = {
        {"dyn", &kDynType},           {"null", &kNullType},
        {"bool", &kBoolType},         {"int", &kIntType},
        {"uint", &kUintType},         {"double", &kDoubleType},
        {"string", &kStringType},     {"bytes", &kBytesType},
        {"duration", &kDurationType}, {"timestamp", &kTimestampType},
        {"number", &kNumberType}};
    for (const auto& [word, known] : kNames)
      if (name == word) return known;
    if (name == "type") return inside([&] { return types_.type_of(type()); });
    if (name == "ip") return types_.opaque("net.IP");
    if (name == "cidr") return types_.opaque("net.CIDR");
    return types_.opaque(name);
  }

  template <typename Make>
  const Type* inside(Make make) {
    take('(');
    const Type* out = make();
    take(')');
    return out;
  }

  void skip() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }
  bool peek(char c) {
    skip();
    return text_.empty() || text_.front() == c;
  }
  bool take(char c) {
    skip();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::string_view text_;
  TypePool& types_;
};

}  // namespace

Library::Library() {
  for (const auto& part :
       {operator_functions(), conversion_functions(), string_functions(), search_functions(),
        text_functions(), time_functions(), list_functions(), math_functions(),
        encoding_functions(), network_functions(), optional_functions(), message_functions()})
    add(part);
  std::ranges::sort(names_);
}

void Library::add(std::span<const FunctionSpec> specs) {
  for (const FunctionSpec& spec : specs) {
    functions_.emplace(spec.name,
                       Function{spec.name, SignatureReader(spec.overloads, types_).read(),
                                spec.implementation, spec.nature});
    if (spec.name.find_first_of("_@{") == std::string_view::npos) names_.push_back(spec.name);
  }
}

const Library& library() {
  static const Library instance;
  return instance;
}

std::string describe_arguments(std::span<const Type* const> types, bool has_receiver,
                               bool is_variadic) {
  std::string out = has_receiver ? to_string(*types[0]) + ".(" : "(";
  for (std::size_t i = has_receiver ? 1 : 0; i < types.size(); ++i) {
    if (!out.ends_with('(')) out += ", ";
    out += to_string(*types[i]);
  }
  return out + (is_variadic ? "...)" : ")");
}

}  // namespace cel
