#include "store/sqlite_writer.h"

#include <fmt/format.h>

#include "base/random.h"

namespace store {
namespace {

using resource::kind_name;
using resource::metadata_of;
using resource::mutable_metadata_of;

void set_time(google::protobuf::Timestamp& out, base::WallTime time) {
  const std::int64_t seconds = base::to_seconds(time);
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<std::int32_t>((time.time_since_epoch() - std::chrono::seconds(seconds)).count()));
}

void set_envelope(Message& resource, Kind kind) {
  const auto* reflection = resource.GetReflection();
  const auto* type = resource.GetDescriptor();
  reflection->SetString(&resource, type->FindFieldByName("apiVersion"), "core/v1");
  reflection->SetString(&resource, type->FindFieldByName("kind"), std::string(kind_name(kind)));
}

void set_actor(resource::metav1::Metadata& metadata, const Actor& actor) {
  if (actor.session)
    *metadata.mutable_actorref() = *actor.session;
  else
    metadata.clear_actorref();
  metadata.set_actoroperation(actor.operation);
}

std::unexpected<base::Error> fail_missing(Kind kind, std::string_view which) {
  return base::fail(base::Code::kNotFound, "resource_not_found",
                    fmt::format("core.v1.{} {} does not exist", kind_name(kind), which),
                    base::Source::kStore);
}

std::unexpected<base::Error> fail_exists(Kind kind, std::string_view name) {
  return base::fail(base::Code::kAlreadyExists, "resource_exists",
                    fmt::format("The {} {} already exists", kind_name(kind), name),
                    base::Source::kStore);
}

SqliteStatement& bind_optional(SqliteStatement& statement, int index,
                               const std::optional<std::string>& blob) {
  return blob ? statement.bind_blob(index, *blob) : statement.bind_null(index);
}

}  // namespace

SqliteWriter::SqliteWriter(SqliteConnection db, const Sealer& sealer, const ResourceCache& cache,
                           const base::Clock& clock, Limits limits)
    : db_(std::move(db)), sealer_(sealer), cache_(cache), clock_(clock), limits_(limits) {}

base::Result<std::unique_ptr<SqliteWriter>> SqliteWriter::make(SqliteConnection db,
                                                               const Sealer& sealer,
                                                               const ResourceCache& cache,
                                                               const base::Clock& clock,
                                                               Limits limits) {
  std::unique_ptr<SqliteWriter> writer(
      new SqliteWriter(std::move(db), sealer, cache, clock, limits));
  BASE_TRY(writer->prepare());
  return writer;
}

