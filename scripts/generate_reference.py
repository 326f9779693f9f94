#!/usr/bin/env python3
"""Makes the tables of the documentation from what the program itself goes by.

docs/configuration.md: from the schema (proto/*.proto), the tables of fields that are acted on or refused
(src/resource/refuse_table.cc), and a line for each acted-on field (docs/configuration.notes).
docs/operations.md: the options (src/cmd/options.*) and the reasons of src/http/reject.cc, between their marks; and it must
name every other reason code that the sources have.
docs/performance.md: the newest results of bench/results (not looked at by --check).

    scripts/generate_reference.py           writes the files
    scripts/generate_reference.py --check   fails when they are not what would be written
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PERFORMANCE = ROOT / "docs/performance.md"
OPERATIONS = ROOT / "docs/operations.md"
PAGE, NOTES = ROOT / "docs/configuration.md", ROOT / "docs/configuration.notes"
CORE = "octelium.api.main.core.v1."
# In the order in which a newcomer meets them; what an administrator writes of each.
KINDS = {"Service": ["spec"], "User": ["spec"], "Group": ["spec"], "Namespace": ["spec"], "Policy": ["spec"], "Credential": ["spec"],
         "Secret": ["spec", "data"], "Config": ["data"], "Session": ["spec"], "ClusterConfig": ["spec"]}
NOT_REFUSALS = {"policy_match", "policy_allow", "anonymous", "unknown"}
SHARED = ["Condition", "InlinePolicy", "Metadata", "Duration"]


class Field:
    def __init__(self, label, type_name, name, oneof):
        self.repeated, self.type, self.name, self.oneof = label == "repeated", type_name, name, oneof


def parse_protos():
    """Messages (full name -> fields) and enums (full name -> values). The files are ours and regular: one statement a line."""
    messages, enums = {}, {}
    for path in sorted((ROOT / "proto").glob("*.proto")):
        package, scopes, oneof = "", [], None
        for raw in path.read_text().splitlines():
            line = raw.split("//")[0].strip()
            if match := re.match(r"package ([\w.]+);", line):
                package = match[1]
            elif match := re.match(r"(message|enum|service|oneof) (\w+) \{(\}?)", line):
                if match[1] == "oneof":
                    oneof = match[2]
                    scopes.append(("oneof", None))
                    continue
                outer = next((name for kind, name in reversed(scopes) if kind == "message"), package)
                name = f"{outer}.{match[2]}"
                {"message": messages, "enum": enums}.get(match[1], {}).setdefault(name, [])
                if not match[3]:
                    scopes.append((match[1], name))
            elif line.startswith("}"):
                if scopes and scopes.pop()[0] == "oneof":
                    oneof = None
            elif scopes and scopes[-1][0] == "enum" and (match := re.match(r"(\w+) = (-?\d+)", line)):
                enums[scopes[-1][1]].append(match[1])
            elif match := re.match(r"(?:(repeated|optional) )?(map<.*>|[\w.]+) (\w+) = \d+", line):
                owner = next((name for kind, name in reversed(scopes) if kind == "message"), None)
                if owner:
                    messages[owner].append(Field(match[1], match[2].lstrip("."), match[3], oneof))
    return messages, enums


def parse_tables():
    """Field or value name -> None when something acts on it, else the sentence that refuses it."""
    source = (ROOT / "src/resource/refuse_table.cc").read_text()
    source = re.sub(r"#define REFUSED_MODE.*?(?=\nconstexpr)", "", source, flags=re.S)
    source = re.sub(r'REFUSED_MODE\("(\w+)"\)',
                    r'Refused{"Service.Spec.Mode.\1", "the mode \1 is not supported by this gateway yet; HTTP, WEB and GRPC are"}', source)
    verdicts = {}
    for struct, name, text in re.findall(r'(ActedOn|Refused)\{\s*"([\w.]+)",\s*((?:"[^"]*"\s*)+)\}', source):
        words = "".join(re.findall(r'"([^"]*)"', text))
        if struct == "Refused":
            verdicts[name] = words
        else:
            verdicts.update({f"{name}.{field}": None for field in words.split()})
    return verdicts


def parse_notes():
    notes = {}
    for number, line in enumerate(NOTES.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, text = line.partition(": ")
        if not separator or name in notes:
            sys.exit(f"{NOTES.name}:{number}: expected `Message.field: text`, each once")
        notes[name] = text.strip()
    return notes


class Page:
    def __init__(self):
        self.messages, self.enums = parse_protos()
        self.verdicts, self.notes = parse_tables(), parse_notes()
        self.used, self.missing = set(), []

    def short(self, full):
        return full.removeprefix(CORE)

    def type_text(self, field):
        name = field.type
        if name.startswith("map<"):
            text = "map of " + re.match(r"map<\w+, *([\w.]+)>", name)[1].rsplit(".", 1)[-1]
        elif name in self.enums:
            text = "enum"
        elif name in self.messages or name.startswith("google."):
            last = name.rsplit(".", 1)[-1]
            text = {"Struct": "any object", "Timestamp": "time"}.get(last)
            if text is None:
                text = f"[{last}](#{last.lower()})" if last in SHARED else "rules as in [Policy](#policy)" if name.endswith("Policy.Spec") else "object"
        else:
            text = {"bytes": "base64"}.get(name, name)
        return f"list of {text}" if field.repeated else text

    def values_text(self, field):
        values = self.enums.get(field.type)
        if not values:
            return ""
        short = self.short(field.type)
        good = [value for value in values if self.verdicts.get(f"{short}.{value}", "") is None]
        return " One of " + ", ".join(f"`{value}`" for value in good) + "." if good else ""

    def find_note(self, name):
        """The line for a name, or one that is written for any beginning: `*.rest.of.it`."""
        parts = name.split(".")
        for key in [name] + ["*." + ".".join(parts[i:]) for i in range(1, len(parts))]:
            if key in self.notes:
                self.used.add(key)
                return self.notes[key]
        return ""

    def note(self, name):
        text = self.find_note(name)
        if not text:
            self.missing.append(name)
        return text

    def rows(self, message, prefix):
        """Acted-on fields of a message and what is inside, depth first; refused ones are collected."""
        for field in self.messages[message]:
            name = f"{self.short(message)}.{field.name}"
            path = f"{prefix}{field.name}"
            verdict = self.verdicts.get(name, "" if message.startswith(CORE) else None)
            if verdict is not None:
                yield path, None, verdict or "is not supported by this gateway yet", field
                continue
            yield path, self.type_text(field), (self.note(name) + self.values_text(field)).strip(), field
            inside = field.type
            shared = inside.rsplit(".", 1)[-1] in SHARED or inside.endswith("Policy.Spec")
            if inside in self.messages and inside.startswith(CORE) and not shared and not self.is_config_again(path, field):
                yield from self.rows(inside, f"{path}{'[]' if field.repeated else ''}.")

    def metadata_rows(self, message):
        """What users write; the rest is the cluster's and has no line."""
        for field in self.messages[message]:
            if text := self.find_note(f"{message}.{field.name}"):
                yield field.name, self.type_text(field), text, field

    @staticmethod
    def is_config_again(path, field):
        return field.name == "configs" and path.endswith("dynamicConfig.configs")

    def table(self, rows):
        out, refused = ["| field | type | meaning |", "|---|---|---|"], []
        for path, type_text, text, field in rows:
            if type_text is None:
                refused.append((path, text))
            else:
                oneof = " *" if field.oneof else ""
                out.append(f"| `{path}`{oneof} | {type_text} | {text} |")
        if len(out) == 2:
            out = []
        if refused:
            out += ["", "Refused today:", ""] + [f"- `{path}`: {text}" for path, text in refused]
        return out

    def render(self):
        out = [(ROOT / "docs/configuration.intro").read_text().rstrip(), ""]
        for kind, parts in KINDS.items():
            out += [f"## {kind}", "", self.note(kind), ""]
            rows = []
            for part in parts:
                field = next(field for field in self.messages[CORE + kind] if field.name == part)
                rows += list(self.rows(field.type, f"{part}."))
            out += self.table(rows) + [""]
            if kind == "Service":
                out += ["Modes that are refused today: " +
                        ", ".join(f"`{name.rsplit('.', 1)[1]}`" for name in self.verdicts if name.startswith("Service.Spec.Mode.")
                                  and self.verdicts[name] is not None) + ".", ""]
        for name in SHARED:
            full = CORE + name if CORE + name in self.messages else "octelium.api.main.meta.v1." + name
            out += [f"## {name}", "", self.note(name), ""]
            rows = list(self.rows(full, "")) if name != "Metadata" else self.metadata_rows(full)
            out += self.table(rows) + [""]
        kinds = [(name, text) for name, text in self.verdicts.items() if "." not in name and text]
        out += ["## Kinds that are refused today", ""] + [f"- `{name}`: {text}" for name, text in kinds] + [""]
        return "\n".join(out)


