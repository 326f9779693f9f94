#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "identity/uid.h"
#include "resource/kind.h"

namespace identity {

namespace corev1 = resource::corev1;

// One Session with its User, Groups and Device as they were together at one moment.
//
// Immutable and shared by threads; made by SessionTable, which marks it outdated when it made a
// newer one or the Session is gone. Whoever keeps one for longer than a request asks is_current().
struct LiveSession {
  Uid uid;
  Uid token_id;  // of the only tokens that are good now

  std::shared_ptr<const corev1::Session> session;  // never null
  std::shared_ptr<const corev1::User> user;        // never null
  // In the order of the User's spec.groups; names without a Group are left out.
  std::vector<std::shared_ptr<const corev1::Group>> groups;
  std::shared_ptr<const corev1::Device> device;          // null: the Session has none
  std::shared_ptr<const corev1::Credential> credential;  // null: none, or deleted since

  // Seconds since the epoch; the first second in which it no longer holds.
  std::int64_t expires_at = 0;          // of the Session; 0 when it has no end on record: expired
  std::int64_t access_expires_at = 0;   // of the current authentication; 0: no limit
  std::int64_t refresh_expires_at = 0;  // likewise

  corev1::Session::Spec::State state = corev1::Session::Spec::STATE_UNKNOWN;
  corev1::Session::Status::Type type = corev1::Session::Status::TYPE_UNKNOWN;
  bool is_locked = false;
  bool is_user_locked = false;
  bool is_user_disabled = false;
  bool is_credential_disabled = false;  // or locked: its Sessions are refused until that changes
  bool is_device_active = true;         // true as well without a Device
  bool is_device_locked = false;

  bool is_expired(std::int64_t now) const { return now >= expires_at; }
  bool is_current() const { return !outdated_.load(std::memory_order_acquire); }

 private:
  friend class SessionTable;
  mutable std::atomic<bool> outdated_{false};
};

}  // namespace identity
