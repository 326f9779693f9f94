#pragma once

#include <cstdint>
#include <string_view>

namespace http {

// Why a request was refused before anything looked at what it asks for (design of the canonical
// request, docs/architecture.md). Status, name and whether the connection can go on are functions
// of it.
enum class Reject : std::uint8_t {
  kNone,
  kRequestLineMalformed,
  kVersionUnsupported,
  kMethodMalformed,
  kMethodNotAllowed,
  kBareLineBreak,
  kObsFold,
  kFieldNameMalformed,
  kFieldValueMalformed,
  kHeadTooLarge,
  kHeadTimeout,
  kTargetTooLong,
  kTooManyFields,
  kDuplicateField,
  kConnectionField,
  kContentLengthMalformed,
  kFramingConflict,
  kTransferCodingUnsupported,
  kHostMissing,
  kHostMalformed,
  kAuthorityConflict,
  kSchemeMalformed,
  kTargetMalformed,
  kPathControl,
  kPathBackslash,
  kPathEscapeMalformed,
  kPathEscapeForbidden,
  kPathParameterSegment,
  kQueryMalformed,
  kUpgradeMalformed,
  kTeMalformed,
  kExpectationUnsupported,
  kPathNonAscii,
};

int reject_status(Reject reject);
// A stable snake_case word.
std::string_view reject_name(Reject reject);
// Where the next request begins is in doubt.
bool reject_closes(Reject reject);

}  // namespace http
