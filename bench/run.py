#!/usr/bin/env python3
"""`./dev bench [name] [options]`: runs one benchmark of this folder, or lists them."""
import pathlib
import runpy
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMES = {"proxy": "requests per proxy CPU second beside nginx and HAProxy",
         "policy": "what one decision costs: time, allocations, instructions, and their growth",
         "apply": "how soon an applied Service is in force, and memory over many applies",
         "cel": "the guide's conditions and a whole decision beside cel-go"}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print("benchmarks:\n" + "\n".join(f"  {name:8} {text}" for name, text in NAMES.items()))
        sys.exit(0 if len(sys.argv) < 2 else 2)
    name = sys.argv.pop(1)
    sys.path.insert(0, str(HERE))
    runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")


main()
