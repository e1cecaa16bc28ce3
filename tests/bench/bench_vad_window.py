#!/usr/bin/env python3
"""One window of the VAD's network: our kernel beside ONNX Runtime with silero-vad's own model.

    bench_vad_window.py BUILD_DIR

The two take turns, three times each, so that a busy machine disturbs both. The peer lives in a virtual
environment below the cache directory, made on first use; without the network our figure stands alone.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna-bench-venv")
LIMIT_US = 40


def peer():
    """(python, model) of the environment, or None with the reason on standard error."""
    python = os.path.join(CACHE, "bin", "python")
    where = ("import importlib.util, os; "
             "print(os.path.dirname(importlib.util.find_spec('silero_vad').origin))")
    try:
        if not os.path.exists(os.path.join(CACHE, "ready")):
            subprocess.run([sys.executable, "-m", "venv", CACHE], check=True, stdout=subprocess.DEVNULL)
            pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run(pip + ["onnxruntime", "numpy"], check=True, timeout=300)
            subprocess.run(pip + ["--no-deps", "silero-vad==6.2.3"], check=True, timeout=300)
            with open(os.path.join(CACHE, "ready"), "w", encoding="utf-8"):
                pass
        folder = subprocess.run([python, "-c", where], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        return python, os.path.join(folder, "data", "silero_vad_16k_op15.onnx")
    except (OSError, subprocess.SubprocessError) as e:
        print(f"no ONNX Runtime to compare with: {e}", file=sys.stderr)
        return None


def main():
    program = os.path.join(sys.argv[1], "tests", "bench", "bench_vad")
    beside = peer()
    ours, theirs = [], []
    for _ in range(3):
        out = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
        ours.append([json.loads(line) for line in out.splitlines()])
        if beside:
            out = subprocess.run([beside[0], os.path.join(HERE, "peer_onnxruntime.py"), beside[1]],
                                 check=True, stdout=subprocess.PIPE, text=True).stdout
            theirs.append(float(out.split()[0]))
    theirs = min(theirs) if theirs else 0

    def told(name, i, limit):
        value = min(run[i]["us"] for run in ours)
        row = {"bench": name, "value": value, "unit": "us", "baseline": {"name": "onnxruntime", "value": theirs},
               "ratio": round(theirs / value, 2)}
        print(json.dumps({**row, "limit": limit} if limit else row))
    told("vad_window", 0, LIMIT_US)
    for i, path in enumerate(ours[0]):
        if not path["used"]:
            told(f"vad_window_{path['path']}", i, None)


if __name__ == "__main__":
    main()
