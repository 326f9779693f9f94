#include "io/resolver.h"

#include <ares.h>
#include <fmt/format.h>
#include <netdb.h>

namespace io {
namespace {

constexpr Millis kTickMillis =
    200;  // how often c-ares looks at its own timeouts while a query runs
constexpr int kTimeoutMillis = 2'000;
constexpr int kTries = 2;

}  // namespace

// A descriptor of c-ares in our loop. c-ares reads until nothing is left, as edge triggering asks
// for.
class Resolver::Descriptor final : public Watcher {
 public:
  Descriptor(Resolver& resolver, int fd) : resolver_(resolver), fd_(fd) {
    resolver_.loop_.watch(fd_, *this);
  }
  ~Descriptor() override { resolver_.loop_.unwatch(fd_, *this); }

 private:
  void on_events(std::uint32_t) override { ares_process_fd(resolver_.channel_, fd_, fd_); }

  Resolver& resolver_;
  int fd_;
};

// One question, awaited.
class Resolver::Query {
 public:
  Query(Resolver& resolver, const std::string& host) : resolver_(resolver), host_(host) {}

  bool await_ready() {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ++resolver_.running_;
    ares_getaddrinfo(resolver_.channel_, host_.c_str(), nullptr, &hints, &Query::on_answer, this);
    if (!done_) resolver_.schedule();
    return done_;
  }
  void await_suspend(std::coroutine_handle<> caller) { caller_ = caller; }
  std::vector<Address> await_resume() { return std::move(addresses_); }

 private:
  static void on_answer(void* self, int status, int, ares_addrinfo* answer) {
    auto& query = *static_cast<Query*>(self);
    if (status == ARES_SUCCESS && answer != nullptr) {
      for (const auto* node = answer->nodes; node != nullptr; node = node->ai_next)
        query.addresses_.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
    }
    if (answer != nullptr) ares_freeaddrinfo(answer);
    --query.resolver_.running_;
    query.done_ = true;
    if (query.caller_) query.resolver_.loop_.defer(query.caller_);
  }

  Resolver& resolver_;
  std::string host_;
  std::vector<Address> addresses_;
  bool done_ = false;
  std::coroutine_handle<> caller_;
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {
  ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options{};
  options.timeout = kTimeoutMillis;
  options.tries = kTries;
  options.sock_state_cb = &Resolver::on_socket_state;
  options.sock_state_cb_data = this;
  ares_init_options(&channel_, &options,
                    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

Resolver::~Resolver() {
  descriptors_.clear();
  if (channel_ != nullptr) ares_destroy(channel_);
}

void Resolver::on_socket_state(void* self, int fd, int readable, int writable) {
  auto& resolver = *static_cast<Resolver*>(self);
  if (readable == 0 && writable == 0) {
    resolver.descriptors_.erase(fd);
  } else if (!resolver.descriptors_.contains(fd)) {
    resolver.descriptors_.emplace(fd, std::make_unique<Descriptor>(resolver, fd));
  }
}

void Resolver::schedule() { loop_.timers().arm(tick_, loop_.in(kTickMillis)); }

void Resolver::Tick::on_deadline() {
  ares_process_fd(resolver_.channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  if (resolver_.running_ > 0) resolver_.schedule();
}

Task<base::Result<std::vector<Address>>> Resolver::resolve(std::string_view host,
                                                           std::uint16_t port) {
  if (auto literal = Address::from_ip(host, port)) co_return std::vector<Address>{*literal};
  const std::string name(host);
  std::vector<Address> addresses;
  if (const auto cached = cache_.find(name);
      cached != cache_.end() && cached->second.until > loop_.now()) {
    addresses = cached->second.addresses;
  } else {
    Query query(*this, name);
    addresses = co_await query;
    std::vector<Address> v6;
    for (const Address& address : addresses)
      if (address.family() != AF_INET) v6.push_back(address);
    std::erase_if(addresses, [](const Address& a) { return a.family() != AF_INET; });
    addresses.insert(addresses.end(), v6.begin(), v6.end());
    if (cache_.size() >= kMaxCached) cache_.clear();
    if (!addresses.empty()) cache_[name] = Cached{addresses, loop_.in(kCacheMillis)};
  }
  if (addresses.empty()) {
    co_return base::fail(base::Code::kUnavailable, "resolve_failed",
                         fmt::format("the name {} does not resolve", name),
                         base::Source::kUpstream);
  }
  for (Address& address : addresses) address.set_port(port);
  co_return addresses;
}

}  // namespace io
