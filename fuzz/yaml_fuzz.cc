// Any bytes decode or are refused; what decodes prints as YAML and as JSON that decode to the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "resource/document.h"
#include "resource/json.h"

namespace {

void check_round_trip(const resource::Message& message, const std::string& printed) {
  const std::unique_ptr<resource::Message> again(message.New());
  const auto read = resource::decode_into(printed, *again);
  if (read && resource::to_json(*again) == resource::to_json(message)) return;
  std::fprintf(stderr, "%s\n%s\n", read ? "another message" : read.error().message.c_str(),
               printed.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* file : {"f.yaml", "f.json"}) {
    for (const resource::Document& document : resource::decode(text, file).documents) {
      check_round_trip(*document.message, resource::to_yaml(*document.message));
      check_round_trip(*document.message, resource::to_json(*document.message));
    }
  }
  return 0;
}
