#include "cli/columns.h"

#include <fmt/format.h>

#include "cli/age.h"

namespace cli {
namespace {

using google::protobuf::Message;
using resource::Kind;
namespace corev1 = resource::corev1;

using Row = std::vector<std::string>;

std::string flag(bool value) { return value ? "True" : ""; }

// The name of an enum value as the schema spells it; empty for zero, which is "not given".
template <typename Enum>
std::string name_of(Enum value) {
  if (static_cast<int>(value) == 0) return "";
  const auto* found = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  return found == nullptr ? std::to_string(static_cast<int>(value)) : std::string(found->name());
}

std::string age(const Message& object, base::WallTime now) {
  return age_of(resource::metadata_of(object).createdat(), now);
}

Row service(const corev1::Service& s, base::WallTime now) {
  Row addresses;
  for (const auto& address : s.status().addresses()) {
    for (const auto& ip : {address.dualstackip().ipv4(), address.dualstackip().ipv6()}) {
      if (!ip.empty()) addresses.push_back(ip);
    }
  }
  const std::uint32_t port = s.status().port() != 0 ? s.status().port() : s.spec().port();
  return {s.status().primaryhostname(),
          s.status().namespaceref().name(),
          name_of(s.spec().mode()),
          std::to_string(port),
          age(s, now),
          flag(s.spec().ispublic()),
          flag(s.spec().isanonymous()),
          fmt::format("{}", fmt::join(addresses, ", ")),
          flag(s.spec().istls())};
}

Row user(const corev1::User& u, base::WallTime now) {
  return {u.metadata().name(),      fmt::format("{}", fmt::join(u.spec().groups(), ", ")),
          name_of(u.spec().type()), age(u, now),
          u.spec().email(),         flag(u.spec().isdisabled())};
}

Row session(const corev1::Session& s, base::WallTime now) {
  return {s.metadata().name(),
          s.status().userref().name(),
          name_of(s.status().type()) + (s.status().isbrowser() ? " (Browser)" : ""),
          time_until(s.spec().expiresat(), now),
          age(s, now),
          name_of(s.spec().state()),
          flag(s.status().isconnected())};
}

Row credential(const corev1::Credential& c, base::WallTime now) {
  return {c.metadata().name(), c.status().userref().name(), age(c, now), name_of(c.spec().type()),
          time_until(c.spec().expiresat(), now)};
}

Row device(const corev1::Device& d, base::WallTime now) {
  return {d.metadata().name(), d.status().userref().name(), name_of(d.spec().state()), age(d, now),
          name_of(d.status().ostype())};
}

Row policy(const corev1::Policy& p, base::WallTime now) {
  const int rules = p.spec().rules_size();
  return {p.metadata().name(), rules == 0 ? "" : std::to_string(rules), age(p, now),
          flag(p.spec().isdisabled())};
}

Row identity_provider(const corev1::IdentityProvider& p, base::WallTime now) {
  return {p.metadata().name(), name_of(p.status().type()), age(p, now),
          flag(p.spec().isdisabled())};
}

Row region(const corev1::Region& r, base::WallTime now) {
  return {r.metadata().name(), fmt::format("{}", fmt::join(r.status().ingressaddresses(), ", ")),
          age(r, now)};
}

Row gateway(const corev1::Gateway& g, base::WallTime now) {
  return {g.metadata().name(), g.status().regionref().name(), g.status().noderef().name(),
          age(g, now)};
}

Row authenticator(const corev1::Authenticator& a, base::WallTime now) {
  const auto& status = a.status();
  const auto attempts = status.totalauthenticationattempts();
  return {a.metadata().name(),
          status.userref().name(),
          name_of(status.type()),
          age(a, now),
          flag(status.isregistered()),
          name_of(a.spec().state()),
          attempts == 0 ? "" : fmt::format("{}/{}", status.successfulauthentications(), attempts)};
}

Row head_of(Kind kind) {
  switch (kind) {
    case Kind::kService:
      return {"Name",   "Namespace", "Mode",      "Port", "Age",
              "Public", "Anonymous", "Addresses", "TLS"};
    case Kind::kUser:
      return {"Name", "Groups", "Type", "Age", "Email", "Disabled"};
    case Kind::kSession:
      return {"Name", "User", "Type", "Expires In", "Age", "State", "Connected"};
    case Kind::kCredential:
      return {"Name", "User", "Age", "Type", "Expires in"};
    case Kind::kDevice:
      return {"Name", "User", "State", "Age", "OS Type"};
    case Kind::kPolicy:
      return {"Name", "Rules", "Age", "Disabled"};
    case Kind::kIdentityProvider:
      return {"Name", "Type", "Age", "Disabled"};
    case Kind::kRegion:
      return {"Name", "Ingress Addresses", "Age"};
    case Kind::kGateway:
      return {"Name", "Region", "Node", "Age"};
    case Kind::kAuthenticator:
      return {"Name", "User", "Type", "Age", "Registered", "State", "Authentications"};
    default:
      return {"Name", "Age"};
  }
}

template <typename T>
const T& as(const Message& message) {
  return dynamic_cast<const T&>(message);
}

Row row_of(Kind kind, const Message& item, base::WallTime now) {
  switch (kind) {
    case Kind::kService:
      return service(as<corev1::Service>(item), now);
    case Kind::kUser:
      return user(as<corev1::User>(item), now);
    case Kind::kSession:
      return session(as<corev1::Session>(item), now);
    case Kind::kCredential:
      return credential(as<corev1::Credential>(item), now);
    case Kind::kDevice:
      return device(as<corev1::Device>(item), now);
    case Kind::kPolicy:
      return policy(as<corev1::Policy>(item), now);
    case Kind::kIdentityProvider:
      return identity_provider(as<corev1::IdentityProvider>(item), now);
    case Kind::kRegion:
      return region(as<corev1::Region>(item), now);
    case Kind::kGateway:
      return gateway(as<corev1::Gateway>(item), now);
    case Kind::kAuthenticator:
      return authenticator(as<corev1::Authenticator>(item), now);
    default:
      return {resource::metadata_of(item).name(), age(item, now)};
  }
}

}  // namespace

Table table_of(Kind kind, std::span<const Message* const> items, base::WallTime now) {
  Table table(head_of(kind));
  for (const Message* item : items) table.add(row_of(kind, *item, now));
  return table;
}

}  // namespace cli
