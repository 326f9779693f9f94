#pragma once

#include "cli/settings.h"
#include "cli/terminal.h"

namespace cli {

// The two programs without their process: what main calls and tests can call. The result is the
// exit code: 0 when everything was done, 1 otherwise.
int run_octeliumctl(int argc, const char* const* argv, const Environment& environment,
                    Terminal& terminal);
int run_octelium(int argc, const char* const* argv, const Environment& environment,
                 Terminal& terminal);

}  // namespace cli
