#!/usr/bin/env python3
"""`make bench`: builds the release tree, runs the benchmarks, prints a table.

    tests/bench/run.py [NAME ...]

Each figure is also a line of JSON in build/bench.jsonl:
{"bench":"vad_window","value":38.2,"unit":"us","baseline":{"name":"onnxruntime","value":176.0},"ratio":4.6}
The ratio is baseline / value, both of the same run. A figure over its limit ("limit"), or
below the least that it must be ("least"), makes the exit status 1.
"""
import json
import os
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = "build-release"


def program(*cmd):
    """Lines of JSON that a benchmark program prints."""
    p = subprocess.run([f"{BUILD}/tests/bench/{cmd[0]}", *cmd[1:]], stdout=subprocess.PIPE, text=True, timeout=300)
    rows = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    if p.returncode or not rows:
        raise RuntimeError(f"{cmd[0]} ended with {p.returncode} and told {len(rows)} figures")
    return rows


def row(name, value, unit, baseline, baseline_value, limit=None):
    r = {"bench": name, "value": round(value, 4), "unit": unit,
         "baseline": {"name": baseline, "value": round(baseline_value, 4)}, "ratio": round(baseline_value / value, 4) if value else 0}
    if limit is not None:
        r["limit"] = limit
    return r


def process_start():
    """Median of eleven starts, beside a program that does nothing."""
    def once(cmd, read):
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        p = subprocess.run(cmd + ([str(began)] if read else []), stdout=subprocess.PIPE, text=True, check=True)
        return float(p.stdout) if read else (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - began) / 1e6

    def median(values):
        return sorted(values)[len(values) // 2]
    ready = median([once([f"{BUILD}/tests/bench/bench_start"], True) for _ in range(11)])
    return [row("process_start", ready, "ms", "a process that does nothing", median([once(["true"], False) for _ in range(11)]), 50)]


def turns():
    """Beside LiveKit Agents' own session for Python on the same terms, twenty calls each, where it can be had."""
    import rooms_peer  # pylint: disable=import-outside-toplevel

    rows = program("bench_turns", "200", "10")
    peer, why = rooms_peer.python()
    if not peer:
        print(f"# no LiveKit Agents to compare with: {why}")
        return rows
    ours = {r["bench"]: r["baseline"]["value"] for r in program("bench_turns", "20", "10")}
    p = subprocess.run([peer, "tests/bench/turns_agent.py", "20", "10"], stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    theirs = json.loads(p.stdout.splitlines()[-1])
    return rows + [row(f"{name}_median_of_20", ours[bench], "ms", "LiveKit Agents 1.8.9", theirs[key]["p50"])
                   for name, bench, key in (("turn_request", "turn_request_p99", "request_ms"),
                                            ("turn_first_text", "turn_first_text_p99", "first_text_ms"),
                                            ("first_sentence_late", "first_sentence_late_p99", "late_ms"))]


BENCHES = {
    "sessions": lambda: program("bench_sessions", "200", "10"),
    "turns": turns,
    "sessions_vad": lambda: program("bench_sessions", "200", "6", "silero"),
    "session_memory": lambda: program("bench_memory", "100"),
    "process_start": process_start,
    "speech": lambda: program("bench_speech"),
    "rtc": lambda: program("bench_rtc", "10", "5"),
}


def discovered():
    """Benchmarks of other rooms: tests/bench/bench_NAME.py prints the same lines of JSON."""
    found = {}
    for f in sorted(os.listdir("tests/bench")):
        if f.startswith("bench_") and f.endswith(".py"):
            def run(f=f):
                p = subprocess.run([sys.executable, f"tests/bench/{f}", BUILD], stdout=subprocess.PIPE, text=True, timeout=600)
                rows = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
                if p.returncode or not rows:
                    raise RuntimeError(f"{f} ended with {p.returncode}")
                return rows
            found[f[len("bench_"):-3]] = run
    return found


def verdict(r):
    if "limit" in r and r["value"] > r["limit"]:
        return "   OVER"
    return "   UNDER" if "least" in r and r["value"] < r["least"] else ""


def main():
    os.chdir(TOP)
    every = {**discovered(), **BENCHES}
    wanted = sys.argv[1:] or list(every)
    for w in wanted:
        if w not in every:
            print(f"no benchmark '{w}'; there are: {', '.join(every)}", file=sys.stderr)
            return 2
    if not os.path.exists(f"{BUILD}/build.ninja"):
        subprocess.run(["meson", "setup", BUILD, "--buildtype=release", "-Dwerror=true"], check=True, env=dict(os.environ, CC="gcc"),
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD], check=True, stdout=subprocess.DEVNULL)
    os.makedirs("build", exist_ok=True)
    bad = 0
    print(f"{'benchmark':32} {'value':>10} {'unit':11} {'limit':>7}  {'ratio':>8}  beside")
    with open("build/bench.jsonl", "a", encoding="utf-8") as out:
        for w in wanted:
            try:
                rows = every[w]()
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as e:
                print(f"{w:32} failed: {e}")
                bad += 1
                continue
            for r in rows:
                out.write(json.dumps({k: v for k, v in r.items() if k not in ("limit", "least")}) + "\n")
                word = verdict(r)
                bad += bool(word)
                limit = f"{r['least']:.4g}+" if "least" in r else r.get("limit", "")
                print(f"{r['bench']:32} {r['value']:10.4g} {r['unit']:11} {limit:>7}  {r['ratio']:8.3g}  "
                      f"{r['baseline']['name']} {r['baseline']['value']:.4g}{word}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
