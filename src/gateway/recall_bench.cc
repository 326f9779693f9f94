// What a worker does between a token and a decision, as Services and Sessions grow: the Service by
// its host, what is known of the Session, what was decided for the two, the decision.
#include <benchmark/benchmark.h>

#include "gateway/snapshot.h"
#include "gateway/subject_cache.h"
#include "resource/document.h"

namespace gateway {
namespace {

// Of so many Services and Sessions; requests are of `kBusy` pairs spread evenly over them.
class Cluster {
 public:
  static constexpr std::size_t kBusy = 10;

  explicit Cluster(std::size_t count) {
    corev1::Service service;
    if (!resource::decode_into(R"(
spec:
  isPublic: true
  authorization:
    inlinePolicies:
      - spec:
          rules:
            - effect: ALLOW
              condition: {all: {of: [{match: '"dev" in ctx.user.spec.groups'},
                                     {match: 'ctx.request.http.method == "GET"'}]}}
)",
                               service))
      std::abort();
    rules_ = policy::RuleList::make(policy::Authorization::compile(service), {});
    for (std::size_t i = 0; i < count; ++i) add(i, service);
    for (std::size_t i = 0; i < kBusy; ++i) {
      busy_.push_back({"service-" + std::to_string(i * count / kBusy) + ".example.com",
                       sessions_[i * count / kBusy]});
      (void)request(i);
    }
    view_.method = "GET";
  }

  bool request(std::size_t index) { return measured_call(busy_[index % kBusy]); }

 private:
  struct Pair {
    std::string host;
    std::shared_ptr<const identity::LiveSession> session;
  };

  void add(std::size_t i, const corev1::Service& service) {
    const std::string name = "service-" + std::to_string(i);
    auto entry = std::make_shared<ServiceEntry>();
    auto message = std::make_shared<corev1::Service>(service);
    message->mutable_metadata()->set_name(name + ".default");
    entry->service = std::move(message);
    auto rules = std::make_shared<ServicePolicy>();
    rules->rules.service = rules_;
    entry->policy = std::move(rules);
    snapshot_.hosts.emplace(name + ".example.com", std::move(entry));
    auto session = std::make_shared<identity::LiveSession>();
    auto of = std::make_shared<corev1::Session>();
    of->mutable_metadata()->set_name("s-" + std::to_string(i));
    of->mutable_spec()->set_state(corev1::Session::Spec::ACTIVE);
    of->mutable_spec()->mutable_expiresat()->set_seconds(4'000'000'000);
    session->session = std::move(of);
    auto user = std::make_shared<corev1::User>();
    user->mutable_spec()->add_groups("dev");
    session->user = std::move(user);
    sessions_.push_back(std::move(session));
    // As far as the worker's memory goes, every Session has been here.
    if (i < 60'000) cache_.get(sessions_.back(), cluster_);
  }

  // bench/instructions.py counts what runs in here.
  [[gnu::noinline]] bool measured_call(const Pair& pair) {
    const ServiceEntry& service = *snapshot_.find(pair.host);
    const auto entry = cache_.get(pair.session, cluster_);
    policy::Subject subject = entry->subject();
    subject.service = service.service.get();
    const auto residual = cache_.residual(entry.get(), service.policy, subject);
    policy::RequestContext context(view_, subject, base::WallTime(std::chrono::seconds(1)));
    return policy::decide(context, service.policy->access, service.policy->rules, &entry->rules,
                          residual.get())
        .allowed;
  }

  std::shared_ptr<const policy::RuleList> rules_;
  std::shared_ptr<const ClusterPolicy> cluster_ = std::make_shared<ClusterPolicy>();
  Snapshot snapshot_;
  std::vector<std::shared_ptr<const identity::LiveSession>> sessions_;
  std::vector<Pair> busy_;
  policy::RequestView view_;
  SubjectCache cache_;
};

void recall_and_decide(benchmark::State& state) {
  Cluster cluster(static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state)
    if (!cluster.request(i++)) return state.SkipWithError("denied");
}
// So many that the set is made once, which takes long under an instruction counter.
BENCHMARK(recall_and_decide)->Arg(10)->Arg(100'000)->Iterations(100'000);

}  // namespace
}  // namespace gateway
