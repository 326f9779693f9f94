#include "http/reject.h"

#include <array>

namespace http {
namespace {

struct Row {
  Reject reject;
  std::string_view name;
  int status;
  bool closes;
};

constexpr std::array kRows = {
    Row{Reject::kNone, "", 200, false},
    Row{Reject::kRequestLineMalformed, "request_line_malformed", 400, true},
    Row{Reject::kVersionUnsupported, "version_unsupported", 505, true},
    Row{Reject::kMethodMalformed, "method_malformed", 400, true},
    Row{Reject::kMethodNotAllowed, "method_not_allowed", 405, true},
    Row{Reject::kBareLineBreak, "bare_line_break", 400, true},
    Row{Reject::kObsFold, "obs_fold", 400, true},
    Row{Reject::kFieldNameMalformed, "field_name_malformed", 400, true},
    Row{Reject::kFieldValueMalformed, "field_value_malformed", 400, true},
    Row{Reject::kHeadTooLarge, "head_too_large", 431, true},
    Row{Reject::kHeadTimeout, "head_timeout", 408, true},
    Row{Reject::kTargetTooLong, "target_too_long", 414, true},
    Row{Reject::kTooManyFields, "too_many_fields", 431, true},
    Row{Reject::kDuplicateField, "duplicate_field", 400, true},
    Row{Reject::kConnectionField, "connection_field_forbidden", 400, true},
    Row{Reject::kContentLengthMalformed, "content_length_malformed", 400, true},
    Row{Reject::kFramingConflict, "framing_conflict", 400, true},
    Row{Reject::kTransferCodingUnsupported, "transfer_coding_unsupported", 501, true},
    Row{Reject::kHostMissing, "host_missing", 400, true},
    Row{Reject::kHostMalformed, "host_malformed", 400, true},
    Row{Reject::kAuthorityConflict, "authority_conflict", 400, true},
    Row{Reject::kSchemeMalformed, "scheme_malformed", 400, true},
    Row{Reject::kTargetMalformed, "target_malformed", 400, true},
    Row{Reject::kPathControl, "path_control_byte", 400, false},
    Row{Reject::kPathBackslash, "path_backslash", 400, false},
    Row{Reject::kPathEscapeMalformed, "path_escape_malformed", 400, false},
    Row{Reject::kPathEscapeForbidden, "path_escape_forbidden", 400, false},
    Row{Reject::kPathParameterSegment, "path_parameter_segment", 400, false},
    Row{Reject::kQueryMalformed, "query_malformed", 400, false},
    Row{Reject::kUpgradeMalformed, "upgrade_malformed", 400, true},
    Row{Reject::kTeMalformed, "te_malformed", 400, true},
    Row{Reject::kExpectationUnsupported, "expectation_unsupported", 417, true},
    Row{Reject::kPathNonAscii, "path_non_ascii", 400, false},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].reject) != i) return false;
  return true;
}
static_assert(is_in_order());
static_assert(kRows.back().reject == Reject::kPathNonAscii, "one row for each reason");

const Row& row(Reject reject) { return kRows[static_cast<std::size_t>(reject)]; }

}  // namespace

int reject_status(Reject reject) { return row(reject).status; }
std::string_view reject_name(Reject reject) { return row(reject).name; }
bool reject_closes(Reject reject) { return row(reject).closes; }

}  // namespace http
