#include "policy/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "cel/compare.h"
#include "cel/time.h"

namespace policy {
namespace {

using cel::Value;

constexpr double kExactDoubles = 9007199254740992.0;  // 2^53: below, whole doubles are exact
constexpr std::size_t kMaxKeyShown = 64;

// Every method returns false once message_ is set; the place is put in front of it on the way out.
class Writer {
 public:
  Writer(cel::Arena& arena, std::string& out)
      : arena_(arena), out_(out), limit_(out.size() + kMaxConfigBytes) {}

  base::Result<void> run(const Value& map) {
    if (write_map(map, 1)) return {};
    return base::fail_invalid("config_invalid",
                              place_.empty() ? message_ : fmt::format("{}: {}", place_, message_));
  }

 private:
  bool fail(std::string message) {
    message_ = std::move(message);
    return false;
  }
  bool fail_in(std::string_view key) {
    std::string step;
    base::append_json_escaped(step, key.substr(0, kMaxKeyShown));
    if (!place_.empty() && place_.front() != '[') step += '.';
    place_.insert(0, step);
    return false;
  }
  bool fail_in(std::size_t index) {
    const bool joined = place_.empty() || place_.front() == '[';
    place_.insert(0, fmt::format("[{}]{}", index, joined ? "" : "."));
    return false;
  }

  bool count(int depth) {
    if (depth > kMaxConfigDepth)
      return fail(fmt::format("nested more than {} deep", kMaxConfigDepth));
    if (++nodes_ > kMaxConfigNodes)
      return fail(fmt::format("a config has at most {} values", kMaxConfigNodes));
    return fits();
  }
  bool fits() {
    return out_.size() <= limit_ ||
           fail(fmt::format("a config has at most {} bytes", kMaxConfigBytes));
  }

  bool write(const Value& value, int depth) {
    switch (value.kind()) {
      case cel::Kind::kMap:
        return write_map(value, depth);
      case cel::Kind::kList:
        return write_list(value, depth);
      default:
        return count(0) && write_scalar(value);
    }
  }

  bool write_scalar(const Value& value) {
    switch (value.kind()) {
      case cel::Kind::kNull:
        out_ += "null";
        return true;
      case cel::Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return true;
      case cel::Kind::kInt:
        return number(value.as_int());
      case cel::Kind::kUint:
        return number(value.as_uint());
      case cel::Kind::kDouble:
        return real(value.as_double());
      case cel::Kind::kString:
        return text(value.as_text());
      case cel::Kind::kBytes:
        return value.as_text().size() <= kMaxConfigBytes
                   ? text(base::base64_encode(value.as_text()))
                   : text(value.as_text());  // says that it is too long
      case cel::Kind::kTimestamp:
        return text(cel::print_timestamp(value.as_time()));
      case cel::Kind::kDuration:
        if (const auto nanos = cel::total_nanoseconds(value.as_time())) return number(*nanos);
        return fail("the duration is too long");
      case cel::Kind::kError:
        return fail(value.error_message());
      default:
        return fail(
            fmt::format("a value of type {} cannot stand in a config", cel::type_name(value)));
    }
  }

  template <typename T>
  bool number(T value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
    return true;
  }

  bool real(double value) {
    if (!std::isfinite(value)) return fail("JSON has no infinity and no NaN");
    if (std::trunc(value) == value && std::fabs(value) < kExactDoubles)
      return number(static_cast<std::int64_t>(value));
    return number(value);
  }

  bool text(std::string_view value) {
    if (value.size() > kMaxConfigBytes)
      return fail(fmt::format("a config has at most {} bytes", kMaxConfigBytes));
    out_ += '"';
    base::append_json_escaped(out_, value);
    out_ += '"';
    return fits();
  }

  bool write_list(const Value& list, int depth) {
    if (!count(depth)) return false;
    cel::ListIterator elements(list, arena_);
    Value element;
    out_ += '[';
    for (std::size_t i = 0; elements.next(element); ++i) {
      if (i > 0) out_ += ',';
      if (!write(element, depth + 1)) return fail_in(i);
    }
    out_ += ']';
    return true;
  }

  bool write_map(const Value& map, int depth) {
    if (!count(depth)) return false;
    const std::size_t size = map.map_size();
    if (size > kMaxConfigNodes)
      return fail(fmt::format("a config has at most {} values", kMaxConfigNodes));
    cel::MapEntry* entries = arena_.array<cel::MapEntry>(size);
    if (entries == nullptr) return fail("the evaluation needs more memory than allowed");
    cel::MapIterator iterator(map, arena_);
    std::size_t n = 0;
    for (cel::MapEntry entry; n < size && iterator.next(entry.key, entry.value); ++n) {
      if (!entry.key.is(cel::Kind::kString))
        return fail(fmt::format("a key of type {}; the keys of a config are texts",
                                cel::type_name(entry.key)));
      entries[n] = entry;
    }
    std::sort(entries, entries + n, [](const cel::MapEntry& a, const cel::MapEntry& b) {
      return a.key.as_text() < b.key.as_text();
    });
    out_ += '{';
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0) out_ += ',';
      const std::string_view key = entries[i].key.as_text();
      if (!text(key)) return false;
      out_ += ':';
      if (!write(entries[i].value, depth + 1)) return fail_in(key);
    }
    out_ += '}';
    return true;
  }

  cel::Arena& arena_;
  std::string& out_;
  std::size_t limit_;
  std::size_t nodes_ = 0;
  std::string message_;
  std::string place_;
};

}  // namespace

base::Result<void> append_canonical_json(const Value& map, cel::Arena& arena, std::string& out) {
  return Writer(arena, out).run(map);
}

}  // namespace policy
