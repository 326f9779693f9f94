#include "policy/explanation_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/shown_value.h"

namespace policy {
namespace {

namespace extv1 = octelium::api::ext::v1;
using extv1::Explanation;

constexpr std::string_view kYes = "✓";
constexpr std::string_view kNo = "✗";

std::string_view mark_of(extv1::Outcome outcome) {
  switch (outcome) {
    case extv1::MATCH:
      return kYes;
    case extv1::ERROR:
      return "!";
    default:
      return kNo;
  }
}

std::string_view words_of(extv1::Outcome outcome) {
  switch (outcome) {
    case extv1::MATCH:
      return "matches";
    case extv1::ERROR:
      return "failed";
    default:
      return "does not match";
  }
}

// Expressions of several lines, as YAML's folded texts are, on one.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

class TextWriter {
 public:
  std::string run(const Explanation& explanation) {
    head(explanation);
    checks(explanation);
    steps(explanation);
    if (explanation.has_config()) config(explanation.config());
    if (explanation.omitted() > 0)
      line(0, fmt::format("{} entries were left out", explanation.omitted()));
    return std::move(out_);
  }

 private:
  void line(int depth, std::string_view text) {
    out_.append(static_cast<std::size_t>(depth) * 2, ' ').append(text).append(1, '\n');
  }

  void head(const Explanation& explanation) {
    const bool is_allowed = explanation.decision() == Explanation::ALLOW;
    std::string first =
        fmt::format("{}  {}", is_allowed ? "ALLOWED" : "DENIED", explanation.code());
    if (!explanation.detail().empty()) first += ": " + one_line(explanation.detail());
    line(0, first);
    const Explanation::Asked& asked = explanation.asked();
    std::string request =
        fmt::format("request  {} {}{}", asked.method(), asked.host(), asked.path());
    if (!asked.clientip().empty()) request += " from " + asked.clientip();
    if (!explanation.requestid().empty()) request += ", id " + explanation.requestid();
    line(0, request);
    if (!asked.service().empty()) line(0, "to       Service " + asked.service());
    if (asked.user().empty()) {
      line(0, "by       nobody");
      return;
    }
    std::string who = "by       User " + asked.user();
    if (!asked.session().empty()) who += ", Session " + asked.session();
    if (!asked.device().empty()) who += ", Device " + asked.device();
    if (asked.groups_size() > 0) who += fmt::format(", Groups {}", fmt::join(asked.groups(), " "));
    line(0, who);
  }

  void checks(const Explanation& explanation) {
    if (explanation.checks_size() == 0) return;
    const auto& last = explanation.checks(explanation.checks_size() - 1);
    if (last.holds()) {
      line(0, fmt::format("checks   {} all {} hold", kYes, explanation.checks_size()));
    } else {
      line(0, fmt::format("checks   {} {}, which no rule can change", kNo, last.name()));
    }
  }

  void steps(const Explanation& explanation) {
    if (explanation.steps_size() == 0) return;
    line(0, "rules, in the order in which they were asked:");
    for (const Explanation::Step& step : explanation.steps()) {
      if (step.has_enforcement())
        enforcement(step.enforcement());
      else
        rule(step.rule());
    }
  }

  void enforcement(const extv1::Enforcement& each) {
    line(1,
         fmt::format("{} {} {} by its enforcement rules", each.isenforced() ? kYes : kNo,
                     source_name(each.source()), each.isenforced() ? "takes part" : "is ignored"));
    for (const extv1::Condition& of : each.conditions()) condition(of, 3, !each.isenforced());
  }

  void rule(const extv1::Rule& rule) {
    std::string text =
        fmt::format("{} {} {}", mark_of(rule.outcome()), rule.effect(), rule_name(rule));
    if (rule.priority() != 0) text += fmt::format(" (priority {})", rule.priority());
    text += fmt::format(", {}: {}", source_name(rule.source()), words_of(rule.outcome()));
    if (rule.decides()) text += ", and decides";
    if (rule.isshadow()) text += " (a shadow, not enforced)";
    line(1, text);
    if (rule.has_condition()) condition(rule.condition(), 3, rule.decides());
  }

  // `explains_match`: whether a condition that matches is what there is to explain.
  void condition(const extv1::Condition& condition, int depth, bool explains_match) {
    const std::string text = one_line(condition.text());
    const bool is_script = condition.kind() == kScript;
    std::string first = fmt::format("{} {}", mark_of(condition.outcome()), condition.kind());
    if (!text.empty()) first += " " + (is_script ? shortened(text) : text);
    const bool is_failure = condition.outcome() == extv1::ERROR && condition.of_size() == 0;
    if (is_failure && !condition.error().empty()) first += ": " + one_line(condition.error());
    line(depth, first);
    if (condition.outcome() != extv1::MATCH || explains_match) parts(condition, depth + 2, text);
    // `none` does not match because of what does.
    explains_match |= condition.kind() == "none" && condition.outcome() == extv1::NO_MATCH;
    for (const extv1::Condition& child : condition.of())
      this->condition(child, depth + 2, explains_match);
  }

