#include "policy/rego.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "policy/check.h"
#include "policy/condition.h"
#include "policy/rego_run.h"
#include "policy/silent_recorder_test.h"
#include "policy/testkit_test.h"

namespace policy {
namespace {

constexpr std::string_view kHead = "package octelium.condition\nimport rego.v1\n";

corev1::Condition condition_of(std::string_view body, std::string_view head = kHead) {
  corev1::Condition condition;
  condition.mutable_opa()->set_inline_(std::string(head) + std::string(body));
  return condition;
}

using Outcome = Condition::Outcome;

// How long this thread has worked: what else the machine has to do does not count.
std::chrono::nanoseconds worked() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// The request and Policy of spec §9, and more of what `ctx` has.
class RegoTest : public ::testing::Test {
 protected:
  RegoTest() {
    user = from_yaml<corev1::User>(
        "metadata: {name: alice}\n"
        "spec: {type: HUMAN, groups: [dev, ops], attrs: {level: 3, nick: null}}");
    session = from_yaml<corev1::Session>("status: {type: CLIENT}");
    service = from_yaml<corev1::Service>("metadata: {name: api.default}\nspec: {port: 8080}");
    attrs = from_yaml<corev1::Policy>("spec: {attrs: {k: v, ports: [80, 443]}}").spec().attrs();
    headers.fields = {{"Accept", "application/json"},
                      {"X-Team", "blue"},
                      {"X-Role", "a"},
                      {"X-Role", "b"},
                      {"Host", "api"}};
    view.method = "GET";
    view.path = "/v1/items";
    view.query = "page=2&tag=a&tag=b";
    view.uri = "/v1/items?page=2&tag=a&tag=b";
    view.client_ip = "203.0.113.7";
    view.headers = &headers;
    view.content_length = 0;
    subject.user = &user;
    subject.session = &session;
    subject.service = &service;
  }

  Outcome evaluate(std::string_view body, std::string_view head = kHead) {
    std::vector<resource::Problem> problems;
    compiled =
        Condition::compile(condition_of(body, head), ContextSchema::Attrs::kBound, "c", &problems);
    EXPECT_EQ(problems, std::vector<resource::Problem>()) << body;
    RequestContext context(view, subject, base::WallTime{});
    context.set_attrs(&attrs);
    const Outcome outcome = compiled.evaluate(context);
    error = context.error();
    return outcome;
  }

  struct Headers final : HeaderSource {
    std::size_t size() const override { return fields.size(); }
    std::string_view name(std::size_t index) const override { return fields[index].first; }
    std::string_view value(std::size_t index) const override { return fields[index].second; }
    std::vector<std::pair<std::string, std::string>> fields;
  };

