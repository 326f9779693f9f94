#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/decision.h"
#include "policy/request_context.h"
#include "resource/document.h"

namespace policy {

// A message from YAML; a mistake in the text fails the test.
template <typename Message>
Message from_yaml(std::string_view yaml) {
  Message message;
  const auto decoded = resource::decode_into(yaml, message);
  EXPECT_TRUE(decoded) << decoded.error().message << "\n" << yaml;
  return message;
}

class HeaderVector final : public HeaderSource {
 public:
  std::vector<std::pair<std::string, std::string>> fields;

  std::size_t size() const override { return fields.size(); }
  std::string_view name(std::size_t index) const override { return fields[index].first; }
  std::string_view value(std::size_t index) const override { return fields[index].second; }
};

// The request, the caller and the Service of the worked examples, to be changed as a test needs.
struct World {
  World();

  Subject subject() const;
  const RequestView& request();
  RequestContext context() { return {request(), subject(), now}; }
  // As JSON clients send it.
  void set_body(std::string_view text);
  void make_grpc(std::string_view package, std::string_view service, std::string_view method);
  void make_anonymous() { is_authenticated = false; }

  corev1::User user;
  corev1::Group dev;
  corev1::Group ops;
  std::vector<corev1::Group> extra_groups;
  corev1::Session session;
  std::optional<corev1::Device> device;
  corev1::Service service;
  corev1::Namespace name_space;
  corev1::ClusterConfig cluster;
  std::vector<corev1::Policy> policies;
  std::vector<corev1::PolicyTrigger> triggers;
  bool is_authenticated = true;

  HeaderVector headers;
  RequestView view;
  std::string full_service_name;
  base::WallTime now;
  mutable std::vector<const corev1::Group*> groups;
};

// What the gateway does for one request, all at once; owns what a Decision points to.
struct Decided {
  explicit Decided(World& world);

  const Decision* operator->() const { return &decision; }

  PolicySet policies;
  ServiceRules rules;
  SubjectRules subject;
  std::optional<RequestContext> context;
  Decision decision;
};

}  // namespace policy
