#pragma once

#include <string>

#include "extv1.pb.h"

namespace policy {

// The Explanation for a person: an indented tree. What decided stands in the first line; below each
// condition that did not match, or failed, are the parts of its expression that made it so, marked
// with ✗, and the values that these were made of.
std::string render_text(const octelium::api::ext::v1::Explanation& explanation);

// "rules[0]", or its name; with the Policy in front: "office-hours/weekdays".
std::string rule_name(const octelium::api::ext::v1::Rule& rule);
// "Policy office-hours", "inline policy x of Service api.default", "inline policy of Service ...".
std::string source_name(const octelium::api::ext::v1::PolicySource& source);

}  // namespace policy
