#pragma once

#include <coroutine>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/computed_config.h"
#include "gateway/counters.h"
#include "io/event_loop.h"
#include "io/task.h"
#include "io/work_pool.h"
#include "upstream/pool.h"

namespace gateway {

// The computed configs that one worker knows, found by their content: the same JSON on the same
// basis is compiled once. What can be in it, and what can be on its way into it, is bounded,
// because both may come from requests; the oldest go, and with them the idle connections to where
// only they led. Refused configs are kept as well, so that they are not tried again and again.
//
// Of one worker's loop.
class ConfigCache {
 public:
  static constexpr std::size_t kMaxOfService = 256;
  static constexpr std::size_t kMaxConfigs = 1024;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMaxCompilingOfService = 64;
  static constexpr std::size_t kMaxCompiling = 256;

  using Basis = std::shared_ptr<const ConfigBasis>;
  using Computed = std::shared_ptr<const ComputedConfig>;

  // `compiler` outlives the loop: TLS contexts read files, and what a stranger's request can cause
  // must not stop a worker.
  ConfigCache(io::EventLoop& loop, upstream::Pool& pool, io::WorkPool& compiler, Counters& counters)
      : loop_(loop), pool_(pool), compiler_(compiler), counters_(counters) {}
  ConfigCache(const ConfigCache&) = delete;
  ConfigCache& operator=(const ConfigCache&) = delete;

  // Room for the JSON of one request at a time, kept so that it costs no allocation.
  std::string& scratch() { return scratch_; }

  // Null: not known yet.
  Computed find(const ConfigBasis& basis, std::string_view json);
  // Compiles it elsewhere, together with whoever asks for the same; suspends only the caller. Null:
  // too many others are being compiled.
  io::Task<Computed> compile(Basis basis, std::string json);

  // Forgets what rests on a basis that is no more; called now and then.
  void sweep();
  std::size_t size() const { return entries_.size(); }

 private:
  class Waiting;
  struct Service;
  struct Entry {
    std::string json;
    Service* service;
    Computed computed;              // null: being compiled
    std::vector<Waiting*> waiting;  // for it
  };
  using Entries = std::list<Entry>;
  struct Service {
    // Keeps the address from being given to another basis, not the basis itself.
    std::weak_ptr<const ConfigBasis> basis;
    std::unordered_map<std::string_view, Entries::iterator> by_json;  // views of Entry::json
    std::size_t compiling = 0;
  };

  Entry* begin(const Basis& basis, std::string json);
  bool submit(const Basis& basis, Entries::iterator entry);
  void finish(Entries::iterator entry, const std::shared_ptr<ComputedConfig>& made);
  void make_room(const Service& service);
  // The one used least lately, of this Service or of any; end() if all are being compiled.
  Entries::iterator oldest(const Service* service);
  void forget(Entries::iterator entry);
  void note_size();

  io::EventLoop& loop_;
  upstream::Pool& pool_;
  io::WorkPool& compiler_;
  Counters& counters_;
  std::string scratch_;
  Entries entries_;  // those used last at the front
  std::unordered_map<const ConfigBasis*, Service> services_;
  std::size_t bytes_ = 0;
  std::size_t compiling_ = 0;
};

}  // namespace gateway
