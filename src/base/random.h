#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace base {

// Fills from the operating system's generator; ends the process if it fails, since nothing safe can
// follow.
void random_bytes(std::span<unsigned char> out);

// `size` characters of [a-z0-9], the first a letter; uniformly drawn.
std::string random_name(std::size_t size);

// RFC 9562 UUIDs in their 36-character lower-case form. Version 7 is ordered by `now`
// (milliseconds).
std::string make_uuid_v4();
std::string make_uuid_v7(WallTime now);

bool is_uuid_v4(std::string_view text);

}  // namespace base
