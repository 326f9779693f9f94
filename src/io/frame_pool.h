#pragma once

#include <cstddef>

namespace io {

// Memory for coroutine frames, kept per thread and size class, so that a request's frames are found
// where the last one left them. A frame may be given back on another thread than it was taken on.
void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size);

}  // namespace io
