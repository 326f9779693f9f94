#include "identity/session_table.h"

#include <shared_mutex>
#include <utility>

#include "resource/duration.h"

namespace identity {
namespace {

using resource::Kind;
using Uids = std::unordered_set<std::string>;

template <typename T>
std::shared_ptr<const T> as(const store::Resource& resource) {
  return std::static_pointer_cast<const T>(resource);
}

template <typename T>
std::shared_ptr<const T> find(const std::unordered_map<std::string, std::shared_ptr<const T>>& map,
                              const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second;
}

const std::string& uid_of(const store::Resource& resource) {
  return resource::metadata_of(*resource).uid();
}

// The end of a duration that began with the current authentication; 0 when it has none.
std::int64_t end_of(const corev1::Session::Status::Authentication& authentication, bool has,
                    const resource::metav1::Duration& duration) {
  if (!has) return 0;
  const auto length =
      std::chrono::duration_cast<std::chrono::seconds>(resource::length_of(duration));
  return authentication.setat().seconds() + length.count();
}

void fill_from_session(LiveSession& live, const corev1::Session& session) {
  const auto& authentication = session.status().authentication();
  live.expires_at = session.spec().expiresat().seconds();
  live.access_expires_at = end_of(authentication, authentication.has_accesstokenduration(),
                                  authentication.accesstokenduration());
  live.refresh_expires_at = end_of(authentication, authentication.has_refreshtokenduration(),
                                   authentication.refreshtokenduration());
  live.state = session.spec().state();
  live.type = session.status().type();
  live.is_locked = session.status().islocked();
}

// The references from one kind of record to the Sessions that name it.
class Backrefs {
 public:
  void add(const std::string& key, const std::string& session) {
    if (!key.empty()) map_[key].insert(session);
  }
  void remove(const std::string& key, const std::string& session) {
    const auto it = map_.find(key);
    if (it == map_.end()) return;
    it->second.erase(session);
    if (it->second.empty()) map_.erase(it);
  }
  const Uids& of(const std::string& key) const {
    static const Uids kNone;
    const auto it = map_.find(key);
    return it == map_.end() ? kNone : it->second;
  }

 private:
  std::unordered_map<std::string, Uids> map_;
};

}  // namespace

struct alignas(64) SessionTable::Shard {
  mutable std::shared_mutex mutex;
  std::unordered_map<Uid, Ref, UidHash> sessions;
};

struct SessionTable::Records {
  template <typename T>
  using Map = std::unordered_map<std::string, std::shared_ptr<const T>>;

  Map<corev1::Session> sessions;  // by uid, as all but Groups
  Map<corev1::User> users;
  Map<corev1::Group> groups;  // by name, since Users refer to them so
  Map<corev1::Device> devices;
  Map<corev1::Credential> credentials;
  Backrefs of_user;  // User uid -> Session uids, and so on
  Backrefs of_device;
  Backrefs of_credential;
  Backrefs members;  // Group name -> User uids

  void link(const std::string& uid, const corev1::Session& session) {
    of_user.add(session.status().userref().uid(), uid);
    of_device.add(session.status().deviceref().uid(), uid);
    of_credential.add(session.status().credentialref().uid(), uid);
  }
  void unlink(const std::string& uid, const corev1::Session& session) {
    of_user.remove(session.status().userref().uid(), uid);
    of_device.remove(session.status().deviceref().uid(), uid);
    of_credential.remove(session.status().credentialref().uid(), uid);
  }

