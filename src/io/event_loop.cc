#include "io/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace io {
namespace {

constexpr int kIdleMillis = 40;  // how late a deadline may be noticed when nothing else happens

Millis read_clock() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return static_cast<Millis>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(read_clock()),
      timers_(now_) {
  if (epoll_ < 0 || wake_ < 0) std::abort();  // out of descriptors before the program began
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) std::abort();
}

EventLoop::~EventLoop() {
  close(wake_);
  close(epoll_);
}

bool EventLoop::watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::unwatch(int fd, Watcher& watcher) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  forget(watcher);
}

void EventLoop::forget(Watcher& watcher) {
  // Events of this batch that were fetched but not delivered must not reach a watcher that is gone.
  std::ranges::replace(live_batch_, &watcher, nullptr);
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  post([] {});
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
}

void EventLoop::update_clock() { now_ = read_clock(); }

void EventLoop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void EventLoop::run_deferred() {
  // Resumed coroutines may defer again: they run in the same pass, bounded by what they do.
  for (std::size_t i = 0; i < deferred_.size(); ++i) deferred_[i].resume();
  deferred_.clear();
  for (auto& work : batch_end_) work();
}

void EventLoop::run() {
  std::array<epoll_event, kBatch> events{};
  bool more = false;
  while (!stopping_.load(std::memory_order_acquire)) {
    const int wait = more ? 0 : kIdleMillis;
    const int count = epoll_wait(epoll_, events.data(), kBatch, wait);
    if (count < 0 && errno != EINTR) std::abort();
    update_clock();
    live_batch_.clear();
    for (int i = 0; i < count; ++i)
      live_batch_.push_back(static_cast<Watcher*>(events[static_cast<std::size_t>(i)].data.ptr));
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        run_posted();
      } else if (Watcher* watcher = live_batch_[static_cast<std::size_t>(i)]) {
        watcher->on_events(event.events);
      }
    }
    timers_.advance(now_);
    run_deferred();
    more = !deferred_.empty();
  }
}

}  // namespace io
