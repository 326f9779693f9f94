#include "resource/shadow.h"
#include "resource/validate_testkit_test.h"

namespace resource {
namespace {

std::string problems_of(const std::string& yaml, const Message* stored = nullptr) {
  FakeReferences references;
  references.add(kWorld);
  auto document = decode_all(yaml);
  EXPECT_TRUE(document) << document.error().message;
  std::string out;
  for (const Problem& problem :
       validate(*document->front().message, references, base::WallTime(), stored))
    if (problem.path.find("octelium-ext-shadow") != std::string::npos)
      out += problem.path + ": " + problem.message + "\n";
  return out;
}

std::string policy(const std::string& marks) {
  return "kind: Policy\nmetadata: {name: trial, annotations: {octelium-ext-shadow: '" + marks +
         "'}}\nspec: {rules: [{name: main, effect: ALLOW, condition: {matchAny: true}},"
         " {name: no-writes, effect: DENY, condition: {matchAny: true}}]}";
}

TEST(Shadow, MarksNameWhatIsThere) {
  EXPECT_EQ(problems_of(policy("*")), "");
  EXPECT_EQ(problems_of(policy("main")), "");
  EXPECT_EQ(problems_of(policy("main, no-writes")), "");
  EXPECT_EQ(problems_of(policy("mian")),
            "metadata.annotations[\"octelium-ext-shadow\"]: \"mian\" is not the name of a rule "
            "here; `*` marks all; did you mean \"main\"?\n");
  for (const char* wrong : {"", "main,", "main;no-writes", "trial/main", "**"})
    EXPECT_NE(problems_of(policy(wrong)), "") << wrong;
}

TEST(Shadow, MarksOfAnOwnerNameItsInlinePolicies) {
  const auto group = [](const std::string& marks) {
    return "kind: Group\nmetadata: {name: team, annotations: {octelium-ext-shadow: '" + marks +
           "'}}\nspec: {authorization: {inlinePolicies: [{name: first, spec: {rules: [{name: main,"
           " effect: ALLOW, condition: {matchAny: true}}]}}]}}";
  };
  for (const char* good : {"*", "first", "first/main"})
    EXPECT_EQ(problems_of(group(good)), "") << good;
  EXPECT_NE(problems_of(group("frist/main")).find("did you mean \"first/main\"?"),
            std::string::npos);
  EXPECT_NE(problems_of(group("main")), "");
}

TEST(Shadow, HasNoMeaningOnOtherKinds) {
  EXPECT_NE(problems_of("kind: Secret\nmetadata: {name: key, annotations: {octelium-ext-shadow: "
                        "'*'}}\nspec: {}\ndata: {value: x}")
                .find("a Secret has no rules that could be marked"),
            std::string::npos);
}

// The metadata of a Session stays as it was when it is updated.
TEST(Shadow, OfASessionStayWhatTheyAre) {
  const auto session = [](const std::string& marks, const std::string& name) {
    return "kind: Session\nmetadata: {name: s-1, annotations: {octelium-ext-shadow: '" + marks +
           "'}}\nspec: {state: ACTIVE, authorization: {inlinePolicies: [{name: " + name +
           ", spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}}]}}";
  };
  const auto stored = decode_all(session("trial", "trial"));
  ASSERT_TRUE(stored);
  const Message* message = stored->front().message.get();
  EXPECT_EQ(problems_of(session("trial", "trial"), message), "");
  EXPECT_NE(problems_of(session("*", "trial"), message).find("is not changed by an update"),
            std::string::npos);
  EXPECT_NE(problems_of(session("trial", "other"), message).find("is not the name of"),
            std::string::npos);
}

TEST(Shadow, MarksHaveRoom) {
  std::string marks = "main";
  while (marks.size() + 5 <= kMaxShadowBytes) marks += ",main";
  EXPECT_EQ(problems_of(policy(marks)), "");
  while (marks.size() <= kMaxShadowBytes) marks += " ";
  EXPECT_NE(problems_of(policy(marks)).find("at most 4096"), std::string::npos);
}

}  // namespace
}  // namespace resource
