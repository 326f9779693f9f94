#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "resource/document.h"
#include "resource/references.h"

namespace cli {

// The resources of files as if they had been applied to a new cluster, which has the built-in ones.
// Secrets need not be there: nobody keeps them beside test cases, and no decision depends on one.
class FileResources final : public resource::References {
 public:
  explicit FileResources(base::WallTime now);

  // All that apply would refuse, in files and on the server; a resource with a problem is not
  // added. A resource that is there already is replaced.
  std::vector<resource::Diagnostic> add(std::vector<resource::Document> documents);

  std::shared_ptr<const resource::Message> get(resource::Kind kind,
                                               std::string_view name) const override;
  void for_each(resource::Kind kind,
                const std::function<Visit(const resource::Message&)>& visit) const override;

 private:
  void put(std::unique_ptr<resource::Message> message);

  base::WallTime now_;
  std::map<std::pair<resource::Kind, std::string>, std::shared_ptr<const resource::Message>,
           std::less<>>
      all_;
};

}  // namespace cli
