#include "telemetry/access_log.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "telemetry/access_entry.h"
#include "telemetry/json_line.h"

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

TEST(AccessEntry, ThePathIsReadableAndTheUriExact) {
  AccessEntry entry = sample();
  entry.path = "/caf%C3%A9/a%20b/100%25/%";
  std::string line;
  append_entry(line, entry);
  const auto request = parse(line).entry().info().http().request();
  EXPECT_EQ(request.path(), "/caf\xC3\xA9/a b/100%/%");
  EXPECT_EQ(request.uri(), "/caf%C3%A9/a%20b/100%25/%");
  entry.path = "/%FF%22%0A";
  line.clear();
  append_entry(line, entry);
  EXPECT_EQ(parse(line).entry().info().http().request().path(), "/\xEF\xBF\xBD\"\n");
}

TEST(AccessEntry, LongTextsAreCutBetweenCharacters) {
  AccessEntry entry = sample();
  const std::string agent = std::string(JsonLine::kMaxText - 1, 'x') + "\xC3\xA4 and more";
  const std::string hostile(3 * JsonLine::kMaxText, '\x01');
  entry.user_agent = agent;
  entry.detail = hostile;
  std::string line;
  append_entry(line, entry);
  EXPECT_EQ(parse(line).entry().info().http().request().useragent(),
            std::string(JsonLine::kMaxText - 1, 'x'));
  EXPECT_LT(line.size(), 20'000u);
}

TEST(AccessEntry, ARefusedRequestLeavesOutWhatIsNotKnown) {
  AccessEntry entry;
  entry.id = "k3f9-7x2a-q8w1z5b0c4n7m2v9t6r3y1u8-0p4d-e6h1";
  entry.status = 400;
  entry.reason = "framing_conflict";
  entry.client_address = "203.0.113.7";
  std::string line;
  append_entry(line, entry);
  EXPECT_TRUE(
      line.ends_with(R"(,"ext":{"reason":"framing_conflict","clientAddress":"203.0.113.7"}})"
                     "\n"));
  const auto log = parse(line);
  EXPECT_EQ(log.entry().common().status(), AccessLog_Entry_Common::DENIED);
  EXPECT_EQ(log.entry().info().http().response().code(), 400u);
  EXPECT_FALSE(log.entry().common().has_reason());
  EXPECT_FALSE(log.metadata().has_actorref());
}

TEST(AccessEntry, EveryReferenceHasItsPlace) {
  AccessEntry entry = sample();
  const auto ref = [](std::string_view kind) {
    resource::metav1::ObjectReference reference;
    reference.set_kind(std::string(kind));
    return render_reference(reference);
  };
  const std::string session = ref("Session"), user = ref("User"), device = ref("Device"),
                    service = ref("Service"), name_space = ref("Namespace"), region = ref("Region"),
                    policy = ref("Policy");
  entry.session_ref = session;
  entry.user_ref = user;
  entry.device_ref = device;
  entry.service_ref = service;
  entry.namespace_ref = name_space;
  entry.region_ref = region;
  entry.policy_ref = policy;
  entry.policy_match = true;
  entry.reason_type = "POLICY_MATCH";
  entry.is_anonymous = true;
  std::string line;
  append_entry(line, entry);
  const auto log = parse(line);
  EXPECT_EQ(log.metadata().actorref().kind(), "Session");
  EXPECT_EQ(log.metadata().targetref().kind(), "Service");
  const auto& common = log.entry().common();
  EXPECT_EQ(common.sessionref().kind(), "Session");
  EXPECT_EQ(common.userref().kind(), "User");
  EXPECT_EQ(common.deviceref().kind(), "Device");
  EXPECT_EQ(common.serviceref().kind(), "Service");
  EXPECT_EQ(common.namespaceref().kind(), "Namespace");
  EXPECT_EQ(common.regionref().kind(), "Region");
  EXPECT_EQ(common.reason().details().policymatch().policy().policyref().kind(), "Policy");
  EXPECT_TRUE(common.isanonymous());
  EXPECT_EQ(common.startedat().nanos(), 541'000'000);
  EXPECT_EQ(common.endedat().seconds(), 1'773'480'413);
}

TEST(AccessEntry, AWaitingSessionSaysItsState) {
  AccessEntry entry = sample();
  entry.allowed = false;
  entry.reason_type = "SESSION_NOT_ACTIVE";
  entry.session_state = "PENDING";
  std::string line;
  append_entry(line, entry);
  EXPECT_EQ(parse(line).entry().common().reason().details().sessionnotactive().state(),
            resource::corev1::Session::Spec::PENDING);
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

TEST_F(AccessLogFile, AFullBufferIsHandedOverAtOnce) {
  auto log = AccessLog::open(path_);
  ASSERT_TRUE(log);
  AccessLogBuffer buffer(**log);
  buffer.text().append(AccessLogBuffer::kFullBytes - 1, 'x');
  buffer.appended(0);
  EXPECT_FALSE(buffer.text().empty());
  buffer.text() += "\n";
  buffer.appended(0);
  EXPECT_TRUE(buffer.text().empty());
}

TEST_F(AccessLogFile, AfterARotationLinesGoToTheNewFile) {
  const std::string moved = path_ + ".1";
  {
    auto log = AccessLog::open(path_);
    ASSERT_TRUE(log);
    std::string lines = "before\n";
    (*log)->submit(lines, 1);
    while (std::filesystem::file_size(path_) == 0) std::this_thread::yield();
    std::filesystem::rename(path_, moved);
    (*log)->reopen();
    while (!std::filesystem::exists(path_)) std::this_thread::yield();
    lines = "after\n";
    (*log)->submit(lines, 1);
  }
  EXPECT_EQ(content(), "after\n");
  std::filesystem::remove(moved);
}

TEST_F(AccessLogFile, ManyWorkersLoseAndMixNothing) {
  constexpr int kWorkers = 4;
  constexpr int kLines = 5000;
  {
    auto log = AccessLog::open(path_);
    ASSERT_TRUE(log);
    std::vector<std::thread> workers;
    for (int w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&log] {
        AccessLogBuffer buffer(**log);
        for (int i = 0; i < kLines; ++i) {
          buffer.text() += std::string(99, 'x') + "\n";
          buffer.appended(i);
          buffer.flush_if_due(i);
        }
      });
    }
    for (auto& worker : workers) worker.join();
    EXPECT_EQ((*log)->dropped_lines(), 0u);
  }
  std::ifstream in(path_);
  std::string line;
  int count = 0;
  while (std::getline(in, line)) {
    EXPECT_EQ(line.size(), 99u);
    ++count;
  }
  EXPECT_EQ(count, kWorkers * kLines);
}

TEST_F(AccessLogFile, AReaderThatDoesNotReadNeverHoldsAWorkerUp) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  const auto started = std::chrono::steady_clock::now();
  {
    auto log = AccessLog::open(path_);
    ASSERT_TRUE(log);
    constexpr std::size_t kBuffers = AccessLog::kQueuedBuffers + 50;
    for (std::size_t i = 0; i < kBuffers; ++i) {
      std::string lines(AccessLogBuffer::kFullBytes, 'x');
      (*log)->submit(lines, 10);
      EXPECT_TRUE(lines.empty());
    }
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(1));
    // The queue, what the writer holds, and at most what fits the pipe meanwhile.
    EXPECT_GE((*log)->dropped_lines(), 10u * (kBuffers - AccessLog::kQueuedBuffers - 3));
    EXPECT_EQ((*log)->dropped_lines() % 10, 0u);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5)) << "the end too";
  close(reader);
}

