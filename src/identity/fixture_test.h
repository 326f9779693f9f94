#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "identity/authenticator.h"
#include "identity/fake_store_test.h"
#include "identity/record.h"
#include "identity/session_table.h"
#include "identity/signing_keys.h"
#include "identity/token_cache.h"

namespace identity {

// A cluster without listeners: a store, the table that follows it, keys, a clock that stands still,
// one worker's cache, and the flows.
class IdentityTest : public testing::Test {
 protected:
  IdentityTest() {
    auto opened = SigningKeys::open(store_, clock_);
    keys_ = std::move(*opened);
    cache_ = std::make_unique<TokenCache>(table_, *keys_, 64);
    authenticator_ = std::make_unique<Authenticator>(environment());
  }

  Environment environment() {
    return {store_, table_, *keys_, clock_, [this](store::Sequence) { catch_up(); }};
  }

  void catch_up() {
    const std::scoped_lock lock(mutex_);
    const auto events = store_.watch(applied_, 1'000'000, {});
    for (const auto& event : *events) {
      table_.apply(event);
      applied_ = event.sequence;
    }
  }

  template <typename T>
  std::shared_ptr<const T> add(T message) {
    auto written = store_.create(std::make_unique<T>(std::move(message)), {});
    catch_up();
    return std::static_pointer_cast<const T>(written->resource);
  }

  // Changes a record as an administrator would.
  template <typename T>
  std::shared_ptr<const T> change(store::Kind kind, const std::string& name,
                                  const std::function<void(T&)>& edit) {
    const auto before = store_.get(kind, name);
    auto after = std::make_unique<T>(static_cast<const T&>(**before));
    edit(*after);
    auto written =
        store_.update(std::move(after), resource::metadata_of(**before).resourceversion(), {});
    catch_up();
    return std::static_pointer_cast<const T>(written->resource);
  }

  std::shared_ptr<const corev1::User> add_user(
      const std::string& name, corev1::User::Spec::Type type = corev1::User::Spec::WORKLOAD) {
    corev1::User user;
    user.mutable_metadata()->set_name(name);
    user.mutable_spec()->set_type(type);
    return add(std::move(user));
  }

  using EditCredential = std::function<void(corev1::Credential&)>;
  std::shared_ptr<const corev1::Credential> add_credential(
      const std::string& name, const corev1::User& user,
      corev1::Credential::Spec::Type type = corev1::Credential::Spec::AUTH_TOKEN,
      const EditCredential& edit = {}) {
    corev1::Credential credential;
    credential.mutable_metadata()->set_name(name);
    credential.mutable_spec()->set_type(type);
    credential.mutable_spec()->set_user(user.metadata().name());
    *credential.mutable_status()->mutable_userref() = reference_to(user);
    credential.mutable_status()->set_id("ab12-cd34");
    if (edit) edit(credential);
    return add(std::move(credential));
  }

  corev1::CredentialToken generate(const std::string& credential) {
    resource::metav1::ObjectReference ref;
    ref.set_name(credential);
    auto token = authenticator_->generate_credential_token(ref, {});
    EXPECT_TRUE(token) << token.error().message;
    return token.value_or(corev1::CredentialToken());
  }

  // The text of a new authentication token or client secret.
  std::string secret_of(const std::string& credential) {
    const auto token = generate(credential);
    return token.has_oauth2credentials() ? token.oauth2credentials().clientsecret()
                                         : token.authenticationtoken().authenticationtoken();
  }

  base::Result<SessionTokens> login(const std::string& token, const Client& client = kCli,
                                    const std::vector<std::string>& scopes = {}) {
    return authenticator_->authenticate_with_token({token, scopes, {}}, client);
  }

  SessionTokens login_as(const std::string& user) {
    const auto record = add_user(user);
    add_credential(user + "-cred", *record);
    auto tokens = login(secret_of(user + "-cred"));
    EXPECT_TRUE(tokens) << tokens.error().reason;
    return std::move(*tokens);
  }

  std::int64_t now() const { return base::to_seconds(clock_.now()); }
  TokenStatus status_of(const base::Secret& token) {
    return cache_->identify(token.reveal(), now()).status;
  }

  static constexpr Client kCli{"octelium-cli/v0.39.0 grpc-go/1.82.1", "203.0.113.7"};

  base::FakeClock clock_;
  FakeStore store_{clock_};
  SessionTable table_;
  std::mutex mutex_;
  store::Sequence applied_ = 0;
  std::unique_ptr<SigningKeys> keys_;
  std::unique_ptr<TokenCache> cache_;
  std::unique_ptr<Authenticator> authenticator_;
};

}  // namespace identity
