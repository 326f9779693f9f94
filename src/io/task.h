#pragma once

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "io/frame_pool.h"

namespace io {

template <typename T = void>
class Task;

namespace detail {

// Resumes whoever awaits the task; nobody does when it was started with `Fork` or `detach`.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    return self.promise().continuation;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  // Frames come and go with every request: see frame_pool.h.
  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* frame, std::size_t size) { give_frame(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  // Errors are values here; an exception that gets this far is a bug.
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
};

}  // namespace detail

// A coroutine that starts when it is awaited and whose frame the Task owns. Parameters must be
// values or outlive the task; no lambda coroutines with captures.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept {
        handle.promise().continuation = caller;
        return handle;
      }
      T await_resume() const {
        if constexpr (!std::is_void_v<T>) return std::move(*handle.promise().value);
      }
    };
    return Awaiter{handle_};
  }

  Handle release() { return std::exchange(handle_, {}); }
  Handle handle() const { return handle_; }

 private:
  Handle handle_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace detail

// Counts tasks that nobody awaits one by one, so that their owner can wait for all of them before
// it goes.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    if (running_ != 0) std::abort();  // a task would outlive what it uses
  }

  // Runs the task until its first suspension, and from then on by whatever resumes it.
  void spawn(Task<void> task) { run(this, std::move(task)); }
  std::size_t running() const { return running_; }

  // Suspends until no task is running. One waiter at a time.
  auto drained() {
    struct Awaiter {
      Scope& scope;
      bool await_ready() const noexcept { return scope.running_ == 0; }
      void await_suspend(std::coroutine_handle<> caller) const noexcept { scope.waiter_ = caller; }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  static detail::Detached run(Scope* scope, Task<void> task) {
    ++scope->running_;
    co_await std::move(task);
    if (--scope->running_ == 0 && scope->waiter_) std::exchange(scope->waiter_, {}).resume();
  }

  std::size_t running_ = 0;
  std::coroutine_handle<> waiter_;
};

// A value that one coroutine waits for and another sets, both on one loop.
class Signal {
 public:
  void set() {
    set_ = true;
    if (waiter_) std::exchange(waiter_, {}).resume();
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

  auto wait() {
    struct Awaiter {
      Signal& signal;
      bool await_ready() const noexcept { return signal.set_; }
      void await_suspend(std::coroutine_handle<> caller) const noexcept { signal.waiter_ = caller; }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  bool set_ = false;
  std::coroutine_handle<> waiter_;
};

}  // namespace io
