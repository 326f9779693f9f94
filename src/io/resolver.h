#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "io/event_loop.h"
#include "io/task.h"

struct ares_channeldata;

namespace io {

// Resolves names for one loop through c-ares (hosts file, then DNS), without blocking it. Answers
// are remembered for `kCacheMillis`.
class Resolver {
 public:
  static constexpr Millis kCacheMillis = 10'000;
  static constexpr std::size_t kMaxCached = 4096;

  explicit Resolver(EventLoop& loop);
  ~Resolver();

  // The addresses of `host` with `port` set; IPv4 first. kUnavailable `resolve_failed` when there
  // are none.
  Task<base::Result<std::vector<Address>>> resolve(std::string_view host, std::uint16_t port);

 private:
  class Query;
  class Descriptor;
  struct Cached {
    std::vector<Address> addresses;
    Millis until = 0;
  };

  static void on_socket_state(void* self, int fd, int readable, int writable);
  void schedule();

  class Tick final : public Timer {
   public:
    explicit Tick(Resolver& resolver) : resolver_(resolver) {}

   protected:
    void on_deadline() override;

   private:
    Resolver& resolver_;
  };

  EventLoop& loop_;
  ares_channeldata* channel_ = nullptr;
  Tick tick_{*this};
  std::size_t running_ = 0;
  std::unordered_map<std::string, Cached> cache_;
  std::unordered_map<int, std::unique_ptr<Descriptor>> descriptors_;
};

}  // namespace io
