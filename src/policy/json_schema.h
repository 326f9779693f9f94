#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct engines_schema;

namespace policy {

// A JSON Schema (drafts 4 to 2020-12), compiled. Nothing that it refers to is fetched: references
// lead into the schema itself. Immutable and shared by threads.
class JsonSchema {
 public:
  static constexpr std::size_t kMaxBytes = 256 * 1024;

  // An error says where: "3:5: ..." of a text that is no JSON, else the path in the schema.
  static base::Result<std::shared_ptr<const JsonSchema>> compile(std::string_view text);
  explicit JsonSchema(engines_schema* schema) : schema_(schema) {}
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;

  enum class Outcome : std::uint8_t { kValid, kInvalid, kUnreadable };
  struct Verdict {
    Outcome outcome = Outcome::kUnreadable;
    std::string pointer;  // to the place in the document: "/items/0"; "" is all of it
    std::string keyword;  // of the schema: "maximum"
    std::string message;
  };
  Verdict validate(std::string_view document) const;

 private:
  engines_schema* schema_;
};

}  // namespace policy
