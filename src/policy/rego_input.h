#pragma once

#include <google/protobuf/struct.pb.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cel/schema.h"
#include "policy/context_schema.h"

struct engines_value;

namespace policy {

class RequestContext;

struct FreeRegoValue {
  void operator()(engines_value* value) const;
};
// A document for Rego. Immutable.
using RegoValue = std::unique_ptr<engines_value, FreeRegoValue>;

// What a script reads of its `input`, and how that is made of a request: `input.ctx` has the names
// and the spelling of CEL's `ctx`, without what is zero, and of it only what the script names.
// Immutable.
class RegoInput {
 public:
  // `reads`: paths as engines_rego_reads gives them.
  RegoInput(std::string_view reads, ContextSchema::Attrs attrs);

  bool reads_body() const { return reads_body_; }
  bool reads_attrs() const { return reads_attrs_; }
  bool reads_whole_context() const { return ctx_.is_leaf; }
  // What it reads, as paths below `input`: names separated by tabs, a line each.
  const std::string& reads() const { return reads_; }

  // `input.ctx`; an empty pointer after context.set_error() when it cannot be made: a body that is
  // not JSON, a text that is not UTF-8.
  RegoValue make_ctx(RequestContext& context) const;
  static RegoValue make_attrs(const google::protobuf::Struct& attrs, RequestContext& context);

 private:
  // A name on the way to what is read, or (a leaf) something that is read as it is.
  struct Node {
    std::string name;
    cel::Attribute attribute;
    bool is_leaf = false;
    std::vector<Node> members;
  };
  class Writer;

  void add(const std::vector<std::string_view>& path);
  static bool reads_body(const Node& node);

  std::string reads_;
  Node ctx_;
  bool reads_body_ = false;
  bool reads_attrs_ = false;
};

}  // namespace policy
