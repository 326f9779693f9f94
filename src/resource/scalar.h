#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "resource/syntax.h"

namespace resource {

// Whether a value may be shown in a message; those of Secrets may not.
enum class Quote : std::uint8_t { kYes, kNo };

// "the text "abc"", "the number 12", "a list": what stands in the file, cut when long.
std::string describe(const Node& node, Quote quote);

// A scalar read as the type of a field, or the sentence that says why it cannot be. Numbers may be
// quoted, as proto3 JSON allows; text that looks like a number or a boolean may not stand bare.
template <typename T>
using Scalar = std::expected<T, std::string>;

Scalar<std::string> read_string(const Node& node, Quote quote);
Scalar<bool> read_bool(const Node& node, Quote quote);
// T is one of the four integer types of protobuf.
template <typename T>
Scalar<T> read_integer(const Node& node, Quote quote);
Scalar<double> read_double(const Node& node, Quote quote);
Scalar<float> read_float(const Node& node, Quote quote);
Scalar<std::string> read_bytes(const Node& node, Quote quote);
Scalar<int> read_enum(const Node& node, const google::protobuf::EnumDescriptor& type);
Scalar<google::protobuf::Timestamp> read_timestamp(const Node& node, Quote quote);

}  // namespace resource
