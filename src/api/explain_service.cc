#include "api/explain_service.h"

#include "explain/simulation.h"
#include "store/stored_references.h"

namespace api {
namespace {

namespace extv1 = octelium::api::ext::v1;

base::Result<extv1::Explanation> explain(store::Store& store, const base::Clock& clock,
                                         const FindExplanation& find, const Call& call,
                                         const extv1::ExplainRequest& request) {
  BASE_TRY(find_caller(store, call));
  switch (request.type_case()) {
    case extv1::ExplainRequest::kRequestID:
      return find(request.requestid());
    case extv1::ExplainRequest::kHypothetical: {
      const store::StoredReferences references(store);
      return explain::Simulation(references).run(request.hypothetical(), clock.now());
    }
    case extv1::ExplainRequest::TYPE_NOT_SET:
      break;
  }
  return base::fail_invalid("request_empty", "Either requestID or hypothetical must be set");
}

}  // namespace

void add_explain_methods(Router& router, store::Store& store, const base::Clock& clock,
                         FindExplanation find) {
  router.add(
      service_beside<extv1::ExplainRequest>(), "Explain",
      [&store, &clock, find = std::move(find)](const Call& call, const Message& request) -> Answer {
        BASE_ASSIGN(auto explanation, explain(store, clock, find, call,
                                              static_cast<const extv1::ExplainRequest&>(request)));
        return std::make_unique<extv1::Explanation>(std::move(explanation));
      });
}

}  // namespace api
