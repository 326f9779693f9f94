#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/file_resources.h"
#include "extv1.pb.h"

namespace cli {

namespace extv1 = octelium::api::ext::v1;

// One file of cases with all resources that it needs, ready to be run.
struct CaseFile {
  std::string path;
  extv1::CaseFile content;
  std::unique_ptr<FileResources> resources;
  // Those that the files brought, in order; for the coverage.
  std::vector<std::shared_ptr<const resource::Message>> written;
};

// The files of cases at `path`: itself, or every *_test.yaml and *_test.yml below a directory.
base::Result<std::vector<std::string>> find_case_files(const std::string& path);

// Reads a file of cases. Its first document is a CaseFile (proto/extv1.proto); what follows are
// resources, as are the files that it names. The error has one line per problem, each with file,
// line and column.
base::Result<CaseFile> read_case_file(const std::string& path);

// The request of a case. `as` is one of the identities of the file, or else a User.
extv1::Hypothetical request_of(const extv1::CaseFile& file, const extv1::Case& one);

}  // namespace cli
