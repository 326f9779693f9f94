#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>
#include <vector>

#include "resource/kind.h"
#include "resource/problem.h"

namespace resource {

// What the resource asks for and nothing in this gateway acts on, a sentence for each field that is
// set. Accepting it would promise what is not done. The table is refuse_table.h.
std::vector<Problem> refuse(const Message& resource);

// The sentence for one field; empty when something acts on it.
std::string_view refusal_of(const google::protobuf::FieldDescriptor& field);

// The same as refuse() for a part of a resource; paths begin with the part's own fields.
std::vector<Problem> refuse_part(const Message& part);

}  // namespace resource
