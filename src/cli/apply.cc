#include "cli/apply.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "cli/kinds.h"
#include "resource/diff.h"

namespace cli {
namespace {

using google::protobuf::Message;
using resource::Diagnostic;
using resource::Document;
using resource::Kind;

// Up to this many objects of a kind are fetched one by one, more in one list.
constexpr std::size_t kMaxSingleGets = 20;
constexpr std::size_t kProgressFrom = 20;
// Another writer may get in between; the update is made again on what it left.
constexpr int kMaxRaces = 3;

const std::string& name_of(const Message& message) { return resource::metadata_of(message).name(); }

std::string key_of(const Document& document) {
  return full_name(document.kind, name_of(*document.message));
}

std::size_t rank_of(Kind kind) {
  const auto kinds = all_kinds();
  return static_cast<std::size_t>(std::ranges::find(kinds, kind, &KindWords::kind) - kinds.begin());
}

bool contains(const std::vector<Kind>& kinds, Kind kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

// The answer says that this object cannot be written like this; other objects may be fine.
bool is_about_one_object(const base::Error& error) {
  switch (error.code) {
    case base::Code::kInvalidArgument:
    case base::Code::kNotFound:
    case base::Code::kAlreadyExists:
    case base::Code::kPermissionDenied:
    case base::Code::kFailedPrecondition:
    case base::Code::kOutOfRange:
    case base::Code::kUnimplemented:
      return error.source == base::Source::kUpstream;
    default:
      return false;
  }
}

bool has_data(const Message& message) {
  const auto* field = message.GetDescriptor()->FindFieldByName("data");
  return field != nullptr && message.GetReflection()->HasField(message, field);
}

// The live object under the name the input uses, so that "api" does not differ from "api.default".
Resource renamed(const Message& live, const std::string& name) {
  Resource copy(live.New());
  copy->CopyFrom(live);
  resource::mutable_metadata_of(*copy).set_name(name);
  return copy;
}

}  // namespace

bool ApplyOptions::handles(Kind kind) const {
  return (include.empty() || contains(include, kind)) && !contains(exclude, kind);
}

bool ApplyOptions::prunes(Kind kind) const {
  if (!prune || !handles(kind) || kind == Kind::kClusterConfig || !words_of(kind).can_apply) {
    return false;
  }
  // The file usually does not have what is secret, so its absence says nothing.
  if (kind == Kind::kSecret) return include_secret || contains(include, kind);
  return kind != Kind::kConfig || contains(include, kind);
}

std::vector<Diagnostic> check_documents(const std::vector<Document>& documents) {
  std::vector<Diagnostic> out;
  std::map<std::pair<Kind, std::string>, const Document*> seen;
  for (const Document& document : documents) {
    const std::string_view kind = resource::kind_name(document.kind);
    if (!words_of(document.kind).can_apply) {
      out.push_back(document.diagnose("kind", fmt::format("a {} cannot be applied; the cluster "
                                                          "makes it",
                                                          kind)));
      continue;
    }
    const bool is_single = document.kind == Kind::kClusterConfig;
    if (!is_single && name_of(*document.message).empty()) {
      out.push_back(document.diagnose("metadata.name", "missing"));
      continue;
    }
    const std::string key = is_single ? "" : key_of(document);
    const auto [first, is_new] = seen.emplace(std::pair(document.kind, key), &document);
    if (!is_new) {
      const Document& other = *first->second;
      out.push_back(document.diagnose(
          "metadata.name",
          fmt::format("{} {} is already at {}:{}", kind, key, other.file, other.position.line)));
    }
  }
  return out;
}

void order_documents(std::vector<Document>& documents) {
  // The input's place decides last, which makes any sort a stable one.
  std::vector<std::tuple<std::size_t, std::ptrdiff_t, std::size_t>> order;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string& name = name_of(*documents[i].message);
    const bool has_parents = documents[i].kind == Kind::kPolicy;
    order.emplace_back(rank_of(documents[i].kind), has_parents ? std::ranges::count(name, '.') : 0,
                       i);
  }
  std::ranges::sort(order);
  std::vector<Document> out;
  out.reserve(documents.size());
  for (const auto& [rank, depth, index] : order) out.push_back(std::move(documents[index]));
  documents = std::move(out);
}

std::string locate(const std::string& message, const Document& document) {
  static const RE2 kPath(
      R"(((?:apiVersion|kind|metadata|spec|status|data)(?:\.\w+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*): )");
  std::string out;
  bool located = false;
  for (std::size_t at = 0; at <= message.size();) {
    const std::size_t end = std::min(message.find('\n', at), message.size());
    std::string line = message.substr(at, end - at);
    std::string path;
    re2::StringPiece rest(line);
    if (RE2::Consume(&rest, kPath, &path)) {
      const resource::Position place = document.positions.find(path);
      line += fmt::format(" ({}:{}:{})", document.file, place.line, place.column);
      located = true;
    }
    out += (at == 0 ? "" : "\n") + line;
    at = end + 1;
  }
  if (!located) out += fmt::format(" ({}:{})", document.file, document.position.line);
  return out;
}

base::Result<ApplyOutcome> Apply::run(std::vector<Document> documents) {
  std::erase_if(documents, [this](const Document& d) { return !options_.handles(d.kind); });
  order_documents(documents);
  for (const KindWords& words : all_kinds()) {
    if (words.can_apply) BASE_TRY(load(words.kind, documents));
  }
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (documents.size() >= kProgressFrom) {
      terminal_.progress(fmt::format("[{}/{}] {}: {}", i + 1, documents.size(),
                                     resource::kind_name(documents[i].kind),
                                     name_of(*documents[i].message)));
    }
    BASE_TRY(apply_one(documents[i]));
  }
  if (options_.prune && outcome_.refused > 0) {
    terminal_.warn("Nothing is pruned, because something was refused");
  } else if (options_.prune) {
    BASE_TRY(prune(documents));
  }
  terminal_.progress("");
  summarise();
  return outcome_;
}

