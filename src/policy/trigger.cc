#include "policy/trigger.h"

#include <algorithm>

namespace policy {
namespace {

using Outcome = Precondition::Outcome;

// As protobuf has it: years 1 to 9999.
bool is_valid(const google::protobuf::Timestamp& time) {
  return time.seconds() >= -62'135'596'800 && time.seconds() <= 253'402'300'799 &&
         time.nanos() >= 0 && time.nanos() < 1'000'000'000;
}

std::pair<std::int64_t, std::int64_t> instant_of(const google::protobuf::Timestamp& time) {
  return {time.seconds(), time.nanos()};
}

std::pair<std::int64_t, std::int64_t> instant_of(base::WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {seconds.time_since_epoch().count(),
          std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()};
}

Outcome yes_if(bool holds) { return holds ? Outcome::kYes : Outcome::kNo; }

template <typename Resource>
Outcome is_that_one(const Resource* resource, const std::string& uid) {
  return yes_if(resource != nullptr && resource->metadata().uid() == uid);
}

Outcome outcome_of(Condition::Outcome outcome) {
  if (outcome == Condition::Outcome::kError) return Outcome::kError;
  return yes_if(outcome == Condition::Outcome::kMatch);
}

// Hides who watches for as long as it lives.
class Unwatched {
 public:
  explicit Unwatched(RequestContext& context) : context_(context), recorder_(context.recorder()) {
    context_.set_recorder(nullptr);
  }
  ~Unwatched() { context_.set_recorder(recorder_); }
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;

 private:
  RequestContext& context_;
  Recorder* recorder_;
};

Outcome ask_condition(const Condition& condition, RequestContext& context, bool identity_only) {
  if (!identity_only) {
    const Unwatched unwatched(context);
    return outcome_of(condition.evaluate(context));
  }
  const auto certain = condition.reduce(context).certain_outcome();
  return certain ? outcome_of(*certain) : Outcome::kUnknown;
}

}  // namespace

Precondition Precondition::compile(const Message& message) {
  Precondition out;
  out.root_ = out.compile_node(message, 0);
  return out;
}

// Deeper than conditions may be in each other never matches.
Precondition::Node Precondition::compile_node(const Message& message, int depth) {
  if (depth > kMaxConditionDepth) return {};
  const auto object = [](Kind kind, const metav1::ObjectReference& reference) {
    // Something without a uid is nobody.
    return Node{.kind = reference.uid().empty() ? Kind::kNever : kind, .uid = reference.uid()};
  };
  const auto list = [&](Kind kind, const auto& of) {
    Node out{.kind = of.empty() ? Kind::kNever : kind};
    for (const Message& child : of) out.of.push_back(compile_node(child, depth + 1));
    return out;
  };
  switch (message.type_case()) {
    case Message::kNotBefore:
      if (!is_valid(message.notbefore())) return {};
      return {.kind = Kind::kNotBefore, .time = instant_of(message.notbefore())};
    case Message::kNotAfter:
      if (!is_valid(message.notafter())) return {};
      return {.kind = Kind::kNotAfter, .time = instant_of(message.notafter())};
    case Message::kSessionRef:
      return object(Kind::kSession, message.sessionref());
    case Message::kUserRef:
      return object(Kind::kUser, message.userref());
    case Message::kDeviceRef:
      return object(Kind::kDevice, message.deviceref());
    case Message::kServiceRef:
      return object(Kind::kService, message.serviceref());
    case Message::kNamespaceRef:
      return object(Kind::kNamespace, message.namespaceref());
    case Message::kGroupRef:
      return object(Kind::kGroup, message.groupref());
    case Message::kMatchAny:
      return {.kind = message.matchany() ? Kind::kAlways : Kind::kNever};
    case Message::kCondition: {
      Node out{
          .kind = Kind::kCondition,
          .condition = Condition::compile(message.condition(), ContextSchema::Attrs::kUnbound)};
      reads_body_ |= out.condition.reads_body();
      return out;
    }
    case Message::kAny:
      return list(Kind::kAny, message.any().of());
    case Message::kAll:
      return list(Kind::kAll, message.all().of());
    case Message::TYPE_NOT_SET:
      break;
  }
  return {};
}

Outcome Precondition::ask(const Node& node, RequestContext& context, bool identity_only) {
  const Subject& subject = context.subject();
  switch (node.kind) {
    case Kind::kNever:
      return Outcome::kNo;
    case Kind::kAlways:
      return Outcome::kYes;
    case Kind::kNotBefore:
      return identity_only ? Outcome::kUnknown : yes_if(instant_of(context.now()) >= node.time);
    case Kind::kNotAfter:
      return identity_only ? Outcome::kUnknown : yes_if(instant_of(context.now()) <= node.time);
    case Kind::kSession:
      return is_that_one(subject.session, node.uid);
    case Kind::kUser:
      return is_that_one(subject.user, node.uid);
    case Kind::kDevice:
      return is_that_one(subject.device, node.uid);
    case Kind::kService:
      return is_that_one(subject.service, node.uid);
    case Kind::kNamespace:
      return is_that_one(subject.name_space, node.uid);
    case Kind::kGroup:
      return yes_if(std::ranges::any_of(subject.groups, [&](const corev1::Group* group) {
        return group->metadata().uid() == node.uid;
      }));
    case Kind::kCondition:
      return ask_condition(node.condition, context, identity_only);
    case Kind::kAny:
    case Kind::kAll:
      break;
  }
  const Outcome goes_on = node.kind == Kind::kAny ? Outcome::kNo : Outcome::kYes;
  for (const Node& child : node.of)
    if (const Outcome outcome = ask(child, context, identity_only); outcome != goes_on)
      return outcome;
  return goes_on;
}

std::shared_ptr<const Trigger> Trigger::compile(const corev1::PolicyTrigger& trigger) {
  if (trigger.status().isdisabled()) return nullptr;
  return std::make_shared<const Trigger>(
      Trigger{Precondition::compile(trigger.status().precondition()),
              Authorization::compile_trigger(trigger)});
}

}  // namespace policy
