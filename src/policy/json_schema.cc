#include "policy/json_schema.h"

#include <fmt/format.h>

#include "policy/engine_buffer.h"

namespace policy {
namespace {

const std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

base::Result<std::shared_ptr<const JsonSchema>> JsonSchema::compile(std::string_view text) {
  engines_problem problem{};
  engines_schema* schema = engines_schema_compile(bytes(text), text.size(), &problem);
  const EngineBuffer message(problem.message);
  if (schema != nullptr) return std::make_shared<const JsonSchema>(schema);
  if (problem.line == 0) return base::fail_invalid("json_schema", std::string(message.text()));
  return base::fail_invalid("json_schema",
                            fmt::format("{}:{}: {}", problem.line, problem.column, message.text()));
}

JsonSchema::~JsonSchema() { engines_schema_free(schema_); }

JsonSchema::Verdict JsonSchema::validate(std::string_view document) const {
  engines_failure failure{};
  const int outcome = engines_schema_validate(schema_, bytes(document), document.size(), &failure);
  const EngineBuffer pointer(failure.pointer);
  const EngineBuffer keyword(failure.keyword);
  const EngineBuffer message(failure.message);
  if (outcome == 1) return {Outcome::kValid, {}, {}, {}};
  return {outcome == 0 ? Outcome::kInvalid : Outcome::kUnreadable, std::string(pointer.text()),
          std::string(keyword.text()), std::string(message.text())};
}

}  // namespace policy
