#pragma once

#include "resource/checker.h"

namespace resource {

// The rules of validate(), one function for each kind or shared part. `stored` is nullptr on
// create. `path` is where the part is in its resource.

void check_metadata(Checker& check, Kind kind, const Message& resource);
void check_shadow(Checker& check, const Message& resource, const Message* stored);

void check_namespace(Checker& check, const corev1::Namespace& space,
                     const corev1::Namespace* stored);
void check_user(Checker& check, const corev1::User& user);
void check_group(Checker& check, const corev1::Group& group);
void check_policy(Checker& check, const corev1::Policy& policy, const corev1::Policy* stored);
void check_credential(Checker& check, const corev1::Credential& credential,
                      const corev1::Credential* stored);
void check_secret(Checker& check, const corev1::Secret& secret);
void check_config(Checker& check, const corev1::Config& config);
void check_session(Checker& check, const corev1::Session& session);
void check_cluster_config(Checker& check, const corev1::ClusterConfig& config);
void check_service(Checker& check, const corev1::Service& service, const corev1::Service* stored);

void check_policy_spec(Checker& check, const std::string& path, const corev1::Policy::Spec& spec);
// `depth` counts the conditions around this one.
void check_condition(Checker& check, const std::string& path, const corev1::Condition& condition,
                     int depth = 0);

// A config that a rule of the Service computed. Returns it over its parent.
corev1::Service::Spec::Config check_computed_config(Checker& check,
                                                    const corev1::Service::Spec::Config& config,
                                                    const corev1::Service::Spec& spec);

// Every kind has its own message of this shape (spec/resources.md 2.1).
void check_policies(
    Checker& check, const std::string& path,
    const google::protobuf::RepeatedPtrField<std::string>& policies,
    const google::protobuf::RepeatedPtrField<corev1::InlinePolicy>& inline_policies);

template <typename Authorization>
void check_authorization(Checker& check, const Authorization& authorization) {
  check_policies(check, "spec.authorization", authorization.policies(),
                 authorization.inlinepolicies());
}

// What a Service's config says about the upstream and HTTP. `names_port` is whether the Service has
// a port of its own.
void check_upstream(Checker& check, const std::string& path,
                    const corev1::Service::Spec::Config::Upstream& upstream, bool names_port);
void check_tls(Checker& check, const std::string& path,
               const corev1::Service::Spec::Config::TLS& tls);
void check_http(Checker& check, const std::string& path,
                const corev1::Service::Spec::Config::HTTP& http);

}  // namespace resource
