#include "cli/input_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cli {
namespace {

namespace fs = std::filesystem;

base::Result<std::string> read_stream(std::istream& in, std::size_t limit, std::string_view name) {
  std::string out;
  char buffer[64 << 10];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    out.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (out.size() > limit) {
      return base::fail_invalid("input_too_large",
                                fmt::format("{} is larger than {} bytes", name, limit));
    }
  }
  return out;
}

bool has_resources(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

base::Result<std::vector<std::string>> files_below(const fs::path& directory) {
  std::vector<std::string> out;
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::file_status status = it->symlink_status(error);
    if (!error && fs::is_regular_file(status) && has_resources(it->path())) {
      out.push_back(it->path().string());
    }
  }
  if (error) {
    return base::fail_invalid(
        "input_unreadable", fmt::format("cannot read {}: {}", directory.string(), error.message()));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

base::Result<std::string> read_input(const std::string& path, std::istream& in, std::size_t limit) {
  if (path == "-") return read_stream(in, limit, "the standard input");
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return base::fail_invalid("input_unreadable", fmt::format("{} is a directory", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::fail_invalid("input_unreadable",
                              fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return read_stream(file, limit, path);
}

base::Result<resource::Decoded> read_documents(const std::string& path, std::istream& in) {
  std::error_code error;
  std::vector<std::string> files = {path};
  if (path != "-" && fs::is_directory(path, error)) {
    BASE_ASSIGN(files, files_below(path));
    if (files.empty()) {
      return base::fail_invalid("input_empty",
                                fmt::format("{} holds no .yaml, .yml or .json file", path));
    }
  }
  resource::Decoded all;
  for (const std::string& file : files) {
    BASE_ASSIGN(const std::string text, read_input(file, in, resource::DecodeLimits().file_bytes));
    resource::Decoded decoded = resource::decode(text, file == "-" ? "<stdin>" : file);
    std::ranges::move(decoded.documents, std::back_inserter(all.documents));
    std::ranges::move(decoded.problems, std::back_inserter(all.problems));
  }
  return all;
}

}  // namespace cli
