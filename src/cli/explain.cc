#include "cli/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/encoding.h"
#include "cli/input_files.h"
#include "policy/explanation_text.h"
#include "resource/document.h"

namespace cli {
namespace {

namespace extv1 = octelium::api::ext::v1;
namespace corev1 = resource::corev1;

constexpr std::size_t kMaxBody = 2 << 20;  // more than rules may read
constexpr std::size_t kMaxOverlay = 1 << 20;

std::unexpected<base::Error> fail_flag(std::string message) {
  return base::fail_invalid("flag_invalid", std::move(message));
}

template <typename T>
base::Result<void> read_overlay(const std::string& file, std::istream& in, T& out) {
  BASE_ASSIGN(const std::string text, read_input(file, in, kMaxOverlay));
  if (const auto read = resource::decode_into(text, out); !read)
    return fail_flag(fmt::format("{}:{}", file, read.error().message));
  return {};
}

base::Result<void> add_header(const std::string& text, google::protobuf::Struct& out) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0)
    return fail_flag(fmt::format("--header is 'name: value', not '{}'", text));
  const std::size_t begin = text.find_first_not_of(" \t", colon + 1);
  google::protobuf::Value value;
  value.set_string_value(begin == std::string::npos ? "" : text.substr(begin));
  const std::string name = base::to_lower(text.substr(0, colon));  // one, in their order
  *(*out.mutable_fields())[name].mutable_list_value()->add_values() = value;
  return {};
}

base::Result<void> fill_identity(const ExplainFlags& flags, std::istream& in,
                                 extv1::Hypothetical& out) {
  const bool is_nobody = flags.is_anonymous || (flags.as && flags.as->empty());
  if (flags.is_anonymous && flags.as && !flags.as->empty())
    return fail_flag("--anonymous and --as exclude each other");
  if (!is_nobody && !flags.as)
    return fail_flag("--as says which User asks; --anonymous if nobody does");
  if (is_nobody) return {};
  extv1::Identity& identity = *out.mutable_identity();
  identity.set_user(*flags.as);
  identity.mutable_groups()->Assign(flags.groups.begin(), flags.groups.end());
  if (!flags.session_file.empty())
    BASE_TRY(read_overlay(flags.session_file, in, *identity.mutable_session()));
  if (!flags.device_file.empty())
    BASE_TRY(read_overlay(flags.device_file, in, *identity.mutable_device()));
  if (flags.session_type.empty()) return {};
  if (flags.session_type != "client" && flags.session_type != "clientless")
    return fail_flag(
        fmt::format("--session-type is client or clientless, not '{}'", flags.session_type));
  identity.mutable_session()->mutable_status()->set_type(flags.session_type == "client"
                                                             ? corev1::Session::Status::CLIENT
                                                             : corev1::Session::Status::CLIENTLESS);
  return {};
}

bool describes_a_request(const ExplainFlags& flags) {
  const auto is_given = [](const std::string* flag) { return !flag->empty(); };
  return flags.as || flags.is_anonymous || flags.body || !flags.groups.empty() ||
         !flags.headers.empty() ||
         std::ranges::any_of(std::array{&flags.service, &flags.session_type, &flags.session_file,
                                        &flags.device_file, &flags.method, &flags.path,
                                        &flags.query, &flags.client_ip},
                             is_given);
}

}  // namespace

base::Result<extv1::ExplainRequest> make_explain_request(const ExplainFlags& flags,
                                                         std::istream& in) {
  extv1::ExplainRequest out;
  if (flags.id.empty() ? flags.service.empty() : describes_a_request(flags))
    return fail_flag("either the id of a request, or --service and what would be asked of it");
  if (!flags.id.empty()) {
    out.set_requestid(flags.id);
    return out;
  }
  extv1::Hypothetical& made_up = *out.mutable_hypothetical();
  made_up.set_service(flags.service);
  BASE_TRY(fill_identity(flags, in, made_up));
  extv1::Request& request = *made_up.mutable_request();
  request.set_method(flags.method);
  request.set_path(flags.path);
  request.set_query(flags.query);
  request.set_clientip(flags.client_ip);
  for (const std::string& header : flags.headers)
    BASE_TRY(add_header(header, *request.mutable_headers()));
  if (!flags.body) return out;
  if (!flags.body->starts_with('@')) {
    request.set_rawbody(*flags.body);
    return out;
  }
  BASE_ASSIGN(*request.mutable_rawbody(), read_input(flags.body->substr(1), in, kMaxBody));
  return out;
}

base::Result<void> run_explain(Transport& transport, Terminal& terminal,
                               const ExplainFlags& flags) {
  BASE_ASSIGN(const Format format, parse_format(flags.output));
  BASE_ASSIGN(const auto request, make_explain_request(flags, terminal.in()));
  extv1::Explanation explanation;
  BASE_TRY(transport.call(
      {.service = ApiService::kExplain, .method = "Explain", .is_repeatable = true, .metadata = {}},
      request, explanation));
  if (format != Format::kDefault) {
    print_message(terminal, explanation, format);
    return {};
  }
  std::istringstream lines(policy::render_text(explanation));
  for (std::string line; std::getline(lines, line);) terminal.line(line);
  return {};
}

}  // namespace cli
