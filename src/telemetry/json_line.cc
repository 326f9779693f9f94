#include "telemetry/json_line.h"

#include <emmintrin.h>

#include <charconv>
#include <ctime>

#include "base/encoding.h"

namespace telemetry {
namespace {

// How many bytes stand before the first that may need an escape: controls, quote, backslash,
// non-ASCII (which may not be UTF-8). Sixteen at a time; the sign bit marks non-ASCII and makes
// controls of it too.
std::size_t plain_size(const char* at, std::size_t size) {
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    if (_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash))) != 0) break;
  }
  while (i < size) {
    const char c = at[i];
    if (static_cast<signed char>(c) < 0x20 || c == '"' || c == '\\') break;
    ++i;
  }
  return i;
}

void put_padded(char* at, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

// `2026-03-14T09:26:53`, made once per second and thread.
constexpr std::size_t kSecondSize = 19;
const char* format_second(std::int64_t second) {
  thread_local constinit std::int64_t made_for = INT64_MIN;
  thread_local constinit char text[kSecondSize + 1] = "0000-00-00T00:00:00";
  if (second == made_for) return text;
  const auto seconds = static_cast<std::time_t>(second);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  put_padded(text, utc.tm_year + 1900, 4);
  put_padded(text + 5, utc.tm_mon + 1, 2);
  put_padded(text + 8, utc.tm_mday, 2);
  put_padded(text + 11, utc.tm_hour, 2);
  put_padded(text + 14, utc.tm_min, 2);
  put_padded(text + 17, utc.tm_sec, 2);
  made_for = second;
  return text;
}

// Not in the middle of a UTF-8 character.
std::string_view shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

void JsonLine::flush() {
  out_.append(buffer_ + 1, at_);
  buffer_[0] = at_[-1];
  at_ = buffer_ + 1;
}

void JsonLine::raw(std::string_view bytes) {
  room(bytes.size());
  if (bytes.size() < kBuffer) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
    return;
  }
  out_.append(bytes);
  buffer_[0] = bytes.back();
}

void JsonLine::escape(std::string_view text) {
  text = shorten(text, kMaxText);
  const std::size_t plain = plain_size(text.data(), text.size());
  raw(text.substr(0, plain));
  if (plain == text.size()) return;
  flush();
  base::append_json_escaped(out_, text.substr(plain));
  buffer_[0] = out_.back();
}

void JsonLine::digits(std::int64_t value) {
  room(20);
  at_ = std::to_chars(at_, at_ + 20, value).ptr;
}

void JsonLine::digits(std::uint64_t value) {
  room(20);
  at_ = std::to_chars(at_, at_ + 20, value).ptr;
}

void JsonLine::timestamp(std::int64_t ns) {
  room(kSecondSize + 8);
  const std::int64_t second = ns / 1'000'000'000;
  std::memcpy(at_, format_second(second), kSecondSize);
  at_[kSecondSize] = '.';
  put_padded(at_ + kSecondSize + 1, ns % 1'000'000'000 / 1000, 6);
  at_[kSecondSize + 7] = 'Z';
  at_ += kSecondSize + 8;
}

}  // namespace telemetry
