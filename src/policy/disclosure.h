#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rego_input.h"

namespace policy {

// Whether an explanation, and the messages of expressions that fail, may show values that came from
// credentials and bodies: of a hypothetical request they may, since whoever asks made them up.
enum class Disclosure : std::uint8_t { kRedacted, kEverything };

// Whether a header, cookie or query parameter of that name holds, or may hold, a credential.
bool is_credential_name(std::string_view name);

// The message of an expression that failed, without what it may quote of a value: "1:5: not an IP
// address: x" ends before its x.
std::string without_quote(std::string_view error);
// The same of Rego, whose builtins quote what they were given: "3:1: `floor` expects numeric
// argument. Got `x` instead" ends before its second sentence, and one that may quote anywhere has
// only its place.
std::string without_rego_quote(std::string_view error);

// Which parts of one expression must not be shown with their values.
//
// Decided by what the text names, not by what a value looks like: a part is hidden when it names
// a header that is a credential, headers or query parameters as a whole or by a computed name, the
// query, or the body; and so is a part that names a local variable (`h` in `headers.exists(h,
// ...)`) of an expression that has any such part.
class ExpressionDisclosure {
 public:
  enum class Kind : std::uint8_t { kShown, kBody, kCredential };

  explicit ExpressionDisclosure(std::string_view source);

  // Of the part at source[begin, end).
  Kind of(std::size_t begin, std::size_t end) const;
  bool hides_anything() const { return !hidden_.empty(); }

 private:
  struct Hidden {
    std::size_t begin;
    std::size_t end;
    Kind kind;
  };

  std::vector<Hidden> hidden_;
  std::vector<std::size_t> variables_;  // where local variables stand
};

// The same of a Rego script. Of a path below `input` that is written out, the path decides. Of
// anything else, and where `with` replaces values or `input` may be a variable, all that the script
// reads does: a variable may hold any of it.
class ScriptDisclosure {
 public:
  using Kind = ExpressionDisclosure::Kind;

  ScriptDisclosure(std::string_view source, const std::vector<RegoRead>& reads);

  Kind of(std::string_view part) const;

 private:
  Kind strongest_ = Kind::kShown;
  bool may_rename_;
};

}  // namespace policy
