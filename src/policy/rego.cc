#include "policy/rego.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "cel/source.h"
#include "policy/engine_buffer.h"
#include "policy/rego_shape.h"

namespace policy {
namespace {

const std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// The byte at a line and a column of characters, both from 1.
std::size_t offset_of(std::string_view source, std::uint32_t line, std::uint32_t column) {
  std::size_t offset = 0;
  for (; line > 1; --line) {
    const std::size_t end = source.find('\n', offset);
    if (end == std::string_view::npos) return source.size();
    offset = end + 1;
  }
  for (; column > 1 && offset < source.size(); --column) cel::next_utf8(source, offset);
  return offset;
}

std::string describe(std::string_view source, const engines_problem& problem,
                     std::string_view message) {
  if (problem.line == 0) return std::string(message);
  const std::size_t offset = offset_of(source, problem.line, problem.column);
  return cel::render(source, {static_cast<std::uint32_t>(offset), std::string(message)});
}

std::uint32_t take_number(std::string_view& line) {
  const std::string_view digits = take_until(line, '\t');
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// A line of engines_rego_explain().
RegoPart part_of(std::string_view line) {
  RegoPart part;
  part.begin = take_number(line);
  part.end = take_number(line);
  part.depth = take_number(line);
  part.is_cause = take_until(line, '\t') == "1";
  part.type = take_until(line, '\t');
  part.size = take_until(line, '\t');
  part.value = line;
  return part;
}

engines_limits as_engines(RegoProgram::Limits limits) {
  return {static_cast<std::uint64_t>(limits.time.count()), limits.memory};
}

}  // namespace

base::Result<std::shared_ptr<const RegoProgram>> RegoProgram::compile(std::string_view source,
                                                                      Entry entry,
                                                                      ContextSchema::Attrs attrs) {
  if (source.size() <= kMaxBytes)
    if (const auto bad = find_bad_shape(source))
      return base::fail_invalid("rego", cel::render(source, *bad));
  engines_problem problem{};
  engines_rego* program =
      engines_rego_compile(bytes(source), source.size(),
                           entry == Entry::kConfig ? ENGINES_CONFIG : ENGINES_CONDITION, &problem);
  const EngineBuffer message(problem.message);
  if (program == nullptr)
    return base::fail_invalid("rego", describe(source, problem, message.text()));
  const EngineBuffer reads(engines_rego_reads(program));
  auto compiled =
      std::make_shared<const RegoProgram>(program, source, RegoInput(reads.text(), attrs));
  if (const auto unknown = compiled->input().find_unknown())
    return base::fail_invalid("rego", cel::render(source, *unknown));
  return compiled;
}

RegoProgram::RegoProgram(engines_rego* program, std::string_view source, RegoInput input)
    : program_(program), source_(source), input_(std::move(input)) {}

RegoProgram::~RegoProgram() { engines_rego_free(program_); }

RegoProgram::Result RegoProgram::evaluate(const engines_value* ctx, const engines_value* attrs,
                                          Limits limits) const {
  const engines_limits within = as_engines(limits);
  EngineBuffer out;
  const auto outcome =
      static_cast<Outcome>(engines_rego_evaluate(program_, ctx, attrs, &within, out.get()));
  static_assert(std::to_underlying(Outcome::kOutOfMemory) == ENGINES_OUT_OF_MEMORY);
  return {outcome, std::string(out.text())};
}

RegoProgram::Explanation RegoProgram::explain(const engines_value* ctx, const engines_value* attrs,
                                              Limits limits) const {
  const engines_limits within = as_engines(limits);
  EngineBuffer out;
  Explanation explanation;
  explanation.outcome =
      static_cast<Outcome>(engines_rego_explain(program_, ctx, attrs, &within, out.get()));
  for (std::string_view lines = out.text(); !lines.empty();) {
    RegoPart part = part_of(take_until(lines, '\n'));
    if (part.begin <= part.end && part.end <= source_.size())
      explanation.parts.push_back(std::move(part));
  }
  return explanation;
}

}  // namespace policy
