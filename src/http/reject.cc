#include "http/reject.h"

#include <array>

namespace http {
namespace {

struct Row {
  std::string_view name;
  int status;
  bool closes;
};

constexpr std::array kRows = {
    Row{"", 200, false},
    Row{"request_line_malformed", 400, true},
    Row{"version_unsupported", 505, true},
    Row{"method_malformed", 400, true},
    Row{"method_not_allowed", 405, true},
    Row{"bare_line_break", 400, true},
    Row{"obs_fold", 400, true},
    Row{"field_name_malformed", 400, true},
    Row{"field_value_malformed", 400, true},
    Row{"head_too_large", 431, true},
    Row{"head_timeout", 408, true},
    Row{"target_too_long", 414, true},
    Row{"too_many_fields", 431, true},
    Row{"duplicate_field", 400, true},
    Row{"connection_field_forbidden", 400, true},
    Row{"content_length_malformed", 400, true},
    Row{"framing_conflict", 400, true},
    Row{"transfer_coding_unsupported", 501, true},
    Row{"host_missing", 400, true},
    Row{"host_malformed", 400, true},
    Row{"authority_conflict", 400, true},
    Row{"scheme_malformed", 400, true},
    Row{"target_malformed", 400, true},
    Row{"path_control_byte", 400, false},
    Row{"path_backslash", 400, false},
    Row{"path_escape_malformed", 400, false},
    Row{"path_escape_forbidden", 400, false},
    Row{"path_parameter_segment", 400, false},
    Row{"query_malformed", 400, false},
    Row{"upgrade_malformed", 400, true},
    Row{"te_malformed", 400, true},
    Row{"expectation_unsupported", 417, true},
};

const Row& row(Reject reject) { return kRows[static_cast<std::size_t>(reject)]; }

}  // namespace

int reject_status(Reject reject) { return row(reject).status; }
std::string_view reject_name(Reject reject) { return row(reject).name; }
bool reject_closes(Reject reject) { return row(reject).closes; }

}  // namespace http
