#!/usr/bin/env python3
"""Instructions of one call, by callgrind: processors count them better, but virtual machines seldom let them.

    bench/instructions.py build/release/bin/cel_bench [FILTER]

Counts what runs inside the function `measured_call` of a Google Benchmark program, for each benchmark that has one.
The numbers repeat exactly, so a change of one instruction shows; they say nothing about caches and branches."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FUNCTION = "measured_call"


def benchmarks(program: str, name_filter: str) -> list[str]:
    out = subprocess.run([program, "--benchmark_list_tests=true", f"--benchmark_filter={name_filter}"],
                         check=True, capture_output=True, text=True).stdout
    return out.split()


def instructions_per_call(program: str, name: str) -> float | None:
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "callgrind.out"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={dump}", "--compress-strings=no",
                        f"--toggle-collect=*{FUNCTION}*", program, f"--benchmark_filter=^{re.escape(name)}$",
                        "--benchmark_min_time=0.02"], check=True, capture_output=True)
        text = dump.read_text()
    total = int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1])
    calls = sum(int(count) for count in re.findall(rf"^cfn=.*{FUNCTION}.*\ncalls=(\d+)", text, re.M))
    return total / calls if calls else None


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/program"  # without debug information, which valgrind may be too old to read
        subprocess.run(["objcopy", "--strip-debug", sys.argv[1], program], check=True)
        for name in benchmarks(program, sys.argv[2] if len(sys.argv) == 3 else "."):
            count = instructions_per_call(program, name)
            if count is not None:
                print(f"{name:40} {count:10.1f} instructions", flush=True)


main()
