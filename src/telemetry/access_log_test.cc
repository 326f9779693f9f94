#include "telemetry/access_log.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "telemetry/access_entry.h"

namespace telemetry {
namespace {

using resource::corev1::AccessLog_Entry_Common;

resource::corev1::AccessLog parse(std::string line) {
  EXPECT_TRUE(line.ends_with("}\n"));
  // Everything but `ext` must be the published message.
  const auto ext = line.rfind(",\"ext\":{");
  EXPECT_NE(ext, std::string::npos);
  line.replace(ext, std::string::npos, "}");
  resource::corev1::AccessLog log;
  const auto status = google::protobuf::util::JsonStringToMessage(line, &log);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << line;
  return log;
}

AccessEntry sample() {
  AccessEntry entry;
  entry.id = "k3f9-7x2a-q8w1z5b0c4n7m2v9t6r3y1u8-0p4d-e6h1";
  entry.started_ns = 1'773'480'413'541'000'000;
  entry.ended_ns = 1'773'480'413'589'793'238;
  entry.allowed = true;
  entry.mode = "HTTP";
  entry.is_public = true;
  entry.method = "POST";
  entry.path = "/v1/orders";
  entry.status = 201;
  entry.request_bytes = 22;
  entry.response_bytes = 36;
  entry.content_type = "application/json";
  return entry;
}

TEST(AccessEntry, IsThePublishedMessage) {
  AccessEntry entry = sample();
  resource::corev1::Service service;
  service.mutable_metadata()->set_name("orders.shop");
  const std::string ref = render_reference(service);
  entry.service_ref = ref;
  entry.policy_match = true;
  entry.reason_type = "POLICY_MATCH";
  entry.inline_owner_ref = ref;
  entry.inline_name = "order-writers";
  entry.rule_name = "allow-post";
  entry.rule_priority = -1;
  std::string line;
  append_entry(line, entry);
  const auto log = parse(line);
  EXPECT_EQ(log.kind(), "AccessLog");
  EXPECT_EQ(log.entry().common().status(), AccessLog_Entry_Common::ALLOWED);
  EXPECT_EQ(log.entry().common().serviceref().name(), "orders.shop");
  const auto& match = log.entry().common().reason().details().policymatch();
  EXPECT_EQ(match.inlinepolicy().resourceref().kind(), "Service");
  EXPECT_EQ(match.priority(), -1);
  EXPECT_EQ(log.entry().info().http().request().bodybytes(), 22u);
  EXPECT_EQ(log.entry().info().http().response().code(), 201u);
}

TEST(AccessEntry, HostileBytesStayInsideTheirString) {
  AccessEntry entry = sample();
  entry.user_agent = "x\",\"status\":\"DENIED\n\x01\xFF";
  entry.path = "/\\\"";
  std::string line;
  append_entry(line, entry);
  const auto log = parse(line);
  EXPECT_EQ(log.entry().common().status(), AccessLog_Entry_Common::ALLOWED);
  EXPECT_EQ(log.entry().info().http().request().path(), "/\\\"");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(AccessEntry, AReferrerLosesWhatMayBeSecret) {
  AccessEntry entry = sample();
  entry.referer = "https://me:pw@shop.example.net/cart?token=1#x";
  std::string line;
  append_entry(line, entry);
  EXPECT_EQ(parse(line).entry().info().http().request().referer(), "https://shop.example.net/cart");
  entry.referer = "nonsense?token=1";
  line.clear();
  append_entry(line, entry);
  EXPECT_EQ(line.find("token"), std::string::npos);
}

TEST(AccessEntry, GrpcCarriesItsNames) {
  AccessEntry entry = sample();
  entry.is_grpc = true;
  entry.grpc_package = "a.b";
  entry.grpc_service = "C";
  entry.grpc_method = "Do";
  entry.grpc_status = 7;
  std::string line;
  append_entry(line, entry);
  const auto grpc = parse(line).entry().info().grpc();
  EXPECT_EQ(grpc.servicefullname(), "a.b.C");
  EXPECT_EQ(grpc.status(), 7);
  EXPECT_EQ(grpc.http().request().method(), "POST");
}

class AccessLogFile : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "access-log-test-" + std::to_string(getpid()) + ".jsonl";
  void TearDown() override { std::filesystem::remove(path_); }
  std::string content() const {
    std::ifstream in(path_);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
};

TEST_F(AccessLogFile, EverythingQueuedIsWrittenAtTheEnd) {
  {
    auto log = AccessLog::open(path_);
    ASSERT_TRUE(log);
    AccessLogBuffer buffer(**log);
    for (int i = 0; i < 10'000; ++i) {
      buffer.text() += "line\n";
      buffer.appended(0);
    }
  }
  EXPECT_EQ(content().size(), 50'000u);
}

TEST_F(AccessLogFile, LinesAreHandedOverAfterAMoment) {
  auto log = AccessLog::open(path_);
  ASSERT_TRUE(log);
  AccessLogBuffer buffer(**log);
  buffer.text() += "line\n";
  buffer.appended(1000);
  buffer.flush_if_due(1000 + AccessLogBuffer::kMaxWaitMillis - 1);
  EXPECT_FALSE(buffer.text().empty());
  buffer.flush_if_due(1000 + AccessLogBuffer::kMaxWaitMillis);
  EXPECT_TRUE(buffer.text().empty());
}

TEST_F(AccessLogFile, AFileThatCannotBeOpenedIsAnErrorAtStart) {
  const auto log = AccessLog::open("/nonexistent/access.jsonl");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().reason, "access_log_open_failed");
}

}  // namespace
}  // namespace telemetry
