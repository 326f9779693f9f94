#include "api/listener.h"

#include <fmt/format.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "api/status.h"

namespace api {
namespace {

// Config data may have 3 MiB (spec/resources.md 6.9); the rest of the message fits beside it.
constexpr int kMaxRequestBytes = 4 << 20;

std::string_view view(grpc::string_ref text) { return {text.data(), text.size()}; }

std::string_view metadata(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  return found == context.client_metadata().end() ? std::string_view() : view(found->second);
}

bool parse(grpc::ByteBuffer& bytes, Message& message) {
  grpc::ProtoBufferReader reader(&bytes);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

grpc::ByteBuffer serialize(const Message& message) {
  grpc::ByteBuffer bytes;
  {
    grpc::ProtoBufferWriter writer(&bytes, 4096, static_cast<int>(message.ByteSizeLong()));
    message.SerializeToZeroCopyStream(&writer);
  }
  return bytes;
}

base::Result<std::string> address_of(const std::filesystem::path& socket) {
  const auto path = std::filesystem::absolute(socket).string();
  if (path.size() < sizeof(sockaddr_un::sun_path)) return "unix://" + path;
  return base::fail(base::Code::kUnavailable, "api_socket",
                    fmt::format("the path of the API's socket is too long: {} has {} bytes, the "
                                "system takes {}",
                                path, path.size(), sizeof(sockaddr_un::sun_path) - 1));
}

}  // namespace

// One call from its arrival to its end. Deletes itself; each step is a completion of the queue.
class Listener::Exchange {
 public:
  explicit Exchange(Listener& owner) : owner_(owner) {
    owner_.service_.RequestCall(&context_, &stream_, owner_.queue_.get(), owner_.queue_.get(),
                                this);
  }

  void proceed(bool ok) {
    switch (step_) {
      case Step::kExpected:
        if (!ok) break;  // the server is stopping
        owner_.expect_call();
        step_ = Step::kReading;
        stream_.Read(&bytes_, this);
        return;
      case Step::kReading:
        step_ = Step::kAnswering;
        answer(ok);
        return;
      case Step::kAnswering:
        break;
    }
    Listener& owner = owner_;
    delete this;
    owner.finished();
  }

 private:
  enum class Step : std::uint8_t { kExpected, kReading, kAnswering };

  void answer(bool has_request) {
    std::unique_ptr<Message> response;
    const grpc::Status status =
        has_request ? handle(response)
                    : grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the call has no message");
    if (status.ok())
      stream_.WriteAndFinish(serialize(*response), grpc::WriteOptions(), status, this);
    else
      stream_.Finish(status, this);
  }

  grpc::Status handle(std::unique_ptr<Message>& response) {
    if (owner_.gateway_secret_.empty() ||
        !base::equal_constant_time(metadata(context_, "x-octelium-gateway"),
                                   owner_.gateway_secret_.reveal())) {
      return {grpc::StatusCode::PERMISSION_DENIED, "only the gateway may call"};
    }
    std::string_view method = context_.method();
    if (method.starts_with('/')) method.remove_prefix(1);
    const Router::Method* const route = owner_.router_.find(method);
    if (route == nullptr)
      return {grpc::StatusCode::UNIMPLEMENTED, fmt::format("this gateway has no {}", method)};
    std::unique_ptr<Message> request(route->request->New());
    if (!parse(bytes_, *request))
      return {grpc::StatusCode::INVALID_ARGUMENT, "the message cannot be decoded"};
    const Call call{.method = method,
                    .session_uid = metadata(context_, "x-octelium-session-uid"),
                    .client_address = metadata(context_, "x-octelium-client-address"),
                    .user_agent = metadata(context_, "user-agent"),
                    .refresh_token = metadata(context_, "x-octelium-refresh-token"),
                    .is_dry_run = metadata(context_, "x-octelium-dry-run") == "1"};
    auto answered = route->handler(call, *request);
    if (!answered) return to_status(answered.error(), method);
    response = std::move(*answered);
    return grpc::Status::OK;
  }

  Listener& owner_;
  Step step_ = Step::kExpected;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  grpc::ByteBuffer bytes_;
};

base::Result<std::unique_ptr<Listener>> Listener::open(const std::filesystem::path& socket,
                                                       const Router& router, int threads,
                                                       base::Secret gateway_secret) {
  BASE_ASSIGN(const std::string address, address_of(socket));
  std::unique_ptr<Listener> listener(new Listener(router, std::move(gateway_secret)));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(-1);
  // The CLIs ping every 45 s, which gRPC's default takes for abuse.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterAsyncGenericService(&listener->service_);
  listener->queue_ = builder.AddCompletionQueue();
  {
    // Nobody else may connect even for the moment between bind and chmod.
    const mode_t before = ::umask(0077);
    listener->server_ = builder.BuildAndStart();
    ::umask(before);
  }
  if (!listener->server_ || ::chmod(socket.c_str(), 0600) != 0) {
    return base::fail(
        base::Code::kUnavailable, "api_socket",
        fmt::format("the API's socket {} cannot be made; its folder must exist and be writable",
                    socket.string()));
  }
  for (int i = 0; i < threads; ++i) {
    listener->expect_call();
    listener->threads_.emplace_back([raw = listener.get()] { raw->run(); });
  }
  return listener;
}

Listener::~Listener() { stop(std::chrono::milliseconds(0)); }

// Under the lock that stop() takes: once it is stopping nothing new enters the queue, which a shut
// queue would not survive.
void Listener::expect_call() {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  ++open_;
  new Exchange(*this);
}

void Listener::run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Exchange*>(tag)->proceed(ok);
}

void Listener::finished() {
  const std::lock_guard lock(mutex_);
  if (--open_ == 0) idle_.notify_all();
}

void Listener::stop(std::chrono::milliseconds drain) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
  }
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now() + drain);
  {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return open_ == 0; });
  }
  queue_->Shutdown();
  for (auto& thread : threads_) thread.join();
}

}  // namespace api
