#pragma once

#include <google/protobuf/struct.pb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/schema.h"
#include "cel/source.h"
#include "policy/context_schema.h"

struct engines_value;

namespace policy {

class RequestContext;

struct FreeRegoValue {
  void operator()(engines_value* value) const;
};
// A document for Rego. Immutable.
using RegoValue = std::unique_ptr<engines_value, FreeRegoValue>;

// Something that a script reads.
struct RegoRead {
  std::vector<std::string> path;  // below `input`; empty: all of it
  // Where it is written out, in bytes of the script. By another name, it may be something else's.
  std::optional<std::uint32_t> at;
  // It is only given another name there, and not read.
  bool is_named = false;
};

// What a script reads of its `input`, and how that is made of a request: `input.ctx` has the names
// and the spelling of CEL's `ctx`, without what is zero, and of it only what the script names.
// Immutable.
class RegoInput {
 public:
  // `reads`: as engines_rego_reads() gives them.
  RegoInput(std::string_view reads, ContextSchema::Attrs attrs);

  bool reads_body() const { return reads_body_; }
  bool reads_attrs() const { return reads_attrs_; }
  bool reads_whole_context() const { return ctx_.is_leaf; }
  const std::vector<RegoRead>& reads() const { return reads_; }
  // Something that it reads, and that there never is: a misspelt field.
  std::optional<cel::Problem> find_unknown() const;

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

  void add(const std::vector<std::string>& path);
  static bool reads_body(const Node& node);

  std::vector<RegoRead> reads_;
  ContextSchema::Attrs attrs_;
  Node ctx_;
  bool reads_body_ = false;
  bool reads_attrs_ = false;
};

}  // namespace policy
