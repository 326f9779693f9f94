#include "resource/refuse.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "resource/position.h"
#include "resource/refuse_table.h"

namespace resource {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Conditions are the one part of the schema that holds itself; what is nested deeper than this is
// an error of validation.
constexpr int kMaxDepth = 64;

std::string_view package() { return corev1::Service::descriptor()->file()->package(); }

// The name without the package, as the table has it.
std::string_view short_name(std::string_view full) { return full.substr(package().size() + 1); }

// The table by name, made once.
class Verdicts {
 public:
  Verdicts() {
    for (const ActedOn& row : acted_on_fields()) add(row);
    for (const ActedOn& row : acted_on_values()) add(row);
    for (const Refused& row : refused_fields()) refused_.emplace(row.field, row.sentence);
    for (const Refused& row : refused_values()) refused_.emplace(row.field, row.sentence);
  }

  // Why not; empty when something acts on it. What is in no list is refused: silence must not
  // depend on a table being complete.
  std::string_view of(const std::string& name) const {
    const auto refused = refused_.find(name);
    if (refused != refused_.end()) return refused->second;
    return acted_on_.contains(name) ? "" : "is not supported by this gateway yet";
  }

 private:
  void add(const ActedOn& row) {
    std::string_view rest = row.fields;
    while (!rest.empty()) {
      const auto space = rest.find(' ');
      acted_on_.insert(fmt::format("{}.{}", row.message, rest.substr(0, space)));
      rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    }
  }

  std::unordered_set<std::string> acted_on_;
  std::unordered_map<std::string, std::string_view> refused_;
};

const Verdicts& verdicts() {
  static const Verdicts all;
  return all;
}

class Walk {
 public:
  std::vector<Problem> take() { return std::move(problems_); }

  void visit(const std::string& path, const Message& message, int depth) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string at = path.empty() ? field->name() : path + "." + field->name();
      const auto sentence = verdicts().of(std::string(short_name(field->full_name())));
      if (!sentence.empty()) {
        problems_.push_back({.path = at, .message = std::string(sentence)});
      } else if (field->enum_type() != nullptr) {
        visit_value(at, message, *field);
      } else if (field->message_type() != nullptr && is_ours(*field->message_type())) {
        visit_inside(at, message, *field, depth);
      }
    }
  }

 private:
  // Durations, times and free-form attributes have nothing to be looked up.
  static bool is_ours(const Descriptor& type) { return type.file()->package() == package(); }

  void visit_value(const std::string& path, const Message& message, const FieldDescriptor& field) {
    const auto* value = message.GetReflection()->GetEnum(message, &field);
    // Numbers without a name are an error of validation.
    if (value->type()->FindValueByNumber(value->number()) != value) return;
    const auto sentence =
        verdicts().of(fmt::format("{}.{}", short_name(value->type()->full_name()), value->name()));
    if (value->number() != 0 && !sentence.empty())
      problems_.push_back({.path = path, .message = std::string(sentence)});
  }

  void visit_inside(const std::string& path, const Message& message, const FieldDescriptor& field,
                    int depth) {
    if (depth >= kMaxDepth || field.is_map()) return;
    const auto* reflection = message.GetReflection();
    if (!field.is_repeated()) {
      visit(path, reflection->GetMessage(message, &field), depth + 1);
      return;
    }
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i)
      visit(fmt::format("{}[{}]", path, i), reflection->GetRepeatedMessage(message, &field, i),
            depth + 1);
  }

  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> refuse(const Message& resource) {
  const std::string& kind = resource.GetDescriptor()->name();
  const auto kinds = refused_kinds();
  const auto refused = std::ranges::find(kinds, kind, &Refused::field);
  if (refused != kinds.end())
    return {{base::Code::kUnimplemented, "", std::string(refused->sentence)}};
  Walk walk;
  for (const char* part : {"spec", "data"}) {
    const auto* field = resource.GetDescriptor()->FindFieldByName(part);
    if (field != nullptr && resource.GetReflection()->HasField(resource, field))
      walk.visit(part, resource.GetReflection()->GetMessage(resource, field), 0);
  }
  return walk.take();
}

std::string_view refusal_of(const FieldDescriptor& field) {
  return verdicts().of(std::string(short_name(field.full_name())));
}

std::vector<Problem> refuse_part(const Message& part) {
  Walk walk;
  walk.visit("", part, 0);
  return walk.take();
}

}  // namespace resource
