#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/observer.h"
#include "cel/schema.h"
#include "cel/value.h"

namespace cel {

struct Plan;

enum class Expected : std::uint8_t { kAny, kBool, kString, kMap };

// kSyntax leaves names and types to the evaluation: an unknown variable or function, or a call
// without a matching overload, is an error value there. Fields of a known shape are checked anyway.
enum class Checks : std::uint8_t { kAll, kSyntax };

struct CompileOptions {
  std::size_t max_source_bytes = 10'000;  // never more than 60'000
  std::size_t max_depth = 250;            // nesting of the syntax tree
  std::uint64_t max_cost = 1'000'000;     // steps of one evaluation, long texts counting more
  // A result that is certainly of another type is a compile error; one that may be (dyn) is not.
  Expected expected = Expected::kAny;
  Checks checks = Checks::kAll;
  bool macros = true;     // whether has(), exists() and the like are more than calls
  std::string container;  // prefix tried for names, as in CEL's name resolution
};

// A compiled expression. Immutable, shared by threads.
class Program {
 public:
  explicit Program(std::unique_ptr<const Plan> plan);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The expression's value over `source`; an error is a value too. Views in it live as long as the
  // program, the source and the arena. Its stack use is bounded by CompileOptions::max_depth.
  Value evaluate(const AttributeSource& source, Arena& arena) const noexcept;
  // The same, reporting the values of sub-expressions.
  Observed observe(const AttributeSource& source, Arena& arena, Observer& observer) const noexcept;

  // The attributes it may read, each once. Empty: the value does not depend on the source, unless
  // reads_clock().
  std::span<const Slot> slots() const;
  bool reads_clock() const;  // calls now()

  std::string_view source() const;
  // "1:23: no such key" for an error that this program's evaluate() gave.
  std::string describe(const Value& error) const;

 private:
  std::unique_ptr<const Plan> plan_;
};

// Parses, checks and plans `source`. Errors have reason "cel_invalid" (or "cel_too_long") and a
// message of three lines: `1:23: what is wrong[; did you mean "x"?]`, the source line, a caret.
base::Result<std::shared_ptr<const Program>> compile(std::string_view source, const Schema& schema,
                                                     const CompileOptions& options = {});

}  // namespace cel
