#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cel/value.h"

namespace cel::testing {

struct PlainEntry;

// A value in the containers of the standard library, which owns all of itself: what the Oracle
// computes with. Only the member that goes with `kind` means something.
struct Plain {
  Kind kind = Kind::kNull;
  bool truth = false;
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;
  std::string text;  // of texts, bytes and names of types; of an error its message
  Time time{};
  std::vector<Plain> items;
  std::vector<PlainEntry> entries;     // in the order they were added
  std::shared_ptr<const Plain> inner;  // of an optional; null: none
  const Opaque* opaque = nullptr;
  ErrorCode code = ErrorCode::kNoSuchKey;

  static Plain of(bool v);
  static Plain of(std::int64_t v);
  static Plain of(double v);
  static Plain of(std::string v);
  static Plain list(std::vector<Plain> items);
  static Plain optional(std::shared_ptr<const Plain> inner);
  static Plain error(ErrorCode code, std::string message);
  static Plain miss(std::string message);
  static Plain fault(std::string message);

  bool is(Kind k) const { return kind == k; }
  bool is_error() const { return kind == Kind::kError; }
  bool is_miss() const { return is_error() && code <= ErrorCode::kLastMiss; }
  bool is_number() const {
    return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble;
  }
};

struct PlainEntry {
  Plain first;
  Plain second;
};

Plain from_value(const Value& value, Arena& arena);
// What the value refers to lives in `arena`.
Value to_value(const Plain& plain, Arena& arena);

// Whether two outcomes are the same: kind and content, -0.0 unlike 0.0, NaN like NaN; of errors,
// whether both are a miss or both a fault.
bool identical(const Plain& a, const Plain& b);

std::string show(const Plain& plain);

// The values that the variables of an expression have; a variable that is not there is missing.
using Environment = std::map<std::string, Plain>;

}  // namespace cel::testing