  void parts(const extv1::Condition& condition, int depth, std::string_view whole) {
    const auto& parts = condition.parts();
    const bool has_failed = condition.outcome() == extv1::ERROR;
    if (condition.kind() == kScript && parts.empty() && !has_failed)
      line(depth, "its statements cannot be told");
    for (int i = 0; i < parts.size(); ++i) {
      if (!parts[i].iscause()) continue;
      const std::string text = one_line(parts[i].text());
      const bool is_whole = text == whole;
      if (!is_whole) {
        const std::string_view mark = mark_of_part(parts[i], condition);
        line(depth, fmt::format("{} {}{} = {}", mark, place_of(parts[i], condition), text,
                                value_of(parts[i])));
      }
      operands(parts, i, depth + (is_whole ? 0 : 2));
    }
  }

  // What the part at `at` was made of, innermost first. The beginning of a path is left out where
  // the rest of it has a value: of `a.b.c`, only that.
  void operands(const google::protobuf::RepeatedPtrField<extv1::Part>& parts, int at, int depth) {
    int first = at;
    while (first > 0 && parts[first - 1].depth() > parts[at].depth()) --first;
    for (int i = first; i < at; ++i) {
      const extv1::Part& part = parts[i];
      const bool is_beginning =
          i + 1 < at && parts[i + 1].begin() == part.begin() &&
          parts[i + 1].depth() + 1 == part.depth() && parts[i + 1].type() != kError &&
          parts[i + 1].text().starts_with(part.text()) && is_path(parts[i + 1].text());
      if (!is_beginning) line(depth, fmt::format("{} = {}", one_line(part.text()), value_of(part)));
    }
  }

  // Statements of a script hold or not, each, whatever came of them in all.
  static std::string_view mark_of_part(const extv1::Part& part, const extv1::Condition& condition) {
    const bool is_statement = condition.kind() == kScript;
    if (is_statement && part.value() == "true") return kYes;
    if (is_statement && (part.value() == "false" || part.type() == kUndefined)) return kNo;
    return condition.outcome() == extv1::MATCH ? kYes : kNo;
  }

  static std::string place_of(const extv1::Part& part, const extv1::Condition& condition) {
    const std::string_view text = condition.text();
    if (condition.kind() != kScript || part.begin() > text.size()) return {};
    const auto lines = std::ranges::count(text.substr(0, part.begin()), '\n');
    return fmt::format("line {}: ", lines + 1);
  }

  static bool is_path(std::string_view text) {
    return text.find_first_of(" (+-*/%<>=!&|?") == std::string_view::npos;
  }

  static std::string value_of(const extv1::Part& part) {
    if (!part.hidden().empty())
      return fmt::format("{}, not shown: {}", part.type(),
                         part.hidden() == "body" ? "from the body" : "may hold a credential");
    if (part.type() == kError) return "no value: " + part.value();
    if (part.type() == kUndefined) return "no value";
    return part.value();
  }

  void config(const extv1::ConfigChoice& config) {
    std::string text = fmt::format("config   {}", config.iscomputed() ? "computed" : config.name());
    if (config.has_rule())
      text += fmt::format(", by dynamicConfig.rules[{}]{}", config.rule(),
                          config.iscomputed() ? ", which computed it" : "");
    else if (config.conditions_size() > 0)
      text += ", since no rule of dynamicConfig matches";
    if (!config.problem().empty()) text += "; a rule had a problem: " + one_line(config.problem());
    line(0, text);
    for (const extv1::Condition& each : config.conditions()) condition(each, 3, true);
  }

  static constexpr std::string_view kError = "error";
  static constexpr std::string_view kScript = "opa";
  static constexpr std::string_view kUndefined = "undefined";
  std::string out_;
};

}  // namespace

std::string render_text(const Explanation& explanation) { return TextWriter().run(explanation); }

std::string rule_name(const extv1::Rule& rule) {
  return rule.name().empty() ? fmt::format("rules[{}]", rule.index()) : rule.name();
}

std::string source_name(const extv1::PolicySource& source) {
  const std::string owner = source.ownername().empty()
                                ? source.ownerkind()
                                : source.ownerkind() + " " + source.ownername();
  if (source.isinline())
    return fmt::format("inline policy {}{}of {}", source.policy(),
                       source.policy().empty() ? "" : " ", owner);
  std::string text = "Policy " + source.policy();
  if (!source.child().empty()) text += fmt::format(", parent of {},", source.child());
  if (!owner.empty()) text += " of " + owner;
  return text;
}

}  // namespace policy
