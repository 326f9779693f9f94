#include "resource/builtin.h"

#include <cstdlib>
#include <string>

#include "base/log.h"
#include "resource/document.h"

namespace resource {
namespace {

constexpr std::chrono::hours kRootCredentialValidity = std::chrono::hours(24) * 180;

// In the form of what users write, with what only the cluster may write added.
constexpr std::string_view kObjects = R"(
kind: ClusterConfig
metadata: {name: default, isSystem: true}
spec: {}
---
kind: Region
metadata: {name: default, isSystem: true}
spec: {}
status: {publicHostname: _r-default}
---
kind: Namespace
metadata: {name: default, displayName: Default Namespace, isSystem: true}
spec: {}
---
kind: Namespace
metadata: {name: octelium, isSystem: true, isUserHidden: true}
spec: {}
---
kind: Namespace
metadata: {name: octelium-api, isSystem: true, isUserHidden: true}
spec: {}
---
kind: Policy
metadata: {name: allow-all}
spec:
  rules: [{name: main, effect: ALLOW, condition: {matchAny: true}}]
---
kind: Policy
metadata: {name: deny-all}
spec:
  rules: [{name: main, effect: DENY, condition: {matchAny: true}}]
---
kind: Policy
metadata: {name: octelium-api-full-access}
spec:
  rules:
    - name: main
      effect: ALLOW
      priority: -1
      condition:
        match: ctx.namespace.metadata.name == "octelium-api" && ctx.service.spec.mode == "GRPC"
---
kind: Policy
metadata: {name: octelium-api-read-only}
spec:
  enforcementRules:
    - effect: ENFORCE
      condition:
        all:
          of:
            - match: ctx.namespace.metadata.name == "octelium-api"
            - match: ctx.service.spec.mode == "GRPC"
            - not: >-
                ctx.request.grpc.serviceFullName in
                ["octelium.api.main.auth.v1.MainService", "octelium.api.main.user.v1.MainService"]
    - effect: IGNORE
      condition: {matchAny: true}
  rules:
    - name: allowed-methods
      effect: ALLOW
      priority: -1
      condition:
        match: >-
          ctx.request.grpc.method.startsWith("Get") || ctx.request.grpc.method.startsWith("List")
    - name: deny-otherwise
      effect: DENY
      condition: {matchAny: true}
---
kind: Policy
metadata: {name: http-read-only}
spec:
  enforcementRules:
    - effect: IGNORE
      condition:
        not: ctx.service.spec.mode in ["HTTP", "WEB"]
  rules:
    - name: allowed-methods
      effect: ALLOW
      priority: -1
      condition:
        match: ctx.request.http.method in ["GET", "HEAD", "OPTIONS"]
    - name: deny-otherwise
      effect: DENY
      condition: {matchAny: true}
---
kind: Service
metadata:
  name: default.octelium-api
  isSystem: true
  isUserHidden: true
  systemLabels:
    octelium-apiserver: "true"
    apiserver-path: /octelium.api.main.core, /octelium.api.main.user
spec:
  mode: GRPC
  port: 8080
  isPublic: true
  authorization:
    inlinePolicies:
      - spec:
          rules:
            - name: user-api
              effect: ALLOW
              condition:
                match: ctx.request.grpc.serviceFullName == "octelium.api.main.user.v1.MainService"
status:
  managedService: {type: apiserver, port: 8080}
---
kind: Service
metadata:
  name: auth.octelium-api
  isSystem: true
  isUserHidden: true
  systemLabels:
    octelium-apiserver: "true"
    apiserver-path: /octelium.api.main.auth
spec:
  mode: GRPC
  port: 8080
  isPublic: true
  isAnonymous: true
status:
  managedService: {type: apiserver, port: 8080}
---
kind: User
metadata: {name: root}
spec: {type: WORKLOAD}
---
kind: Credential
metadata: {name: root-init}
spec:
  type: AUTH_TOKEN
  user: root
  sessionType: CLIENT
  authorization:
    inlinePolicies:
      - name: first-session-allow-all
        spec:
          rules: [{name: main, effect: ALLOW, condition: {matchAny: true}}]
)";

}  // namespace

std::vector<std::unique_ptr<Message>> builtin_objects(std::string_view domain, base::WallTime now) {
  auto documents = decode_all(kObjects, "built-in objects");
  if (!documents) {
    spdlog::critical("{}", documents.error().message);
    std::abort();  // the text above is part of the program
  }
  std::vector<std::unique_ptr<Message>> objects;
  for (Document& document : *documents) {
    if (document.kind == Kind::kClusterConfig) {
      static_cast<corev1::ClusterConfig&>(*document.message)
          .mutable_status()
          ->set_domain(std::string(domain));
    } else if (document.kind == Kind::kCredential) {
      static_cast<corev1::Credential&>(*document.message)
          .mutable_spec()
          ->mutable_expiresat()
          ->set_seconds(base::to_seconds(now + kRootCredentialValidity));
    }
    objects.push_back(std::move(document.message));
  }
  return objects;
}

}  // namespace resource