def option_table():
    header = (ROOT / "src/cmd/options.h").read_text()
    defaults = {name: value.strip('"').replace("'", "") for name, value in re.findall(r"\b(\w+) = ([^;]+);", header)}
    source = (ROOT / "src/cmd/options.cc").read_text()
    out = ["| option | default | meaning |", "|---|---|---|"]
    for name, member, value, text in re.findall(
            r'Option\{\s*"([\w-]+)",\s*&Options::(\w+),\s*"([^"]*)",\s*((?:"[^"]*"\s*)+)\}', source):
        default = defaults.get(member, "")
        default = "" if default in ("false", "") else f"`{default}`"
        meaning = "".join(re.findall(r'"([^"]*)"', text)).replace("<", "&lt;")
        out.append(f"| `--{name}{' ' + value.replace('|', chr(92) + '|') if value else ''}` | {default} | {meaning} |")
    return out


def reject_table():
    rows = re.findall(r'Row\{Reject::\w+, "(\w+)", (\d+), (true|false)\}', (ROOT / "src/http/reject.cc").read_text())
    out = ["| code | status | connection |", "|---|---|---|"]
    return out + [f"| `{name}` | {status} | {'closes' if closes == 'true' else 'goes on'} |" for name, status, closes in rows]


def unnamed_reasons(text):
    """Reason codes in the sources that the page does not have."""
    patterns = {"src/gateway/request.cc": r'\.reason = "(\w+)"|failed\(\d+, "(\w+)"\)|unauthenticated\("(\w+)"\)',
                "src/identity/token_cache.cc": r'return "(\w+)"',
                "src/policy/decision.cc": r'ReasonName\{[\w:]+,\s*"\w+",\s*"(\w+)"\}|code = [^;]*?"(\w+)"'}
    found = set()
    for path, pattern in patterns.items():
        found.update(code for groups in re.findall(pattern, (ROOT / path).read_text())
                     for code in ([groups] if isinstance(groups, str) else groups) if code)
    return sorted(code for code in found - NOT_REFUSALS if f"`{code}`" not in text)


