#pragma once

#include <string>
#include <vector>

namespace cli {

// Text in columns inside a light frame, the head in capitals and centred.
class Table {
 public:
  explicit Table(std::vector<std::string> head);

  // As many cells as the head has.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  std::string render() const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cli
