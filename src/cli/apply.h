#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/core_api.h"
#include "cli/terminal.h"
#include "resource/document.h"

namespace cli {

struct ApplyOptions {
  bool prune = false;                   // delete what the input does not have
  bool dry_run = false;                 // send nothing
  bool diff = false;                    // show what changes, field by field
  std::vector<resource::Kind> include;  // empty: all kinds
  std::vector<resource::Kind> exclude;
  bool include_secret = false;  // prune Secrets too

  bool handles(resource::Kind kind) const;
  bool prunes(resource::Kind kind) const;
};

struct ApplyOutcome {
  int created = 0;
  int updated = 0;
  int deleted = 0;
  int refused = 0;
  bool cluster_config_updated = false;
};

// What can be said about documents without asking the server: kinds that nobody can apply, missing
// names, one object twice.
std::vector<resource::Diagnostic> check_documents(const std::vector<resource::Document>& documents);

// Brings what others refer to before what refers to it (a Policy after its parent), otherwise in
// the order of the input.
void order_documents(std::vector<resource::Document>& documents);

// The server's message with the place in the input of every field it names.
std::string locate(const std::string& message, const resource::Document& document);

// Makes the cluster have what the documents say. Each document is one call, so it is taken
// completely or not at all; one that is refused does not stop the others, but keeps anything from
// being pruned. Stops at errors that are not about one document. Prints what it does as it goes.
class Apply {
 public:
  Apply(CoreApi& api, Terminal& terminal, ApplyOptions options)
      : api_(api), terminal_(terminal), options_(std::move(options)) {}

  // `documents` passed check_documents.
  base::Result<ApplyOutcome> run(std::vector<resource::Document> documents);

 private:
  using Live = std::map<std::string, Resource>;  // by full name

  base::Result<void> load(resource::Kind kind, const std::vector<resource::Document>& documents);
  base::Result<void> apply_one(const resource::Document& document);
  base::Result<void> create(const resource::Document& document);
  base::Result<void> update(const resource::Document& document,
                            const google::protobuf::Message& live);
  base::Result<void> refused(const resource::Document& document, std::string_view verb,
                             const base::Error& error);
  base::Result<void> prune(const std::vector<resource::Document>& documents);
  base::Result<void> prune_one(resource::Kind kind, const google::protobuf::Message& live);
  void show(const google::protobuf::Message& before, const google::protobuf::Message& after);
  void report(resource::Kind kind, std::string_view name, std::string_view done);
  void summarise();

  CoreApi& api_;
  Terminal& terminal_;
  ApplyOptions options_;
  ApplyOutcome outcome_;
  std::map<resource::Kind, Live> live_;
};

}  // namespace cli
