#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "http/reject.h"

namespace http {

// Decodes the chunked coding (RFC 9112 §7.1) piece by piece: bare hexadecimal sizes of at most 16
// digits, CRLF only, extensions bounded and dropped, trailers bounded and checked like header
// fields.
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { kMore, kDone, kRejected };

  struct Step {
    State state = State::kMore;
    std::size_t consumed = 0;  // bytes of the input that need not be given again
    std::string_view data;     // views the input
  };

  static constexpr std::size_t kMaxExtension = 256;    // bytes of one chunk's extensions
  static constexpr std::size_t kMaxExtensions = 4096;  // bytes of all extensions of one body
  static constexpr std::size_t kMaxTrailers = 8 * 1024;

  void reset();
  // Returns at the first data, at the end, or when the input is used up.
  Step feed(std::string_view input);
  // After kDone. Framing, routing and identity fields are not trailers: a body with one is rejected
  // (RFC 9110 §6.5.1).
  const FieldList& trailers() const { return trailers_; }

 private:
  enum class At : std::uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailers,
    kDone,
    kRejected
  };

  bool step(char c);
  bool finish_trailers();

  At at_ = At::kSize;
  std::uint64_t left_ = 0;
  int digits_ = 0;
  std::size_t extension_ = 0;
  std::size_t extensions_ = 0;
  std::string trailer_text_;
  FieldList trailers_;
};

}  // namespace http
