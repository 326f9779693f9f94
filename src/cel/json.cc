#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "cel/compare.h"
#include "cel/function.h"
#include "cel/source.h"
#include "cel/text.h"
#include "cel/time.h"

namespace cel {
namespace {

constexpr int kMaxNesting = 100;

Value malformed(const char* message) { return Value::error(ErrorCode::kInvalidArgument, message); }

// RFC 8259, strictly, into the evaluation's arena. Numbers become doubles; a key that appears twice
// is refused, because two readers could take different values.
class JsonReader {
 public:
  JsonReader(Evaluation& evaluation, std::string_view text)
      : evaluation_(evaluation), text_(text) {}

  Value run() {
    const Value out = value(0);
    skip();
    if (!out.is_error() && at_ != text_.size()) return malformed("text after the end of the JSON");
    return out;
  }

 private:
  void skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Value value(int depth) {
    if (depth > kMaxNesting) return malformed("the JSON is nested too deep");
    if (!evaluation_.charge(1)) return Evaluation::cost_limit();
    skip();
    if (at_ >= text_.size()) return malformed("the JSON ends too early");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return take_word("true") ? Value::boolean(true) : malformed("malformed JSON");
      case 'f':
        return take_word("false") ? Value::boolean(false) : malformed("malformed JSON");
      case 'n':
        return take_word("null") ? Value::null() : malformed("malformed JSON");
      default:
        return number();
    }
  }

  Value number() {
    const std::size_t start = at_;
    const auto digit = [&] { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; };
    const auto digits = [&] {
      const std::size_t first = at_;
      while (digit()) ++at_;
      return at_ > first;
    };
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    if (!digits()) return malformed("malformed JSON");
    if (zero && at_ - start > (text_[start] == '-' ? 2U : 1U)) return malformed("malformed JSON");
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!digits()) return malformed("malformed JSON");
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return malformed("malformed JSON");
    }
    double out = 0;
    if (parse_double(text_.substr(start, at_ - start), out) != std::errc{})
      return malformed("a JSON number does not fit into a double");
    return Value::real(out);
  }

  bool hex4(char32_t& out) {
    if (text_.size() - at_ < 4) return false;
    std::uint32_t unit = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, unit, 16);
    if (error != std::errc{} || end != text_.data() + at_ + 4) return false;
    out = unit;
    at_ += 4;
    return true;
  }

  // What follows a backslash.
  bool escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    if (const auto simple = kNames.find(c); simple != std::string_view::npos) {
      out.push_back(kMeanings[simple]);
      return true;
    }
    char32_t unit = 0;
    if (c != 'u' || !hex4(unit)) return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF) return false;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      char32_t low = 0;
      if (!take_word("\\u") || !hex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
      unit = 0x10000 + ((unit - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, unit);
    return true;
  }

  Value string() {
    const std::size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20)
      ++at_;
    // Without escapes the text itself is the string.
    if (at_ < text_.size() && text_[at_] == '"')
      return Value::string(text_.substr(start, at_++ - start));
    std::string out(text_.substr(start, at_ - start));
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_++];
      if (static_cast<unsigned char>(c) < 0x20) return malformed("a control byte in a JSON string");
      if (c != '\\') {
        out.push_back(c);
      } else if (!escape(out)) {
        return malformed("a bad escape in a JSON string");
      }
    }
    if (at_++ >= text_.size()) return malformed("the JSON ends too early");
    return new_string(evaluation_, out);
  }

  Value array(int depth) {
    ListBuilder out(evaluation_);
    ++at_;
    if (take(']')) return out.finish();
    do {
      const Value element = value(depth + 1);
      if (element.is_error()) return element;
      if (!out.add(element)) return out.finish();
    } while (take(','));
    return take(']') ? out.finish() : malformed("malformed JSON");
  }

  Value object(int depth) {
    ListBuilder flat(evaluation_);  // key, value, key, value...
    ++at_;
    if (!take('}')) {
      do {
        skip();
        if (at_ >= text_.size() || text_[at_] != '"') return malformed("malformed JSON");
        const Value key = string();
        if (key.is_error()) return key;
        if (!take(':')) return malformed("malformed JSON");
        const Value member = value(depth + 1);
        if (member.is_error()) return member;
        if (!flat.add(key) || !flat.add(member)) return flat.finish();
      } while (take(','));
      if (!take('}')) return malformed("malformed JSON");
    }
    return make_map(flat.finish().as_values());
  }

  Value make_map(std::span<const Value> flat) {
    const std::size_t size = flat.size() / 2;
    MapEntry* entries = evaluation_.arena().array<MapEntry>(size);
    std::string_view* keys = evaluation_.arena().array<std::string_view>(size);
    if (entries == nullptr || keys == nullptr) return Value::memory_limit();
    for (std::size_t i = 0; i < size; ++i) {
      entries[i] = {flat[2 * i], flat[2 * i + 1]};
      keys[i] = flat[2 * i].as_text();
    }
    std::sort(keys, keys + size);
    if (std::adjacent_find(keys, keys + size) != keys + size)
      return malformed("a JSON object has the same key twice");
    return Value::map(std::span<const MapEntry>(entries, size));
  }

  Evaluation& evaluation_;
  std::string_view text_;
  std::size_t at_ = 0;
};

