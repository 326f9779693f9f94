#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cel/compare.h"
#include "cel/function.h"
#include "cel/source.h"
#include "cel/text.h"
#include "cel/time.h"

namespace cel {
namespace {

constexpr int kMaxPrecision = 100;
constexpr int kMaxNesting = 100;

Value fault(const char* message) { return Value::error(ErrorCode::kInvalidArgument, message); }

// string.format(list): one clause of the format text after the other, each with one argument.
class Formatter {
 public:
  Formatter(Evaluation& evaluation, const Value& arguments)
      : evaluation_(evaluation), out_(evaluation), arguments_(arguments, evaluation.arena()) {}

  Value run(std::string_view format) {
    for (std::size_t i = 0; i < format.size() && !failed();) {
      const std::size_t percent = std::min(format.find('%', i), format.size());
      out_.append(format.substr(i, percent - i));
      i = percent + 1;
      if (percent < format.size()) clause(format, i);
    }
    return error_.is_error() ? error_ : out_.finish();
  }

 private:
  bool failed() const { return error_.is_error() || out_.failed(); }
  void fail(const Value& error) {
    if (!error_.is_error()) error_ = error;
  }

  void clause(std::string_view format, std::size_t& i) {
    if (i < format.size() && format[i] == '%') {
      ++i;
      return out_.append('%');
    }
    int precision = -1;
    if (i < format.size() && format[i] == '.') {
      const std::size_t start = ++i;
      precision = 0;
      for (; i < format.size() && format[i] >= '0' && format[i] <= '9'; ++i) {
        precision = precision * 10 + (format[i] - '0');
        if (precision > kMaxPrecision) return fail(fault("the precision of a clause is over 100"));
      }
      if (i == start) return fail(fault("the precision of a clause has no digits"));
    }
    if (i == format.size()) return fail(fault("the format ends within a clause"));
    Value argument;
    if (!arguments_.next(argument))
      return fail(fault("the format has more clauses than arguments"));
    if (argument.is_error()) return fail(argument);
    print(format[i++], argument, precision);
  }

  void print(char verb, const Value& v, int precision) {
    switch (verb) {
      case 's':
        return text(v, 0);
      case 'd':
        return decimal(v);
      case 'f':
      case 'e':
        return real(verb, v, precision < 0 ? 6 : precision);
      case 'b':
        if (v.is(Kind::kBool)) return out_.append(v.as_bool() ? '1' : '0');
        if (!integer("{:b}", v)) fail(fault("%b needs an int, uint or bool"));
        return;
      case 'o':
        if (!integer("{:o}", v)) fail(fault("%o needs an int or uint"));
        return;
      case 'x':
      case 'X':
        return hexadecimal(verb, v);
      default:
        return fail(fault("unknown clause; there are %s %d %f %e %b %o %x %X %%"));
    }
  }

  bool integer(const char* format, const Value& v) {
    if (v.is(Kind::kInt)) {
      out_.append(fmt::format(fmt::runtime(format), v.as_int()));
    } else if (v.is(Kind::kUint)) {
      out_.append(fmt::format(fmt::runtime(format), v.as_uint()));
    } else {
      return false;
    }
    return true;
  }

  // Prints NaN and the infinities; false for all other numbers.
  bool special(const Value& v) {
    if (!v.is(Kind::kDouble) || std::isfinite(v.as_double())) return false;
    out_.append(std::isnan(v.as_double()) ? "NaN" : v.as_double() > 0 ? "Infinity" : "-Infinity");
    return true;
  }

  void decimal(const Value& v) {
    if (!special(v) && !integer("{}", v)) fail(fault("%d needs an int or uint"));
  }

  void real(char verb, const Value& v, int precision) {
    if (special(v)) return;
    double number = 0;
    if (v.is(Kind::kDouble)) {
      number = v.as_double();
    } else if (v.is(Kind::kInt)) {
      number = static_cast<double>(v.as_int());
    } else if (v.is(Kind::kUint)) {
      number = static_cast<double>(v.as_uint());
    } else {
      return fail(fault("%f and %e need a number"));
    }
    out_.append(verb == 'f' ? fmt::format("{:.{}f}", number, precision)
                            : fmt::format("{:.{}e}", number, precision));
  }

