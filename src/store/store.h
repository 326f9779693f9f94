#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "resource/kind.h"

namespace store {

using resource::Kind;
using resource::Message;

// A stored resource. Immutable and shared: what a reader holds never changes under it.
using Resource = std::shared_ptr<const Message>;

// The place of a write in the one order of all writes; the first is 1.
using Sequence = std::uint64_t;

struct Event {
  enum class Type : std::uint8_t { kCreated, kUpdated, kDeleted };
  Sequence sequence = 0;
  Type type = Type::kCreated;
  Kind kind = Kind::kService;
  Resource resource;  // as it is after the write; for kDeleted as it was before
};

struct ListOptions {
  enum class Order : std::uint8_t { kInsertion, kName, kCreatedAt };
  std::uint32_t page = 0;
  std::uint32_t items_per_page = 0;  // 0: all
  Order order = Order::kInsertion;
  bool descending = false;
  bool include_system_hidden = false;
  // Only resources for which this says yes are counted and returned; empty: all.
  std::function<bool(const Message&)> filter;
};

struct Page {
  std::vector<Resource> items;
  std::uint32_t total_count = 0;
  bool has_more = false;
};

struct Written {
  Resource resource;
  Sequence sequence = 0;  // of this write, or of the newest when nothing changed
};

// Who makes a write; goes to metadata.actorRef and metadata.actorOperation. Empty: the cluster
// itself.
struct Actor {
  std::optional<resource::metav1::ObjectReference> session;
  std::string operation;
};

// Where resources are kept. All methods may be called from any thread and may block for a disk
// write, so never from a worker. Success of a write means that it is durable.
//
// The store sets on create: uid (UUIDv4), createdAt, resourceVersion (UUIDv7), apiVersion, kind. On
// an update that changes something: updatedAt, lastResourceVersion, resourceVersion. Names are
// unique per kind.
class Store {
 public:
  virtual ~Store() = default;

  // kAlreadyExists when a resource of that kind has the name: "The Secret db already exists".
  virtual base::Result<Written> create(std::unique_ptr<Message> resource, const Actor& actor) = 0;

  // kNotFound: "core.v1.User nope does not exist".
  virtual base::Result<Resource> get(Kind kind, std::string_view name) = 0;
  virtual base::Result<Resource> get_by_uid(Kind kind, std::string_view uid) = 0;
  virtual base::Result<Page> list(Kind kind, const ListOptions& options) = 0;

  // Replaces the resource with the uid of `resource`, if it still has `expected_version`;
  // kOutOfRange if not. An update that changes nothing but bookkeeping writes nothing and returns
  // what is stored.
  virtual base::Result<Written> update(std::unique_ptr<Message> resource,
                                       std::string_view expected_version, const Actor& actor) = 0;

  // Returns the sequence of the deletion.
  virtual base::Result<Sequence> remove(Kind kind, std::string_view uid) = 0;

  // Events after `after`, oldest first, gap-free, at most `limit`; waits up to `wait` for the first
  // one. kOutOfRange when events after `after` were compacted away: the reader lists and starts
  // again from `newest`.
  virtual base::Result<std::vector<Event>> watch(Sequence after, std::size_t limit,
                                                 std::chrono::milliseconds wait) = 0;
  virtual base::Result<Sequence> newest() = 0;
};

}  // namespace store
