#pragma once

#include "extv1.pb.h"
#include "policy/decision.h"
#include "policy/disclosure.h"
#include "policy/dynamic_config.h"

namespace policy {

namespace extv1 = octelium::api::ext::v1;

// What a decision is made from beside its context.
struct DecisionBasis {
  Access access = Access::kAuthenticated;
  const ServiceRules& rules;
  const SubjectRules* subject = nullptr;   // may be nullptr unless kAuthenticated
  const DynamicConfig* dynamic = nullptr;  // may be nullptr: no config is chosen
};

// Makes the decision that decide() makes, and of an allowed request chooses the config, while
// watching it; fills `out` with everything that was looked at. For whoever wants to know why:
// a request that is only served does not come here.
//
// The result is bounded: about kMaxExplanationBytes, whatever the rules and the request are.
Decision explain(RequestContext& context, const DecisionBasis& basis, Disclosure disclosure,
                 extv1::Explanation& out);

inline constexpr std::size_t kMaxExplanationBytes = 64 << 10;

// Fills decision, code, reason and detail.
void fill_decision(const Decision& decision, extv1::Explanation& out);

}  // namespace policy