  corev1::User user;
  corev1::Session session;
  corev1::Service service;
  google::protobuf::Struct attrs;
  Headers headers;
  RequestView view;
  Subject subject;
  Condition compiled;
  std::string error;
};

TEST_F(RegoTest, TheWorkedExamples) {  // spec §9.5
  EXPECT_EQ(evaluate("match if { input.ctx.user.spec.type == \"HUMAN\" }"), Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { input.ctx.user.spec.type == \"WORKLOAD\" }\nother := 1"),
            Outcome::kNoMatch);
  EXPECT_EQ(evaluate("default match = false\n"
                     "match if { startswith(input.ctx.request.http.path, \"/v1\") }"),
            Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { not input.ctx.session.status.isBrowser }"), Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { input.attrs.k == \"v\" }"), Outcome::kMatch);
  EXPECT_EQ(evaluate("match := true", "package foo\n"), Outcome::kNoMatch);
  EXPECT_EQ(evaluate("match := \"yes\""), Outcome::kError);
  EXPECT_EQ(error, "\"match\" is a string, not a boolean");
  EXPECT_EQ(evaluate("match if { to_number(input.ctx.user.metadata.name) > 1 }"), Outcome::kError);
  EXPECT_TRUE(error.starts_with("3:")) << error;
}

TEST_F(RegoTest, TheInputIsTheContextAsJson) {
  for (const char* holds : {
           "input.ctx.user.spec.groups[_] == \"ops\"",
           "\"dev\" in input.ctx.user.spec.groups",
           "input.ctx.service.spec.port == 8080",
           "input.ctx.user.spec.attrs == {\"level\": 3, \"nick\": null}",
           "input.ctx.request.http.headers == {\"accept\": \"application/json\", \"x-team\": "
           "\"blue\", \"x-role\": \"a\"}",
           "input.ctx.request.http.headers[\"x-team\"] == \"blue\"",
           "input.ctx.request.http.queryParams == {\"page\": \"2\", \"tag\": \"a\"}",
           "input.ctx.request.http.queryParams.tag == \"a\"",
           "input.ctx.request.http.headerValues[\"x-role\"] == [\"a\", \"b\"]",
           "input.ctx.request.http.queryParamValues.tag == [\"a\", \"b\"]",
           "input.ctx.request.ip == \"203.0.113.7\"",
           "not input.ctx.request.http.size",
           "not input.ctx.device",
           "not input.ctx.device.status.osType",
           "not input.ctx.user.spec.isDisabled",
           "not input.ctx.request.http.body",
           "input.attrs.ports == [80, 443]",
           "object.keys(input) == {\"ctx\", \"attrs\"}",
           "x := input.ctx; x.user.metadata.name == \"alice\"; not x.device; not x.groups",
           "some name; input.ctx[name].metadata.name == \"alice\"",
       }) {
    const std::string body = std::string("match if { ") + holds + " }";
    EXPECT_EQ(evaluate(body), Outcome::kMatch) << holds << ": " << error;
  }
}

TEST_F(RegoTest, TheBodyIsReadOnlyWhenNamed) {
  view.body = R"({"age": 19, "email": "a@example.com"})";
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.bodyMap.age > 18 }"), Outcome::kMatch);
  EXPECT_TRUE(compiled.reads_body());
  EXPECT_EQ(evaluate("match if { contains(base64.decode(input.ctx.request.http.body), \"19\") }"),
            Outcome::kMatch);
  EXPECT_TRUE(compiled.reads_body());
  EXPECT_EQ(evaluate("match if { object.get(input, [\"ctx\", \"attrs\"], 1) == 1 }"),
            Outcome::kMatch);
  EXPECT_TRUE(compiled.reads_body());  // it reads all there is
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.path }"), Outcome::kMatch);
  EXPECT_FALSE(compiled.reads_body());

  view.body = "{oops";
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.bodyMap.age > 18 }"), Outcome::kError);
  EXPECT_EQ(error, "the body is not JSON");
  // Nor is it left out where it is read by another name, or with more than it.
  for (const char* aliased :
       {"match if { h := input.ctx.request.http; h.bodyMap.age > 18 }",
        "import input.ctx.request as r\nmatch if { r.http.bodyMap.age > 18 }",
        "match if { some name, value in input.ctx.request.http; value.age > 18 }",
        "h := input.ctx.request.http\nmatch if { data.octelium.condition.h.bodyMap.age > 18 }",
        "match if { count(input.ctx) == 0 }"}) {
    EXPECT_EQ(evaluate(aliased), Outcome::kError) << aliased;
    EXPECT_EQ(error, "the body is not JSON");
    EXPECT_TRUE(compiled.reads_body());
  }
  for (const char* other : {"match if { h := input.ctx.request.http; h.method == \"GET\" }",
                            "import input.ctx.request.http\nmatch if { http.method == \"GET\" }",
                            "r := input.ctx.request\nmatch if { r.http.headers[\"x-team\"] }"}) {
    EXPECT_EQ(evaluate(other), Outcome::kMatch) << other << error;
    EXPECT_FALSE(compiled.reads_body()) << other;
  }
  view.body = "";
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.bodyMap == {} }"), Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { h := input.ctx.request.http; not h.body; h.bodyMap == {} }"),
            Outcome::kMatch);
}

