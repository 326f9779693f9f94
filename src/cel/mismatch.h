#pragma once

#include <span>
#include <string>

#include "cel/function.h"
#include "cel/type.h"

namespace cel {

// Why no overload of a function or operator takes arguments of these types, the receiver first, in
// words for the writer of the expression.
std::string describe_mismatch(const Function& function, std::span<const Type* const> given,
                              bool has_receiver);

}  // namespace cel
