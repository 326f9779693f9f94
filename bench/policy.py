#!/usr/bin/env python3
"""./dev bench policy [--save]: what one decision costs, in time, allocations and instructions, and how that grows.

Fails when instructions grow or shrink by more than 5 % with what does not apply. --save writes the table to bench/results."""
import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = ROOT / "build/release/bin"
# What must not grow: pairs of benchmarks whose instructions are compared.
GROWTH = [("decide_beside_policies/10", "decide_beside_policies/10000"),
          ("decide_beside_policies_unremembered/10", "decide_beside_policies_unremembered/10000"),
          ("recall_and_decide/10", "recall_and_decide/100000")]
MOST_GROWTH = 0.05
PROGRAMS = [("policy_bench", "^(decide|remember)_"), ("gateway_bench", "^recall_")]


def plain(name):
    return name.split("/iterations:")[0]


def times(program, select):
    text = subprocess.run([BIN / program, f"--benchmark_filter={select}", "--benchmark_format=json", "--benchmark_repetitions=5", "--benchmark_min_time=0.1"],
                          check=True, capture_output=True, text=True).stdout
    best = {}
    for run in json.loads(text)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        if "error_message" in run:
            raise SystemExit(f"{run['name']}: {run['error_message']}")
        line = best.setdefault(plain(run["run_name"]), {"ns": run["cpu_time"], "allocations": run.get("allocations")})
        line["ns"] = min(line["ns"], run["cpu_time"])
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    results = {}
    for program, select in PROGRAMS:
        results |= times(program, select)
        counted = subprocess.run([sys.executable, ROOT / "bench/instructions.py", BIN / program, select], check=True,
                                 capture_output=True, text=True).stdout
        for name, count in re.findall(r"^(\S+)\s+([0-9.]+) instructions$", counted, re.M):
            results[plain(name)]["instructions"] = float(count)
    print(f"{'':44} {'ns':>9} {'allocations':>12} {'instructions':>13}")
    for name, line in results.items():
        shown = [f"{line['ns']:9.1f}"] + ["-".rjust(width) if line.get(key) is None else f"{line[key]:{width}.1f}"
                                          for key, width in (("allocations", 12), ("instructions", 13))]
        print(f"{name:44} {' '.join(shown)}")
    growth = {}
    for few, many in GROWTH:
        growth[many] = results[many]["instructions"] / results[few]["instructions"] - 1
        print(f"{many}: {growth[many]:+.1%} instructions against {few}")
    if options.save:
        now = datetime.datetime.now(datetime.UTC)
        path = ROOT / "bench/results" / f"{now:%Y-%m-%d}-policy.json"
        path.write_text(json.dumps({"date": now.isoformat(timespec="seconds"), "cpus": os.cpu_count(), "results": results,
                                    "growth": growth}, indent=1) + "\n")
        print(f"written: {path.relative_to(ROOT)}")
    if any(abs(each) > MOST_GROWTH for each in growth.values()):
        raise SystemExit(f"the cost of a decision depends on what does not apply, by more than {MOST_GROWTH:.0%}")


main()
