#include "upstream/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace upstream {

// All connections to one endpoint.
class Pool::Group final : public http::H1ClientOwner, public http::H2ClientOwner {
 public:
  Group(Pool& pool, std::shared_ptr<const Endpoint> endpoint)
      : pool_(pool), endpoint_(std::move(endpoint)) {}

  const Endpoint& endpoint() const { return *endpoint_; }
  bool is_unused() const { return clients_.empty() && sessions_.empty() && connecting == 0; }

  http::H1Client* take_idle() {
    while (!idle_.empty()) {
      http::H1Client* client = idle_.back().client;
      idle_.pop_back();
      if (!client->is_stale()) {
        client->begin(true);
        return client;
      }
      destroy(*client);
    }
    return nullptr;
  }

  http::H1Client* add(std::unique_ptr<io::Socket> socket) {
    auto client = std::make_unique<http::H1Client>(std::move(socket), *this,
                                                   pool_.options_.timeouts, pool_.options_.limits);
    client->pool_index = clients_.size();
    clients_.push_back(std::move(client));
    clients_.back()->begin(false);
    return clients_.back().get();
  }

  http::H2ClientStream* open_stream() {
    for (const auto& session : sessions_)
      if (auto* stream = session->open_stream()) return stream;
    return nullptr;
  }

  http::H2ClientStream* add_session(std::unique_ptr<io::Socket> socket) {
    sessions_.push_back(std::make_unique<http::H2Client>(
        std::move(socket), *this, pool_.options_.timeouts, pool_.options_.limits));
    sessions_.back()->start();
    return sessions_.back()->open_stream();
  }

  void release(http::H1Client& client, bool reusable) override {
    if (!reusable || closing_ || idle_.size() >= pool_.options_.max_idle_per_endpoint) {
      destroy(client);
      return;
    }
    idle_.push_back({&client, pool_.loop_.in(pool_.options_.idle_timeout)});
  }

  void on_stale(http::H1Client& client) override {
    std::erase_if(idle_, [&](const Idle& idle) { return idle.client == &client; });
    destroy(client);
  }

  void on_closed(http::H2Client&) override {}  // the sweep removes it, outside its own call stack

  void sweep() {
    const io::Millis now = pool_.loop_.now();
    // The oldest stand at the front.
    std::size_t expired = 0;
    while (expired < idle_.size() && idle_[expired].until <= now) destroy(*idle_[expired++].client);
    idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(expired));
    std::erase_if(sessions_, [](const auto& session) { return session->is_over(); });
  }

  // Nobody but the pool has the endpoint: no request runs there, and none will.
  bool is_unheld() const { return endpoint_.use_count() == 1; }

  void drop_idle() {
    for (const Idle& idle : idle_) destroy(*idle.client);
    idle_.clear();
    for (const auto& session : sessions_) session->close();
  }

  void close() {
    closing_ = true;
    drop_idle();
    std::vector<http::H1Client*> busy;
    for (const auto& client : clients_) busy.push_back(client.get());
    for (http::H1Client* client : busy) {
      // What ends by it gives its connection back, which is then gone.
      if (std::ranges::find(clients_, client, [](const auto& c) { return c.get(); }) !=
          clients_.end())
        client->cancel();
    }
  }

  bool is_closing() const { return closing_; }

  std::size_t connecting = 0;

 private:
  struct Idle {
    http::H1Client* client;
    io::Millis until;
  };

  void destroy(http::H1Client& client) {
    const std::size_t index = client.pool_index;
    std::swap(clients_[index], clients_.back());
    clients_[index]->pool_index = index;
    clients_.pop_back();
  }

  Pool& pool_;
  std::shared_ptr<const Endpoint> endpoint_;
  std::vector<std::unique_ptr<http::H1Client>> clients_;
  std::vector<Idle> idle_;
  std::vector<std::unique_ptr<http::H2Client>> sessions_;
  bool closing_ = false;
};

Pool::Pool(io::EventLoop& loop, const PoolOptions& options)
    : loop_(loop), options_(options), resolver_(loop) {}

Pool::~Pool() = default;

Pool::Group& Pool::group_of(const std::shared_ptr<const Endpoint>& endpoint) {
  auto& group = groups_[endpoint.get()];
  if (!group) group = std::make_unique<Group>(*this, endpoint);
  return *group;
}

