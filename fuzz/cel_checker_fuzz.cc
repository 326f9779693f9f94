// Expressions through parser, checker and planner: nothing may crash or hang, an error has its
// three lines, and what the full checks let pass the syntax checks let pass, too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cel/example_context.h"
#include "cel/program.h"
#include "cel/source.h"
#include "cel/testing/example_environment.h"
#include "cel/testing/generator.h"

namespace {

bool compiles(const std::string& source, const cel::Schema& schema,
              const cel::CompileOptions& options) {
  const auto program = cel::compile(source, schema, options);
  if (program) return true;
  const std::string& message = program.error().message;
  const bool is_located = program.error().reason == "cel_invalid" && cel::is_utf8(source);
  if (is_located && std::ranges::count(message, '\n') != 2) std::abort();
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cel::ExampleSchema example;
  static const cel::testing::EnvironmentSchema environment;
  const std::string source = cel::testing::expression_of({data, size});
  for (const cel::Schema* schema :
       {static_cast<const cel::Schema*>(&example), static_cast<const cel::Schema*>(&environment)}) {
    cel::CompileOptions options;
    const bool strictly = compiles(source, *schema, options);
    options.checks = cel::Checks::kSyntax;
    if (strictly && !compiles(source, *schema, options)) std::abort();
    options.checks = cel::Checks::kAll;
    options.expected = cel::Expected::kBool;
    if (compiles(source, *schema, options) && !strictly) std::abort();
  }
  return 0;
}