  // nullptr when the Session cannot be used by anybody: its uid or token id is none, or its User or
  // Device is not there.
  std::shared_ptr<LiveSession> assemble(const std::string& uid) const;
};

std::shared_ptr<LiveSession> SessionTable::Records::assemble(const std::string& uid) const {
  const auto session = find(sessions, uid);
  if (!session) return nullptr;
  const auto& status = session->status();
  const auto parsed = parse_uid(uid);
  const auto token_id = parse_uid(status.authentication().tokenid());
  const auto user = find(users, status.userref().uid());
  const auto device = find(devices, status.deviceref().uid());
  if (!parsed || !token_id || token_id->is_none() || !user) return nullptr;
  if (!status.deviceref().uid().empty() && !device) return nullptr;

  auto live = std::make_shared<LiveSession>();
  live->uid = *parsed;
  live->token_id = *token_id;
  fill_from_session(*live, *session);
  live->session = session;
  live->user = user;
  live->is_user_locked = user->status().islocked();
  live->is_user_disabled = user->spec().isdisabled();
  for (const auto& name : user->spec().groups())
    if (auto group = find(groups, name)) live->groups.push_back(std::move(group));
  if (device) {
    live->device = device;
    live->is_device_active = device->spec().state() == corev1::Device::Spec::ACTIVE;
    live->is_device_locked = device->status().islocked();
  }
  if (const auto credential = find(credentials, status.credentialref().uid())) {
    live->credential = credential;
    live->is_credential_disabled =
        credential->spec().isdisabled() || credential->status().islocked();
  }
  return live;
}

SessionTable::SessionTable()
    : records_(std::make_unique<Records>()),
      shards_(std::make_unique<std::array<Shard, kShards>>()) {}

SessionTable::~SessionTable() = default;

SessionTable::Shard& SessionTable::shard_of(const Uid& uid) const {
  return (*shards_)[uid.bytes[0] % kShards];
}

SessionTable::Ref SessionTable::lookup(const Uid& session) const {
  const Shard& shard = shard_of(session);
  const std::shared_lock lock(shard.mutex);
  const auto it = shard.sessions.find(session);
  return it == shard.sessions.end() ? nullptr : it->second;
}

SessionTable::Ref SessionTable::lookup(std::string_view session_uid) const {
  const auto uid = parse_uid(session_uid);
  return uid ? lookup(*uid) : nullptr;
}

void SessionTable::publish(const std::string& session_uid) {
  const auto uid = parse_uid(session_uid);
  if (!uid) return;
  Ref fresh = records_->assemble(session_uid);
  Ref old;
  {
    Shard& shard = shard_of(*uid);
    const std::unique_lock lock(shard.mutex);
    if (fresh) {
      old = std::exchange(shard.sessions[*uid], std::move(fresh));
    } else if (auto node = shard.sessions.extract(*uid)) {
      old = std::move(node.mapped());
    }
  }
  // After the new one is in place: who sees the mark and looks again must not find the old one.
  if (old) old->outdated_.store(true, std::memory_order_release);
}

void SessionTable::publish_all(const std::unordered_set<std::string>& session_uids) {
  for (const auto& uid : session_uids) publish(uid);
}

void SessionTable::apply(const store::Event& event) {
  const std::scoped_lock lock(mutex_);
  apply_locked(event.type, event.kind, event.resource);
}

void SessionTable::apply_locked(store::Event::Type type, Kind kind,
                                const store::Resource& resource) {
  const bool deleted = type == store::Event::Type::kDeleted;
  switch (kind) {
    case Kind::kSession:
      apply_session(as<corev1::Session>(resource), deleted);
      break;
    case Kind::kUser:
      apply_user(as<corev1::User>(resource), deleted);
      break;
    case Kind::kGroup:
      apply_group(as<corev1::Group>(resource), deleted);
      break;
    case Kind::kDevice: {
      const std::string& uid = uid_of(resource);
      if (deleted) {
        records_->devices.erase(uid);
      } else {
        records_->devices[uid] = as<corev1::Device>(resource);
      }
      publish_all(records_->of_device.of(uid));
      break;
    }
    case Kind::kCredential: {
      const std::string& uid = uid_of(resource);
      if (deleted) {
        records_->credentials.erase(uid);
      } else {
        records_->credentials[uid] = as<corev1::Credential>(resource);
      }
      publish_all(records_->of_credential.of(uid));
      break;
    }
    default:
      return;
  }
  epoch_.fetch_add(1, std::memory_order_release);
}

void SessionTable::apply_session(const std::shared_ptr<const corev1::Session>& session,
                                 bool deleted) {
  const std::string& uid = session->metadata().uid();
  if (const auto old = find(records_->sessions, uid)) records_->unlink(uid, *old);
  if (deleted) {
    records_->sessions.erase(uid);
  } else {
    records_->sessions[uid] = session;
    records_->link(uid, *session);
  }
  publish(uid);
}

void SessionTable::apply_user(const std::shared_ptr<const corev1::User>& user, bool deleted) {
  const std::string& uid = user->metadata().uid();
  if (const auto old = find(records_->users, uid))
    for (const auto& group : old->spec().groups()) records_->members.remove(group, uid);
  if (deleted) {
    records_->users.erase(uid);
  } else {
    records_->users[uid] = user;
    for (const auto& group : user->spec().groups()) records_->members.add(group, uid);
  }
  publish_all(records_->of_user.of(uid));
}

void SessionTable::apply_group(const std::shared_ptr<const corev1::Group>& group, bool deleted) {
  const std::string& name = group->metadata().name();
  if (deleted) {
    // A late deletion must not take away a Group that was made anew under the name.
    const auto held = find(records_->groups, name);
    if (!held || held->metadata().uid() != group->metadata().uid()) return;
    records_->groups.erase(name);
  } else {
    records_->groups[name] = group;
  }
  for (const auto& user : records_->members.of(name)) publish_all(records_->of_user.of(user));
}

base::Result<store::Sequence> SessionTable::load(store::Store& store) {
  BASE_ASSIGN(const store::Sequence sequence, store.newest());
  store::ListOptions everything;
  everything.include_system_hidden = true;
  // Sessions last, so that each is assembled once, with everything it refers to.
  std::vector<std::pair<Kind, store::Page>> pages;
  for (const Kind kind :
       {Kind::kGroup, Kind::kUser, Kind::kDevice, Kind::kCredential, Kind::kSession}) {
    BASE_ASSIGN(auto page, store.list(kind, everything));
    pages.emplace_back(kind, std::move(page));
  }

  const std::scoped_lock lock(mutex_);
  const auto before = std::exchange(records_, std::make_unique<Records>());
  for (const auto& [kind, page] : pages)
    for (const auto& resource : page.items)
      apply_locked(store::Event::Type::kCreated, kind, resource);
  for (const auto& [uid, session] : before->sessions)
    if (!records_->sessions.contains(uid)) publish(uid);
  epoch_.fetch_add(1, std::memory_order_release);
  return sequence;
}

std::size_t SessionTable::count_of_user(std::string_view user_uid) const {
  const std::scoped_lock lock(mutex_);
  return records_->of_user.of(std::string(user_uid)).size();
}

std::vector<std::string> SessionTable::sessions_of_credential(
    std::string_view credential_uid) const {
  const std::scoped_lock lock(mutex_);
  const Uids& uids = records_->of_credential.of(std::string(credential_uid));
  return {uids.begin(), uids.end()};
}

std::vector<std::shared_ptr<const corev1::Session>> SessionTable::all_sessions() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<const corev1::Session>> sessions;
  sessions.reserve(records_->sessions.size());
  for (const auto& [uid, session] : records_->sessions) sessions.push_back(session);
  return sessions;
}

bool SessionTable::has_user(std::string_view uid) const {
  const std::scoped_lock lock(mutex_);
  return records_->users.contains(std::string(uid));
}

bool SessionTable::has_device(std::string_view uid) const {
  const std::scoped_lock lock(mutex_);
  return records_->devices.contains(std::string(uid));
}

std::size_t SessionTable::size() const {
  const std::scoped_lock lock(mutex_);
  return records_->sessions.size();
}

}  // namespace identity