base::Result<void> SqliteWriter::prepare() {
  const struct {
    SqliteStatement& statement;
    const char* sql;
  } table[] = {
      {begin_, "BEGIN IMMEDIATE"},
      {commit_, "COMMIT"},
      {savepoint_, "SAVEPOINT one_write"},
      {release_, "RELEASE one_write"},
      {undo_, "ROLLBACK TO one_write"},
      {insert_,
       "INSERT INTO resources (kind, uid, name, body, sealed) VALUES (?, ?, ?, ?, ?)"
       " RETURNING position"},
      {update_, "UPDATE resources SET body = ?, sealed = ? WHERE uid = ?"},
      {delete_, "DELETE FROM resources WHERE uid = ?"},
      {insert_event_,
       "INSERT INTO events (sequence, type, kind, uid, body, sealed, bytes)"
       " VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {insert_key_, "INSERT INTO keys (purpose, id, created_at, sealed) VALUES (?, ?, ?, ?)"},
      {delete_key_, "DELETE FROM keys WHERE purpose = ? AND id = ?"},
  };
  for (const auto& entry : table) {
    BASE_ASSIGN(entry.statement, db_.prepare(entry.sql));
  }
  BASE_ASSIGN(const auto newest, db_.query_number("SELECT max(sequence) FROM events"));
  BASE_ASSIGN(const auto events, db_.query_number("SELECT count(*) FROM events"));
  BASE_ASSIGN(const auto bytes, db_.query_number("SELECT sum(bytes) FROM events"));
  committed_ = {static_cast<Sequence>(newest), static_cast<std::size_t>(events),
                static_cast<std::size_t>(bytes)};
  return {};
}

base::Result<void> SqliteWriter::begin() {
  working_ = committed_;
  pending_ = {};
  staged_.clear();
  return begin_.run();
}

base::Result<void> SqliteWriter::begin_write() { return savepoint_.run(); }

base::Result<void> SqliteWriter::end_write(bool is_kept) {
  // A full disk or an I/O error may have made SQLite roll back everything by itself.
  if (!db_.is_in_transaction())
    return base::fail(base::Code::kUnavailable, "database",
                      "the disk failed while writing; nothing of this and of the writes beside it "
                      "was kept",
                      base::Source::kStore);
  if (!is_kept) BASE_TRY(undo_.run());
  return release_.run();
}

base::Result<SqliteWriter::Committed> SqliteWriter::commit() {
  BASE_TRY(compact());
  BASE_TRY(commit_.run());
  committed_ = working_;
  return std::move(pending_);
}

void SqliteWriter::roll_back() {
  if (db_.is_in_transaction()) static_cast<void>(db_.execute("ROLLBACK"));
}

SqliteWriter::Current SqliteWriter::current(Kind kind, std::string_view uid) const {
  if (const auto staged = staged_.find(std::string(uid)); staged != staged_.end()) {
    const Current& found = staged->second;
    const bool is_of_kind = found.resource && resource::kind_of(*found.resource) == kind;
    return is_of_kind ? found : Current();
  }
  return {cache_.find_by_uid(kind, uid), cache_.position_of(kind, uid)};
}

base::Result<Written> SqliteWriter::create(std::unique_ptr<Message> resource, const Actor& actor) {
  const Kind kind = resource::kind_of(*resource);
  const base::WallTime now = clock_.now();
  auto& metadata = mutable_metadata_of(*resource);
  set_envelope(*resource, kind);
  metadata.set_uid(base::make_uuid_v4());
  set_time(*metadata.mutable_createdat(), now);
  metadata.clear_updatedat();
  metadata.set_resourceversion(base::make_uuid_v7(now));
  metadata.clear_lastresourceversion();
  set_actor(metadata, actor);

  BASE_ASSIGN(const auto encoded, encode_resource(*resource, sealer_));
  insert_.bind(1, static_cast<int>(kind))
      .bind_text(2, metadata.uid())
      .bind_text(3, metadata.name())
      .bind_blob(4, encoded.body);
  bind_optional(insert_, 5, encoded.sealed);
  auto inserted = insert_.step();
  const std::int64_t position = inserted ? insert_.column_int(0) : 0;
  // The row is only complete once the statement has run to its end.
  if (inserted) inserted = insert_.step();
  insert_.reset();
  if (!inserted) {
    if (inserted.error().code == base::Code::kAlreadyExists)
      return fail_exists(kind, metadata.name());
    return std::unexpected(std::move(inserted).error());
  }
  return add_event(Event::Type::kCreated, {Resource(std::move(resource)), position}, encoded);
}

base::Result<Written> SqliteWriter::update(std::unique_ptr<Message> resource,
                                           std::string_view expected_version, const Actor& actor) {
  const Kind kind = resource::kind_of(*resource);
  auto& metadata = mutable_metadata_of(*resource);
  const Current stored = current(kind, metadata.uid());
  if (!stored.resource)
    return fail_missing(kind, metadata.name().empty() ? metadata.uid() : metadata.name());
  const auto& before = metadata_of(*stored.resource);
  if (before.resourceversion() != expected_version)
    return base::fail(base::Code::kOutOfRange, "resource_changed",
                      fmt::format("The {} {} was changed by somebody else in the meantime",
                                  kind_name(kind), before.name()),
                      base::Source::kStore);
  if (metadata.name() != before.name())
    return base::fail_invalid("resource_renamed",
                              fmt::format("The {} {} cannot be renamed to {}", kind_name(kind),
                                          before.name(), metadata.name()));
  if (is_same_content(*stored.resource, *resource))
    return Written{stored.resource, working_.newest};

  const base::WallTime now = clock_.now();
  set_envelope(*resource, kind);
  *metadata.mutable_createdat() = before.createdat();
  set_time(*metadata.mutable_updatedat(), now);
  metadata.set_lastresourceversion(before.resourceversion());
  metadata.set_resourceversion(base::make_uuid_v7(now));
  set_actor(metadata, actor);

  BASE_ASSIGN(const auto encoded, encode_resource(*resource, sealer_));
  update_.bind_blob(1, encoded.body);
  bind_optional(update_, 2, encoded.sealed).bind_text(3, metadata.uid());
  BASE_TRY(update_.run());
  return add_event(Event::Type::kUpdated, {Resource(std::move(resource)), stored.position},
                   encoded);
}

base::Result<Written> SqliteWriter::remove(Kind kind, std::string_view uid) {
  const Current stored = current(kind, uid);
  if (!stored.resource) return fail_missing(kind, uid);
  BASE_TRY(delete_.bind_text(1, uid).run());
  BASE_ASSIGN(const auto encoded, encode_resource(*stored.resource, sealer_));
  return add_event(Event::Type::kDeleted, stored, encoded);
}

base::Result<Written> SqliteWriter::add_event(Event::Type type, Current after,
                                              const EncodedResource& encoded) {
  const Kind kind = resource::kind_of(*after.resource);
  const std::string& uid = metadata_of(*after.resource).uid();
  const Event event{working_.newest + 1, type, kind, after.resource};
  insert_event_.bind(1, static_cast<std::int64_t>(event.sequence))
      .bind(2, static_cast<int>(type))
      .bind(3, static_cast<int>(kind))
      .bind_text(4, uid)
      .bind_blob(5, encoded.body);
  bind_optional(insert_event_, 6, encoded.sealed).bind(7, static_cast<int>(encoded.size()));
  BASE_TRY(insert_event_.run());

  working_.newest = event.sequence;
  working_.events += 1;
  working_.bytes += encoded.size();
  pending_.changes.push_back({event, after.position});
  pending_.events.push_back({event, encoded.size()});
  const bool is_gone = type == Event::Type::kDeleted;
  staged_[uid] = is_gone ? Current() : after;
  return Written{std::move(after.resource), event.sequence};
}

base::Result<void> SqliteWriter::put_key(const KeyRecord& key) {
  const SealBinding binding{.kind = "key", .uid = key.id, .purpose = key.purpose};
  BASE_ASSIGN(const std::string sealed, sealer_.seal(key.bytes.reveal(), binding));
  auto inserted = insert_key_.bind_text(1, key.purpose)
                      .bind_text(2, key.id)
                      .bind(3, key.created_at.time_since_epoch().count())
                      .bind_blob(4, sealed)
                      .run();
  if (!inserted && inserted.error().code == base::Code::kAlreadyExists)
    return base::fail(base::Code::kAlreadyExists, "key_exists",
                      fmt::format("there is a {} key {} already", key.purpose, key.id),
                      base::Source::kStore);
  return inserted;
}

base::Result<void> SqliteWriter::remove_key(std::string_view purpose, std::string_view id) {
  return delete_key_.bind_text(1, purpose).bind_text(2, id).run();
}

// Drops the oldest events in steps of a sixteenth, so that few commits pay for it. The newest one
// always stays: it remembers the sequence.
base::Result<void> SqliteWriter::compact() {
  const auto is_over = [](std::size_t value, std::size_t limit) {
    return value > limit + limit / 16;
  };
  if (!is_over(working_.events, limits_.kept_events) &&
      !is_over(working_.bytes, limits_.kept_event_bytes))
    return {};
  BASE_ASSIGN(auto oldest, db_.prepare("SELECT sequence, bytes FROM events ORDER BY sequence"));
  std::int64_t last_dropped = 0;
  while (working_.events > 1 &&
         (working_.events > limits_.kept_events || working_.bytes > limits_.kept_event_bytes)) {
    BASE_ASSIGN(const bool has_row, oldest.step());
    if (!has_row) break;
    last_dropped = oldest.column_int(0);
    working_.events -= 1;
    working_.bytes -= static_cast<std::size_t>(oldest.column_int(1));
  }
  oldest.reset();
  BASE_ASSIGN(auto drop, db_.prepare("DELETE FROM events WHERE sequence <= ?"));
  return drop.bind(1, last_dropped).run();
}

}  // namespace store
