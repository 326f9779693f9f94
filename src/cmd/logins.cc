#include "cmd/logins.h"

#include "identity/oauth2.h"

namespace cmd {

Logins::Logins(identity::Authenticator& authenticator, std::string domain)
    : authenticator_(authenticator), domain_(std::move(domain)) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

Logins::~Logins() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Logins::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= kQueued) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void Logins::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

// Suspends the caller on its loop while the work runs on a thread of ours.
class Logins::Waiting {
 public:
  Waiting(Logins& logins, io::EventLoop& loop, TokenCall call)
      : logins_(logins), loop_(loop), call_(std::move(call)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    const bool taken = logins_.submit([this, caller] {
      identity::OAuth2Endpoint endpoint(logins_.authenticator_);
      identity::TokenRequest request;
      request.content_type = call_.content_type;
      request.authorization = call_.authorization;
      request.body = call_.body;
      request.client = {call_.user_agent, call_.client_address};
      const identity::HttpAnswer made = endpoint.token(request);
      answer_ = {made.status, "application/json", made.body, made.challenge_basic};
      loop_.post([caller] { caller.resume(); });
    });
    if (!taken)
      answer_ = {503, "application/json", R"({"error":"temporarily_unavailable"})", false};
    return taken;
  }
  Answer await_resume() { return std::move(answer_); }

 private:
  Logins& logins_;
  io::EventLoop& loop_;
  TokenCall call_;
  Answer answer_;
};

io::Task<gateway::SlowPath::Answer> Logins::oauth2_token(io::EventLoop& loop, TokenCall call) {
  co_return co_await Waiting(*this, loop, std::move(call));
}

gateway::SlowPath::Answer Logins::oauth2_metadata() {
  const identity::HttpAnswer made = identity::OAuth2Endpoint::metadata(domain_);
  return {made.status, "application/json", made.body, false};
}

}  // namespace cmd
