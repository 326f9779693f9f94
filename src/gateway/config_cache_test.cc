#include "gateway/config_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "io/loop_test.h"

namespace gateway {
namespace {

using Basis = ConfigCache::Basis;
using Computed = ConfigCache::Computed;

Basis make_basis() {
  auto service = std::make_shared<corev1::Service>();
  service->mutable_spec()->set_mode(corev1::Service::Spec::HTTP);
  return std::make_shared<const ConfigBasis>(
      ConfigBasis{.service = std::move(service),
                  .secrets = std::make_shared<const SecretTable>(),
                  .endpoints = std::make_shared<upstream::EndpointTable>()});
}

std::string json_of(int n) {
  return fmt::format(R"({{"upstream":{{"url":"http://up-{}.test"}}}})", n);
}

// A cache with all that it needs, on one loop.
class CacheTest {
 public:
  using Script = io::Task<void> (*)(CacheTest&);
  void run(Script script) { test_.run(drive(script)); }

  io::EventLoop& loop() { return test_.loop(); }
  io::Task<void> compile_all(int from, int to) {
    for (int n = from; n < to; ++n) co_await cache.compile(basis, json_of(n));
  }

 private:
  io::Task<void> drive(Script script) {
    co_await script(*this);
    pool.close();
  }

  io::TestLoop test_;
  upstream::PoolOptions options_;

 public:
  Counters counters;
  upstream::Pool pool{test_.loop(), options_};
  io::WorkPool compiler{"configs", 1, ConfigCache::kMaxCompiling};
  ConfigCache cache{test_.loop(), pool, compiler, counters};
  Basis basis = make_basis();
};

TEST(ConfigCache, FindsWhatWasCompiled) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    EXPECT_EQ(c.cache.find(*c.basis, json_of(1)), nullptr);
    const Computed made = co_await c.cache.compile(c.basis, json_of(1));
    EXPECT_NE(made->config, nullptr) << made->problem;
    EXPECT_EQ(c.cache.find(*c.basis, json_of(1)), made);
    EXPECT_EQ(co_await c.cache.compile(c.basis, json_of(1)), made);
    EXPECT_EQ(c.cache.find(*c.basis, json_of(2)), nullptr);
    EXPECT_EQ(c.counters.configs_computed, 1u);
    EXPECT_EQ(c.counters.configs_held, 1);
  });
}

TEST(ConfigCache, KeepsWhatWasRefusedToo) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    const Computed made = co_await c.cache.compile(c.basis, R"({"upstream":{"url":"nope"}})");
    EXPECT_EQ(made->config, nullptr);
    EXPECT_EQ(c.cache.find(*c.basis, R"({"upstream":{"url":"nope"}})"), made);
  });
}

io::Task<void> ask(CacheTest& test, int n, Computed& out) {
  out = co_await test.cache.compile(test.basis, json_of(n));
}

TEST(ConfigCache, WhoeverAsksForTheSameWaitsForOneCompilation) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    io::Scope scope;
    Computed made[10];
    for (Computed& each : made) scope.spawn(ask(c, 1, each));
    EXPECT_EQ(c.cache.find(*c.basis, json_of(1)), nullptr) << "it is on its way";
    co_await scope.drained();
    EXPECT_EQ(c.counters.configs_computed, 1u);
    for (const Computed& each : made) EXPECT_EQ(each, made[0]);
    EXPECT_NE(made[0], nullptr);
  });
}

TEST(ConfigCache, WhatIsOnItsWayIsBounded) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    constexpr int kAsked = static_cast<int>(ConfigCache::kMaxCompilingOfService) + 10;
    io::Scope scope;
    Computed made[kAsked];
    for (int n = 0; n < kAsked; ++n) scope.spawn(ask(c, n, made[n]));
    // Nothing is finished before the loop turns.
    Computed known;
    scope.spawn(ask(c, 0, known));
    co_await scope.drained();
    for (int n = 0; n < kAsked; ++n) EXPECT_EQ(made[n] != nullptr, n < kAsked - 10) << n;
    EXPECT_EQ(known, made[0]) << "what is under way already is not new";
    EXPECT_NE(co_await c.cache.compile(c.basis, json_of(kAsked)), nullptr) << "there is room again";
  });
}

TEST(ConfigCache, TheOldestOfAServiceGo) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    constexpr int kMax = static_cast<int>(ConfigCache::kMaxOfService);
    const Basis other = make_basis();
    co_await c.cache.compile(other, json_of(0));
    co_await c.compile_all(0, kMax);
    EXPECT_NE(c.cache.find(*c.basis, json_of(0)), nullptr);  // used just now
    co_await c.compile_all(kMax, kMax + 1);
    EXPECT_NE(c.cache.find(*c.basis, json_of(0)), nullptr);
    EXPECT_EQ(c.cache.find(*c.basis, json_of(1)), nullptr);
    EXPECT_NE(c.cache.find(*c.basis, json_of(2)), nullptr);
    EXPECT_NE(c.cache.find(*other, json_of(0)), nullptr) << "another Service's stays";
    EXPECT_EQ(c.cache.size(), ConfigCache::kMaxOfService + 1);
    EXPECT_EQ(c.counters.configs_held, kMax + 1);
  });
}

TEST(ConfigCache, AllServicesTogetherAreBounded) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    std::vector<Basis> services;
    for (std::size_t i = 0; i < ConfigCache::kMaxConfigs / 100 + 2; ++i) {
      services.push_back(c.basis = make_basis());
      co_await c.compile_all(0, 100);
      EXPECT_LE(c.cache.size(), ConfigCache::kMaxConfigs);
    }
    EXPECT_EQ(c.cache.size(), ConfigCache::kMaxConfigs);
    EXPECT_EQ(c.cache.find(*services.front(), json_of(0)), nullptr);
    EXPECT_NE(c.cache.find(*services.back(), json_of(0)), nullptr);
  });
}

TEST(ConfigCache, TheirBytesAreBounded) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    // TLS contexts of their own weigh half a megabyte each.
    constexpr int kFit = static_cast<int>(ConfigCache::kMaxBytes >> 19);
    for (int n = 0; n < kFit + 10; ++n)
      co_await c.cache.compile(c.basis,
                               fmt::format(R"({{"tls":{{"insecureSkipVerify":true}},)"
                                           R"("upstream":{{"url":"https://up-{}.test"}}}})",
                                           n));
    EXPECT_LT(c.cache.size(), static_cast<std::size_t>(kFit));
    EXPECT_GT(c.cache.size(), static_cast<std::size_t>(kFit) / 2);
  });
}

TEST(ConfigCache, ForgetsWhatRestsOnABasisThatIsNoMore) {
  CacheTest t;
  t.run([](CacheTest& c) -> io::Task<void> {
    co_await c.compile_all(0, 3);
    const Computed kept = c.cache.find(*c.basis, json_of(0));
    c.cache.sweep();
    EXPECT_EQ(c.cache.size(), 3u);
    c.basis = make_basis();
    EXPECT_EQ(c.cache.find(*c.basis, json_of(0)), nullptr) << "a new basis knows nothing";
    // The thread that compiled may hold the old one for a moment yet.
    for (int i = 0; i < 1000 && c.cache.size() > 0; ++i) {
      co_await io::Sleep(c.loop(), 1);
      c.cache.sweep();
    }
    EXPECT_EQ(c.cache.size(), 0u);
    EXPECT_EQ(c.counters.configs_held, 0);
    EXPECT_NE(kept->config, nullptr) << "a request that uses it keeps it";
  });
}

}  // namespace
}  // namespace gateway
