#include "cli/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/suggest.h"

namespace cli {
namespace {

using resource::Kind;

constexpr std::array kKinds = {
    KindWords{.kind = Kind::kSecret,
              .plural = "Secrets",
              .words = "secret sec secrets",
              .can_delete = true,
              .can_update = true,
              .can_apply = true},
    KindWords{.kind = Kind::kConfig,
              .plural = "Configs",
              .words = "config cfg conf configs",
              .can_delete = true,
              .can_update = true,
              .can_apply = true},
    KindWords{.kind = Kind::kPolicy,
              .plural = "Policies",
              .words = "policy pol policies",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kIdentityProvider,
              .plural = "IdentityProviders",
              .words = "identityprovider idp identityproviders",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kNamespace,
              .plural = "Namespaces",
              .words = "namespace ns namespaces",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kGroup,
              .plural = "Groups",
              .words = "group grp groups",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kUser,
              .plural = "Users",
              .words = "user usr users",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kService,
              .plural = "Services",
              .words = "service svc services",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kCredential,
              .plural = "Credentials",
              .words = "credential cred creds credentials",
              .can_delete = true,
              .can_apply = true},
    KindWords{.kind = Kind::kClusterConfig,
              .plural = "ClusterConfigs",
              .words = "clusterconfig cc clustercfg cluster-config",
              .can_apply = true},
    KindWords{.kind = Kind::kSession,
              .plural = "Sessions",
              .words = "session sess sessions",
              .can_delete = true,
              .can_update = true},
    KindWords{.kind = Kind::kDevice,
              .plural = "Devices",
              .words = "device dev devices",
              .can_delete = true,
              .can_update = true},
    KindWords{.kind = Kind::kAuthenticator,
              .plural = "Authenticators",
              .words = "authenticator authn authenticators authen",
              .can_delete = true,
              .can_update = true},
    KindWords{.kind = Kind::kRegion, .plural = "Regions", .words = "region rgn regions"},
    KindWords{.kind = Kind::kGateway, .plural = "Gateways", .words = "gateway gw gws gateways"},
};

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    const std::size_t space = words.find(' ');
    out.push_back(words.substr(0, space));
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  }
  return out;
}

}  // namespace

std::span<const KindWords> all_kinds() { return kKinds; }

const KindWords& words_of(Kind kind) {
  const auto found = std::ranges::find(kKinds, kind, &KindWords::kind);
  return found == kKinds.end() ? kKinds.front() : *found;
}

base::Result<Kind> parse_kind_word(std::string_view word) {
  std::vector<std::string_view> names, known;
  for (const KindWords& kind : kKinds) {
    const std::vector<std::string_view> words = split_words(kind.words);
    if (std::ranges::find(words, word) != words.end()) return kind.kind;
    names.push_back(words.front());
    known.insert(known.end(), words.begin(), words.end());
  }
  const std::string_view near = base::nearest(word, known);
  return base::fail_invalid(
      "kind_unknown", fmt::format("unknown kind \"{}\"; {}", word.substr(0, 40),
                                  near.empty() ? fmt::format("one of {}", fmt::join(names, ", "))
                                               : fmt::format("did you mean \"{}\"?", near)));
}

base::Result<Kind> parse_kind_name(std::string_view name) {
  if (const auto kind = resource::parse_kind(name)) {
    if (*kind != Kind::kPolicyTrigger) return *kind;
  }
  return parse_kind_word(name);
}

std::string full_name(Kind kind, std::string_view name) {
  const bool is_short = kind == Kind::kService && name.find('.') == std::string_view::npos;
  return fmt::format("{}{}", name, is_short ? ".default" : "");
}

}  // namespace cli