http::ClientStream* Pool::take_idle(const Endpoint& endpoint) {
  const auto it = groups_.find(&endpoint);
  if (it == groups_.end()) return nullptr;
  if (endpoint.protocol == Protocol::kHttp2) return it->second->open_stream();
  return it->second->take_idle();
}

io::Task<Opened> Pool::open(std::shared_ptr<const Endpoint> endpoint, bool fresh) {
  Group& group = group_of(endpoint);
  if (!fresh) {
    if (http::ClientStream* stream = take_idle(*endpoint))
      co_return Opened{stream, http::Failure::kNone, {}, true};
  }
  ++group.connecting;
  Opened opened = co_await connect(group);
  --group.connecting;
  co_return opened;
}

io::Task<Opened> Pool::connect(Group& group) {
  Opened opened;
  const Endpoint& endpoint = group.endpoint();
  std::unique_ptr<io::Socket> socket;
  if (!group.is_closing()) socket = co_await dial(endpoint, opened);
  if (group.is_closing()) co_return Opened{nullptr, http::Failure::kCancelled, {}, false};
  if (!socket) co_return opened;
  if (endpoint.protocol == Protocol::kHttp1) {
    opened.stream = group.add(std::move(socket));
    co_return opened;
  }
  opened.stream = group.add_session(std::move(socket));
  if (opened.stream == nullptr) opened.failure = http::Failure::kPeerClosed;
  co_return opened;
}

io::Task<std::unique_ptr<io::Socket>> Pool::dial(const Endpoint& endpoint, Opened& result) {
  const io::Millis deadline = loop_.in(options_.connect_timeout);
  std::vector<io::Address> addresses;
  if (endpoint.dial) {
    addresses.push_back(*endpoint.dial);
  } else {
    auto resolved = co_await resolver_.resolve(endpoint.host, endpoint.port);
    if (!resolved) {
      result.failure = http::Failure::kResolve;
      result.detail = resolved.error().message;
      co_return nullptr;
    }
    addresses = std::move(*resolved);
  }
  std::unique_ptr<io::Socket> socket;
  for (const io::Address& address : addresses) {
    const int fd = io::begin_connect(address);
    io::IoResult status = fd;
    if (fd >= 0) {
      socket = std::make_unique<io::Socket>(loop_, fd);
      status = co_await socket->connected(deadline);
      if (status > 0) break;
      socket.reset();
    }
    result.failure = status == -ETIMEDOUT ? http::Failure::kTimeout : http::Failure::kConnectFailed;
    result.detail = fmt::format("{}: {}", address.text(), std::strerror(static_cast<int>(-status)));
    if (status == -ETIMEDOUT) break;
  }
  if (!socket) co_return nullptr;
  if (endpoint.tls) {
    const io::Alpn offer =
        endpoint.protocol == Protocol::kHttp2 ? io::Alpn::kHttp2 : io::Alpn::kHttp11;
    const bool started = socket->start_tls_client(endpoint.tls.get(), endpoint.host, offer);
    const io::IoResult status = started ? co_await socket->handshake(deadline) : -EPROTO;
    const bool agreed = endpoint.protocol == Protocol::kHttp1 || socket->alpn() == io::Alpn::kHttp2;
    if (status <= 0 || !agreed) {
      result.failure = status == -ETIMEDOUT ? http::Failure::kTimeout : http::Failure::kTls;
      result.detail = status > 0 ? "the upstream does not speak HTTP/2 (ALPN)"
                                 : fmt::format("TLS to {}: {}", endpoint.host,
                                               socket->tls_error().empty()
                                                   ? std::strerror(static_cast<int>(-status))
                                                   : socket->tls_error());
      co_return nullptr;
    }
  }
  result.failure = http::Failure::kNone;
  result.detail.clear();
  co_return socket;
}

void Pool::sweep() {
  for (auto& [endpoint, group] : groups_) {
    group->sweep();
    if (group->is_unheld()) group->drop_idle();
  }
  std::erase_if(groups_, [](const auto& item) {
    return item.second->is_unused() && item.second->is_unheld();
  });
}

void Pool::let_go(const Endpoint* endpoint) {
  const auto it = groups_.find(endpoint);
  if (it != groups_.end() && it->second->is_unheld()) it->second->drop_idle();
}

bool Pool::is_unused() const {
  return std::ranges::all_of(groups_, [](const auto& item) { return item.second->is_unused(); });
}

void Pool::close() {
  for (auto& [endpoint, group] : groups_) group->close();
}

}  // namespace upstream
