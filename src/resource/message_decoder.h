#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "resource/document.h"
#include "resource/scalar.h"
#include "resource/syntax.h"

namespace resource {

// Collects problems up to a limit and counts the rest.
class Problems {
 public:
  Problems(std::string file, std::size_t limit) : file_(std::move(file)), limit_(limit) {}

  void add(Position position, std::string path, std::string message);
  std::size_t count() const { return count_; }
  // In the order of the file, ended by a line that says how many are not shown.
  std::vector<Diagnostic> take();

 private:
  std::string file_;
  std::size_t limit_;
  std::size_t count_ = 0;
  std::vector<Diagnostic> shown_;
};

// Fills one message from one tree, through reflection. Continues after a problem with the next
// field, so that a file is reported on once, not once per mistake.
class MessageDecoder {
 public:
  MessageDecoder(Problems& problems, PositionMap& positions)
      : problems_(problems), positions_(positions) {}

  void decode(const Node& node, Message& message);

 private:
  using Field = google::protobuf::FieldDescriptor;
  struct Seen;

  std::vector<Node::Entry> written_out(const Node& node, const Message& message);
  void entry(const Node::Entry& entry, Message& message, Seen& seen);
  void unknown(const Node::Entry& entry, const Message& message);
  void field(const Node::Entry& entry, Message& message, const Field& field);
  void map_field(const Node& node, Message& message, const Field& field);
  void value(const Node& node, Message& message, const Field& field);
  void submessage(const Node& node, Message& message);
  void struct_value(const Node& node, Message& value);
  void problem(Position position, std::string message);

  // Extends path_ for the life of the object.
  class Step;

  Problems& problems_;
  PositionMap& positions_;
  std::string path_;
  Quote quote_ = Quote::kYes;
  std::deque<Node> rewritten_;  // mappings changed by aliases
};

}  // namespace resource
