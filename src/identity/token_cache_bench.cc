#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "identity/fake_store_test.h"
#include "identity/token_cache.h"

namespace identity {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

// `sessions` live Sessions of one User, and their access tokens.
class Cluster {
 public:
  explicit Cluster(std::size_t sessions) {
    corev1::User user;
    user.mutable_metadata()->set_uid(base::make_uuid_v4());
    apply(resource::Kind::kUser, user);
    for (std::size_t i = 0; i < sessions; ++i) {
      corev1::Session session;
      session.mutable_metadata()->set_uid(base::make_uuid_v4());
      session.mutable_status()->mutable_userref()->set_uid(user.metadata().uid());
      session.mutable_spec()->mutable_expiresat()->set_seconds(kNow + 1000);
      session.mutable_status()->mutable_authentication()->set_tokenid(base::make_uuid_v4());
      apply(resource::Kind::kSession, session);
      const Token token{TokenType::kAccess, *parse_uid(session.metadata().uid()),
                        *parse_uid(session.status().authentication().tokenid()), kNow + 1000};
      tokens_.emplace_back(sign_token(token, *keys_->ring())->reveal());
    }
    sessions_ = sessions;
    user_ = user;
  }

  template <typename T>
  void apply(resource::Kind kind, const T& message) {
    table_.apply({1, store::Event::Type::kUpdated, kind, std::make_shared<const T>(message)});
  }
  void touch_user() { apply(resource::Kind::kUser, user_); }

  base::FakeClock clock_;
  FakeStore store_{clock_};
  std::unique_ptr<SigningKeys> keys_ = *SigningKeys::open(store_, clock_);
  SessionTable table_;
  std::vector<std::string> tokens_;
  std::size_t sessions_ = 0;
  corev1::User user_;
};

void BM_Hit(benchmark::State& state) {
  Cluster cluster(static_cast<std::size_t>(state.range(0)));
  TokenCache cache(cluster.table_, *cluster.keys_);
  for (const auto& token : cluster.tokens_) cache.identify(token, kNow);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.identify(cluster.tokens_[i], kNow));
    if (++i == cluster.tokens_.size()) i = 0;
  }
}
BENCHMARK(BM_Hit)->Arg(1)->Arg(1000);

void BM_HitAfterAChange(benchmark::State& state) {
  Cluster cluster(1);
  TokenCache cache(cluster.table_, *cluster.keys_);
  for (auto _ : state) {
    cluster.touch_user();
    benchmark::DoNotOptimize(cache.identify(cluster.tokens_[0], kNow));
  }
}
BENCHMARK(BM_HitAfterAChange);

void BM_Miss(benchmark::State& state) {
  Cluster cluster(64);
  TokenCache cache(cluster.table_, *cluster.keys_, 4);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cache.identify(cluster.tokens_[i++ % 64], kNow));
}
BENCHMARK(BM_Miss);

void BM_ForgedToken(benchmark::State& state) {
  Cluster cluster(1);
  TokenCache cache(cluster.table_, *cluster.keys_);
  std::string token = cluster.tokens_[0];
  token[20] = token[20] == 'A' ? 'B' : 'A';
  for (auto _ : state) benchmark::DoNotOptimize(cache.identify(token, kNow));
}
BENCHMARK(BM_ForgedToken);

}  // namespace
}  // namespace identity
