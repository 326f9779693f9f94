// Runs cases of the CEL specification's own test suite: one JSON object a line, as
// google/cel-spec's SimpleTest message in proto3 JSON with original field names, and `file`,
// `section`.
//
//   cel_conformance FILE...
//
// Prints every failing case with the reason, totals per `file`, and last "N passed, N failed".
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cel/checker.h"
#include "cel/inference.h"
#include "cel/parser.h"
#include "cel/plan.h"
#include "cel/planner.h"
#include "cel/source.h"
#include "cel_case.h"

namespace conformance {
namespace {

// Of a field that JSON leaves out when it is empty.
std::string_view text(Json test, std::string_view name) {
  const auto found = find_member(test, name);
  return found ? std::string_view(found->get_string()) : std::string_view();
}

bool flag(Json test, std::string_view name) {
  const auto found = find_member(test, name);
  return found && found->get_bool();
}

struct Total {
  int passed = 0;
  int failed = 0;
};

struct Tally {
  std::vector<std::pair<std::string, Total>> files;  // in the order of the input
  int escapes_read = 0;

  Total& of(std::string_view file) {
    for (auto& [name, total] : files)
      if (name == file) return total;
    return files.emplace_back(std::string(file), Total{}).second;
  }
};

// What went wrong, or nothing.
using Outcome = std::optional<std::string>;

cel::CompileOptions options_of(Json test) {
  cel::CompileOptions options;
  if (flag(test, "disable_check")) options.checks = cel::Checks::kSyntax;
  options.macros = !flag(test, "disable_macros");
  if (const auto container = find_member(test, "container"))
    options.container = std::string(container->get_string().value());
  return options;
}

Outcome compare(Json expected_json, const cel::Value& actual, Memory& memory, Tally& tally) {
  const cel::Value expected = memory.value(expected_json);
  if (is_same(actual, expected)) return std::nullopt;
  if (is_same(actual, with_escapes_read(expected, memory))) {
    ++tally.escapes_read;
    return std::nullopt;
  }
  return fmt::format("gives {}, expected {}", show(actual), show(expected));
}

Outcome check_type(Json typed, const cel::Type& actual, Memory& memory) {
  const auto deduced = find_member(typed, "deduced_type");
  if (!deduced) return std::nullopt;
  const cel::Type* expected = memory.type(*deduced);
  if (cel::same_type(actual, *expected)) return std::nullopt;
  return fmt::format("has type {}, expected {}", cel::to_string(actual), cel::to_string(*expected));
}

Outcome run(Json test, Tally& tally) {
  Memory memory;
  const std::string_view source = text(test, "expr");
  const CaseSchema schema(test, memory);
  const CaseSource values(test, memory);
  const cel::CompileOptions options = options_of(test);
  const bool wants_error = find_member(test, "eval_error") || find_member(test, "any_eval_errors");
  const auto refused = [&](const cel::Problem& problem) -> Outcome {
    if (wants_error) return std::nullopt;
    return "does not compile: " + cel::render(source, problem);
  };

  auto ast = cel::parse(source, options.max_depth, options.macros);
  if (!ast) return refused(ast.error());
  const auto checked = cel::check(*ast, schema, options);
  if (!checked) return refused(checked.error());
  const auto typed = find_member(test, "typed_result");
  if (typed) {
    if (auto wrong = check_type(*typed, *checked->meanings[ast->root].type, memory)) return wrong;
    if (flag(test, "check_only")) return std::nullopt;
  }
  const auto plan = cel::make_plan(source, std::move(*ast), *checked, options);
  if (!plan) return refused(plan.error());

  cel::Arena arena;
  const cel::Value actual = cel::run(**plan, values, arena);
  if (wants_error) {
    if (actual.is_error()) return std::nullopt;
    return fmt::format("gives {}, expected an error", show(actual));
  }
  if (const auto expected = find_member(test, "value"))
    return compare(*expected, actual, memory, tally);
  if (typed && find_member(*typed, "result"))
    return compare(*find_member(*typed, "result"), actual, memory, tally);
  if (actual.is_true()) return std::nullopt;
  return fmt::format("gives {}, expected true", show(actual));
}

void run_line(Json test, Tally& tally) {
  Outcome wrong;
  try {
    wrong = run(test, tally);
  } catch (const Unsupported& unsupported) {
    wrong = "unsupported: " + unsupported.what;
  } catch (const simdjson::simdjson_error& error) {
    wrong = fmt::format("unsupported: a case of another form: {}", error.what());
  }
  const std::string_view file = text(test, "file");
  Total& total = tally.of(file);
  ++(wrong ? total.failed : total.passed);
  if (!wrong) return;
  fmt::print("FAILED {}/{}/{}: {}\n  {}\n", file, text(test, "section"), text(test, "name"),
             text(test, "expr"), *wrong);
}

int run_file(const char* path, Tally& tally) {
  std::ifstream in(path);
  if (!in || std::filesystem::is_directory(path)) {
    fmt::print(stderr, "cel_conformance: {} cannot be read\n", path);
    return 2;
  }
  simdjson::dom::parser parser;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      const Json test = parser.parse(line);
      if (!test.is_object()) throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
      run_line(test, tally);
    } catch (const simdjson::simdjson_error& error) {
      fmt::print(stderr, "cel_conformance: {}:{}: {}\n", path, number, error.what());
      return 2;
    }
  }
  return 0;
}

}  // namespace
}  // namespace conformance

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "usage: cel_conformance FILE...\n");
    return 2;
  }
  conformance::Tally tally;
  for (int i = 1; i < count; ++i)
    if (const int code = conformance::run_file(arguments[i], tally); code != 0) return code;

  conformance::Total all;
  for (const auto& [file, total] : tally.files) {
    fmt::print("{}  {} passed, {} failed\n", file, total.passed, total.failed);
    all.passed += total.passed;
    all.failed += total.failed;
  }
  if (tally.escapes_read > 0)
    fmt::print(
        "({} expected texts hold \\u, \\U or \\? that their file left unread; compared as read)\n",
        tally.escapes_read);
  fmt::print("{} passed, {} failed\n", all.passed, all.failed);
  return all.failed == 0 ? 0 : 1;
}