  void hexadecimal(char verb, const Value& v) {
    if (integer(verb == 'x' ? "{:x}" : "{:X}", v)) return;
    if (!v.is(Kind::kString) && !v.is(Kind::kBytes))
      return fail(fault("%x needs an int, uint, string or bytes"));
    const char* digits = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    for (const char c : v.as_text()) {
      const auto byte = static_cast<unsigned char>(c);
      out_.append(digits[byte >> 4U]);
      out_.append(digits[byte & 0xFU]);
    }
  }

  void text(const Value& v, int depth) {
    if (failed()) return;
    if (depth > kMaxNesting) return fail(fault("the value is nested too deep to be printed"));
    switch (v.kind()) {
      case Kind::kString:
      case Kind::kType:
        return out_.append(v.as_text());
      case Kind::kBytes:
        return utf8(v.as_text());
      case Kind::kNull:
        return out_.append("null");
      case Kind::kBool:
        return out_.append(v.as_bool() ? "true" : "false");
      case Kind::kInt:
      case Kind::kUint:
        return decimal(v);
      case Kind::kDouble:
        if (!special(v)) out_.append(print_double(v.as_double()));
        return;
      case Kind::kDuration:
        return out_.append(print_duration(v.as_time()));
      case Kind::kTimestamp:
        return out_.append(print_timestamp(v.as_time()));
      case Kind::kList:
        return list(v, depth);
      case Kind::kMap:
        return map(v, depth);
      default:
        return fail(fault("%s cannot print a value of this type"));
    }
  }

  // Bytes as text; what is malformed as U+FFFD.
  void utf8(std::string_view bytes) {
    if (is_utf8(bytes)) return out_.append(bytes);
    std::string one;
    for (std::size_t i = 0; i < bytes.size() && !failed();) {
      one.clear();
      append_utf8(one, next_utf8(bytes, i));
      out_.append(one);
    }
  }

  void list(const Value& v, int depth) {
    ListIterator elements(v, evaluation_.arena());
    Value element;
    out_.append('[');
    for (bool first = true; !failed() && elements.next(element); first = false) {
      if (!first) out_.append(", ");
      text(element, depth + 1);
    }
    out_.append(']');
  }

  // Entries are sorted by their printed keys, so that the text does not depend on the map's order.
  void map(const Value& v, int depth) {
    std::vector<std::pair<std::string_view, Value>> entries;
    MapIterator iterator(v, evaluation_.arena());
    Value key;
    Value value;
    while (!failed() && iterator.next(key, value)) {
      if (!evaluation_.charge(1)) return fail(Evaluation::cost_limit());
      entries.emplace_back(printed_key(key), value);
    }
    std::ranges::sort(entries, {}, [](const auto& entry) { return entry.first; });
    out_.append('{');
    for (std::size_t i = 0; i < entries.size() && !failed(); ++i) {
      if (i > 0) out_.append(", ");
      out_.append(entries[i].first);
      out_.append(": ");
      text(entries[i].second, depth + 1);
    }
    out_.append('}');
  }

  std::string_view printed_key(const Value& key) {
    if (key.is(Kind::kString)) return key.as_text();
    if (key.is(Kind::kBool)) return key.as_bool() ? "true" : "false";
    const std::string digits =
        key.is(Kind::kInt) ? std::to_string(key.as_int()) : std::to_string(key.as_uint());
    const Value kept = new_string(evaluation_, digits);
    if (kept.is_error()) fail(kept);
    return kept.is_error() ? std::string_view{} : kept.as_text();
  }

  Evaluation& evaluation_;
  TextBuilder out_;
  ListIterator arguments_;
  Value error_;
};

Value format(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kList)) return Value::no_such_overload();
  return Formatter(evaluation, args[1]).run(args[0].as_text());
}

constexpr FunctionSpec kFunctions[] = {
    {"format", "string.(list(dyn)):string", format, Nature::kConversion},
};

}  // namespace

std::size_t count_clauses(std::string_view format) {
  std::size_t count = 0;
  for (std::size_t i = 0; (i = format.find('%', i)) != std::string_view::npos; i += 2)
    count += format.substr(i + 1).starts_with('%') ? 0 : 1;
  return count;
}

std::span<const FunctionSpec> text_functions() { return kFunctions; }

}  // namespace cel
