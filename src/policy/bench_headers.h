#pragma once

#include <iterator>
#include <string_view>

#include "policy/request_view.h"

namespace policy {

// Of the request that the benchmarks decide.
class BenchHeaders final : public HeaderSource {
 public:
  std::size_t size() const override { return std::size(kFields); }
  std::string_view name(std::size_t index) const override { return kFields[index][0]; }
  std::string_view value(std::size_t index) const override { return kFields[index][1]; }

 private:
  static constexpr std::string_view kFields[][2] = {
      {"Host", "my-api.example.com"},
      {"User-Agent", "curl/7.88.1"},
      {"Accept", "*/*"},
      {"Accept-Encoding", "gzip, br"},
      {"Authorization", "Bearer abcdefghijklmnopqrstuvwxyz"},
      {"X-Request-Id", "4711"},
      {"X-Forwarded-For", "203.0.113.7"},
      {"Content-Type", "application/json"},
      {"Content-Length", "37"},
      {"X-Custom-Header", "this-value"}};
};

}  // namespace policy
