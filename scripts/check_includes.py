#!/usr/bin/env python3
"""Refuses an #include "module/..." that the table in src/CMakeLists.txt does not allow."""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"


def allowed_arrows() -> dict[str, set[str]]:
    arrows = {}
    for line in (SRC / "CMakeLists.txt").read_text().splitlines():
        match = re.match(r"gateway_module\((\w+)(.*)\)", line)
        if match:
            deps = re.search(r"DEPS ([a-z ]+)", match[2])
            arrows[match[1]] = {match[1], *(deps[1].split() if deps else [])}
    arrows["cmd"] = {*arrows, "cmd"}
    return arrows


def main() -> int:
    arrows, wrong = allowed_arrows(), []
    for path in sorted(SRC.rglob("*.[ch]*")):
        module = path.relative_to(SRC).parts[0]
        if path.suffix not in {".cc", ".h"} or module not in arrows:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'#include "(\w+)/', line)
            if match and match[1] in arrows and match[1] not in arrows[module]:
                wrong.append(f"{path.relative_to(SRC.parent)}:{number}: {module} must not include {match[1]}")
    print("\n".join(wrong) or "include directions are as declared")
    return 1 if wrong else 0


sys.exit(main())
