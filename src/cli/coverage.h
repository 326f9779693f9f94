#pragma once

#include <map>
#include <string>
#include <vector>

#include "extv1.pb.h"
#include "resource/kind.h"

namespace cli {

namespace extv1 = octelium::api::ext::v1;

// How often each rule of some resources was asked, and what came of it. Rules are those of
// Policies, of inline policies and of dynamicConfig.
class Coverage {
 public:
  // All rules of the resource; those that are known already keep their numbers.
  void expect(const resource::Message& resource);
  void count(const extv1::Explanation& explanation);

  // In the order in which they were expected.
  std::vector<extv1::TestReport::RuleCoverage> rules() const;
  // Of a hundred rules, how many matched at least once; 100 without rules.
  std::uint32_t percent() const;

 private:
  void expect_rule(const std::string& name);
  void add(const std::string& name, extv1::Outcome outcome);

  std::vector<extv1::TestReport::RuleCoverage> rules_;
  std::map<std::string, std::size_t> indexes_;
};

}  // namespace cli
