#include "policy/recorder.h"

#include <fmt/format.h>

#include "policy/testkit_test.h"

namespace policy {
namespace {

class Transcript final : public Recorder {
 public:
  void on_check(std::string_view name, bool holds) override {
    add("{} {}", name, holds ? "holds" : "fails");
  }
  void begin_policy(const CompiledPolicy& policy) override { add("policy {} (", policy.name()); }
  void end_policy(bool is_enforced) override { add(") {}", is_enforced ? "enforced" : "ignored"); }
  void begin_rule(const Rule& rule, const CompiledPolicy&) override { add("rule {} (", rule.name); }
  void end_rule(Condition::Outcome outcome, std::string_view error) override {
    add(") {}{}", static_cast<int>(outcome), error);
  }
  void begin_condition(std::string_view kind, std::string_view source) override {
    add("{} {} (", kind, source);
  }
  void on_value(std::uint32_t begin, std::uint32_t end, std::uint32_t,
                const cel::Value& value) override {
    add("{}-{} {}", begin, end, cel::type_name(value));
  }
  void on_cost(std::uint64_t cost) override { add("cost {}", cost); }
  void on_part(const RegoPart& part, const RegoProgram&) override {
    add("{}-{} {}", part.begin, part.end, part.type);
  }
  void end_condition(Condition::Outcome outcome, std::string_view error) override {
    add(") {}{}", static_cast<int>(outcome), error);
  }

  std::string text;

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }
};

TEST(Recorder, IsToldEverythingInOrder) {
  World world;
  *world.service.mutable_spec()->mutable_authorization() = from_yaml<corev1::Service>(R"(
spec:
  authorization:
    inlinePolicies:
      - name: first
        spec:
          enforcementRules: [{effect: IGNORE, condition: {match: 'false'}}]
          rules:
            - {name: no, effect: DENY, condition: {not: 'true'}}
            - name: "yes"
              effect: ALLOW
              condition: {all: {of: [{matchAny: true}, {match: ctx.user.metadata.name == "alice"}]}}
            - {name: never-asked, effect: ALLOW, priority: 1, condition: {matchAny: true}}
)")
                                                               .spec()
                                                               .authorization();
  Decided decided(world);
  Transcript transcript;
  RequestContext context = world.context();
  context.set_recorder(&transcript);
  EXPECT_TRUE(decide(context, Access::kAuthenticated, decided.rules, &decided.subject).allowed);
  EXPECT_EQ(transcript.text, R"(session_not_active holds
session_expired holds
access_token_expired holds
session_client_type_invalid holds
scope_unauthorized holds
policy first (
match false (
cost 1
) 0
) enforced
rule no (
not true (
cost 1
) 0
) 0
rule yes (
all  (
matchAny  (
) 1
match ctx.user.metadata.name == "alice" (
0-22 string
0-33 bool
cost 1
) 1
) 1
) 1
)");
}

}  // namespace
}  // namespace policy
