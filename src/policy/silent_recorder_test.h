#pragma once

#include "policy/recorder.h"

namespace policy {

// One that is told all and keeps nothing.
class SilentRecorder : public Recorder {
 public:
  void on_check(std::string_view, bool) override {}
  void begin_policy(const CompiledPolicy&) override {}
  void end_policy(bool) override {}
  void begin_rule(const Rule&, const CompiledPolicy&) override {}
  void end_rule(Condition::Outcome, std::string_view) override {}
  void begin_condition(std::string_view, std::string_view) override {}
  void on_cost(std::uint64_t) override {}
  void on_value(std::uint32_t, std::uint32_t, std::uint32_t, const cel::Value&) override {}
  void on_part(const RegoPart&, const RegoProgram&) override {}
  void end_condition(Condition::Outcome, std::string_view) override {}
};

}  // namespace policy
