//! The builtins, by examples after OPA's documentation of each; and what scripts cannot do.

use engines::{Entry, Limits, Outcome, Program, with_members};
use std::time::Duration;

mod clock;
use clock::worked;

fn evaluate_within(script: &str, limits: Limits) -> Outcome {
    let script = format!("package octelium.condition\n{script}\n");
    match Program::compile(script.as_bytes(), Entry::Condition) {
        Ok(program) => program.evaluate(with_members(&[]), limits),
        Err(problem) => panic!("{script}: {problem:?}"),
    }
}

fn evaluate(script: &str) -> Outcome {
    evaluate_within(script, Limits { time: Duration::from_secs(2), memory: 32 << 20 })
}

/// Each line is an expression that holds.
fn all_hold(lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert_eq!(evaluate(&format!("match if {{ {line} }}")), Outcome::Bool(true), "{line}");
    }
}

fn all_fail(lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let outcome = evaluate(&format!("match if {{ x := {line}; x == x }}"));
        assert!(matches!(outcome, Outcome::Error(_)), "{line}: {outcome:?}");
    }
}

#[test]
fn strings() {
    all_hold(r#"
        concat("/", ["a", "b", "c"]) == "a/b/c"
        concat(",", {"b", "a"}) == "a,b"
        contains("hello", "ell")
        startswith("hello", "he")
        endswith("hello", "lo")
        indexof("hello", "l") == 2
        indexof("hello", "z") == -1
        indexof_n("banana", "an") == [1, 3]
        substring("hello", 1, 3) == "ell"
        substring("hello", 2, -1) == "llo"
        lower("ÀB") == "àb"
        upper("ab") == "AB"
        replace("aXbX", "X", "-") == "a-b-"
        strings.replace_n({"<": "&lt;", ">": "&gt;"}, "<b>") == "&lt;b&gt;"
        split("a.b.c", ".") == ["a", "b", "c"]
        trim("..a..", ".") == "a"
        trim_left("..a..", ".") == "a.."
        trim_right("..a..", ".") == "..a"
        trim_prefix("abc", "ab") == "c"
        trim_suffix("abc", "bc") == "a"
        trim_space("  a ") == "a"
        sprintf("%s is %d", ["x", 7]) == "x is 7"
        sprintf("%v", [[1, "a"]]) == "[1, \"a\"]"
        sprintf("%05d|%x", [42, 255]) == "00042|ff"
        sprintf("%5s|%-5s|%05d|%+d|%x|%X|%o|%b", ["a", "b", -42, 5, 255, 255, 8, 5]) == "    a|b    |-0042|+5|ff|FF|10|101"
        sprintf("%.2f|%8.3f|%-8.1f|%08.2f|%f|%.0f", [3.14159, 2.5, 1.25, -3.14159, 1.5, 2]) == "3.14|   2.500|1.2     |-0003.14|1.500000|2"
        sprintf("%e|%.3E|%g|%g|%G|%.3g", [1234.5678, 1234.5678, 0.00001234, 1234567.5, 0.5, 1234.5]) == "1.234568e+03|1.235E+03|1.234e-05|1.2345675e+06|0.5|1.23e+03"
        sprintf("%d%% of %v %v %v", [50, true, null, {"a": [1, "b"]}]) == "50% of true null {\"a\": [1, \"b\"]}"
        sprintf("%s %v %s", [{"b", "a"}, set(), {}]) == "{\"a\", \"b\"} set() {}"
        sprintf("%q|%.3s|%5.1s|%x|%c|%U", ["a\"b", "abcdef", "xyz", "hi", 65, 8364]) == "\"a\\\"b\"|abc|    x|6869|A|U+20AC"
        sprintf("%#x|% d|%6.3d|%v", [255, 7, 5, 0.1]) == "0xff| 7|   005|0.1"
        sprintf("%d", [123456789012345678901234567890123456789012345678901234567890]) == "123456789012345678901234567890123456789012345678901234567890"
        sprintf("%d|%s|%d", ["x", 5]) == "%!d(string=x)|%!s(int=5)|%!d(MISSING)"
        sprintf("%d", [5, "x"]) == "5%!(EXTRA string=x)"
        sprintf("%é%", [1]) == "%!é(int=1)%!(NOVERB)"
        format_int(255, 16) == "ff"
        strings.reverse("abc") == "cba"
        strings.count("cheese", "e") == 3
        strings.any_prefix_match("https://a", ["http://", "https://"])
        strings.any_suffix_match(["a.go", "b.rs"], ".rs")
        indexof("héllo", "l") == 2
        strings.replace_n({"a": "b", "b": "c"}, "ab") == "bc"
        strings.replace_n({"": "x", "a": "y"}, "ab") == "xyxbx"
        strings.replace_n({"ab": "1", "a": "2"}, "aab") == "22b"
        strings.replace_n({}, "ab") == "ab"
        strings.count("cheese", "") == 7
        strings.count("aaa", "aa") == 1
        to_number("-1.5e3") == -1500
    "#);
    all_fail(r#"
        indexof("a", "")
        strings.replace_n({"a": 1}, "ab")
        to_number(" 1")
        to_number("1_000")
        to_number("0x10")
        to_number("inf")
        to_number(".")
        to_number("1e")
        upper(1)
        concat(",", "a")
        sprintf("%1000000000d", [1])
        sprintf("%*d", [9, 1])
        sprintf("%.1001f", [1])
        sprintf("%[1]d", [1])
        sprintf("%d", 1)
        sprintf(1, [])
        substring("hello", -1, 2)
    "#);
}

#[test]
fn numbers_and_aggregates() {
    all_hold(r#"
        abs(-3) == 3
        ceil(1.2) == 2
        floor(1.8) == 1
        round(1.5) == 2
        numbers.range(1, 3) == [1, 2, 3]
        numbers.range(3, 1) == [3, 2, 1]
        numbers.range_step(1, 7, 3) == [1, 4, 7]
        bits.and(6, 3) == 2
        bits.or(6, 3) == 7
        bits.xor(6, 3) == 5
        bits.negate(0) == -1
        bits.lsh(1, 4) == 16
        bits.rsh(16, 3) == 2
        plus(1, 2) == 3
        minus(1, 2) == -1
        mul(3, 4) == 12
        div(6, 4) == 1.5
        rem(7, 4) == 3
        7 % 4 == 3
        count([1, 2]) == 2
        count("héllo") == 5
        sum([1, 2, 3]) == 6
        product([2, 3]) == 6
        max({1, 3, 2}) == 3
        min([3, 1]) == 1
        sort([3, 1, 2]) == [1, 2, 3]
        gte(2, 1)
        lt(1, 2)
        eq(1, 1)
        neq(1, 2)
        equal("a", "a")
        rand.intn("x", 1) == 0
        99999999999999999999 * 10 == 999999999999999999990
    "#);
    all_fail("1 / 0\n1 % 0\nbits.lsh(1, 1000000000)\nbits.and(1.5, 1)\nnumbers.range(1.5, 2)");
}

#[test]
fn collections() {
    all_hold(r#"
        array.concat([1], [2]) == [1, 2]
        array.reverse([1, 2]) == [2, 1]
        array.slice([1, 2, 3], 1, 2) == [2]
        {1, 2} & {2, 3} == {2}
        {1} | {2} == {1, 2}
        {1, 2} - {2} == {1}
        and({1, 2}, {2}) == {2}
        or({1}, {2}) == {1, 2}
        intersection({{1, 2}, {2, 3}}) == {2}
        union({{1}, {2}}) == {1, 2}
        object.get({"a": {"b": 1}}, ["a", "b"], 0) == 1
        object.get({"a": 1}, "z", 7) == 7
        object.keys({"a": 1, "b": 2}) == {"a", "b"}
        object.remove({"a": 1, "b": 2}, ["a"]) == {"b": 2}
        object.union({"a": {"x": 1}}, {"a": {"y": 2}}) == {"a": {"x": 1, "y": 2}}
        object.union_n([{"a": 1}, {"b": 2}, {"a": 3}]) == {"a": 3, "b": 2}
        object.filter({"a": 1, "b": 2}, {"a"}) == {"a": 1}
        object.subset({"a": 1, "b": 2}, {"a": 1})
        json.filter({"a": {"b": 1, "c": 2}}, ["a/b"]) == {"a": {"b": 1}}
        json.remove({"a": {"b": 1, "c": 2}}, ["a/b"]) == {"a": {"c": 2}}
        json.patch({"a": 1}, [{"op": "add", "path": "/b", "value": 2}]) == {"a": 1, "b": 2}
        internal.member_2(1, [1, 2])
        internal.member_3(1, "b", ["a", "b"])
        "a" in {"a", "b"}
        every x in [1, 2] { x > 0 }
        {x | some x in [1, 1, 2]} == {1, 2}
    "#);
    all_fail("object.subset(1, 2)\nobject.subset({1}, [1])\nobject.subset({\"a\": 1}, {\"a\"})");
}

#[test]
fn regular_expressions_and_globs() {
    all_hold(r#"
        regex.match(`^v[0-9]+$`, "v12")
        regex.is_valid("[") == false
        regex.template_match("{.*}:x", "a:x", "{", "}")
        regex.template_match("a.b<{[0-9]+}>", "a.b<12>", "{", "}")
        regex.template_match("{a{2}}b", "aab", "{", "}")
        not regex.template_match("a.b{x}", "aXbx", "{", "}")
        not regex.template_match("urn:foo:{.*}", "foo", "{", "}")
        regex.globs_match("<a>", "<a>")
        regex.split(`,\s*`, "a, b,c") == ["a", "b", "c"]
        regex.find_n("[oa]+", "foo bar", 2) == ["oo", "a"]
        regex.find_all_string_submatch_n("a(x*)b", "-axxb-ab-", -1) == [["axxb", "xx"], ["ab", ""]]
        regex.replace("foot", "o+", "e") == "fet"
        regex.template_match("urn:foo:{.*}", "urn:foo:bar:baz", "{", "}")
        glob.match("*.github.com", ["."], "api.github.com")
        glob.match("*.github.com", ["."], "api.cdn.github.com") == false
        glob.quote_meta("*.com") == `\*.com`
    "#);
    all_fail("regex.match(\"[\", \"a\")\nregex.match(\"(a{1000}){1000}\", \"a\")");
}

#[test]
fn types_and_encodings() {
    all_fail("urlquery.decode(\"%zz\")\nurlquery.decode_object(\"a;b\")\nurlquery.encode_object({\"a\": 1})\nregex.template_match(\"{a\", \"a\", \"{\", \"}\")\nregex.template_match(\"a\", \"a\", \"{{\", \"}\")");
    all_hold(r#"
        to_number("12.5") == 12.5
        to_number(true) == 1
        type_name({1}) == "set"
        is_number(1)
        is_string("a")
        is_boolean(false)
        is_array([])
        is_set(set())
        is_object({})
        is_null(null)
        json.marshal({"a": "<&>\""}) == "{\"a\":\"\\u003c\\u0026\\u003e\\\"\"}"
        not json.is_valid(1)
        not yaml.is_valid(1)
        not base64.is_valid(1)
        not semver.is_valid(1)
        not net.cidr_is_valid(1)
        urlquery.encode("a b-_.~*/é") == "a+b-_.~%2A%2F%C3%A9"
        urlquery.decode("a+b%26c") == "a b&c"
        urlquery.encode_object({"~b": [], "a b": "c/d", "z": {"y", "x"}}) == "a+b=c%2Fd&z=x&z=y"
        urlquery.decode_object("a=1&b&c=x%3Dy+z&&a=2") == {"a": ["1", "2"], "b": [""], "c": ["x=y z"]}
        base64.encode("hello") == "aGVsbG8="
        base64.decode("aGVsbG8=") == "hello"
        base64.is_valid("aGVsbG8=")
        base64url.encode("a?~") == "YT9-"
        base64url.encode_no_pad("a") == "YQ"
        base64url.decode("YQ") == "a"
        hex.encode("az") == "617a"
        hex.decode("617a") == "az"
        urlquery.encode("a b&c") == "a+b%26c"
        urlquery.decode("a+b%26c") == "a b&c"
        urlquery.encode_object({"a": "1"}) == "a=1"
        urlquery.decode_object("a=1&a=2") == {"a": ["1", "2"]}
        json.marshal({"a": [1, true]}) == `{"a":[1,true]}`
        json.unmarshal(`{"a": 1}`) == {"a": 1}
        json.is_valid("{") == false
        yaml.unmarshal("a: [1, 2]") == {"a": [1, 2]}
        yaml.is_valid("a: b")
        yaml.unmarshal(yaml.marshal({"a": 1})) == {"a": 1}
    "#);
    all_fail("to_number(\"x\")\njson.unmarshal(\"{\")\nbase64.decode(\"*\")\nhex.decode(\"z\")");
}

#[test]
fn times() {
    all_hold(r#"
        time.parse_rfc3339_ns("2026-03-04T09:30:00Z") == 1772616600000000000
        time.date(1772616600000000000) == [2026, 3, 4]
        time.clock(1772616600000000000) == [9, 30, 0]
        time.clock([1772616600000000000, "Asia/Seoul"]) == [18, 30, 0]
        time.weekday(1772616600000000000) == "Wednesday"
        time.add_date(1772616600000000000, 0, 1, 0) == 1775295000000000000
        time.diff(1772616600000000000, 1772616600000000000) == [0, 0, 0, 0, 0, 0]
        time.parse_duration_ns("1h30m") == 5400000000000
        time.parse_ns("2006-01-02", "2026-03-04") == 1772582400000000000
        time.format(1772616600000000000) == "2026-03-04T09:30:00Z"
        time.now_ns() > 1700000000000000000
        time.now_ns() == time.now_ns()
        time.add_date(time.parse_rfc3339_ns("1970-01-31T00:00:00Z"), 0, 1, 0) == time.parse_rfc3339_ns("1970-03-03T00:00:00Z")
        time.add_date(time.parse_rfc3339_ns("2020-02-29T00:00:00Z"), 1, 0, 0) == time.parse_rfc3339_ns("2021-03-01T00:00:00Z")
        time.add_date(time.parse_rfc3339_ns("2024-03-31T12:30:00.5Z"), 0, -1, 0) == time.parse_rfc3339_ns("2024-03-02T12:30:00.5Z")
        time.add_date(time.parse_rfc3339_ns("1969-12-31T23:59:59Z"), -1, -12, 1) == time.parse_rfc3339_ns("1968-01-01T23:59:59Z")
    "#);
    all_fail(r#"
        time.parse_rfc3339_ns("nope")
        time.parse_duration_ns("1x")
        time.add_date(0, 1000, 0, 0)
        time.add_date(0.5, 0, 0, 0)
        time.add_date(0, 99999999999999999999, 0, 0)
    "#);
}

#[test]
fn networks() {
    all_hold(r#"
        net.cidr_contains("10.0.0.0/8", "10.1.2.3")
        net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")
        net.cidr_contains("10.0.0.0/8", "11.0.0.1") == false
        net.cidr_is_valid("10.0.0.0/33") == false
        net.cidr_intersects("192.168.0.0/16", "192.168.1.0/24")
        net.cidr_intersects("192.168.0.0/16", "10.0.0.0/8") == false
        net.cidr_merge(["192.0.128.0/24", "192.0.129.0/24"]) == {"192.0.128.0/23"}
        net.cidr_merge({"10.0.0.1"}) == {"10.0.0.1/32"}
        net.cidr_contains_matches("1.1.1.0/24", "1.1.1.128") == {["1.1.1.0/24", "1.1.1.128"]}
        net.cidr_contains_matches(["1.1.1.0/24", "1.1.2.0/24"], "1.1.1.128") == {[0, "1.1.1.128"]}
        net.cidr_contains_matches({"x": "1.1.0.0/16"}, {"y": ["1.1.1.1", "note"]}) == {["x", "y"]}
    "#);
    all_fail("net.cidr_intersects(\"x\", \"10.0.0.0/8\")\nnet.cidr_merge([\"x\"])");
}

#[test]
fn digests_and_versions() {
    all_hold(r#"
        crypto.md5("hello") == "5d41402abc4b2a76b9719d911017c592"
        crypto.sha1("hello") == "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
        crypto.sha256("hello") == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        crypto.hmac.md5("foo", "bar") == "31b6db9e5eb4addb42f1a6ca07367adc"
        crypto.hmac.sha1("foo", "bar") == "85d155c55ed286a300bd1cf124de08d87e914f3a"
        crypto.hmac.sha256("foo", "bar") == "147933218aaabc0b8b10a2b3a5c34684c8d94341bcf10a4736dc7270f7741851"
        startswith(crypto.hmac.sha512("foo", "bar"), "24257d7210582a65c731ec55159c8184")
        crypto.hmac.equal("a", "a")
        crypto.hmac.equal("a", "b") == false
        semver.compare("1.2.3", "1.10.0") == -1
        semver.is_valid("1.2.x") == false
        is_string(uuid.rfc4122("k"))
    "#);
}

const KEY: &str = r#"key := {"kty": "oct", "k": "c2VjcmV0"}
token := io.jwt.encode_sign({"typ": "JWT", "alg": "HS256"}, {"iss": "joe", "aud": ["a", "b"], "exp": 2000, "nbf": 1000}, key)
"#;

#[test]
fn tokens() {
    let holds = |expression: &str| {
        let outcome = evaluate(&format!("{KEY}match if {{ {expression} }}"));
        assert_eq!(outcome, Outcome::Bool(true), "{expression}");
    };
    holds(r#"io.jwt.verify_hs256(token, "secret")"#);
    holds(r#"not io.jwt.verify_hs256(token, "other")"#);
    holds(r#"[h, p, s] := io.jwt.decode(token); h.alg == "HS256"; p.iss == "joe"; count(s) == 64"#);
    let verify = |constraints: &str, wanted: bool| {
        holds(&format!(
            "[ok, _, p] := io.jwt.decode_verify(token, {constraints}); ok == {wanted}; count(p) == {}",
            if wanted { 4 } else { 0 }
        ));
    };
    verify(r#"{"secret": "secret", "aud": "a", "iss": "joe", "time": 1500000000000}"#, true);
    verify(r#"{"secret": "secret", "aud": "a", "alg": "HS256", "time": 1500000000000}"#, true);
    verify(r#"{"secret": "secret", "aud": "a", "alg": "HS512", "time": 1500000000000}"#, false);
    verify(r#"{"secret": "secret", "aud": "c", "time": 1500000000000}"#, false);
    verify(r#"{"secret": "secret", "time": 1500000000000}"#, false);
    verify(r#"{"secret": "secret", "aud": "a", "iss": "eve", "time": 1500000000000}"#, false);
    verify(r#"{"secret": "secret", "aud": "a", "time": 2000000000000}"#, false);
    verify(r#"{"secret": "secret", "aud": "a", "time": 999000000000}"#, false);
    verify(r#"{"secret": "wrong", "aud": "a", "time": 1500000000000}"#, false);
    all_fail(r#"
        io.jwt.decode("a.b")
        io.jwt.decode_verify("a.b.c", {"secret": "x", "color": 1})
        io.jwt.decode_verify("a.b.c", {})
        io.jwt.encode_sign({"alg": "none"}, {}, {"kty": "oct", "k": ""})
    "#);
}

/// RFC 7515 A.3 and RFC 7520 have the keys; the public half verifies what the private half signed.
#[test]
fn elliptic_curve_tokens() {
    let script = r#"
key := {"kty": "EC", "crv": "P-256",
  "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
public := json.marshal({"keys": [object.union(object.remove(key, ["d"]), {"kid": "k1"})]})
token := io.jwt.encode_sign({"alg": "ES256", "kid": "k1"}, {"a": 1}, key)
match if {
  io.jwt.verify_es256(token, public)
  not io.jwt.verify_es256(concat("", [token, "AA"]), public)
  not io.jwt.verify_rs256(token, public)
  [ok, _, payload] := io.jwt.decode_verify(token, {"cert": public})
  ok
  payload.a == 1
  [mixed, _, _] := io.jwt.decode_verify(token, {"secret": public})
  not mixed
}"#;
    assert_eq!(evaluate(script), Outcome::Bool(true));
}

/// What would run for long or take much is ended, and soon.
#[test]
fn hostile_scripts_end() {
    let ended = |script: &str, limits: Limits| {
        let before = worked();
        let outcome = evaluate_within(script, limits);
        let took = worked() - before;
        assert!(
            matches!(outcome, Outcome::OutOfTime | Outcome::OutOfMemory | Outcome::Error(_)),
            "{script}: {outcome:?}"
        );
        assert!(took < limits.time + Duration::from_millis(400), "{script}: {took:?}");
    };
    let limits = Limits { time: Duration::from_millis(200), memory: 8 << 20 };
    for script in [
        "match if { count([x | some x in numbers.range(1, 1000000000000)]) > 0 }",
        "match if { some x in numbers.range(1, 30000); some y in numbers.range(1, 30000); x + y < 0 }",
        "match if { count({[x, y] | some x in numbers.range(1, 5000); some y in numbers.range(1, 5000)}) > 0 }",
        "match if { every x in numbers.range(1, 30000) { every y in numbers.range(1, 30000) { x + y > 0 } } }",
        "a := numbers.range(1, 2000)\nf(x) := count([y | some y in a; y < x])\ng(x) := sum([f(y) | some y in a])\nmatch if { sum([g(x) | some x in a]) == 1 }",
        "a := \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\nb := replace(a, \"a\", a)\nc := replace(b, \"a\", b)\nmatch if { count(c) == 1 }",
        "a := \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\nb := concat(a, numbers.range(1, 1000))\nmatch if { count(b) == 1 }",
        "match if { sprintf(\"%1000000000s\", [\"\"]) == \"\" }",
        "match if { bits.lsh(1, 4000000000) > 0 }",
        "match if { regex.match(\"(((a{100}){100}){100}){100}\", \"a\") }",
        "a := concat(\"\", [\"a\" | some _ in numbers.range(1, 200000)])\nmatch if { regex.match(`(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]{50}$`, a) }",
        "a := [x | some x in numbers.range(1, 20000)]\nmatch if { object.subset(a, array.concat(a, [\"x\"])); object.subset({\"a\": a}, {\"a\": [1, 3]}) ; strings.any_prefix_match([sprintf(\"%d\", [x]) | some x in a], [sprintf(\"y%d\", [x]) | some x in a]) }",
        "match if { yaml.unmarshal(concat(\"\", [\"a: &a [1,1,1,1,1,1,1,1]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\\n\"])) == 1 }",
        "match if { json.unmarshal(concat(\"\", array.concat([\"[\" | some _ in numbers.range(1, 100000)], [\"]\" | some _ in numbers.range(1, 100000)]))) == 1 }",
        "match if { to_number(concat(\"\", [\"9\" | some _ in numbers.range(1, 100000)])) == 1 }",
        "default match := false\ndefault f(_) := 1\nmatch if { f(numbers.range(1, 100000000)) == 2 }",
    ] {
        ended(script, limits);
    }
}

#[test]
fn memory_of_an_evaluation_is_given_back() {
    let script = "match if { count([sprintf(\"%d\", [x]) | some x in numbers.range(1, 1000)]) == 1000 }";
    let script = format!("package octelium.condition\n{script}\n");
    let program = Program::compile(script.as_bytes(), Entry::Condition).unwrap();
    let limits = Limits { time: Duration::from_secs(2), memory: 2 << 20 };
    for _ in 0..100 {
        assert_eq!(program.evaluate(with_members(&[]), limits), Outcome::Bool(true));
    }
}

#[test]
fn results_put_together_from_parts() {
    let source = b"package octelium.eval\nresult.upstream.url := \"https://a\"\nresult.name := \"n\"\n";
    let program = Program::compile(source, Entry::Config).unwrap();
    let limits = Limits { time: Duration::from_secs(2), memory: 8 << 20 };
    let Outcome::Object(json) = program.evaluate(with_members(&[]), limits) else { panic!() };
    let value = regorus::Value::from_json_str(&json).unwrap();
    assert_eq!(value["upstream"]["url"], regorus::Value::from("https://a"));
    assert_eq!(value["name"], regorus::Value::from("n"));
}

/// What is small in a script and enormous when it is written out.
#[test]
fn sizes_are_known_before_they_are_made() {
    let limits = Limits { time: Duration::from_secs(5), memory: 8 << 20 };
    let mut nested = String::from("a0 := [\"lol\", \"lol\"]\n");
    for level in 1..12 {
        let below = format!("a{}", level - 1);
        nested += &format!("a{level} := [{}]\n", vec![below; 8].join(", "));
    }
    for expression in [
        "json.marshal(a11) == \"\"",
        "yaml.marshal(a11) == \"\"",
        "sprintf(\"%v\", [a11]) == \"\"",
        "io.jwt.encode_sign({\"alg\": \"HS256\"}, {\"a\": a11}, {\"kty\": \"oct\", \"k\": \"YQ\"}) == \"\"",
    ] {
        let script = format!("{nested}match if {{ {expression} }}");
        assert_eq!(evaluate_within(&script, limits), Outcome::OutOfMemory, "{expression}");
    }
    let source = format!("package octelium.eval\n{nested}result := {{\"a\": a11}}\n");
    let program = Program::compile(source.as_bytes(), Entry::Config).unwrap();
    assert_eq!(program.evaluate(with_members(&[]), limits), Outcome::OutOfMemory);

    for expression in [
        "to_number(\"1e999999999\")",
        "json.unmarshal(\"[1e999999999]\")",
        "json.is_valid(\"1.5E+999999999\")",
        "io.jwt.decode(concat(\".\", [base64url.encode_no_pad(`{\"alg\": 1e999999999}`), \"e30\", \"\"]))",
    ] {
        let before = worked();
        let outcome = evaluate_within(&format!("match if {{ x := {expression}; x == x }}"), limits);
        assert!(matches!(outcome, Outcome::Error(_)), "{expression}: {outcome:?}");
        assert!(worked() - before < Duration::from_millis(400), "{expression}");
    }
    all_hold("to_number(\"1e300\") > 1e299\njson.unmarshal(`{\"sha\": \"3e99999ff\", \"short\": \"1e99999\"}`).sha != \"\"");
    let huge = b"package octelium.condition\nmatch if { 1.5e+10001 > 1 }";
    let problem = Program::compile(huge, Entry::Condition).map(|_| ()).unwrap_err();
    assert_eq!((problem.line, problem.column), (2, 12));
    assert_eq!(problem.message, "the number is too large");
}
