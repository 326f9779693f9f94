#include "http/chunked.h"

#include <algorithm>

#include "http/field.h"
#include "http/h2_validate.h"

namespace http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ChunkedDecoder::reset() {
  at_ = At::kSize;
  left_ = 0;
  digits_ = 0;
  extension_ = extensions_ = 0;
  trailer_text_.clear();
  trailers_.clear();
}

// One byte outside of data. False: the coding is broken.
bool ChunkedDecoder::step(char c) {
  switch (at_) {
    case At::kSize:
      if (const int value = hex_value(c); value >= 0) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(value);
        return ++digits_ <= 16 && left_ <= static_cast<std::uint64_t>(INT64_MAX);
      }
      if (digits_ == 0) return false;
      if (c == '\r') {
        at_ = At::kSizeLf;
        return true;
      }
      at_ = At::kExtension;
      extension_ = 0;
      return c == ';';
    case At::kExtension:
      if (c == '\r') {
        at_ = At::kSizeLf;
        return true;
      }
      ++extensions_;
      return ++extension_ <= kMaxExtension && extensions_ <= kMaxExtensions &&
             is_field_value({&c, 1});
    case At::kSizeLf:
      at_ = left_ == 0 ? At::kTrailers : At::kData;
      digits_ = 0;
      return c == '\n';
    case At::kDataCr:
      at_ = At::kDataLf;
      return c == '\r';
    case At::kDataLf:
      at_ = At::kSize;
      return c == '\n';
    case At::kTrailers:
      trailer_text_.push_back(c);
      if (trailer_text_.size() > kMaxTrailers) return false;
      if (trailer_text_ == "\r\n" || trailer_text_.ends_with("\r\n\r\n")) {
        at_ = At::kDone;
        return finish_trailers();
      }
      return true;
    default:
      return false;
  }
}

bool ChunkedDecoder::finish_trailers() {
  std::string_view rest = trailer_text_;
  while (rest != "\r\n") {
    const auto end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    const std::string_view value = trim_whitespace(line.substr(colon + 1));
    if (!is_field_value(value)) return false;
    if (!trailers_.push(Field{line.substr(0, colon), value, FieldId::kOther, false})) return false;
  }
  return validate_trailers(trailers_);
}

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view input) {
  Step result;
  while (result.consumed < input.size() && at_ != At::kDone && at_ != At::kRejected) {
    if (at_ == At::kData) {
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - result.consumed));
      result.data = input.substr(result.consumed, size);
      result.consumed += size;
      left_ -= size;
      if (left_ == 0) at_ = At::kDataCr;
      if (!result.data.empty()) break;
      continue;
    }
    if (!step(input[result.consumed++])) at_ = At::kRejected;
  }
  // What can be said without more input is said now, so that the end is not missed after the last
  // data.
  while (at_ != At::kData && at_ != At::kDone && at_ != At::kRejected &&
         result.consumed < input.size()) {
    if (!step(input[result.consumed++])) at_ = At::kRejected;
  }
  if (at_ == At::kDone) result.state = State::kDone;
  if (at_ == At::kRejected) result.state = State::kRejected;
  return result;
}

}  // namespace http
