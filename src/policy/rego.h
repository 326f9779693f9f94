#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/rego_input.h"

struct engines_rego;

namespace policy {

// A part of a script, with what it was evaluated to last.
struct RegoPart {
  std::uint32_t begin = 0;  // in the script's text
  std::uint32_t end = 0;
  std::uint32_t depth = 0;  // 1: a statement; a part follows those that it is made of
  bool is_cause = false;    // why the script has its outcome
  std::string type;         // "undefined": it has no value
  std::string size;         // what may be said of a value that is not shown
  std::string value;        // as a script would write it, cut
};

// A Rego script (v1), compiled with the one rule that it is asked for. What Rego is, its builtins
// and what bounds an evaluation are engines/'s; this is its face in C++.
//
// Immutable and shared by threads, but for one remark: whether evaluations take too long for an
// event loop.
class RegoProgram {
 public:
  enum class Entry : std::uint8_t {
    kCondition,  // data.octelium.condition.match, a boolean
    kConfig,     // data.octelium.eval.result, an object
  };
  static constexpr std::size_t kMaxBytes = 20'000;
  // Quick evaluations after a slow one until a loop may try again: a machine that was busy for a
  // moment, or one strange request, does not send a script off the loop for good.
  static constexpr int kQuickInRow = 32;

  // An error has three lines: "3:5: what is wrong", the source's line, a caret.
  static base::Result<std::shared_ptr<const RegoProgram>> compile(std::string_view source,
                                                                  Entry entry,
                                                                  ContextSchema::Attrs attrs);
  explicit RegoProgram(engines_rego* program, std::string_view source, RegoInput input);
  ~RegoProgram();
  RegoProgram(const RegoProgram&) = delete;
  RegoProgram& operator=(const RegoProgram&) = delete;

  struct Limits {
    std::chrono::nanoseconds time;
    std::uint64_t memory;  // bytes beyond the input
  };
  enum class Outcome : std::uint8_t {
    kUndefined,
    kFalse,
    kTrue,
    kObject,
    kOther,
    kError,
    kOutOfTime,
    kOutOfMemory,
  };
  struct Result {
    Outcome outcome = Outcome::kError;
    std::string text;  // of kObject: JSON (of a kConfig); kOther: its type; kError: what failed
  };
  // `ctx` and `attrs` are `input.ctx` and `input.attrs`; nullptr leaves them out.
  Result evaluate(const engines_value* ctx, const engines_value* attrs, Limits limits) const;

  struct Explanation {
    Outcome outcome = Outcome::kError;
    std::vector<RegoPart> parts;
  };
  // Evaluates it once more, watched: its statements with their values. kError where nothing can be
  // told: it failed, took too much, or is written in a way that is not followed.
  Explanation explain(const engines_value* ctx, const engines_value* attrs, Limits limits) const;

  const RegoInput& input() const { return input_; }
  bool reads_body() const { return input_.reads_body(); }
  const std::string& source() const { return source_; }

  // Whether an event loop is no place for it, as of late.
  bool is_slow() const { return quick_missing_.load(std::memory_order_relaxed) > 0; }
  void note_slow() const { quick_missing_.store(kQuickInRow, std::memory_order_relaxed); }
  void note_quick() const {
    const int missing = quick_missing_.load(std::memory_order_relaxed);
    if (missing > 0) quick_missing_.store(missing - 1, std::memory_order_relaxed);
  }

 private:
  engines_rego* program_;
  std::string source_;
  RegoInput input_;
  mutable std::atomic<int> quick_missing_ = 0;
};

}  // namespace policy
