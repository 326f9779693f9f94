#include "cli/case_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "cli/input_files.h"
#include "resource/name.h"

namespace cli {
namespace {

namespace fs = std::filesystem;
using resource::Diagnostic;

constexpr std::size_t kMaxCaseFile = 4 << 20;
// 2026-01-01T12:00:00Z, so that a case means the same on every day.
constexpr std::chrono::sys_seconds kDefaultTime =
    std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::hours(12);

std::unexpected<base::Error> fail_file(std::string message) {
  return base::fail_invalid("case_file_invalid", std::move(message));
}

std::string lines_of(const std::vector<Diagnostic>& problems) {
  std::string out;
  for (const Diagnostic& problem : problems) out += to_string(problem) + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

// Where the second document begins, at the `---` before it; the end if there is none.
std::size_t end_of_first_document(std::string_view text) {
  bool has_content = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, newline - at);
    const bool is_marker = line.starts_with("---") && (line.size() == 3 || line[3] == ' ');
    if (is_marker && has_content) return at;
    const std::size_t first = line.find_first_not_of(" \t\r");
    has_content |= !is_marker && first != std::string_view::npos && line[first] != '#';
    at = newline + 1;
  }
  return text.size();
}

// Every line of the error with the file in front: "f_test.yaml:3:5: cases[0].expct: unknown field".
std::string with_file(const std::string& path, const std::string& message) {
  std::istringstream lines(message);
  std::string out, line;
  while (std::getline(lines, line))
    out += fmt::format("{}{}:{}", out.empty() ? "" : "\n", path, line);
  return out;
}

base::Result<void> check_content(const CaseFile& file) {
  const auto fail = [&](std::string_view where, std::string_view what) {
    return fail_file(fmt::format("{}: {}: {}", file.path, where, what));
  };
  if (file.content.cases().empty()) return fail("cases", "there is no case");
  std::set<std::string> names;
  for (int i = 0; i < file.content.identities_size(); ++i) {
    const extv1::Identity& identity = file.content.identities(i);
    const std::string where = fmt::format("identities[{}]", i);
    if (identity.name().empty()) return fail(where, "has no name, so no case can be asked as it");
    if (!names.insert(identity.name()).second)
      return fail(where, fmt::format("there are two identities {}", identity.name()));
    if (identity.user().empty()) return fail(where, "names no user");
  }
  for (int i = 0; i < file.content.cases_size(); ++i) {
    const extv1::Case& one = file.content.cases(i);
    const std::string where = fmt::format("cases[{}]", i);
    if (one.name().empty()) return fail(where, "has no name");
    if (one.service().empty()) return fail(where, "names no service");
    if (one.expect().decision() == extv1::Explanation::DECISION_UNKNOWN)
      return fail(where, "expects nothing: expect.decision is ALLOW or DENY");
  }
  return {};
}

}  // namespace

base::Result<std::vector<std::string>> find_case_files(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail_file(fmt::format("{} does not exist", path));
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> out;
  fs::recursive_directory_iterator it(path, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with("_test.yaml") || name.ends_with("_test.yml")) out.push_back(it->path());
  }
  if (error) return fail_file(fmt::format("cannot read {}: {}", path, error.message()));
  if (out.empty()) return fail_file(fmt::format("{} holds no *_test.yaml", path));
  std::ranges::sort(out);
  return out;
}

base::Result<CaseFile> read_case_file(const std::string& path) {
  std::istringstream no_input;
  BASE_ASSIGN(const std::string text, read_input(path, no_input, kMaxCaseFile));
  CaseFile out;
  out.path = path;
  const std::size_t end = end_of_first_document(text);
  if (const auto read = resource::decode_into(text.substr(0, end), out.content); !read)
    return fail_file(with_file(path, read.error().message));
  if (!out.content.has_time())
    out.content.mutable_time()->set_seconds(kDefaultTime.time_since_epoch().count());
  BASE_TRY(check_content(out));

  // Blank lines for what stands before, so that places are those of the file.
  std::string rest(static_cast<std::size_t>(std::count(text.begin(), text.begin() + end, '\n')),
                   '\n');
  rest.append(text, end);
  resource::Decoded all = resource::decode(rest, path);
  for (const std::string& name : out.content.resources()) {
    const std::string file = fs::path(path).parent_path() / name;  // an absolute one stays
    BASE_ASSIGN(resource::Decoded decoded, read_documents(file, no_input));
    std::ranges::move(decoded.documents, std::back_inserter(all.documents));
    std::ranges::move(decoded.problems, std::back_inserter(all.problems));
  }
  if (!all.problems.empty()) return fail_file(lines_of(all.problems));
  std::vector<std::pair<resource::Kind, std::string>> names;
  out.resources = std::make_unique<FileResources>(
      base::WallTime(std::chrono::seconds(out.content.time().seconds())));
  for (const auto& document : all.documents)
    names.emplace_back(
        document.kind,
        resource::full_name(document.kind, resource::metadata_of(*document.message).name()));
  const auto problems = out.resources->add(std::move(all.documents));
  if (!problems.empty()) return fail_file(lines_of(problems));
  for (const auto& [kind, name] : names) out.written.push_back(out.resources->get(kind, name));
  return out;
}

extv1::Hypothetical request_of(const extv1::CaseFile& file, const extv1::Case& one) {
  extv1::Hypothetical out;
  out.set_service(one.service());
  *out.mutable_request() = one.request();
  *out.mutable_time() = one.has_time() ? one.time() : file.time();
  if (one.as().empty()) return out;
  const auto named = std::ranges::find(file.identities(), one.as(), &extv1::Identity::name);
  if (named != file.identities().end())
    *out.mutable_identity() = *named;
  else
    out.mutable_identity()->set_user(one.as());
  return out;
}

}  // namespace cli
