#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/uri.h"
#include "identity/live_session.h"
#include "policy/decision.h"
#include "policy/dynamic_config.h"
#include "policy/request_context.h"
#include "telemetry/access_entry.h"

namespace gateway {

namespace corev1 = resource::corev1;

// What of a Snapshot a Session's own rules are looked up in.
struct ClusterPolicy {
  policy::PolicySet policies;
};

// The rules that stand behind one Service, and the choice of its config.
struct ServicePolicy {
  policy::Access access = policy::Access::kAuthenticated;
  policy::ServiceRules rules;
  std::shared_ptr<const policy::DynamicConfig> dynamic;

  bool reads_body() const { return rules.reads_body() || dynamic->reads_body(); }
};

// A request's header fields as policy reads them: straight from the parsed head, without those that
// Connection takes away before the upstream.
class HeadFields final : public policy::HeaderSource {
 public:
  explicit HeadFields(const http::RequestHead& head) : head_(head) {}
  std::size_t size() const override { return head_.fields.size(); }
  std::string_view name(std::size_t index) const override {
    return is_taken_away(head_.fields[index]) ? std::string_view() : head_.fields[index].name;
  }
  std::string_view value(std::size_t index) const override {
    return is_taken_away(head_.fields[index]) ? std::string_view() : head_.fields[index].value;
  }
  std::optional<std::string_view> find(std::string_view lower_name) const override {
    for (const http::Field& field : head_.fields.span())
      if (policy::same_header_name(field.name, lower_name) && !is_taken_away(field))
        return field.value;
    return std::nullopt;
  }

 private:
  static bool is_taken_away(const http::Field& field) {
    return field.hop_by_hop && field.id == http::FieldId::kOther;
  }

  const http::RequestHead& head_;
};

// Puts what a decision says into the log's entry. The views live as long as the decision's rules.
void fill_reason(const policy::Decision& decision, telemetry::AccessEntry& entry);

}  // namespace gateway
