#include "cli/transport.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>

#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/version.h"

namespace cli {
namespace {

using google::protobuf::Message;
using namespace std::chrono_literals;

constexpr int kMaxAnswerBytes = 64 << 20;
constexpr std::array kPauses = {200ms, 400ms, 800ms, 1600ms};

std::string_view service_name(ApiService service) {
  switch (service) {
    case ApiService::kCore:
      return "octelium.api.main.core.v1.MainService";
    case ApiService::kUser:
      return "octelium.api.main.user.v1.MainService";
    case ApiService::kAuth:
      return "octelium.api.main.auth.v1.MainService";
    case ApiService::kExplain:
      return "octelium.api.ext.v1.ExplainService";
  }
  return {};
}

base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!(text << file.rdbuf())) {
    return base::fail_invalid("ca_unreadable",
                              fmt::format("cannot read the CA certificates in {}", path.string()));
  }
  return text.str();
}

base::Result<std::shared_ptr<grpc::ChannelCredentials>> credentials_of(const Settings& settings) {
  if (settings.insecure_tls) {
    grpc::experimental::TlsChannelCredentialsOptions options;
    options.set_verify_server_certs(false);
    options.set_check_call_host(false);
    options.set_certificate_verifier(
        std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
    return grpc::experimental::TlsCredentials(options);
  }
  grpc::SslCredentialsOptions options;
  if (!settings.ca_file.empty()) {
    BASE_ASSIGN(options.pem_root_certs, read_file(settings.ca_file));
    if (options.pem_root_certs.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      return base::fail_invalid("ca_unreadable", fmt::format("no usable CA certificate in {}",
                                                             settings.ca_file.string()));
    }
  }
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments arguments_of(const Settings& settings) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(fmt::format("octelium-cli/{}", kVersion));
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, settings.api_host);
  arguments.SetSslTargetNameOverride(settings.api_host);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  if (settings.has_endpoint) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(Settings settings, std::shared_ptr<grpc::Channel> channel)
      : settings_(std::move(settings)), stub_(std::move(channel)) {}

  base::Result<void> call(const Call& call, const Message& request, Message& response) override {
    for (std::size_t attempt = 0;; ++attempt) {
      grpc::Status status = once(call, request, response);
      if (status.ok()) return {};
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return answer(status);
      const base::Error error = explain_unavailable(settings_, status.error_message());
      const bool may_repeat = error.retry_is_safe || call.is_repeatable;
      const bool is_final = error.code != base::Code::kUnavailable;
      if (is_final || !may_repeat || attempt >= kPauses.size()) return std::unexpected(error);
      std::this_thread::sleep_for(kPauses[attempt]);
    }
  }

 private:
  grpc::Status once(const Call& call, const Message& request, Message& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + call.deadline);
    for (const auto& [name, value] : call.metadata) context.AddMetadata(name, value);
    const grpc::Slice bytes(request.SerializeAsString());
    const grpc::ByteBuffer sent(&bytes, 1);
    grpc::ByteBuffer received;
    grpc::Status status(grpc::StatusCode::UNKNOWN, "no answer");
    grpc::CompletionQueue queue;  // served by this thread: gRPC starts none for it
    const auto started = stub_.PrepareUnaryCall(
        &context, fmt::format("/{}/{}", service_name(call.service), call.method), sent, &queue);
    started->StartCall();
    started->Finish(&received, &status, nullptr);
    void* tag = nullptr;
    bool is_done = false;
    queue.Next(&tag, &is_done);  // ends with the deadline of the call at the latest
    if (!status.ok()) return status;
    std::vector<grpc::Slice> slices;
    std::string joined;
    if (received.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) {
        joined.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
    }
    if (response.ParseFromString(joined)) return status;
    return {grpc::StatusCode::INTERNAL, "the server's answer could not be read"};
  }

  static base::Result<void> answer(const grpc::Status& status) {
    return base::fail(static_cast<base::Code>(status.error_code()), "api", status.error_message(),
                      base::Source::kUpstream);
  }

  Settings settings_;
  grpc::GenericStub stub_;
};

// Errors are told once, by us.
void ignore_log(gpr_log_func_args*) {}

}  // namespace

base::Result<std::unique_ptr<Transport>> make_grpc_transport(const Settings& settings) {
  gpr_set_log_function(ignore_log);
  BASE_ASSIGN(const auto credentials, credentials_of(settings));
  if (credentials == nullptr) {
    return base::fail_invalid(
        "ca_unreadable", fmt::format("no usable CA certificates in {}", settings.ca_file.string()));
  }
  return std::make_unique<GrpcTransport>(
      settings, grpc::CreateCustomChannel(settings.target, credentials, arguments_of(settings)));
}

base::Error explain_unavailable(const Settings& settings, std::string_view library_message) {
  const auto says = [library_message](std::string_view text) {
    return library_message.find(text) != std::string_view::npos;
  };
  base::Error error{.code = base::Code::kUnavailable,
                    .source = base::Source::kDownstream,
                    .reason = "api_unavailable"};
  const auto refuse = [&error](std::string message) {
    error.code = base::Code::kFailedPrecondition;
    error.reason = "certificate_unverified";
    error.message = std::move(message);
    return error;
  };
  if (says("certificate verify failed") || says("CERTIFICATE_VERIFY_FAILED")) {
    return refuse(
        fmt::format("the certificate of {} cannot be verified for {}: set OCTELIUM_CA_FILE to the "
                    "certificate of its CA ({})",
                    settings.target, settings.api_host, library_message));
  }
  if (says("is not in peer certificate")) {
    return refuse(fmt::format("the certificate of {} is not for {} ({})", settings.target,
                              settings.api_host, library_message));
  }
  if (says("empty address list")) {  // what the library makes of a root it cannot parse
    return refuse(fmt::format("no usable CA certificate in {}", settings.ca_file.string()));
  }
  if (says("Connection refused") || says("failed to connect") || says("resolution")) {
    error.retry_is_safe = true;
    error.message = fmt::format("cannot reach {}: {}", settings.target, library_message);
  } else {
    error.message =
        fmt::format("the connection to {} was lost: {}", settings.target, library_message);
  }
  return error;
}

}  // namespace cli