// Compact JSON with sorted keys; "<", ">" and "&" are escaped so that the text is safe in HTML.
class JsonWriter {
 public:
  explicit JsonWriter(Evaluation& evaluation) : evaluation_(evaluation), out_(evaluation) {}

  Value run(const Value& v) {
    write(v, 0);
    return error_.is_error() ? error_ : out_.finish();
  }

 private:
  bool failed() const { return error_.is_error() || out_.failed(); }
  void fail(const Value& error) {
    if (!error_.is_error()) error_ = error;
  }

  void write(const Value& v, int depth) {
    if (failed()) return;
    if (depth > kMaxNesting) return fail(malformed("the value is nested too deep for JSON"));
    switch (v.kind()) {
      case Kind::kNull:
        return out_.append("null");
      case Kind::kBool:
        return out_.append(v.as_bool() ? "true" : "false");
      case Kind::kInt:
        return out_.append(std::to_string(v.as_int()));
      case Kind::kUint:
        return out_.append(std::to_string(v.as_uint()));
      case Kind::kDouble:
        return number(v.as_double());
      case Kind::kString:
        return string(v.as_text());
      case Kind::kBytes:
        if (!evaluation_.charge_text(v.as_text().size())) return fail(Evaluation::cost_limit());
        return string(base::base64_encode(v.as_text()));
      case Kind::kTimestamp:
        return string(print_timestamp(v.as_time()));
      case Kind::kDuration:
        return out_.append(std::to_string(total_nanoseconds(v.as_time()).value_or(0)));
      case Kind::kList:
        return list(v, depth);
      case Kind::kMap:
        return map(v, depth);
      default:
        return fail(v.is_error() ? v : malformed("a value of this type has no JSON form"));
    }
  }

  void number(double d) {
    if (!std::isfinite(d)) return fail(malformed("JSON has no infinity and no NaN"));
    char buffer[400];
    const double size = std::fabs(d);
    const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, d,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific)
                         .ptr;
    std::string text(buffer, end);
    // Exponents have no leading zero: 1e-7.
    if (const auto zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
    out_.append(text);
  }

  void string(std::string_view text) {
    if (!evaluation_.charge_text(text.size())) return fail(Evaluation::cost_limit());
    std::string escaped;
    base::append_json_escaped(escaped, text);
    out_.append('"');
    for (std::string_view rest = escaped; !rest.empty() && !failed();) {
      const std::size_t plain = std::min(rest.find_first_of("<>&\xE2"), rest.size());
      out_.append(rest.substr(0, plain));
      rest.remove_prefix(plain);
      rest.remove_prefix(special(rest));
    }
    out_.append('"');
  }

