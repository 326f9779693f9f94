"""The conditions of the guide's example 09 here and in cel-go (bench/peers/celgo), in turn within one run.

Ours is measured twice: the bare conditions over values that are ready, and the whole decision of a request, from the
received request to the answer. cel-go likewise: the bare conditions over a map that is ready, and with the conversion of
the request's protobuf message to that map, which a proxy around it makes for each request.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
OUT = ROOT / "build/bench"

# name of the row: (program, benchmark) of ours; the peer's benchmark
OURS = {"bare, four conditions": ("cel_bench", "guide/four_conditions"),
        "bare, five conditions": ("cel_bench", "guide/five_conditions"),
        "whole decision, four conditions": ("policy_bench", "decide_four_conditions"),
        "whole decision, five conditions": ("policy_bench", "decide_with_body/64")}
PEER = {"bare, four conditions": "FourBare", "bare, five conditions": "FiveBare",
        "whole decision, four conditions": "FourWithConversion", "whole decision, five conditions": "FiveWithConversion"}
GOALS = {"bare": 5, "whole decision": 300}


def build_peer() -> pathlib.Path | None:
    if not shutil.which("go"):
        print("Go is not installed, so cel-go is not measured beside it.")
        return None
    OUT.mkdir(parents=True, exist_ok=True)
    subprocess.run(["protoc", f"-I{ROOT}/proto", "-I/usr/include", "--include_imports",
                    f"--descriptor_set_out={OUT}/context.pb", "corev1.proto"], check=True)
    subprocess.run(["go", "test", "-c", "-o", OUT / "celgo.test", "."], cwd=ROOT / "bench/peers/celgo", check=True)
    return OUT / "celgo.test"


def measure_ours(seconds: float) -> dict[str, float]:
    """Processor nanoseconds of each row."""
    out = {}
    for row, (program, name) in OURS.items():
        text = subprocess.run([BIN / program, f"--benchmark_filter=^{name}$", f"--benchmark_min_time={seconds}",
                               "--benchmark_format=json"], check=True, capture_output=True, text=True).stdout
        (result,) = json.loads(text)["benchmarks"]
        if result.get("error_occurred"):
            raise SystemExit(f"{name}: {result['error_message']}")
        out[row] = result["cpu_time"]
    return out


def measure_peer(program: pathlib.Path, seconds: float) -> dict[str, dict[str, float]]:
    text = subprocess.run([program, "-test.run=^$", "-test.bench=.", f"-test.benchtime={seconds}s"], check=True,
                          capture_output=True, text=True, env={**os.environ, "CONTEXT_DESCRIPTORS": str(OUT / "context.pb")}).stdout
    lines = {match[1]: match[2] for match in re.finditer(r"^Benchmark(\w+?)(?:-\d+)?\s+\d+(.*)$", text, re.M)}
    out = {}
    for row, name in PEER.items():
        units = {unit: float(number) for number, unit in re.findall(r"([\d.]+) (\S+)", lines[name])}
        out[row] = {"ns": units["cpu-ns/op"], "allocations": units["allocs/op"]}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench cel")
    parser.add_argument("--cycles", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each benchmark in each cycle")
    parser.add_argument("--save", action="store_true", help="write bench/results/<date>-cel.json")
    options = parser.parse_args()
    peer = build_peer()
    ours = {row: [] for row in OURS}
    theirs = {row: [] for row in OURS}
    allocations = {}
    for _ in range(options.cycles):
        for row, ns in measure_ours(options.seconds).items():
            ours[row].append(ns)
        if peer:
            for row, line in measure_peer(peer, options.seconds).items():
                theirs[row].append(line["ns"])
                allocations[row] = line["allocations"]

    report = {}
    for row in OURS:
        report[row] = {"ours_ns": round(statistics.median(ours[row]), 1)}
        print(f"{row:33} {report[row]['ours_ns']:10.1f} ns", end="")
        if peer:
            ratios = [their / our for our, their in zip(ours[row], theirs[row])]
            low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
            report[row] |= {"celgo_ns": round(statistics.median(theirs[row]), 1), "celgo_allocations": allocations[row],
                            "ratio": round(middle, 1), "quartiles": [round(low, 1), round(high, 1)]}
            print(f"   cel-go {report[row]['celgo_ns']:10.1f} ns, {allocations[row]:4.0f} allocations: "
                  f"{middle:6.1f} times [{low:.1f}-{high:.1f}], goal {GOALS[row.split(',')[0]]}", end="")
        print()
    if options.save:
        path = ROOT / f"bench/results/{datetime.date.today().isoformat()}-cel.json"
        path.write_text(json.dumps({"date": datetime.datetime.now().isoformat(timespec="seconds"), "cpus": os.cpu_count(),
                                    "cycles": options.cycles, "results": report}, indent=2) + "\n")
        print(f"saved {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