// What only members are read of is there, or not, as it would be if it were made as a whole.
TEST_F(RegoTest, AnotherNameForAPartOfTheInput) {
  EXPECT_EQ(evaluate("match if { d := input.ctx.device; not d.status.isLocked }"),
            Outcome::kNoMatch);
  EXPECT_EQ(evaluate("match if { s := input.ctx.session.status; not s.isBrowser }"),
            Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { g := input.ctx.request.grpc; not g.method }"), Outcome::kNoMatch);
  EXPECT_EQ(evaluate("match if { c := input.ctx.session.status.connection; not c.type }"),
            Outcome::kNoMatch);
  EXPECT_EQ(evaluate("u := input.ctx.user\nmatch if { u.metadata.name == \"alice\"; u.spec }"),
            Outcome::kMatch);
  EXPECT_EQ(evaluate("match if { h := input.ctx.request.http.headers; not h[\"x-none\"] }"),
            Outcome::kMatch);
}

TEST_F(RegoTest, TextThatIsNotUtf8FailsWhereItIsRead) {
  headers.fields.emplace_back("X-Bad", "\xff");
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.headers[\"x-bad\"] }"), Outcome::kError);
  EXPECT_EQ(evaluate("match if { input.ctx.request.http.headers[\"x-team\"] == \"blue\" }"),
            Outcome::kMatch);
}

TEST_F(RegoTest, OutsideOfPoliciesThereAreNoAttrs) {
  const auto condition = condition_of("match if { not input[\"attrs\"]; count(input) == 1 }");
  RequestContext context(view, subject, base::WallTime{});
  EXPECT_EQ(Condition::compile(condition, ContextSchema::Attrs::kUnbound).evaluate(context),
            Outcome::kMatch)
      << context.error();
}

TEST_F(RegoTest, WhatIsNeverThereIsRefusedWithItsNeighbour) {
  using enum ContextSchema::Attrs;
  const struct {
    std::string_view rules;
    std::string_view message;  // empty: it is accepted
    ContextSchema::Attrs attrs = kBound;
  } cases[] = {
      {"match if {\n  input.ctx.usr.spec.type == \"HUMAN\" }",
       "3:3: unknown field \"usr\" of input.ctx; did you mean \"user\"?\n"
       "   input.ctx.usr.spec.type == \"HUMAN\" }\n   ^"},
      {"match if input.ctx.user.spec.typ == \"HUMAN\"",
       "2:10: unknown field \"typ\" of input.ctx.user.spec; did you mean \"type\"?"},
      {"match if input.ctx[\"session\"].status[\"isBrowsr\"]", "did you mean \"isBrowser\"?"},
      {"match if not input.ctx.request.http.pth",
       "of input.ctx.request.http; did you mean \"path\"?"},
      {"import input.ctx.usr\nmatch if usr.spec", "2:8: unknown field \"usr\""},
      {"u := input.ctx.user.spc\nmatch if u.type", "2:6: unknown field \"spc\""},
      {"match if input.contxt.user", "unknown field \"contxt\" of input"},
      {"match if input.ctx.request.http.headers[\"X-Team\"]",
       "names of headers are in lower case here: \"x-team\""},
      {"match if input.ctx.request.http.headerValues[\"X-Team\"]", "lower case"},
      {"match if input.attrs.k", "only Policies have input.attrs", kUnbound},
      {"match if input.attr.k", "did you mean \"attrs\"?"},
      {"match if input.attrs.anything", ""},
      {"match if input.ctx.user.spec.attrs.anything.below", ""},
      {"match if input.ctx.request.http.bodyMap.anything.below", ""},
      {"match if input.ctx.request.http.headers[\"x-team\"]", ""},
      {"match if input.ctx.user.metadata.labels.anything", ""},
      {"match if input.ctx.groups[0].metadata.name", ""},
      {"match if input.ctx.request.grpc.method", ""},
      // What a name stands for elsewhere, and what may have been replaced.
      {"h := input.ctx.user\nf(h) := h.anything\nmatch if f({\"anything\": 1}) == h", ""},
      {"p if input.ctx.user.anything\nmatch if p with input.ctx.user as {\"anything\": 1}", ""},
      {"p if input.anything\nmatch if p with input as {\"anything\": 1}", ""},
      {"match if object.get(input.ctx.user, \"anything\", 1)", ""},
  };
  for (const auto& each : cases) {
    const auto program =
        RegoProgram::compile("package octelium.condition\n" + std::string(each.rules),
                             RegoProgram::Entry::kCondition, each.attrs);
    EXPECT_EQ(program.has_value(), each.message.empty()) << each.rules;
    const std::string message = program ? "" : program.error().message;
    EXPECT_NE(message.find(each.message), std::string::npos) << each.rules << "\n" << message;
  }
}

