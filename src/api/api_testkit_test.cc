#include "api/api_testkit_test.h"

#include <stdlib.h>

#include <stdexcept>

#include "api/fields.h"
#include "base/random.h"

namespace api {
namespace {

template <typename T>
T checked(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

template <typename T>
T named(std::string_view name) {
  T resource;
  resource.mutable_metadata()->set_name(std::string(name));
  resource.mutable_spec();
  return resource;
}

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "api-XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

}  // namespace

ApiTest::ApiTest() : folder_(make_folder()) {
  clock_.set(base::SystemClock().now());
  store_ = checked(store::SqliteStore::open(
      {.file = folder_ / "store.db", .master_key_file = folder_ / "master.key", .clock = &clock_}));
  keys_ = checked(identity::SigningKeys::open(*store_, clock_));
  authenticator_ = std::make_unique<identity::Authenticator>(identity::Environment{
      *store_, table_, *keys_, clock_, [this](store::Sequence sequence) { catch_up(sequence); }});
  auto config = named<corev1::ClusterConfig>("default");
  config.mutable_metadata()->set_issystem(true);
  seed(config);
  auto home = named<corev1::Namespace>("default");
  home.mutable_metadata()->set_issystem(true);
  seed(home);
  auto root = user_named("root");
  root.mutable_spec()->set_type(corev1::User::Spec::WORKLOAD);
  seed(root);
  root_session_ = seed_session("root", "root-abcdef");
  set_caller(root_session_);
  start();
}

ApiTest::~ApiTest() {
  channel_.reset();
  server_.reset();
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ApiTest::start() {
  server_.reset();
  server_ = checked(Server::start({.socket = folder_ / "api.sock",
                                   .store = *store_,
                                   .authenticator = *authenticator_,
                                   .clock = clock_,
                                   .domain = "example.com",
                                   .gateway_secret = base::Secret(std::string(kGatewaySecret)),
                                   .wait_applied = [this](auto sequence) { catch_up(sequence); },
                                   .threads = 4}));
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("octelium-cli/v0.39.0");
  // Each test has its own server under its own path; a shared subchannel would outlive it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel("unix://" + (folder_ / "api.sock").string(),
                                       grpc::InsecureChannelCredentials(), arguments);
}

void ApiTest::set_caller(std::string_view session_uid) {
  set_metadata("x-octelium-session-uid", std::string(session_uid));
}

// An empty value takes the field away.
void ApiTest::set_metadata(const std::string& name, const std::string& value) {
  std::erase_if(metadata_, [&](const auto& entry) { return entry.first == name; });
  if (!value.empty()) metadata_.emplace_back(name, value);
}

store::Resource ApiTest::seed(const resource::Message& resource) {
  auto written = checked(store_->create(copy_of(resource), {}));
  catch_up(written.sequence);
  return written.resource;
}

std::string ApiTest::seed_session(const std::string& user_name, const std::string& session_name) {
  const auto user = checked(store_->get(resource::Kind::kUser, user_name));
  auto session = named<corev1::Session>(session_name);
  session.mutable_spec()->set_state(corev1::Session::Spec::ACTIVE);
  session.mutable_spec()->mutable_expiresat()->set_seconds(base::to_seconds(clock_.now()) + 3600);
  *session.mutable_status()->mutable_userref() = reference_to(*user);
  session.mutable_status()->set_type(corev1::Session::Status::CLIENT);
  session.mutable_status()->mutable_authentication()->set_tokenid(base::make_uuid_v4());
  return resource::metadata_of(*seed(session)).uid();
}

void ApiTest::catch_up(store::Sequence sequence) {
  const std::lock_guard lock(mutex_);
  while (applied_ < sequence) {
    const auto events = checked(store_->watch(applied_, 1000, std::chrono::milliseconds(0)));
    for (const auto& event : events) table_.apply(event);
    if (!events.empty()) applied_ = events.back().sequence;
  }
}

metav1::GetOptions by_name(std::string_view name) {
  metav1::GetOptions options;
  options.set_name(std::string(name));
  return options;
}

metav1::GetOptions by_uid(std::string_view uid) {
  metav1::GetOptions options;
  options.set_uid(std::string(uid));
  return options;
}

metav1::DeleteOptions to_delete(std::string_view name) {
  metav1::DeleteOptions options;
  options.set_name(std::string(name));
  return options;
}

corev1::User user_named(std::string_view name) {
  auto user = named<corev1::User>(name);
  user.mutable_spec()->set_type(corev1::User::Spec::HUMAN);
  return user;
}

corev1::Group group_named(std::string_view name) { return named<corev1::Group>(name); }

corev1::Namespace namespace_named(std::string_view name) { return named<corev1::Namespace>(name); }

corev1::Secret secret_named(std::string_view name, std::string_view value) {
  auto secret = named<corev1::Secret>(name);
  secret.mutable_data()->set_value(std::string(value));
  return secret;
}

corev1::Service service_named(std::string_view name) {
  auto service = named<corev1::Service>(name);
  auto& spec = *service.mutable_spec();
  spec.set_mode(corev1::Service::Spec::HTTP);
  spec.mutable_config()->mutable_upstream()->set_url("http://127.0.0.1:8080");
  return service;
}

corev1::Policy policy_named(std::string_view name) {
  auto policy = named<corev1::Policy>(name);
  auto& rule = *policy.mutable_spec()->add_rules();
  rule.set_effect(corev1::Policy::Spec::Rule::ALLOW);
  rule.mutable_condition()->set_matchany(true);
  return policy;
}

corev1::Credential credential_named(std::string_view name, std::string_view user) {
  auto credential = named<corev1::Credential>(name);
  credential.mutable_spec()->set_type(corev1::Credential::Spec::AUTH_TOKEN);
  credential.mutable_spec()->set_user(std::string(user));
  return credential;
}

}  // namespace api