  // Writes what `rest` starts with in its safe form; its length.
  std::size_t special(std::string_view rest) {
    static constexpr std::pair<std::string_view, std::string_view> kForms[] = {
        {"<", "\\u003c"},
        {">", "\\u003e"},
        {"&", "\\u0026"},
        {"\xE2\x80\xA8", "\\u2028"},   // LINE SEPARATOR, PARAGRAPH SEPARATOR:
        {"\xE2\x80\xA9", "\\u2029"}};  // line ends to JavaScript
    for (const auto& [text, form] : kForms) {
      if (!rest.starts_with(text)) continue;
      out_.append(form);
      return text.size();
    }
    out_.append(rest.substr(0, 1));
    return std::min<std::size_t>(rest.size(), 1);
  }

  void list(const Value& v, int depth) {
    ListIterator elements(v, evaluation_.arena());
    Value element;
    out_.append('[');
    for (bool first = true; !failed() && elements.next(element); first = false) {
      if (!first) out_.append(',');
      write(element, depth + 1);
    }
    out_.append(']');
  }

  void map(const Value& v, int depth) {
    const std::size_t size = v.map_size();
    MapEntry* entries = evaluation_.arena().array<MapEntry>(size);
    if (entries == nullptr) return fail(Value::memory_limit());
    if (!evaluation_.charge(size)) return fail(Evaluation::cost_limit());
    MapIterator iterator(v, evaluation_.arena());
    std::size_t n = 0;
    MapEntry entry;
    while (n < size && iterator.next(entry.key, entry.value)) {
      if (!entry.key.is(Kind::kString)) return fail(malformed("a JSON object's keys are texts"));
      entries[n++] = entry;
    }
    std::sort(entries, entries + n, [](const MapEntry& a, const MapEntry& b) {
      return a.key.as_text() < b.key.as_text();
    });
    out_.append('{');
    for (std::size_t i = 0; i < n && !failed(); ++i) {
      if (i > 0) out_.append(',');
      string(entries[i].key.as_text());
      out_.append(':');
      write(entries[i].value, depth + 1);
    }
    out_.append('}');
  }

  Evaluation& evaluation_;
  TextBuilder out_;
  Value error_;
};

Value json_parse(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  if (!evaluation.charge_text(args[0].as_text().size())) return Evaluation::cost_limit();
  const Value out = JsonReader(evaluation, args[0].as_text()).run();
  if (out.is(Kind::kNull)) return Value::map(std::span<const MapEntry>());
  if (out.is_error() || out.is(Kind::kMap)) return out;
  return malformed("json.parse() needs a JSON object");
}

Value json_marshal(Evaluation& evaluation, const Value* args, std::size_t) {
  return JsonWriter(evaluation).run(args[0]);
}

Value base64_of(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kBytes)) return Value::no_such_overload();
  if (!evaluation.charge_text(args[0].as_text().size())) return Evaluation::cost_limit();
  return new_string(evaluation, base::base64_encode(args[0].as_text()));
}

Value base64_to_bytes(Evaluation& evaluation, const Value* args, std::size_t) {
  if (!args[0].is(Kind::kString)) return Value::no_such_overload();
  if (!evaluation.charge_text(args[0].as_text().size())) return Evaluation::cost_limit();
  std::string text(args[0].as_text());
  if (!text.ends_with('=')) text.append((4 - text.size() % 4) % 4, '=');
  const auto decoded = base::base64_decode(text);
  if (!decoded) return malformed("not base64");
  return new_bytes(evaluation, *decoded);
}

constexpr FunctionSpec kFunctions[] = {
    {"json.parse", "(string):dyn", json_parse},
    {"json.marshal", "(dyn):string", json_marshal},
    {"base64.encode", "(bytes):string", base64_of},
    {"base64.decode", "(string):bytes", base64_to_bytes},
};

}  // namespace

std::span<const FunctionSpec> encoding_functions() { return kFunctions; }

}  // namespace cel
