#include "io/tls.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <cerrno>
#include <string>

#include "io/loop_test.h"

namespace io {
namespace {

// An authority and a server certificate for `*.example.com`, made once.
struct Material {
  Issued authority;
  SslContext server;
  SslContext client;

  static const Material& get() {
    static const Material kMaterial = [] {
      auto authority = make_authority("Test CA", 2);
      auto leaf = issue_certificate(*authority, {"example.com", "*.example.com"}, 1);
      auto server = make_server_context({leaf->certificate_pem, std::move(leaf->key_pem)});
      auto client = make_client_context(
          {.trusted_pem = {authority->certificate_pem}, .system_roots = false, .verify = true});
      return Material{std::move(*authority), *server, *client};
    }();
    return kMaterial;
  }
};

struct Outcome {
  IoResult handshake = 0;
  Alpn alpn = Alpn::kNone;
  std::string server_name;
  std::string error;
  std::string received;
};

Task<void> be_server(Socket& socket, SSL_CTX* context, std::size_t expect, std::string_view answer,
                     Outcome& out) {
  socket.start_tls_server(context);
  out.handshake = co_await socket.handshake(socket.loop().in(5'000));
  if (out.handshake <= 0) co_return;
  out.alpn = socket.alpn();
  out.server_name = socket.server_name();
  char buffer[3000];
  while (out.received.size() < expect) {
    const IoResult got = co_await socket.read(buffer, sizeof buffer, socket.loop().in(5'000));
    if (got <= 0) co_return;
    out.received.append(buffer, static_cast<std::size_t>(got));
  }
  co_await socket.write("head:", answer, socket.loop().in(5'000));
  socket.shutdown_write();
}

Task<void> be_client(Socket& socket, SSL_CTX* context, std::string_view name, Alpn offer,
                     std::string_view request, Outcome& out) {
  EXPECT_TRUE(socket.start_tls_client(context, name, offer));
  out.handshake = co_await socket.handshake(socket.loop().in(5'000));
  out.error = socket.tls_error();
  if (out.handshake <= 0) {
    socket.shutdown_write();
    co_return;
  }
  out.alpn = socket.alpn();
  co_await socket.write(request, socket.loop().in(5'000));
  char buffer[5000];
  while (true) {
    const IoResult got = co_await socket.read(buffer, sizeof buffer, socket.loop().in(5'000));
    if (got <= 0) {
      EXPECT_EQ(got, 0) << "close_notify, not a cut connection";
      co_return;
    }
    out.received.append(buffer, static_cast<std::size_t>(got));
  }
}

TEST(Tls, BytesOfAnySizeGoBothWays) {
  const Material& material = Material::get();
  for (const std::size_t size : {std::size_t{1}, std::size_t{16 * 1024}, std::size_t{1'500'000}}) {
    TestLoop test;
    auto [a, b] = test.pair();
    std::string request(size, 'q');
    const std::string answer(size, 'a');
    Outcome server;
    Outcome client;
    test.run(
        be_server(*a, material.server.get(), size, answer, server),
        be_client(*b, material.client.get(), "api.example.com", Alpn::kHttp2, request, client));
    EXPECT_EQ(server.handshake, 1);
    EXPECT_EQ(client.handshake, 1);
    EXPECT_TRUE(server.received == request) << size;
    EXPECT_TRUE(client.received == "head:" + answer) << size;
    EXPECT_EQ(server.alpn, Alpn::kHttp2);
    EXPECT_EQ(client.alpn, Alpn::kHttp2);
    EXPECT_EQ(server.server_name, "api.example.com");
  }
}

TEST(Tls, TheClientVerifiesNameAndIssuer) {
  const Material& material = Material::get();
  const auto stranger = make_client_context({.trusted_pem = {}, .system_roots = false});
  ASSERT_TRUE(stranger);
  struct Row {
    std::string_view name;
    SSL_CTX* context;
  };
  for (const Row& row :
       {Row{"other.test", material.client.get()}, Row{"a.b.example.com", material.client.get()},
        Row{"127.0.0.1", material.client.get()}, Row{"api.example.com", stranger->get()}}) {
    TestLoop test;
    auto [a, b] = test.pair();
    Outcome server;
    Outcome client;
    test.run(be_server(*a, material.server.get(), 1, "", server),
             be_client(*b, row.context, row.name, Alpn::kHttp11, "x", client));
    EXPECT_EQ(client.handshake, -EPROTO) << row.name;
    EXPECT_FALSE(client.error.empty()) << row.name;
    EXPECT_TRUE(server.received.empty()) << row.name;
  }
}

TEST(Tls, AnAlpnThatNobodySpeaksEndsTheHandshake) {
  const Material& material = Material::get();
  TestLoop test;
  auto [a, b] = test.pair();
  Outcome server;
  const auto client = [](Socket& socket, SSL_CTX* context) -> Task<void> {
    EXPECT_TRUE(socket.start_tls_client(context, "example.com", Alpn::kNone));
    static constexpr unsigned char kOther[] = "\x05other";
    SSL_set_alpn_protos(socket.ssl(), kOther, sizeof kOther - 1);
    EXPECT_EQ(co_await socket.handshake(socket.loop().in(5'000)), -EPROTO);
  };
  test.run(be_server(*a, material.server.get(), 1, "", server), client(*b, material.client.get()));
  EXPECT_EQ(server.handshake, -EPROTO);
}

TEST(Tls, ACutConnectionIsNotTheEndOfTheStream) {
  const Material& material = Material::get();
  TestLoop test;
  auto [a, b] = test.pair();
  const auto server = [](Socket& socket, SSL_CTX* context) -> Task<void> {
    socket.start_tls_server(context);
    EXPECT_EQ(co_await socket.handshake(kNever), 1);
    co_await socket.write("part", kNever);
    shutdown(socket.fd(), SHUT_RDWR);  // no close_notify
  };
  const auto client = [](Socket& socket, SSL_CTX* context) -> Task<void> {
    EXPECT_TRUE(socket.start_tls_client(context, "example.com", Alpn::kHttp11));
    EXPECT_EQ(co_await socket.handshake(kNever), 1);
    char buffer[64];
    IoResult got = 1;
    while (got > 0) got = co_await socket.read(buffer, sizeof buffer, kNever);
    EXPECT_LT(got, 0);
  };
  test.run(server(*a, material.server.get()), client(*b, material.client.get()));
}

TEST(Tls, PlainTextIsNotAHandshake) {
  const Material& material = Material::get();
  TestLoop test;
  auto [a, b] = test.pair();
  constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
  ASSERT_GT(send(b->fd(), kRequest.data(), kRequest.size(), 0), 0);
  Outcome server;
  test.run(be_server(*a, material.server.get(), 1, "", server));
  EXPECT_EQ(server.handshake, -EPROTO);
}

TEST(Tls, MaterialThatDoesNotFitIsRefused) {
  const Material& material = Material::get();
  auto one = issue_certificate(material.authority, {"a.test"}, 1);
  auto other = issue_certificate(material.authority, {"b.test"}, 1);
  ASSERT_TRUE(one && other);
  EXPECT_FALSE(make_server_context({one->certificate_pem, std::move(other->key_pem)}));
  EXPECT_FALSE(make_server_context({"no certificate", std::move(one->key_pem)}));
  EXPECT_FALSE(make_server_context({one->certificate_pem, base::Secret("no key")}));
  EXPECT_FALSE(make_client_context({.trusted_pem = {"no certificate"}, .system_roots = false}));
}

TEST(Tls, IssuedCertificatesComeWithTheirAuthority) {
  const Material& material = Material::get();
  const auto leaf = issue_certificate(material.authority, {"a.test", "*.a.test"}, 1);
  ASSERT_TRUE(leaf);
  EXPECT_TRUE(leaf->certificate_pem.ends_with(material.authority.certificate_pem));
}

}  // namespace
}  // namespace io