base::Result<void> Apply::load(Kind kind, const std::vector<Document>& documents) {
  std::set<std::string> names;
  for (const Document& document : documents) {
    if (document.kind == kind) names.insert(key_of(document));
  }
  if (names.empty() && !options_.prunes(kind)) return {};
  Live& live = live_[kind];
  if (options_.prunes(kind) || names.size() > kMaxSingleGets) {
    terminal_.progress(fmt::format("Reading {}", words_of(kind).plural));
    auto all = api_.list_all(kind);
    // A cluster without this kind has nothing to prune.
    const bool absent = !all && all.error().code == base::Code::kUnimplemented;
    if (!all && !absent) return std::unexpected(all.error());
    if (absent) return {};
    for (Resource& object : *all) live[name_of(*object)] = std::move(object);
    return {};
  }
  for (const std::string& name : names) {
    auto object = api_.get(kind, name);
    if (object) {
      live[name] = std::move(*object);
    } else if (!is_about_one_object(object.error())) {
      return std::unexpected(object.error());
    }
    // Not found, or a name the server refuses: creating it says so, in its turn.
  }
  return {};
}

base::Result<void> Apply::apply_one(const Document& document) {
  const Live& live = live_[document.kind];
  const auto found = live.find(key_of(document));
  if (found == live.end()) return create(document);
  const Resource before = renamed(*found->second, name_of(*document.message));
  // What a Secret holds is never read back, so whether it differs is for the server to say.
  if (resource::same_intent(*before, *document.message) && !has_data(*document.message)) return {};
  return update(document, *before);
}

base::Result<void> Apply::create(const Document& document) {
  const std::string& name = name_of(*document.message);
  if (!options_.dry_run) {
    const auto stored = api_.create(*document.message);
    if (!stored) return refused(document, "create", stored.error());
  }
  ++outcome_.created;
  report(document.kind, name, "Created");
  if (options_.diff) show(*Resource(document.message->New()), *document.message);
  return {};
}

base::Result<void> Apply::update(const Document& document, const Message& live) {
  Resource object(document.message->New());
  object->CopyFrom(*document.message);
  resource::mutable_metadata_of(*object);  // the server insists on it, even for a ClusterConfig
  if (!options_.dry_run) {
    auto stored = api_.update(*object);
    for (int race = 1; race < kMaxRaces && !stored; ++race) {
      if (stored.error().code != base::Code::kOutOfRange) break;
      stored = api_.update(*object);
    }
    if (!stored) return refused(document, "update", stored.error());
    // Defaults that the server fills in are no change.
    const std::string& version = resource::metadata_of(**stored).resourceversion();
    if (!version.empty() && version == resource::metadata_of(live).resourceversion()) return {};
  }
  if (document.kind == Kind::kClusterConfig) {
    outcome_.cluster_config_updated = true;
    if (options_.diff) report(document.kind, "default", "Updated");
  } else {
    ++outcome_.updated;
    report(document.kind, name_of(*document.message), "Updated");
  }
  if (options_.diff) show(live, *document.message);
  return {};
}

