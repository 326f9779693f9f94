#pragma once

#include <memory>
#include <string_view>

#include "cel/value.h"

namespace policy {

// A request's body read as a JSON object: `bodyMap`.
//
// Parsed once, when first asked for; belongs to the request. Strict, because the upstream's parser
// may take for something else what ours repairs: duplicate keys anywhere, nesting deeper than 64,
// integers beyond 64 bits and anything that is not one JSON object are refused. `null` is an
// object without members, as an empty body is. The buffers of a small body stay with the thread
// that destroys it, for the next.
class JsonBody {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{2} << 20;
  static constexpr std::size_t kMaxDepth = 64;

  // `body` need not live longer than the call.
  explicit JsonBody(std::string_view body);
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // The object, or an error that is no miss. Views live as long as this.
  cel::Value value(cel::Arena& arena) const;
  // Empty when all is well.
  std::string_view problem() const { return problem_ == nullptr ? std::string_view() : problem_; }

 private:
  struct Document;
  static std::unique_ptr<Document>& spare();

  const char* problem_ = nullptr;
  std::unique_ptr<Document> document_;
};

}  // namespace policy
