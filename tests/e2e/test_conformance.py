"""The runner of the CEL suite tells right from wrong: cases of our own in the suite's form."""
import base64
import json
import subprocess

import pytest

from testkit import BIN, ROOT


def run(tmp_path, *cases):
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(json.dumps({"file": "own", "section": "s", "name": f"n{i}", **case}) + "\n"
                            for i, case in enumerate(cases)))
    return subprocess.run([BIN / "cel_conformance", file], capture_output=True, text=True, timeout=30)


INT = {"primitive": "INT64"}
LIST_OF_INT = {"list_type": {"elem_type": INT}}
X_IS_7 = {"type_env": [{"name": "x", "ident": {"type": INT}}], "bindings": {"x": {"value": {"int64_value": "7"}}}}
BLUE = base64.b64encode(b"blue").decode()

RIGHT = [
    {"expr": "1 + 1", "value": {"int64_value": "2"}},
    {"expr": "2u", "value": {"uint64_value": "2"}},
    {"expr": "0.0 / 0.0", "value": {"double_value": "NaN"}},
    {"expr": "-0.0", "value": {"double_value": -0.0}},
    {"expr": "b'blue'", "value": {"bytes_value": BLUE}},
    {"expr": "null", "value": {"null_value": None}},
    {"expr": "type(1)", "value": {"type_value": "int"}},
    {"expr": "[1, 'a']", "value": {"list_value": {"values": [{"int64_value": "1"}, {"string_value": "a"}]}}},
    {"expr": "{'a': true}", "value": {"map_value": {"entries": [
        {"key": {"string_value": "a"}, "value": {"bool_value": True}}]}}},
    {"expr": "timestamp(0)", "value": {"object_value": {
        "@type": "type.googleapis.com/google.protobuf.Timestamp", "value": "1970-01-01T00:00:00Z"}}},
    {"expr": "duration('90s')", "value": {"object_value": {
        "@type": "type.googleapis.com/google.protobuf.Duration", "value": "90s"}}},
    {"expr": "true"},
    {"expr": "x == 7", **X_IS_7},
    {"expr": "y", "container": "a.b", "bindings": {"a.y": {"value": {"bool_value": True}}}},
    {"expr": "1 / 0", "eval_error": {"errors": [{"message": "any"}]}},
    {"expr": "nothing", "disable_check": True, "eval_error": {}},
    {"expr": "[1].all(x, x)", "disable_macros": True, "disable_check": True, "eval_error": {}},
    {"expr": "[1]", "check_only": True, "typed_result": {"deduced_type": LIST_OF_INT}},
    {"expr": "[x]", **X_IS_7, "typed_result": {"deduced_type": LIST_OF_INT, "result": {
        "list_value": {"values": [{"int64_value": "7"}]}}}},
]

WRONG = [
    ({"expr": "1", "value": {"uint64_value": "1"}}, "gives 1, expected 1u"),
    ({"expr": "0.0", "value": {"double_value": -0.0}}, "gives double(0), expected double(-0)"),
    ({"expr": "'a'", "value": {"bytes_value": "YQ=="}}, 'gives "a", expected b"a"'),
    ({"expr": "[1]", "value": {"list_value": {}}}, "gives [1], expected []"),
    ({"expr": "false"}, "gives false, expected true"),
    ({"expr": "1 / 0", "value": {"int64_value": "0"}}, "gives error: division by zero, expected 0"),
    ({"expr": "1", "eval_error": {}}, "gives 1, expected an error"),
    ({"expr": "nothing", "value": {"int64_value": "0"}}, 'does not compile: 1:1: unknown variable "nothing"'),
    ({"expr": "[1u]", "check_only": True, "typed_result": {"deduced_type": LIST_OF_INT}},
     "has type list(uint), expected list(int)"),
    ({"expr": "1", "value": {"object_value": {"@type": "type.googleapis.com/some.Message", "value": 1}}},
     "unsupported: a message some.Message"),
    ({"expr": "1", "value": {"enum_value": {"type": "E", "value": 1}}}, "unsupported: a value of kind enum_value"),
    ({"expr": "x", "bindings": {"x": {"unknown": {}}}}, "unsupported: a case of another form"),
    ({"expr": "0", "value": {"int64_value": "zero"}}, 'unsupported: a number written as "zero"'),
    ({}, "does not compile"),
]


def test_counts_right_cases_by_file(tmp_path):
    done = run(tmp_path, *RIGHT)
    assert done.stdout.splitlines() == [f"own  {len(RIGHT)} passed, 0 failed", f"{len(RIGHT)} passed, 0 failed"]
    assert done.returncode == 0


@pytest.mark.parametrize("case, reason", WRONG, ids=[case.get("expr", "") + str(i) for i, (case, _) in enumerate(WRONG)])
def test_says_why_a_case_failed(tmp_path, case, reason):
    done = run(tmp_path, RIGHT[0], case)
    assert f"FAILED own/s/n1: {case.get('expr', '')}\n  {reason}" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["own  1 passed, 1 failed", "1 passed, 1 failed"]
    assert done.returncode == 1


@pytest.mark.parametrize("line", ['{"file": "own", "expr": ', "[1]"])
def test_does_not_pass_over_a_broken_line(tmp_path, line):
    (tmp_path / "cases.jsonl").write_text('{"file": "own", "expr": "true"}\n' + line + "\n")
    done = subprocess.run([BIN / "cel_conformance", tmp_path / "cases.jsonl"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "cases.jsonl:2:" in done.stderr


def test_counts_by_file_over_several_files_and_reads_all_of_them(tmp_path):
    for name, expressions in (("a", ["true", "false"]), ("b", ["true"])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"file": name, "expr": each}) + "\n" for each in expressions))
    done = subprocess.run([BIN / "cel_conformance", "a.jsonl", "b.jsonl"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-3:] == ["a  1 passed, 1 failed", "b  1 passed, 0 failed", "2 passed, 1 failed"]
    for missing in ("c.jsonl", "."):
        done = subprocess.run([BIN / "cel_conformance", "a.jsonl", missing], capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (2, f"cel_conformance: {missing} cannot be read\n")


def test_every_published_case_passes():
    """The suite's own cases, where they stand beside the checkout."""
    cases = ROOT.parent / "shared/conformance/cel/cases.jsonl"
    if not cases.exists():
        pytest.skip("no ../shared beside this checkout")
    done = subprocess.run([BIN / "cel_conformance", cases], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed"), done.stdout
    assert done.returncode == 0
