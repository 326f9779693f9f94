#pragma once

#include <istream>
#include <string>
#include <vector>

#include "base/result.h"
#include "resource/document.h"

namespace cli {

// Reads a file completely, or `in` for "-"; refuses more than `limit` bytes.
base::Result<std::string> read_input(const std::string& path, std::istream& in, std::size_t limit);

// All documents of a file, of every *.yaml, *.yml and *.json below a directory in the order of
// their names (symbolic links are not followed), or of `in` for "-". A name that cannot be read is
// an error; what is wrong inside the files is among the problems.
base::Result<resource::Decoded> read_documents(const std::string& path, std::istream& in);

}  // namespace cli
