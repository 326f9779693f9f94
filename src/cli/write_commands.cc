#include "cli/write_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "cli/input_files.h"
#include "cli/kinds.h"
#include "resource/duration.h"

namespace cli {
namespace {

using resource::Kind;

constexpr std::size_t kMaxValueBytes = 1u << 20;  // the server takes half of it
constexpr std::size_t kMaxName = 40;

base::Result<base::Secret> read_value(Terminal& terminal, const ValueSource& source, Kind kind) {
  if (!source.file.empty()) {
    BASE_ASSIGN(std::string bytes, read_input(source.file, terminal.in(), kMaxValueBytes));
    return base::Secret(std::move(bytes));
  }
  if (source.value) return base::Secret(*source.value);
  if (kind == Kind::kSecret) return terminal.ask_secret("Value of the Secret");
  return base::fail_invalid("no_value", "no value: give --value or --file");
}

base::Result<void> fill_secret(corev1::Secret& secret, Terminal& terminal,
                               const ValueSource& source) {
  secret.mutable_spec();
  if (!source.is_certificate) {
    BASE_ASSIGN(const base::Secret value, read_value(terminal, source, Kind::kSecret));
    secret.mutable_data()->set_valuebytes(std::string(value.reveal()));
    return {};
  }
  if (source.certificate_file.empty() || source.key_file.empty()) {
    return base::fail_invalid("no_value", "a certificate needs --cert and --cert-key");
  }
  BASE_ASSIGN(const std::string chain,
              read_input(source.certificate_file, terminal.in(), kMaxValueBytes));
  BASE_ASSIGN(const std::string key, read_input(source.key_file, terminal.in(), kMaxValueBytes));
  secret.mutable_spec()->mutable_data()->set_value(chain);
  secret.mutable_data()->set_value(key);
  return {};
}

base::Result<void> fill_config(corev1::Config& config, Terminal& terminal,
                               const ValueSource& source) {
  BASE_ASSIGN(const base::Secret value, read_value(terminal, source, Kind::kConfig));
  config.mutable_spec();
  config.mutable_data()->set_valuebytes(std::string(value.reveal()));
  return {};
}

// Without a name: user, type and four random characters, within the length of a name.
std::string made_up_name(const CredentialRequest& request, std::string_view type) {
  const std::string suffix = fmt::format("-{}-{}", type, base::random_name(4));
  std::string user = request.user.substr(0, kMaxName - suffix.size());
  while (user.ends_with('-')) user.pop_back();
  return user + suffix;
}

base::Result<corev1::Credential::Spec> credential_spec(const CredentialRequest& request,
                                                       base::WallTime now) {
  using Session = corev1::Session::Status;
  corev1::Credential::Spec spec;
  spec.set_user(request.user);
  if (request.type == "oauth2") {
    spec.set_type(corev1::Credential::Spec::OAUTH2);
  } else if (request.type == "access-token" || request.type == "access") {
    spec.set_type(corev1::Credential::Spec::ACCESS_TOKEN);
  } else if (request.type == "auth-token") {
    spec.set_type(corev1::Credential::Spec::AUTH_TOKEN);
  } else {
    return base::fail_invalid(
        "type_unknown", fmt::format("unknown credential type \"{}\"; one of auth-token, oauth2, "
                                    "access-token",
                                    request.type));
  }
  if (request.session_type != "client" && request.session_type != "clientless") {
    return base::fail_invalid(
        "type_unknown",
        fmt::format("unknown session type \"{}\"; client or clientless", request.session_type));
  }
  const bool is_client =
      request.session_type == "client" && spec.type() != corev1::Credential::Spec::OAUTH2;
  spec.set_sessiontype(is_client ? Session::CLIENT : Session::CLIENTLESS);
  for (const std::string& policy : request.policies) {
    spec.mutable_authorization()->add_policies(policy);
  }
  if (!request.expire_in.empty()) {
    BASE_ASSIGN(const metav1::Duration duration, resource::parse_duration(request.expire_in));
    const auto length = std::chrono::floor<std::chrono::seconds>(resource::length_of(duration));
    spec.mutable_expiresat()->set_seconds(base::to_seconds(now) + length.count());
  }
  if (request.one_time) spec.set_maxauthentications(1);
  if (request.max_authentications > 0) spec.set_maxauthentications(request.max_authentications);
  return spec;
}

std::string_view type_word(corev1::Credential::Spec::Type type) {
  switch (type) {
    case corev1::Credential::Spec::OAUTH2:
      return "oauth2";
    case corev1::Credential::Spec::ACCESS_TOKEN:
      return "access-token";
    default:
      return "auth-token";
  }
}

void print_token(Terminal& terminal, const corev1::CredentialToken& token, Format format) {
  if (format != Format::kDefault) return print_message(terminal, token, format);
  if (token.has_authenticationtoken()) {
    terminal.line("Authentication Token: " + token.authenticationtoken().authenticationtoken());
  }
  if (token.has_oauth2credentials()) {
    terminal.line("Client ID: " + token.oauth2credentials().clientid());
    terminal.line("Client Secret: " + token.oauth2credentials().clientsecret());
  }
  if (token.has_accesstoken()) {
    terminal.line("Access Token: " + token.accesstoken().accesstoken());
  }
}

template <typename T>
T named(const std::string& name) {
  T object;
  object.mutable_metadata()->set_name(name);
  return object;
}

void done(Terminal& terminal, Kind kind, std::string_view name, std::string_view verb) {
  terminal.success(fmt::format("{} `{}` successfully {}", resource::kind_name(kind), name, verb));
}

// All three kinds call the same two states by the same names.
template <typename T>
base::Result<void> set_state(CoreApi& api, Kind kind, const StateRequest& request) {
  BASE_ASSIGN(const Resource object, api.get(kind, request.name));
  auto& typed = dynamic_cast<T&>(*object);
  typed.mutable_spec()->set_state(request.approve ? T::Spec::ACTIVE : T::Spec::REJECTED);
  BASE_TRY(api.update(typed));
  return {};
}

}  // namespace

base::Result<void> create_namespace(CoreApi& api, Terminal& terminal, const std::string& name) {
  auto object = named<corev1::Namespace>(name);
  object.mutable_spec();
  BASE_TRY(api.create(object));
  done(terminal, Kind::kNamespace, name, "created");
  return {};
}

base::Result<void> create_secret(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source) {
  auto secret = named<corev1::Secret>(name);
  BASE_TRY(fill_secret(secret, terminal, source));
  BASE_TRY(api.create(secret));
  done(terminal, Kind::kSecret, name, "created");
  return {};
}

base::Result<void> update_secret(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source) {
  BASE_ASSIGN(const Resource object, api.get(Kind::kSecret, name));
  auto& secret = dynamic_cast<corev1::Secret&>(*object);
  BASE_TRY(fill_secret(secret, terminal, source));
  BASE_TRY(api.update(secret));
  done(terminal, Kind::kSecret, name, "updated");
  return {};
}

base::Result<void> create_config(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source) {
  auto config = named<corev1::Config>(name);
  BASE_TRY(fill_config(config, terminal, source));
  BASE_TRY(api.create(config));
  done(terminal, Kind::kConfig, name, "created");
  return {};
}

base::Result<void> update_config(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source) {
  BASE_ASSIGN(const Resource object, api.get(Kind::kConfig, name));
  auto& config = dynamic_cast<corev1::Config&>(*object);
  BASE_TRY(fill_config(config, terminal, source));
  BASE_TRY(api.update(config));
  done(terminal, Kind::kConfig, name, "updated");
  return {};
}

base::Result<void> create_credential(CoreApi& api, Terminal& terminal,
                                     const CredentialRequest& request, base::WallTime now) {
  std::string name = request.name;
  if (request.rotate) {
    if (name.empty()) {
      return base::fail_invalid("name_missing", "--rotate needs the name of a Credential");
    }
  } else {
    if (request.user.empty()) {
      return base::fail_invalid("user_missing", "a Credential needs --user");
    }
    corev1::Credential credential;
    BASE_ASSIGN(*credential.mutable_spec(), credential_spec(request, now));
    if (name.empty()) name = made_up_name(request, type_word(credential.spec().type()));
    credential.mutable_metadata()->set_name(name);
    BASE_TRY(api.create(credential));
    if (request.format == Format::kDefault) {
      terminal.success(fmt::format("Credential {} successfully created", name));
    }
  }
  auto token = api.generate_token(name);
  if (!token && !request.rotate) {
    token.error().message +=
        fmt::format(" (the Credential {} exists; make a token with --rotate)", name);
  }
  if (!token) return std::unexpected(token.error());
  print_token(terminal, *token, request.format);
  return {};
}

base::Result<void> update_state(CoreApi& api, Terminal& terminal, Kind kind,
                                const StateRequest& request) {
  if (request.approve == request.reject) {
    return base::fail_invalid("flag_missing", "give one of --approve and --reject");
  }
  if (kind == Kind::kSession) {
    BASE_TRY(set_state<corev1::Session>(api, kind, request));
  } else if (kind == Kind::kDevice) {
    BASE_TRY(set_state<corev1::Device>(api, kind, request));
  } else {
    BASE_TRY(set_state<corev1::Authenticator>(api, kind, request));
  }
  terminal.success(
      fmt::format("{} {} successfully updated", resource::kind_name(kind), request.name));
  return {};
}

base::Result<void> delete_object(CoreApi& api, Terminal& terminal, Kind kind,
                                 const std::string& name) {
  const std::string full = full_name(kind, name);
  if (kind == Kind::kService && std::ranges::count(full, '.') > 1) {
    return base::fail_invalid(
        "name_malformed", fmt::format("\"{}\" is no Service; use NAME or NAME.NAMESPACE", name));
  }
  metav1::DeleteOptions options;
  options.set_name(full);
  BASE_TRY(api.remove(kind, options));
  if (kind == Kind::kService) {
    terminal.success(fmt::format("Service {} successfully deleted", full));
  } else {
    done(terminal, kind, name, "deleted");
  }
  return {};
}

}  // namespace cli
