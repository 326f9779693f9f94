#include "cel/source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cel/example_context.h"
#include "cel/program.h"

namespace cel {
namespace {

const std::string kAccented = "\xC3\xA9";  // two bytes, which a limit may fall between

TEST(Source, CutsTextsBetweenCharacters) {
  EXPECT_EQ(head("abc", 3), "abc");
  EXPECT_EQ(head("abc", 2), "ab");
  EXPECT_EQ(head("a" + kAccented, 2), "a");
  EXPECT_EQ(head(kAccented, 1), "");
  EXPECT_EQ(printable("a\nb\x7f\xFF"), "a b \xEF\xBF\xBD");
}

// A message quotes the source and constants: neither may break it into lines or leave half a
// character.
TEST(Source, MessagesAreOneLineOfWholeCharacters) {
  for (const std::string& source :
       {"1 '" + std::string(38, 'x') + kAccented + "'", std::string("1 '''a\nb'''"),
        std::string("ctx['a\\nb']"), "int('" + std::string(79, 'x') + kAccented + "')",
        std::string("int('a\\n\\x7f')")}) {
    const auto program = compile(source, ExampleSchema());
    ASSERT_FALSE(program) << source;
    const std::string& message = program.error().message;
    EXPECT_TRUE(is_utf8(message)) << source;
    EXPECT_EQ(std::ranges::count(message, '\n'), 2) << message;
    EXPECT_EQ(message.find('\x7f'), std::string::npos) << message;
  }
}

TEST(Source, DescriptionsOfErrorsAreOneLineOfWholeCharacters) {
  const auto program =
      compile("int(ctx.user.metadata.name + '\\n" + std::string(73, 'x') + kAccented + "')",
              ExampleSchema());
  ASSERT_TRUE(program) << program.error().message;
  Arena arena;
  const Value error = (*program)->evaluate(ExampleSource(), arena);
  const std::string message = (*program)->describe(error);
  EXPECT_TRUE(is_utf8(message)) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

}  // namespace
}  // namespace cel
