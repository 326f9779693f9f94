// Any text through parser, checker, planner and evaluator: nothing may crash, hang or leak, and a
// program must give the same outcome each time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cel/example_context.h"
#include "cel/program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cel::ExampleSchema schema;
  static const cel::ExampleSource context;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  cel::CompileOptions options;
  options.max_cost = 20'000;
  for (const cel::Checks checks : {cel::Checks::kAll, cel::Checks::kSyntax}) {
    options.checks = checks;
    const auto program = cel::compile(source, schema, options);
    if (!program) continue;
    cel::Arena first(1 << 20);
    cel::Arena second(1 << 20);
    const cel::Value a = (*program)->evaluate(context, first);
    const cel::Value b = (*program)->evaluate(context, second);
    if (a.kind() != b.kind()) std::abort();
    if (a.is_error() && (*program)->describe(a) != (*program)->describe(b)) std::abort();
    if (a.is(cel::Kind::kBool) && a.as_bool() != b.as_bool()) std::abort();
  }
  return 0;
}
