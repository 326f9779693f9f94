#include "cli/programs.h"
#include "cmd/openssl_exit.h"

int main(int argc, char** argv) {
  cmd::keep_openssl_until_the_end();
  const cli::Environment environment = cli::process_environment();
  cli::Terminal terminal = cli::Terminal::of_process(environment("NO_COLOR").has_value());
  return cli::run_octeliumctl(argc, argv, environment, terminal);
}
