#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cel/function.h"
#include "cel/observer.h"
#include "cel/schema.h"
#include "cel/value.h"

namespace cel {

enum class Op : std::uint8_t {
  kConstant,      // a: constant
  kSlot,          // a: slot; count: its steps
  kHasSlot,       // the same
  kOptionalSlot,  // the same
  kLocal,         // a: local
  kSelect,        // a: operand, b: constant key
  kHas,           // a: operand, b: constant key
  kOptionalSelect,
  kIndex,  // a: operand, b: index
  kOptionalIndex,
  kAnd,  // a: first of `count` children
  kOr,
  kNot,          // a: operand
  kConditional,  // a ? b : c
  kEqual,        // a, b
  kNotEqual,
  kEqualText,  // a: operand, b: constant text
  kNotEqualText,
  kIn,          // a: element, b: list or map
  kInTexts,     // a: element, b: text set
  kHasTexts,    // a: list, b: text set; flags: whether it has all of them, or any
  kStartsWith,  // a: text, b: constant text
  kEndsWith,
  kOrder,        // a, b; flags: Relation
  kMatches,      // a: text, b: regular expression
  kCall,         // a: first of `count` children, b: function
  kList,         // a: first of `count` children, c: optional marks + 1, or 0
  kMap,          // the same, keys and values in turn
  kLoop,         // a: range, b: first of two children (condition or kNoNode, body), c: first local
  kBind,         // a: value, b: body, c: local
  kBlock,        // a: first of `count` children, c: first local
  kOptionalMap,  // a: optional, b: body, c: local; flag: flat
  kFail,         // a: constant error
};

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};

// One step of a plan. What a, b and c mean depends on `op`.
struct Node {
  Op op = Op::kFail;
  std::uint8_t flags = 0;  // of kLoop: the Loop and whether there are two variables
  std::uint16_t count = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;

  static constexpr std::uint8_t kTwoVariables = 0x80;
};

// Where in the source a node comes from; see Expr.
struct Place {
  std::uint32_t offset = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Constant texts for `x in ["a", "b"]` and `list.hasAll("a", "b")`, each once: compared one by one
// when few, hashed when many.
class TextSet {
 public:
  static constexpr std::size_t kNotThere = ~std::size_t{0};

  void add(std::string_view text);
  std::size_t size() const { return texts_.size(); }
  // A number below size(), the text's own, or kNotThere.
  std::size_t find(std::string_view text) const {
    if (text.size() > longest_) return kNotThere;
    if (!hashed_.empty()) return find_hashed(text);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if (texts_[i] == text) return i;
    return kNotThere;
  }
  bool contains(std::string_view text) const { return find(text) != kNotThere; }
  // How many bytes of a text find() may look at.
  std::size_t longest() const { return longest_; }

 private:
  static constexpr std::size_t kFew = 8;
  std::size_t find_hashed(std::string_view text) const;

  std::vector<std::string_view> texts_;
  std::unordered_map<std::string_view, std::size_t> hashed_;
  std::size_t longest_ = 0;
};

// What a Program runs: a tree in one array, evaluated by walking it. Immutable after planning.
struct Plan {
  std::string source;
  std::uint64_t max_cost = 0;
  NodeId root = kNoNode;
  std::uint32_t locals = 0;
  bool reads_clock = false;
  std::vector<Node> nodes;
  std::vector<Place> places;  // of each node
  std::vector<NodeId> children;
  std::vector<Value> constants;
  std::vector<Slot> slots;
  std::vector<Implementation> functions;
  std::vector<TextSet> text_sets;
  std::vector<std::vector<bool>> optional_marks;
  std::vector<std::unique_ptr<const re2::RE2>> patterns;
  std::deque<std::string> strings;  // what constants refer to
  Arena folded{std::size_t{1} << 20};
};

// The value of the plan's root. Recurses as deep as the tree is high.
Value run(const Plan& plan, const AttributeSource& source, Arena& arena) noexcept;
// The same, telling `observer` about every node that is not a constant.
Observed run(const Plan& plan, const AttributeSource& source, Arena& arena,
             Observer& observer) noexcept;

}  // namespace cel