def operations():
    text = OPERATIONS.read_text()
    for mark, table in (("options", option_table()), ("rejects", reject_table())):
        text, count = re.subn(rf"(<!-- {mark}: [^\n]*-->\n).*?(<!-- /{mark} -->)",
                              lambda match: match[1] + "\n".join(table) + "\n" + match[2], text, flags=re.S)
        if count != 1:
            sys.exit(f"{OPERATIONS.name} has no mark `{mark}`")
    if unnamed := unnamed_reasons(text):
        sys.exit(f"{OPERATIONS.name} does not name these reason codes: {', '.join(unnamed)}")
    return text


def newest_result(name):
    paths = sorted((ROOT / "bench/results").glob(f"*-{name}.json"))
    return json.loads(paths[-1].read_text()) if paths else None


def performance():
    out = []
    if proxy := newest_result("proxy"):
        out += [f"`./dev bench proxy` on {proxy['date'][:10]}, {proxy['cpus']} processors, {proxy['cycles']} cycles; ratio to nginx, "
                "median [quartiles]:", "", "| scenario | target | requests per CPU second | ratio |", "|---|---|---|---|"]
        for scenario, targets in proxy["results"].items():
            out += [f"| {scenario} | {name} | {line['median_per_cpu_s']} | {line['ratio_to_nginx']:.2f} "
                    f"[{line['quartiles'][0]:.2f}–{line['quartiles'][1]:.2f}] |" for name, line in targets.items()]
        out.append("")
    if apply := newest_result("apply"):
        rss = apply["rss_kib"]
        out += [f"`./dev bench apply` on {apply['date'][:10]}, {apply['services']} Services, {apply['applies']} applies: in force after "
                f"{apply['p50_ms']} ms (median), {apply['p99_ms']} ms (99 of 100), {apply['max_ms']} ms at most; memory from "
                f"{rss[0] // 1024} MiB to {rss[-1] // 1024} MiB.", ""]
    if cel := newest_result("cel"):
        out += [f"`./dev bench cel` on {cel['date'][:10]}, {cel['cpus']} processors, {cel['cycles']} cycles; how many times the processor "
                "time of ours, median [quartiles]:", "", "| what | ours | cel-go | ratio |", "|---|---|---|---|"]
        out += [f"| {row} | {line['ours_ns']} ns | {line['celgo_ns']} ns, {line['celgo_allocations']:.0f} allocations | {line['ratio']} "
                f"[{line['quartiles'][0]}–{line['quartiles'][1]}] |" for row, line in cel["results"].items() if "ratio" in line]
        out.append("")
    if policy := newest_result("policy"):
        out += [f"`./dev bench policy` on {policy['date'][:10]}, {policy['cpus']} processors, best of five; instructions by callgrind:", "",
                "| benchmark | ns | allocations | instructions |", "|---|---|---|---|"]
        shown = lambda value: "" if value is None else f"{value:.0f}"
        out += [f"| `{name}` | {line['ns']:.0f} | {shown(line.get('allocations'))} | {shown(line.get('instructions'))} |"
                for name, line in policy["results"].items()]
        out += ["", "Instructions with many Policies, Services and Sessions against few: "
                + ", ".join(f"`{name}` {change:+.1%}" for name, change in policy["growth"].items()) + ".", ""]
    text = PERFORMANCE.read_text()
    return re.sub(r"(<!-- results -->\n).*?(<!-- /results -->)", lambda match: match[1] + "\n".join(out) + match[2], text, flags=re.S)


def main():
    page = Page()
    text = page.render()
    wrong = [f"no line in {NOTES.name} for the acted-on field {name}" for name in page.missing]
    wrong += [f"{NOTES.name} has a line for {name}, which is no acted-on field" for name in page.notes if name not in page.used]
    if wrong:
        sys.exit("\n".join(wrong))
    for path, wanted in ((PAGE, text), (OPERATIONS, operations())):
        if path.exists() and path.read_text() == wanted:
            continue
        if "--check" in sys.argv[1:]:
            sys.exit(f"{path.relative_to(ROOT)} is out of date: run scripts/generate_reference.py")
        path.write_text(wanted)
    if "--check" not in sys.argv[1:]:
        PERFORMANCE.write_text(performance())


main()