base::Result<void> Apply::refused(const Document& document, std::string_view verb,
                                  const base::Error& error) {
  if (!is_about_one_object(error)) return std::unexpected(error);
  ++outcome_.refused;
  base::Error located = error;
  located.message = locate(error.message, document);
  terminal_.error(fmt::format("Could not {} {} {}. {}", verb, resource::kind_name(document.kind),
                              name_of(*document.message), describe(located)));
  return {};
}

// Backwards, so that a Namespace goes after its Services and a Group after its Users. What the
// cluster made itself (the built-in Policies, the first User) was never anyone's input and stays.
base::Result<void> Apply::prune(const std::vector<Document>& documents) {
  std::set<std::pair<Kind, std::string>> wanted;
  for (const Document& document : documents) wanted.emplace(document.kind, key_of(document));
  const auto kinds = all_kinds();
  for (auto words = kinds.rbegin(); words != kinds.rend(); ++words) {
    if (!options_.prunes(words->kind)) continue;
    std::vector<const Message*> extra;
    for (const auto& [name, object] : live_[words->kind]) {
      const metav1::Metadata& metadata = resource::metadata_of(*object);
      const bool is_ours = metadata.has_actorref() && !metadata.issystem();
      if (is_ours && !wanted.contains({words->kind, name})) extra.push_back(object.get());
    }
    // Children before their parents.
    std::ranges::sort(extra, std::greater(), [](const Message* object) {
      return std::ranges::count(name_of(*object), '.');
    });
    for (const Message* object : extra) BASE_TRY(prune_one(words->kind, *object));
  }
  return {};
}

base::Result<void> Apply::prune_one(Kind kind, const Message& live) {
  if (!options_.dry_run) {
    metav1::DeleteOptions options;
    options.set_uid(resource::metadata_of(live).uid());
    const auto done = api_.remove(kind, options);
    if (!done && done.error().code == base::Code::kNotFound) return {};
    if (!done && !is_about_one_object(done.error())) return done;
    if (!done) {
      ++outcome_.refused;
      terminal_.error(fmt::format("Could not delete {} {}. {}", resource::kind_name(kind),
                                  name_of(live), describe(done.error())));
      return {};
    }
  }
  ++outcome_.deleted;
  report(kind, name_of(live), "Deleted");
  return {};
}

void Apply::report(Kind kind, std::string_view name, std::string_view done) {
  terminal_.line(fmt::format("{}: {} {}{}", resource::kind_name(kind), name, done,
                             options_.dry_run ? " (dry run)" : ""));
}

void Apply::show(const Message& before, const Message& after) {
  const Resource old_intent = resource::intent_of(before);
  const Resource new_intent = resource::intent_of(after);
  const auto shown = [](const std::string& value) { return value.empty() ? "(none)" : value; };
  for (const auto& [path, was, is] : resource::diff(*old_intent, *new_intent)) {
    terminal_.line(fmt::format("    {}: {} -> {}", path, shown(was), shown(is)));
  }
}

void Apply::summarise() {
  if (outcome_.created + outcome_.updated + outcome_.deleted > 0) {
    terminal_.success(options_.dry_run
                          ? "Dry run: nothing was sent, and the server has checked nothing"
                          : "Cluster Core resources successfully applied");
    const std::pair<int, std::string_view> counts[] = {{outcome_.created, "created"},
                                                       {outcome_.updated, "updated"},
                                                       {outcome_.deleted, "deleted"}};
    for (const auto& [count, word] : counts) {
      if (count > 0) terminal_.line(fmt::format(" {} resources {}", count, word));
    }
  } else if (outcome_.refused == 0 && !outcome_.cluster_config_updated) {
    terminal_.line("No applied changes in Cluster Core resources");
  }
  if (outcome_.cluster_config_updated) {
    terminal_.print(options_.dry_run ? "\n ClusterConfig updated (dry run)\n"
                                     : "\n ClusterConfig updated\n");
  }
  if (outcome_.refused > 0) {
    terminal_.error(fmt::format("{} {} refused", outcome_.refused,
                                outcome_.refused == 1 ? "resource was" : "resources were"));
  }
}

}  // namespace cli
