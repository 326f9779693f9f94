#include "cli/test_policies.h"

#include <fmt/format.h>

#include <sstream>

#include "cli/case_file.h"
#include "cli/coverage.h"
#include "explain/simulation.h"
#include "policy/explanation_text.h"

namespace cli {
namespace {

using extv1::Explanation;

std::string_view word_of(Explanation::Decision decision) {
  return decision == Explanation::ALLOW ? "ALLOW" : "DENY";
}

const extv1::Rule* deciding_rule(const Explanation& explanation) {
  for (const auto& step : explanation.steps())
    if (step.has_rule() && step.rule().decides()) return &step.rule();
  return nullptr;
}

// What is otherwise than expected; empty when nothing is.
std::vector<std::string> compare(const extv1::Case::Expect& expect, const Explanation& got) {
  std::vector<std::string> out;
  const auto differs = [&](std::string_view what, std::string_view wanted, std::string_view is) {
    out.push_back(fmt::format("{}: expected {}, is {}", what, wanted, is.empty() ? "none" : is));
  };
  if (expect.decision() != got.decision())
    differs("decision", word_of(expect.decision()), word_of(got.decision()));
  if (!expect.reason().empty() && expect.reason() != got.reason() && expect.reason() != got.code())
    differs("reason", expect.reason(),
            got.reason().empty() ? got.code() : fmt::format("{} ({})", got.reason(), got.code()));
  if (!expect.config().empty() && expect.config() != got.config().name())
    differs("config", expect.config(), got.config().name());
  const extv1::Rule* rule = deciding_rule(got);
  const extv1::PolicySource source = rule == nullptr ? extv1::PolicySource() : rule->source();
  if (!expect.policy().empty() && expect.policy() != source.policy())
    differs("policy", expect.policy(), rule == nullptr ? "" : policy::source_name(source));
  const std::string name = rule == nullptr ? "" : policy::rule_name(*rule);
  if (!expect.rule().empty() && expect.rule() != name) differs("rule", expect.rule(), name);
  return out;
}

class Run {
 public:
  Run(Terminal& terminal, const TestOptions& options) : terminal_(terminal), options_(options) {}

  void file(const CaseFile& file) {
    const explain::Simulation simulation(*file.resources);
    for (const auto& resource : file.written) coverage_.expect(*resource);
    for (const extv1::Case& one : file.content.cases())
      run_case(file, one, simulation.run(request_of(file.content, one), base::WallTime()));
  }

  base::Result<void> finish() {
    for (auto& rule : coverage_.rules()) *report_.add_coverage() = std::move(rule);
    report_.set_coveragepercent(coverage_.percent());
    if (options_.format == Format::kDefault)
      print_coverage();
    else
      print_message(terminal_, report_, options_.format);
    const bool is_too_low =
        options_.coverage_min && report_.coveragepercent() < *options_.coverage_min;
    if (is_too_low)
      return base::fail_invalid(
          "coverage_low", fmt::format("{} % of the rules matched at least once, fewer than {} %",
                                      report_.coveragepercent(), *options_.coverage_min));
    if (report_.failed() > 0) return base::fail_invalid("case_failed", "");
    return {};
  }

 private:
  void run_case(const CaseFile& file, const extv1::Case& one, base::Result<Explanation> got) {
    auto& result = *report_.add_cases();
    result.set_file(file.path);
    result.set_name(one.name());
    std::vector<std::string> problems;
    if (got) {
      coverage_.count(*got);
      problems = compare(one.expect(), *got);
      if (!problems.empty()) *result.mutable_explanation() = *got;
    } else if (one.expect().decision() != Explanation::DENY ||
               one.expect().reason() != got.error().reason) {
      problems.push_back(got.error().message);
    }
    result.set_passed(problems.empty());
    for (std::string& problem : problems) result.add_problems(std::move(problem));
    if (result.passed())
      report_.set_passed(report_.passed() + 1);
    else
      report_.set_failed(report_.failed() + 1);
    if (options_.format == Format::kDefault) print_case(result);
  }

  void print_case(const extv1::TestReport::CaseResult& result) {
    terminal_.line(
        fmt::format("{}  {}: {}", result.passed() ? "ok  " : "FAIL", result.file(), result.name()));
    for (const std::string& problem : result.problems()) terminal_.line("      " + problem);
    if (!result.has_explanation()) return;
    std::istringstream lines(policy::render_text(result.explanation()));
    for (std::string line; std::getline(lines, line);) terminal_.line("      " + line);
  }

  void print_coverage() {
    terminal_.line("");
    for (const auto& rule : report_.coverage()) {
      std::string text = rule.rule() + ": ";
      if (rule.matched() + rule.notmatched() + rule.failed() == 0)
        text += "NEVER ASKED";
      else
        text += fmt::format("{} matched, {} not matched", rule.matched(), rule.notmatched());
      if (rule.failed() > 0) text += fmt::format(", {} failed", rule.failed());
      terminal_.line(text);
    }
    terminal_.line(fmt::format("{} passed, {} failed; {} % of {} rules matched at least once",
                               report_.passed(), report_.failed(), report_.coveragepercent(),
                               report_.coverage_size()));
  }

  Terminal& terminal_;
  const TestOptions& options_;
  Coverage coverage_;
  extv1::TestReport report_;
};

}  // namespace

base::Result<void> test_policies(Terminal& terminal, const TestOptions& options) {
  BASE_ASSIGN(const auto paths, find_case_files(options.path));
  std::vector<CaseFile> files;
  std::string problems;
  for (const std::string& path : paths) {
    auto file = read_case_file(path);
    if (file)
      files.push_back(std::move(*file));
    else
      problems += (problems.empty() ? "" : "\n") + file.error().message;
  }
  if (!problems.empty()) return base::fail_invalid("case_file_invalid", std::move(problems));
  Run run(terminal, options);
  for (const CaseFile& file : files) run.file(file);
  return run.finish();
}

}  // namespace cli
