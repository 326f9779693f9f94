#!/usr/bin/env python3
"""Makes docs/configuration.md from what the program itself goes by: the schema (proto/*.proto), the tables of fields that are
acted on or refused (src/resource/refuse_table.cc), and a line for each acted-on field (docs/configuration.notes).

    scripts/generate_reference.py           writes the file
    scripts/generate_reference.py --check   fails when the file is not what would be written, or a field has no line
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE, NOTES = ROOT / "docs/configuration.md", ROOT / "docs/configuration.notes"
CORE = "octelium.api.main.core.v1."
# In the order in which a newcomer meets them; what an administrator writes of each.
KINDS = {"Service": ["spec"], "User": ["spec"], "Group": ["spec"], "Namespace": ["spec"], "Policy": ["spec"], "Credential": ["spec"],
         "Secret": ["spec", "data"], "Config": ["data"], "Session": ["spec"], "ClusterConfig": ["spec"]}
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


def main():
    page = Page()
    text = page.render()
    wrong = [f"no line in {NOTES.name} for the acted-on field {name}" for name in page.missing]
    wrong += [f"{NOTES.name} has a line for {name}, which is no acted-on field" for name in page.notes if name not in page.used]
    if wrong:
        sys.exit("\n".join(wrong))
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit("docs/configuration.md is out of date: run scripts/generate_reference.py")
        return
    PAGE.write_text(text)


main()
