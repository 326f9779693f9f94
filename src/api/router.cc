#include "api/router.h"

#include <cstdlib>

namespace api {

void Router::add(const google::protobuf::ServiceDescriptor& service, const std::string& method,
                 Handler handler) {
  const auto* descriptor = service.FindMethodByName(method);
  if (descriptor == nullptr) std::abort();  // a mistake in our own tables
  const Message* request =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type());
  methods_[service.full_name() + "/" + method] = {request, std::move(handler)};
}

const Router::Method* Router::find(std::string_view full_name) const {
  const auto found = methods_.find(full_name);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace api
