#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "resource/defaults.h"
#include "resource/document.h"
#include "resource/validate.h"

namespace resource {

// The seam of References in memory.
class FakeReferences final : public References {
 public:
  // YAML documents; defaults are applied and a uid is given, as a store would.
  void add(std::string_view text) {
    auto documents = decode_all(text);
    ASSERT_TRUE(documents) << documents.error().message;
    for (Document& document : *documents) add(std::move(document.message));
  }
  void add(std::unique_ptr<Message> message) {
    apply_defaults(*message, *this);
    mutable_metadata_of(*message).set_uid(base::make_uuid_v4());
    std::string name = metadata_of(*message).name();
    all_[{kind_of(*message), std::move(name)}] = std::move(message);
  }

  std::shared_ptr<const Message> get(Kind kind, std::string_view name) const override {
    const auto found = all_.find({kind, std::string(name)});
    return found == all_.end() ? nullptr : found->second;
  }
  void for_each(Kind kind, const std::function<Visit(const Message&)>& visit) const override {
    for (const auto& [key, message] : all_)
      if (key.first == kind && visit(*message) == Visit::kStop) return;
  }

 private:
  std::map<std::pair<Kind, std::string>, std::shared_ptr<const Message>> all_;
};

inline constexpr std::string_view kWorld = R"(
kind: Namespace
metadata: {name: default, isSystem: true}
---
kind: Namespace
metadata: {name: prod}
---
kind: Region
metadata: {name: default}
---
kind: Policy
metadata: {name: allow-all}
spec: {rules: [{effect: ALLOW, condition: {matchAny: true}}]}
---
kind: Policy
metadata: {name: child.allow-all}
spec: {}
---
kind: Group
metadata: {name: dev}
---
kind: Group
metadata: {name: empty}
---
kind: User
metadata: {name: alice}
spec: {type: WORKLOAD, groups: [dev]}
---
kind: User
metadata: {name: bob}
spec: {type: HUMAN, email: bob.x@example.com}
---
kind: Secret
metadata: {name: token}
data: {value: x}
---
kind: Service
metadata: {name: web}
spec: {mode: HTTP, config: {upstream: {url: "http://web"}}}
)";

inline constexpr base::WallTime kNow{std::chrono::seconds(1'700'000'000)};  // 2023-11-14T22:13:20Z

// What a test of validation shares: a few resources that exist.
class ValidateTest : public testing::Test {
 protected:
  ValidateTest() { references.add(kWorld); }

  // One YAML document, without defaults.
  static std::unique_ptr<Message> parse(const std::string& text) {
    auto documents = decode_all(text);
    EXPECT_TRUE(documents) << text << '\n' << (documents ? "" : documents.error().message);
    if (!documents || documents->empty()) return std::make_unique<corev1::Group>();
    return std::move(documents->front().message);
  }

  std::string problems(std::unique_ptr<Message> message, const Message* stored = nullptr) {
    apply_defaults(*message, references);
    return text(validate(*message, references, kNow, stored));
  }
  std::string problems(const std::string& yaml) { return problems(parse(yaml)); }
  // Of an update of `before`.
  std::string problems_of_update(const std::string& before, const std::string& after) {
    auto stored = parse(before);
    apply_defaults(*stored, references);
    auto wanted = parse(after);
    mutable_metadata_of(*wanted).set_issystem(metadata_of(*stored).issystem());
    return problems(std::move(wanted), stored.get());
  }

  // A line each.
  static std::string text(const std::vector<Problem>& problems) {
    std::string out;
    for (const Problem& problem : problems) {
      if (!out.empty()) out += '\n';
      out += to_string(problem);
    }
    return out;
  }

  struct Row {
    std::string spec;
    std::string expected;
  };
  // Every row is put after `head`; what is expected may be cut short with "...".
  void expect(const std::string& head, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const std::string found = problems(head + row.spec);
      if (row.expected.ends_with("...") && found.find('\n') == std::string::npos) {
        EXPECT_EQ(found.substr(0, row.expected.size() - 3),
                  row.expected.substr(0, row.expected.size() - 3))
            << row.spec.substr(0, 300);
      } else {
        EXPECT_EQ(found, row.expected) << row.spec.substr(0, 300);
      }
    }
  }

  FakeReferences references;
};

// "[item, item, ...]"
inline std::string list_of(int count, const std::string& item) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + item;
  return out + "]";
}

// "[prefix0, prefix1, ...]"
inline std::string numbered(int count, const std::string& before, const std::string& after = "") {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + before + std::to_string(i) + after;
  return out + "]";
}

// "x" repeated.
inline std::string times(std::size_t count, char c = 'x') { return std::string(count, c); }

}  // namespace resource
