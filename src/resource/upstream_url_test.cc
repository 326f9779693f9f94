#include "resource/upstream_url.h"

#include <gtest/gtest.h>

namespace resource {
namespace {

std::string show(const std::string& text) {
  const auto url = parse_upstream_url(text);
  if (!url) return url.error().message;
  if (!url->socket.empty()) return "socket " + url->socket;
  return url->host + " " + std::to_string(url->port) + (url->is_tls ? " tls" : "") +
         (url->is_http2 ? " h2" : "") + (url->is_default_port ? "" : " explicit");
}

TEST(UpstreamUrl, IsReadAsSchemeHostAndPort) {
  const struct {
    std::string text;
    std::string expected;
  } rows[] = {
      {"http://backend", "backend 80"},
      {"HTTP://BackEnd.Example.com.:8080/", "backend.example.com 8080 explicit"},
      {"https://api.example.com", "api.example.com 443 tls"},
      {"https://api.example.com:443", "api.example.com 443 tls"},
      {"h2c://127.0.0.1", "127.0.0.1 80 h2"},
      {"grpc://greeter:50051", "greeter 50051 h2 explicit"},
      {"ws://chat", "chat 80"},
      {"wss://chat", "chat 443 tls"},
      {"http://[2001:DB8::1]:8080", "2001:db8::1 8080 explicit"},
      {"http://[::1]", "::1 80"},
      {"http://under_score.svc", "under_score.svc 80"},
      {"http://a:65535", "a 65535 explicit"},
      {"http://" + std::string(63, 'a') + ".b", std::string(63, 'a') + ".b 80"},
      {"unix:/run/app.sock", "socket /run/app.sock"},
      {"unix:///run/app.sock", "socket /run/app.sock"},
      {"unix:/" + std::string(106, 'a'), "socket /" + std::string(106, 'a')},
  };
  for (const auto& row : rows) EXPECT_EQ(show(row.text), row.expected) << row.text;
}

TEST(UpstreamUrl, SaysWhatIsWrong) {
  const struct {
    std::string text;
    std::string expected;
  } rows[] = {
      {"", "the URL is empty"},
      {"nope", "No scheme set in the upstream URL \"nope\"; write for example http://nope"},
      {"localhost:3000",
       "No scheme set in the upstream URL \"localhost:3000\"; write for example "
       "http://localhost:3000"},
      {"http:/backend",
       "No scheme set in the upstream URL \"http:/backend\"; write for example "
       "http://http:/backend"},
      {"tcp://a:1",
       "the scheme \"tcp\" is not supported for an upstream; http, https, h2c, grpc, ws, wss and "
       "unix are"},
      {"grpc://a", "the scheme grpc has no usual port; the URL must name one"},
      {"http://", "the URL has no host"},
      {"http://:80", "the URL has no host"},
      {"http://a:", "\"\" is not a port between 1 and 65535"},
      {"http://a:0", "\"0\" is not a port between 1 and 65535"},
      {"http://a:65536", "\"65536\" is not a port between 1 and 65535"},
      {"http://a:+80", "\"+80\" is not a port between 1 and 65535"},
      {"http://a:80:80", "\"80:80\" is not a port between 1 and 65535"},
      {"http://a b", "\"http://a b\" has a space, a control or a non-ASCII character"},
      {"http://a\r\n", "\"http://a\\r\\n\" has a space, a control or a non-ASCII character"},
      {"http://u:p@a", "user information in a URL is not used; see http.auth for credentials"},
      {"http://a/base",
       "\"/base\" after the host would not be used; http.path.addPrefix adds to the path of "
       "requests"},
      {"http://a?x=1",
       "\"?x=1\" after the host would not be used; http.path.addPrefix adds to the path of "
       "requests"},
      {"http://a#x",
       "\"#x\" after the host would not be used; http.path.addPrefix adds to the path of "
       "requests"},
      {"http://a\\b",
       "\"\\\\b\" after the host would not be used; http.path.addPrefix adds to the path of "
       "requests"},
      {"http://-a", "\"-a\" is neither a host name nor an IP address"},
      {"http://a..b", "\"a..b\" is neither a host name nor an IP address"},
      {"http://127.1", "\"127.1\" is neither a host name nor an IP address"},
      {"http://256.0.0.1", "\"256.0.0.1\" is neither a host name nor an IP address"},
      {"http://%61", "\"%61\" is neither a host name nor an IP address"},
      {"http://" + std::string(64, 'a'),
       "\"" + std::string(64, 'a') + "\" is neither a host name nor an IP address"},
      {"http://[::1", "the bracket of the IPv6 address is not closed"},
      {"http://[1.2.3.4]", "\"1.2.3.4\" is not an IPv6 address"},
      {"http://[::1]80", "\"80\" must not follow the address"},
      {"unix:relative.sock",
       "a Unix socket is written as unix:/path/to.sock, with an absolute path"},
      {"unix://host/x", "a Unix socket is written as unix:/path/to.sock, with an absolute path"},
      {"unix:/", "a Unix socket is written as unix:/path/to.sock, with an absolute path"},
      {"unix:/" + std::string(107, 'a'),
       "the path of the socket has 108 bytes; the system allows 107"},
  };
  for (const auto& row : rows) EXPECT_EQ(show(row.text), row.expected) << row.text;
}

TEST(UpstreamUrl, HasALimit) {
  const std::string url = "http://a/" + std::string(2048 - 9, 'x');
  EXPECT_TRUE(show(url).starts_with("\"/xxx"));
  EXPECT_EQ(show(url + "x"), "the URL has 2049 bytes; at most 2048 are allowed");
}

}  // namespace
}  // namespace resource
