#include "resource/alias.h"

#include <algorithm>
#include <array>

namespace resource {
namespace {

constexpr std::string_view kConfig = "octelium.api.main.core.v1.Service.Spec.Config";
constexpr std::string_view kPlugin = "octelium.api.main.core.v1.Service.Spec.Config.HTTP.Plugin";

constexpr std::array kAliases = {
    Alias{.message = kPlugin, .written = "ratelimit", .inside = "", .field = "rateLimit"},
    Alias{.message = kConfig, .written = "plugins", .inside = "http", .field = "plugins"},
    Alias{.message = kConfig, .written = "auth", .inside = "http", .field = "auth"},
};

}  // namespace

const Alias* find_alias(const google::protobuf::Descriptor& type, std::string_view key) {
  const auto found = std::ranges::find_if(kAliases, [&](const Alias& alias) {
    return alias.written == key && alias.message == type.full_name();
  });
  return found == kAliases.end() ? nullptr : &*found;
}

}  // namespace resource
