#include <gtest/gtest.h>

#include "cel/example_context.h"
#include "cel/program.h"

namespace cel {
namespace {

// Each row is a wrong expression and the whole message: line, column, what is wrong and what was
// expected, the line of the source, a caret.
constexpr struct {
  std::string_view source;
  std::string_view message;
} kRows[] = {
    {R"x(ctx.user.spec.grups == 1)x",
     R"x(1:15: unknown field "grups" of ctx.user.spec; did you mean "groups"?
 ctx.user.spec.grups == 1
               ^)x"},
    {R"x(ctx.groups.exists(g, g.metdata.name == "x"))x",
     R"x(1:24: unknown field "metdata" of g; did you mean "metadata"?
 ctx.groups.exists(g, g.metdata.name == "x")
                        ^)x"},
    {R"x(ctx.groups[0].metadata.nam == "x")x",
     R"x(1:24: unknown field "nam" of ctx.groups[...].metadata; did you mean "name"?
 ctx.groups[0].metadata.nam == "x"
                        ^)x"},
    {R"x(ctx["usr"].spec)x",
     R"x(1:4: unknown field "usr" of ctx; did you mean "user"?
 ctx["usr"].spec
    ^)x"},
    {R"x(user.metadata.name == "alice")x",
     R"x(1:1: unknown variable "user"
 user.metadata.name == "alice"
 ^)x"},
    {R"x(ctxt.user)x",
     R"x(1:1: unknown variable "ctxt"; did you mean "ctx"?
 ctxt.user
 ^)x"},
    {R"x(attr.ports)x",
     R"x(1:1: unknown variable "attr"; did you mean "attrs"?
 attr.ports
 ^)x"},
    {R"x(ctx.user.metadata.name.toUper() == "A")x",
     R"x(1:24: unknown function "toUper"; did you mean "toUpper"?
 ctx.user.metadata.name.toUper() == "A"
                        ^)x"},
    {R"x(ctx.user.spec.groups.hasall("dev"))x",
     R"x(1:22: unknown function "hasall"; did you mean "hasAll"?
 ctx.user.spec.groups.hasall("dev")
                      ^)x"},
    {R"x(net.isIPP("x"))x",
     R"x(1:5: unknown function "net.isIPP"; did you mean "net.isIP"?
 net.isIPP("x")
     ^)x"},
    {R"x(math.great(1, 2))x",
     R"x(1:6: unknown function "math.great"; did you mean "math.greatest"?
 math.great(1, 2)
      ^)x"},
    {R"x(strings.qoute("a"))x",
     R"x(1:9: unknown function "strings.qoute"; did you mean "strings.quote"?
 strings.qoute("a")
         ^)x"},
    {R"x(ctx.groups.exist(g, g.kind == "x"))x",
     R"x(1:12: unknown function "exist"; did you mean "exists"?
 ctx.groups.exist(g, g.kind == "x")
            ^)x"},
    {R"x(ctx.groups.exists(g))x",
     R"x(1:12: exists() is written as exists(x, condition) or exists(i, x, condition) of a list or map
 ctx.groups.exists(g)
            ^)x"},
    {R"x(ctx.groups.map(g))x",
     R"x(1:12: map() is written as map(x, value) or map(x, condition, value) of a list or map
 ctx.groups.map(g)
            ^)x"},
    {R"x(has(ctx.user, "x"))x",
     R"x(1:1: has() is written as has(a.b)
 has(ctx.user, "x")
 ^)x"},
    {R"x(has(ctx))x",
     R"x(1:5: has() needs a field selection, such as has(a.b)
 has(ctx)
     ^)x"},
    {R"x(has(google.protobuf.Timestamp))x",
     R"x(1:21: has() needs a field; google.protobuf.Timestamp is no variable
 has(google.protobuf.Timestamp)
                     ^)x"},
    {R"x(has(ctx["user"]))x",
     R"x(1:8: has() needs a field selection, such as has(a.b)
 has(ctx["user"])
        ^)x"},
    {R"x([1].exists(1, true))x",
     R"x(1:12: argument 1 of exists() is the name of a variable
 [1].exists(1, true)
            ^)x"},
    {R"x([1].exists(a.b, true))x",
     R"x(1:14: argument 1 of exists() is the name of a variable
 [1].exists(a.b, true)
              ^)x"},
    {R"x([1, 2].exists(i, i, i > 1))x",
     R"x(1:18: the two variables of exists() have the same name
 [1, 2].exists(i, i, i > 1)
                  ^)x"},
    {R"x(cel.bind(x, 1))x",
     R"x(1:5: cel.bind() is written as cel.bind(x, value, expression)
 cel.bind(x, 1)
     ^)x"},
    {R"x(cel.bind("x", 1, x))x",
     R"x(1:10: argument 1 of cel.bind() is the name of a variable
 cel.bind("x", 1, x)
          ^)x"},
    {R"x(cel.index(0))x",
     R"x(1:5: cel.index() names no value of a cel.block() before it
 cel.index(0)
     ^)x"},
    {R"x(cel.block(1, 2))x",
     R"x(1:11: argument 1 of cel.block() is a list literal
 cel.block(1, 2)
           ^)x"},
    {R"x("1" == 1)x",
     R"x(1:5: "==" does not take (string, int); values of different types are not compared
 "1" == 1
     ^)x"},
    {R"x(1 < 2.0)x",
     R"x(1:3: "<" does not take (int, double); convert one side with int(), uint() or double()
 1 < 2.0
   ^)x"},
    {R"x(1 == 2u)x",
     R"x(1:3: "==" does not take (int, uint); convert one side with int(), uint() or double()
 1 == 2u
   ^)x"},
    {R"x(1 + 1u)x",
     R"x(1:3: "+" does not take (int, uint); convert one side with int(), uint() or double()
 1 + 1u
   ^)x"},
    {R"x("a" + 1)x",
     R"x(1:5: "+" does not take (string, int)
 "a" + 1
     ^)x"},
    {R"x([1] + ["a"])x",
     R"x(1:5: "+" does not take (list(int), list(string))
 [1] + ["a"]
     ^)x"},
    {R"x(!1)x",
     R"x(1:1: "!" does not take (int); it takes (bool)
 !1
 ^)x"},
    {R"x(-"a")x",
     R"x(1:1: "-" does not take (string); it takes (int) or (double)
 -"a"
 ^)x"},
    {R"x("a" && true)x",
     R"x(1:5: "&&" does not take (string, bool); it takes (bool...)
 "a" && true
     ^)x"},
    {R"x(true ? 1 : "x")x",
     R"x(1:6: the branches of ?: are int and string; they need one type
 true ? 1 : "x"
      ^)x"},
    {R"x(1 ? 2 : 3)x",
     R"x(1:3: the condition of ?: is a bool, not int
 1 ? 2 : 3
   ^)x"},
    {R"x(1 in 2)x",
     R"x(1:3: "in" needs a list or map, not int
 1 in 2
   ^)x"},
    {R"x(1 in ["a"])x",
     R"x(1:3: a list(string) holds no int
 1 in ["a"]
   ^)x"},
    {R"x([1]["a"])x",
     R"x(1:4: a list is indexed by an int, not string
 [1]["a"]
    ^)x"},
    {R"x({"a": 1}[1])x",
     R"x(1:9: the keys of a map(string, int) are string, not int
 {"a": 1}[1]
         ^)x"},
    {R"x("abc".size)x",
     R"x(1:7: string has no field "size"; did you mean "size()"?
 "abc".size
       ^)x"},
    {R"x("a".startsWith(1))x",
     R"x(1:5: "startsWith" does not take string.(int); it takes string.(string)
 "a".startsWith(1)
     ^)x"},
    {R"x(startsWith("a", "b"))x",
     R"x(1:1: "startsWith" does not take (string, string); it takes string.(string)
 startsWith("a", "b")
 ^)x"},
    {R"x(size(1))x",
     R"x(1:1: "size" does not take (int)
 size(1)
 ^)x"},
    {R"x(int("x") == 1)x",
     R"x(1:1: int() of this constant fails: not an int: x
 int("x") == 1
 ^)x"},
    {R"x(timestamp("nope") < now())x",
     R"x(1:1: timestamp() of this constant fails: not an RFC 3339 timestamp: nope
 timestamp("nope") < now()
 ^)x"},
    {R"x(duration("1 hour") < duration("1h"))x",
     R"x(1:1: duration() of this constant fails: not a duration such as 1h30m: 1 hour
 duration("1 hour") < duration("1h")
 ^)x"},
    {R"x(bool("maybe"))x",
     R"x(1:1: bool() of this constant fails: not a bool: maybe
 bool("maybe")
 ^)x"},
    {R"x(ip("300.1.1.1"))x",
     R"x(1:1: ip() of this constant fails: not an IP address: 300.1.1.1
 ip("300.1.1.1")
 ^)x"},
    {R"x(ctx.user.metadata.name.matches("["))x",
     R"x(1:32: the regular expression is invalid: missing ]: [
 ctx.user.metadata.name.matches("[")
                                ^)x"},
    {R"x(ctx.user.metadata.name.matches("(a{1000}){1000}"))x",
     R"x(1:32: the regular expression is invalid: invalid repetition size: {1000}
 ctx.user.metadata.name.matches("(a{1000}){1000}")
                                ^)x"},
    {R"x("%d".format(["x"]) == "")x",
     R"x(1:6: format() of this constant fails: %d needs an int or uint
 "%d".format(["x"]) == ""
      ^)x"},
    {R"x("%s and %s".format(["x"]) == "")x",
     R"x(1:13: the format has 2 clauses, the list 1 value
 "%s and %s".format(["x"]) == ""
             ^)x"},
    {R"x("%q".format([1]) == "")x",
     R"x(1:6: format() of this constant fails: unknown clause; there are %s %d %f %e %b %o %x %X %%
 "%q".format([1]) == ""
      ^)x"},
    {R"x(math.greatest("a", 1))x",
     R"x(1:6: "math.greatest" does not take (string, int)
 math.greatest("a", 1)
      ^)x"},
    {R"x([1, "a"].sum())x",
     R"x(1:10: unknown function "sum"
 [1, "a"].sum()
          ^)x"},
    {R"x({1.5: "a"})x",
     R"x(1:2: a map's key is a bool, int, uint or string, not double
 {1.5: "a"}
  ^)x"},
    {R"x({"a": 1, "b"})x",
     R"x(1:13: unexpected "}"; expected ":" after a key
 {"a": 1, "b"}
             ^)x"},
    {R"x([1, 2)x",
     R"x(1:6: the expression ends where "," or "]" is expected
 [1, 2
      ^)x"},
    {R"x((1 + 2)x",
     R"x(1:7: the expression ends where ")" is expected
 (1 + 2
       ^)x"},
    {R"x(1 +)x",
     R"x(1:4: the expression ends where a value is expected
 1 +
    ^)x"},
    {R"x(a.b.)x",
     R"x(1:5: the expression ends where the name of a field or function is expected
 a.b.
     ^)x"},
    {R"x(!!!!)x",
     R"x(1:5: the expression ends where a value is expected
 !!!!
     ^)x"},
    {R"x(1 2)x",
     R"x(1:3: unexpected "2"; expected an operator or the end
 1 2
   ^)x"},
    {R"x(true and false)x",
     R"x(1:6: unexpected "and"; expected an operator or the end; "and" is written &&
 true and false
      ^)x"},
    {R"x(true or false)x",
     R"x(1:6: unexpected "or"; expected an operator or the end; "or" is written ||
 true or false
      ^)x"},
    {R"x(1 = 1)x",
     R"x(1:3: a single "=" is no operator; use "=="
 1 = 1
   ^)x"},
    {R"x(true & false)x",
     R"x(1:6: a single "&" is no operator; use "&&"
 true & false
      ^)x"},
    {R"x(true | false)x",
     R"x(1:6: a single "|" is no operator; use "||"
 true | false
      ^)x"},
    {R"x(package == 1)x",
     R"x(1:1: "package" is a reserved word and names no variable
 package == 1
 ^)x"},
    {R"x(ctx.user as x)x",
     R"x(1:10: unexpected "as"; expected an operator or the end
 ctx.user as x
          ^)x"},
    {R"x(9223372036854775808)x",
     R"x(1:1: the number does not fit into an int
 9223372036854775808
 ^)x"},
    {R"x(18446744073709551616u)x",
     R"x(1:1: the number does not fit into a uint
 18446744073709551616u
 ^)x"},
    {R"x(1e999)x",
     R"x(1:1: the number does not fit into a double
 1e999
 ^)x"},
    {R"x(1 + 12abc)x",
     R"x(1:7: unexpected letter after a number
 1 + 12abc
       ^)x"},
    {R"x(0x)x",
     R"x(1:2: unexpected letter after a number
 0x
  ^)x"},
    {R"x(1e)x",
     R"x(1:1: the exponent has no digits
 1e
 ^)x"},
    {R"x("abc)x",
     R"x(1:1: the text has no closing quote
 "abc
 ^)x"},
    {R"x('abc")x",
     R"x(1:1: the text has no closing quote
 'abc"
 ^)x"},
    {R"x("\q")x",
     R"x(1:2: unknown escape
 "\q"
  ^)x"},
    {R"x('\ud800')x",
     R"x(1:2: the escape names no Unicode character
 '\ud800'
  ^)x"},
    {R"x("\x4")x",
     R"x(1:2: \x needs two hexadecimal digits
 "\x4"
  ^)x"},
    {R"x(b"\u0041")x",
     R"x(1:3: \u and \U are not allowed in bytes; use \x
 b"\u0041"
   ^)x"},
    {R"x("a
b")x",
     R"x(1:1: the line ends within the text; write \n, or use three quotes
 "a
 ^)x"},
    {R"x(`a b` == 1)x",
     R"x(1:1: unexpected "a b"; expected a value
 `a b` == 1
 ^)x"},
    {R"x(ctx.`a+b`)x",
     R"x(1:5: a name in backquotes holds letters, digits, "_", ".", "-", "/", spaces and ends with a backquote
 ctx.`a+b`
     ^)x"},
    {R"x(#)x",
     R"x(1:1: unexpected character "#" U+0023
 #
 ^)x"},
    {R"x(“quoted”)x",
     R"x(1:1: unexpected character "“" U+201C
 “quoted”
 ^)x"},
    {R"x(ctx.user
  && 1)x",
     R"x(2:3: "&&" does not take (dyn, int); it takes (bool...)
   && 1
   ^)x"},
    {R"x([1].all(x, x))x",
     R"x(1:12: the condition of a loop is a bool, not int
 [1].all(x, x)
            ^)x"},
    {R"x([1].filter(x, 1))x",
     R"x(1:15: the condition of a loop is a bool, not int
 [1].filter(x, 1)
               ^)x"},
    {R"x("abc".map(x, x))x",
     R"x(1:1: a loop needs a list or map, not string
 "abc".map(x, x)
 ^)x"},
    {R"x(optional.of(1) + 1)x",
     R"x(1:16: "+" does not take (optional(int), int)
 optional.of(1) + 1
                ^)x"},
    {R"x(optional.of(1).optFlatMap(x, 1))x",
     R"x(1:16: the last argument of optFlatMap() is an optional value
 optional.of(1).optFlatMap(x, 1)
                ^)x"},
    {R"x([?1])x",
     R"x(1:3: "?" needs an optional value; this is int
 [?1]
   ^)x"},
    {R"x({?"a": 1})x",
     R"x(1:8: "?" needs an optional value; this is int
 {?"a": 1}
        ^)x"},
    {R"x(Foo{a: 1} == 1)x",
     R"x(1:1: there is no message type "Foo"
 Foo{a: 1} == 1
 ^)x"},
    {R"x(google.protobuf.Int64Value{valu: 1})x",
     R"x(1:28: google.protobuf.Int64Value has no field "valu"; did you mean "value"?
 google.protobuf.Int64Value{valu: 1}
                            ^)x"},
    {R"x(google.protobuf.Int64Value{value: "1"})x",
     R"x(1:35: the field "value" of google.protobuf.Int64Value is int, not string
 google.protobuf.Int64Value{value: "1"}
                                   ^)x"},
    {R"x(google.protobuf.Int64Value{value: 1, value: 2})x",
     R"x(1:38: the field "value" is there twice
 google.protobuf.Int64Value{value: 1, value: 2}
                                      ^)x"},
    {R"x(google.protobuf.Int32Value{value: 2147483648})x",
     R"x(1:17: google.protobuf.Int32Value{} of this constant fails: the value does not fit into the message's field
 google.protobuf.Int32Value{value: 2147483648}
                 ^)x"},
    {R"x(type(1) == "int")x",
     R"x(1:9: "==" does not take (type, string); values of different types are not compared
 type(1) == "int"
         ^)x"},
};

TEST(CelMessages, SayWhatIsWrongAndWhere) {
  for (const auto& row : kRows) {
    const auto program = compile(row.source, ExampleSchema());
    ASSERT_FALSE(program) << row.source;
    EXPECT_EQ(program.error().reason, "cel_invalid") << row.source;
    EXPECT_EQ(program.error().message, row.message);
  }
}

}  // namespace
}  // namespace cel
