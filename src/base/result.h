#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace base {

// gRPC's canonical codes, with gRPC's numbers; the one vocabulary of failure in the program.
enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Whose fault it is; decides the HTTP status class together with the code.
enum class Source : std::uint8_t { kInternal, kDownstream, kUpstream, kPolicy, kStore };

// What went wrong. `reason` is a stable snake_case word that logs, metrics and tests key on;
// `message` is for an operator. Neither ever carries bytes of a secret; quoting input is the
// maker's duty and must be bounded.
struct Error {
  Code code = Code::kInternal;
  Source source = Source::kInternal;
  bool retry_is_safe = false;  // nothing was sent or changed, so the same attempt may be made again
  std::string reason;
  std::string message;

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string reason, std::string message,
                                   Source source = Source::kInternal) {
  return std::unexpected(Error{code, source, false, std::move(reason), std::move(message)});
}

inline std::unexpected<Error> fail_invalid(std::string reason, std::string message) {
  return fail(Code::kInvalidArgument, std::move(reason), std::move(message));
}

// "INVALID_ARGUMENT" and so on, as gRPC spells them.
std::string_view code_name(Code code);

}  // namespace base

// Leaves the enclosing function with the error of `expr` (a Result or Result<void>), if it has one.
#define BASE_TRY(expr)                                            \
  do {                                                            \
    if (auto base_try_result = (expr); !base_try_result)          \
      return std::unexpected(std::move(base_try_result).error()); \
  } while (0)

#define BASE_CONCAT_INNER(a, b) a##b
#define BASE_CONCAT(a, b) BASE_CONCAT_INNER(a, b)

// Declares `var` as the value of `expr`, or leaves the enclosing function with its error.
#define BASE_ASSIGN(var, expr) BASE_ASSIGN_INNER(BASE_CONCAT(base_assign_, __LINE__), var, expr)
#define BASE_ASSIGN_INNER(tmp, var, expr)                   \
  auto tmp = (expr);                                        \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  var = std::move(*tmp)
