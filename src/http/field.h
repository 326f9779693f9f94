#pragma once

#include <string_view>

#include "http/message.h"

namespace http {

// The id of a field by its name, in any case. Names that identity and forwarding depend on are recognised with `_`
// for `-` as well, since some upstreams read them so.
FieldId classify(std::string_view name);

bool equals_ignoring_case(std::string_view a, std::string_view b);

// RFC 9110 §5.6.2.
bool is_token(std::string_view text);
// RFC 9110 §5.5 without obs-text restrictions: no control bytes but HTAB.
bool is_field_value(std::string_view text);

// Takes the next element of a comma-separated list off the front, without surrounding whitespace; empty elements
// are given as they are. False at the end.
bool next_element(std::string_view& list, std::string_view& element);

}  // namespace http