TEST_F(AccessLogFile, LinesThatCannotBeWrittenAreCounted) {
  auto log = AccessLog::open("/dev/full");
  ASSERT_TRUE(log);
  std::string lines = "a\nb\nc\n";
  (*log)->submit(lines, 3);
  for (int i = 0; i < 5000 && (*log)->dropped_lines() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ((*log)->dropped_lines(), 3u);
}

TEST_F(AccessLogFile, ACutLineSpoilsOnlyItself) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto file = LogFile::open(path_);
  ASSERT_TRUE(file);
  const std::atomic<bool> give_up = true;
  EXPECT_FALSE(file->write(std::string(1 << 20, 'x') + "\n", give_up));
  std::string read_back(1 << 20, '\0');
  while (read(reader, read_back.data(), read_back.size()) > 0) {
  }
  EXPECT_TRUE(file->write("whole\n", give_up));
  const auto size = read(reader, read_back.data(), read_back.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(read_back.substr(0, static_cast<std::size_t>(size)), "\nwhole\n");
  close(reader);
}

TEST(AccessLogNowhere, TakesEverythingAndKeepsNothing) {
  auto log = AccessLog::open("");
  ASSERT_TRUE(log);
  EXPECT_FALSE((*log)->is_enabled());
  AccessLogBuffer buffer(**log);
  buffer.text() += "line\n";
  buffer.appended(0);
  buffer.flush();
  EXPECT_TRUE(buffer.text().empty());
  EXPECT_EQ((*log)->dropped_lines(), 0u);
}

TEST_F(AccessLogFile, AFileThatCannotBeOpenedIsAnErrorAtStart) {
  const auto log = AccessLog::open("/nonexistent/access.jsonl");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().reason, "access_log_open_failed");
}

}  // namespace
}  // namespace telemetry