struct RefusedScript {
  std::string script;
  std::string_view message;
};

TEST(RegoRefusalTest, SaysWhereAndWhy) {
  const std::string head(kHead);
  const RefusedScript refused[] = {
      {head + "match { 2 > 1 }", "3:7: `if` keyword is required before rule body"},
      {head + "match if { walk(input, x) }", "3:12: there is no builtin or function walk here"},
      {head + "match if {\n  http.send({})\n}", "4:3: http.send is not available"},
      {head + "match if { opa.runtime() }", "3:12: there is no builtin or function opa.runtime"},
      {head + "match if { any([true]) }", "3:12: any is deprecated"},
      {head + "match if { count(1, 2) }", "3:12: count takes 1 argument, not 2"},
      {head + "match if { x > 1 }", "3:12: use of undefined variable `x` is unsafe"},
      {head + "match if f(1)\nf(n) :=\n  f(n)", "4:1: the function f leads back to itself"},
      {head + "match if count([1]) with count as trace", "no builtin or function trace here"},
      {"  \n ", "the script is empty"},
      {head + std::string(20'001 - head.size(), '#'), "at most 20000 bytes, this one has 20001"},
  };
  for (const auto& each : refused) {
    corev1::Condition condition;
    condition.mutable_opa()->set_inline_(each.script);
    Problems problems;
    check_condition("spec.rules[0].condition", condition, true, problems);
    ASSERT_EQ(problems.size(), 1u) << each.script;
    EXPECT_EQ(problems[0].path, "spec.rules[0].condition.opa.inline");
    EXPECT_NE(problems[0].message.find(each.message), std::string::npos) << problems[0].message;
  }
  corev1::Condition longest;
  longest.mutable_opa()->set_inline_(head + std::string(20'000 - head.size(), '#'));
  Problems problems;
  check_condition("c", longest, true, problems);
  EXPECT_TRUE(problems.empty());
}

constexpr std::string_view kForever =
    "match if { some x in numbers.range(1, 30000); some y in numbers.range(1, 30000); x + y < 0 }";

TEST_F(RegoTest, WhatIsTooLongForALoopIsDecidedElsewhere) {
  compiled = Condition::compile(
      condition_of("match if { sum([x | some x in numbers.range(1, 10000)]) == 50005000 }"),
      ContextSchema::Attrs::kBound);
  RequestContext context(view, subject, base::WallTime{});
  context.set_on_loop(true);
  const auto before = worked();
  EXPECT_EQ(compiled.evaluate(context), Outcome::kError);
  EXPECT_LT(worked() - before, std::chrono::milliseconds(20));
  EXPECT_TRUE(context.wants_thread());
  context.set_on_loop(false);
  EXPECT_EQ(compiled.evaluate(context), Outcome::kMatch) << context.error();
  EXPECT_FALSE(context.wants_thread());
  context.set_on_loop(true);  // what is known need not be evaluated
  EXPECT_EQ(compiled.evaluate(context), Outcome::kMatch);
  EXPECT_FALSE(context.wants_thread());

  // Another request is not tried on the loop again.
  RequestContext next(view, subject, base::WallTime{});
  next.set_on_loop(true);
  EXPECT_EQ(compiled.evaluate(next), Outcome::kError);
  EXPECT_TRUE(next.wants_thread());
}

class CountingRecorder final : public SilentRecorder {
 public:
  void on_part(const RegoPart&, const RegoProgram&) override { ++parts; }
  int parts = 0;
};

// Scripts that were decided elsewhere hold up no loop by being explained on it.
TEST_F(RegoTest, ExplainingHoldsUpNoLoop) {
  std::vector<Condition> scripts;
  for (int i = 0; i < 100; ++i) {
    const std::string body =
        fmt::format("match if {{ {} == sum([x | some x in numbers.range(1, 10000)]) }}", i);
    scripts.push_back(Condition::compile(condition_of(body), ContextSchema::Attrs::kBound));
  }
  RequestContext context(view, subject, base::WallTime{});
  CountingRecorder recorder;
  for (const Condition& script : scripts) EXPECT_EQ(script.evaluate(context), Outcome::kNoMatch);
  context.set_on_loop(true);
  context.set_recorder(&recorder);
  const auto before = worked();
  for (const Condition& script : scripts) EXPECT_EQ(script.evaluate(context), Outcome::kNoMatch);
  EXPECT_LT(worked() - before, std::chrono::milliseconds(10));  // not 200 us for each
  EXPECT_FALSE(context.wants_thread());
}

TEST_F(RegoTest, NoLongBodyIsReadOnALoopToExplain) {
  const auto body = "{\"age\": 18, \"more\": \"" + std::string(RegoRun::kLoopBody, 'a') + "\"}";
  view.body = body;
  view.content_length = static_cast<std::int64_t>(body.size());
  const auto script =
      Condition::compile(condition_of("match if input.ctx.request.http.bodyMap.age > 18"),
                         ContextSchema::Attrs::kBound);
  RequestContext context(view, subject, base::WallTime{});
  EXPECT_EQ(script.evaluate(context), Outcome::kNoMatch);
  CountingRecorder recorder;
  context.set_recorder(&recorder);
  context.set_on_loop(true);
  EXPECT_EQ(script.evaluate(context), Outcome::kNoMatch);
  EXPECT_EQ(recorder.parts, 0);
  context.set_on_loop(false);
  EXPECT_EQ(script.evaluate(context), Outcome::kNoMatch);
  EXPECT_EQ(recorder.parts, 2);
}

// One request that was slow, for whatever reason, does not send all others off the loop for good.
TEST_F(RegoTest, AScriptThatIsQuickAgainReturnsToTheLoop) {
  const auto script = std::string(kHead) + "match if input.ctx.request.http.method == \"GET\"";
  const auto program =
      RegoProgram::compile(script, RegoProgram::Entry::kCondition, ContextSchema::Attrs::kBound);
  ASSERT_TRUE(program) << program.error().message;
  const auto wants_thread = [&](bool on_loop) {
    RequestContext context(view, subject, base::WallTime{});
    context.set_on_loop(on_loop);
    context.rego().evaluate_condition(**program, context);
    return context.wants_thread();
  };
  EXPECT_EQ(wants_thread(false), false);
  (*program)->note_slow();
  EXPECT_TRUE(wants_thread(true));
  // More than are needed: this machine may be busy as well.
  for (int i = 0; i < 20 * RegoProgram::kQuickInRow && (*program)->is_slow(); ++i)
    wants_thread(false);
  EXPECT_FALSE((*program)->is_slow());
}

TEST_F(RegoTest, TheDeadlineHolds) {
  const auto before = worked();
  EXPECT_EQ(evaluate(kForever), Outcome::kError);
  EXPECT_EQ(error, "the Rego policy takes longer than two seconds");
  EXPECT_LT(worked() - before, std::chrono::milliseconds(2'500));
}

TEST_F(RegoTest, MemoryIsBounded) {
  EXPECT_EQ(evaluate("match if { count(numbers.range(1, 100000000)) == 1 }"), Outcome::kError);
  EXPECT_EQ(error, "the Rego policy needs more than 32 MiB");
  EXPECT_EQ(evaluate("a := numbers.range(1, 3000)\n"
                     "match if count([[x, y] | some x in a; some y in a]) == 1"),
            Outcome::kError);
  EXPECT_EQ(error, "the Rego policy needs more than 32 MiB");
}

TEST_F(RegoTest, ObjectsForConfigs) {
  const auto json = [&](std::string_view body) {
    auto program =
        RegoProgram::compile("package octelium.eval\n" + std::string(body),
                             RegoProgram::Entry::kConfig, ContextSchema::Attrs::kUnbound);
    EXPECT_TRUE(program);
    RequestContext context(view, subject, base::WallTime{});
    auto made = context.rego().evaluate_object(**program, context);
    return made ? *made : made.error().message;
  };
  const std::string made = json(
      "result := {\"upstream\": {\"url\": concat(\"\", [\"https://\", "
      "input.ctx.user.metadata.name, \".up.test\"])}}");
  EXPECT_NE(made.find("https://alice.up.test"), std::string::npos) << made;
  EXPECT_EQ(json("result := \"x\""), "\"result\" is a string, not an object");
  EXPECT_EQ(json("result := {} if false"), "\"result\" is undefined");
}

}  // namespace
}  // namespace policy
