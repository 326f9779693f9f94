#include "cli/file_resources.h"

#include "cli/apply.h"
#include "policy/check.h"
#include "resource/builtin.h"
#include "resource/defaults.h"
#include "resource/name.h"
#include "resource/validate.h"

namespace cli {
namespace {

using resource::Diagnostic;
using resource::Document;
using resource::Kind;
using resource::Message;

constexpr std::string_view kDomain = "octelium.test";

std::shared_ptr<const Message> stand_in_secret(std::string_view name) {
  auto secret = std::make_shared<resource::corev1::Secret>();
  secret->mutable_metadata()->set_name(std::string(name));
  secret->mutable_data()->set_value("stand-in");
  return secret;
}

}  // namespace

FileResources::FileResources(base::WallTime now) : now_(now) {
  for (auto& message : resource::builtin_objects(kDomain, now)) {
    resource::apply_defaults(*message, *this);
    put(std::move(message));
  }
}

void FileResources::put(std::unique_ptr<Message> message) {
  const Kind kind = resource::kind_of(*message);
  std::string name = resource::metadata_of(*message).name();
  all_[{kind, std::move(name)}] = std::move(message);
}

std::vector<Diagnostic> FileResources::add(std::vector<Document> documents) {
  std::vector<Diagnostic> problems = check_documents(documents);
  if (!problems.empty()) return problems;
  order_documents(documents);
  for (Document& document : documents) {
    resource::apply_defaults(*document.message, *this);
    const auto stored = get(document.kind, resource::metadata_of(*document.message).name());
    const bool is_new = stored == nullptr || document.kind == Kind::kSecret;
    auto found =
        resource::validate(*document.message, *this, now_, is_new ? nullptr : stored.get());
    if (found.empty()) found = policy::check(*document.message);
    for (resource::Problem& problem : found)
      problems.push_back(document.diagnose(std::move(problem.path), std::move(problem.message)));
    if (found.empty()) put(std::move(document.message));
  }
  return problems;
}

std::shared_ptr<const Message> FileResources::get(Kind kind, std::string_view name) const {
  const auto found = all_.find({kind, std::string(name)});
  if (found != all_.end()) return found->second;
  return kind == Kind::kSecret ? stand_in_secret(name) : nullptr;
}

void FileResources::for_each(Kind kind, const std::function<Visit(const Message&)>& visit) const {
  for (const auto& [key, message] : all_)
    if (key.first == kind && visit(*message) == Visit::kStop) return;
}

}  // namespace cli
