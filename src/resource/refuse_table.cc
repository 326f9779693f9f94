#include "resource/refuse_table.h"

#include <array>

namespace resource {
namespace {

constexpr std::array kActedOnFields = {
    ActedOn{"ClusterConfig.Spec", "authorization session"},
    ActedOn{"ClusterConfig.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"ClusterConfig.Spec.Session", "human workload"},
    ActedOn{"ClusterConfig.Spec.Session.Human",
            "clientDuration clientlessDuration accessTokenDuration refreshTokenDuration maxPerUser "
            "defaultState"},
    ActedOn{"ClusterConfig.Spec.Session.Workload",
            "clientDuration clientlessDuration accessTokenDuration refreshTokenDuration maxPerUser "
            "defaultState"},
    ActedOn{"Condition", "matchAny match all any not none opa"},
    ActedOn{"Condition.All", "of"},
    ActedOn{"Condition.Any", "of"},
    ActedOn{"Condition.None", "of"},
    ActedOn{"Condition.OPA", "inline"},
    ActedOn{"Config.Data", "value valueBytes dataMap attrs"},
    ActedOn{"Config.Data.DataMap", "map"},
    ActedOn{"Credential.Spec",
            "type user maxAuthentications expiresAt sessionType authorization isDisabled "
            "autoDelete"},
    ActedOn{"Credential.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"Group.Spec", "authorization attrs"},
    ActedOn{"Group.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"InlinePolicy", "name spec"},
    ActedOn{"Namespace.Spec", "authorization attrs"},
    ActedOn{"Namespace.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"Policy.Spec", "rules enforcementRules attrs isDisabled"},
    ActedOn{"Policy.Spec.EnforcementRule", "condition effect"},
    ActedOn{"Policy.Spec.Rule", "name condition effect priority"},
    ActedOn{"Secret.Data", "value valueBytes"},
    ActedOn{"Secret.Spec", "data"},
    ActedOn{"Secret.Spec.Data", "value valueBytes"},
    // isTLS: whatever this gateway serves, it serves over TLS; the port follows from it.
    ActedOn{"Service.Spec",
            "port mode authorization config dynamicConfig isTLS isPublic isAnonymous deployment "
            "isDisabled attrs region"},
    ActedOn{"Service.Spec.Authorization", "policies inlinePolicies enableAnonymous"},
    ActedOn{"Service.Spec.Config", "name upstream parent tls http"},
    ActedOn{"Service.Spec.Config.HTTP",
            "auth header path isUpstreamHTTP2 listenHTTP2 enableRequestBuffering body response"},
    ActedOn{"Service.Spec.Config.HTTP.Auth", "bearer basic custom"},
    ActedOn{"Service.Spec.Config.HTTP.Auth.Basic", "username password"},
    ActedOn{"Service.Spec.Config.HTTP.Auth.Basic.Password", "fromSecret"},
    ActedOn{"Service.Spec.Config.HTTP.Auth.Bearer", "fromSecret"},
    ActedOn{"Service.Spec.Config.HTTP.Auth.Custom", "header value"},
    ActedOn{"Service.Spec.Config.HTTP.Auth.Custom.Value", "fromSecret"},
    ActedOn{"Service.Spec.Config.HTTP.Body", "mode maxRequestSize"},
    ActedOn{"Service.Spec.Config.HTTP.Header",
            "addRequestHeaders removeRequestHeaders addResponseHeaders removeResponseHeaders "
            "forwardedMode host authorizationMode"},
    ActedOn{"Service.Spec.Config.HTTP.Header.Host", "preserve value"},
    ActedOn{"Service.Spec.Config.HTTP.Header.KeyValue", "key value append"},
    ActedOn{"Service.Spec.Config.HTTP.Path", "addPrefix removePrefix"},
    ActedOn{"Service.Spec.Config.HTTP.Response", "direct"},
    ActedOn{"Service.Spec.Config.HTTP.Response.Direct",
            "statusCode contentType inline inlineBytes"},
    ActedOn{"Service.Spec.Config.TLS", "trustedCAs appendToSystemPool insecureSkipVerify"},
    ActedOn{"Service.Spec.Config.Upstream", "url loadbalance"},
    ActedOn{"Service.Spec.Config.Upstream.Loadbalance", "endpoints"},
    ActedOn{"Service.Spec.Config.Upstream.Loadbalance.Endpoint", "url"},
    // More than one replica is an error in the validation of the Service.
    ActedOn{"Service.Spec.Deployment", "replicas"},
    ActedOn{"Service.Spec.DynamicConfig", "configs rules"},
    ActedOn{"Service.Spec.DynamicConfig.Rule", "condition configName eval opa"},
    ActedOn{"Session.Spec", "expiresAt state authorization"},
    ActedOn{"Session.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"User.Spec", "groups email type info session authorization isDisabled attrs"},
    ActedOn{"User.Spec.Authorization", "policies inlinePolicies"},
    ActedOn{"User.Spec.Info", "locale phone firstName middleName lastName website country"},
    ActedOn{"User.Spec.Session",
            "clientDuration clientlessDuration accessTokenDuration refreshTokenDuration maxPerUser "
            "defaultState"},
};

constexpr std::array kRefusedFields = {
    Refused{"ClusterConfig.Spec.authentication",
            "geolocation of logins is not supported by this gateway yet"},
    Refused{"ClusterConfig.Spec.authenticator",
            "Authenticators are not supported by this gateway yet"},
    Refused{"ClusterConfig.Spec.device", "Devices are not supported by this gateway yet"},
    Refused{"ClusterConfig.Spec.dns", "private DNS is not supported by this gateway yet"},
    Refused{"ClusterConfig.Spec.gateway", "WireGuard is not supported by this gateway yet"},
    Refused{"ClusterConfig.Spec.ingress",
            "client addresses from forwarding headers are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.Auth.oauth2ClientCredentials",
            "fetching upstream tokens with OAuth2 client credentials is not supported by this "
            "gateway yet"},
    Refused{"Service.Spec.Config.HTTP.Auth.sigv4",
            "AWS Signature V4 is not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.Body.validation",
            "JSON Schema validation is not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.Header.Host.eval",
            "computed hosts are not supported by this gateway yet; use value or preserve"},
    Refused{"Service.Spec.Config.HTTP.Header.KeyValue.eval",
            "computed header values are not supported by this gateway yet; use value"},
    Refused{"Service.Spec.Config.HTTP.cors", "CORS is not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.plugins", "plugins are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.retry", "retries are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.HTTP.visibility",
            "headers and bodies in the access log are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.TLS.clientCertificate",
            "client certificates towards upstreams are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.Upstream.Loadbalance.Endpoint.user",
            "upstreams served by connected Users are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.Upstream.container",
            "containers are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.Upstream.user",
            "upstreams served by connected Users are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.clientCertificate",
            "client certificates towards upstreams are not supported by this gateway yet; tls has "
            "the trusted CAs"},
    Refused{"Service.Spec.Config.kubernetes",
            "KUBERNETES Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.llm", "LLM Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.mcp", "MCP Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.mysql", "MYSQL Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.postgres",
            "POSTGRES Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.rdp", "RDP_WEB Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.socks5", "SOCKS5 Services are not supported by this gateway yet"},
    Refused{"Service.Spec.Config.ssh", "SSH Services are not supported by this gateway yet"},
    Refused{"User.Spec.authentication",
            "IdentityProviders and Authenticators are not supported by this gateway yet"},
};

constexpr std::array kActedOnValues = {
    ActedOn{"Credential.Spec.Type", "AUTH_TOKEN OAUTH2 ACCESS_TOKEN"},
    ActedOn{"Policy.Spec.EnforcementRule.Effect", "ENFORCE IGNORE"},
    ActedOn{"Policy.Spec.Rule.Effect", "ALLOW DENY"},
    ActedOn{"Service.Spec.Config.HTTP.Body.Mode", "JSON"},
    ActedOn{"Service.Spec.Config.HTTP.Header.AuthorizationMode", "PASS DELETE"},
    ActedOn{"Service.Spec.Config.HTTP.Header.ForwardedMode", "DROP OBFUSCATE TRANSPARENT"},
    ActedOn{"Service.Spec.Mode", "HTTP WEB GRPC"},
    ActedOn{"Session.Spec.State", "ACTIVE PENDING REJECTED"},
    ActedOn{"Session.Status.Type", "CLIENT CLIENTLESS"},
    ActedOn{"User.Spec.Type", "HUMAN WORKLOAD"},
};

#define REFUSED_MODE(mode)                                                     \
  Refused{"Service.Spec.Mode." mode, "the mode " mode                          \
                                     " is not supported by this gateway yet; " \
                                     "HTTP, WEB and GRPC are"}
constexpr std::array kRefusedValues = {
    REFUSED_MODE("TCP"),   REFUSED_MODE("UDP"),     REFUSED_MODE("SSH"),
    REFUSED_MODE("DNS"),   REFUSED_MODE("SOCKS5"),  REFUSED_MODE("KUBERNETES"),
    REFUSED_MODE("MYSQL"), REFUSED_MODE("MCP"),     REFUSED_MODE("POSTGRES"),
    REFUSED_MODE("LLM"),   REFUSED_MODE("RDP_WEB"),
};
#undef REFUSED_MODE

constexpr std::array kRefusedKinds = {
    Refused{"Authenticator", "Authenticators are not supported by this gateway yet"},
    Refused{"Device", "Devices are not supported by this gateway yet"},
    Refused{"Gateway", "Gateways are written by the cluster itself"},
    Refused{"IdentityProvider", "IdentityProviders are not supported by this gateway yet"},
    Refused{"PolicyTrigger", "PolicyTriggers are written by the cluster itself"},
    Refused{"Region", "Regions are written by the cluster itself"},
};

}  // namespace

std::span<const ActedOn> acted_on_fields() { return kActedOnFields; }
std::span<const Refused> refused_fields() { return kRefusedFields; }
std::span<const ActedOn> acted_on_values() { return kActedOnValues; }
std::span<const Refused> refused_values() { return kRefusedValues; }
std::span<const Refused> refused_kinds() { return kRefusedKinds; }

}  // namespace resource
