"""LiveKit Agents for Python in the same rooms with the same callers, where it can be had: an environment of
its own in the cache, made at first use (467 MB)."""
import os
import subprocess
import sys

PINS = ["livekit-agents==1.8.9", "livekit-plugins-silero==1.8.9"]
HERE = os.path.dirname(os.path.abspath(__file__))
HOME = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna-peers", "livekit-agents")

# What it cost on a two-core machine of this project with callers like ours, everything else quiet: told
# where the peer cannot be run. `call_mb` is what a call adds, `total_mb` the whole by the number of calls, ten.
TOLD = {"name": "LiveKit Agents 1.8.9 (earlier run)", "cpu": 0.117, "call_mb": 49.0, "total_mb": 104.0, "answer_ms": 770.0,
        "dispatched_ms": 370.0, "registered_ms": 2800.0}


def python():
    """(interpreter, None) or (None, why not)."""
    found = os.path.join(HOME, "bin", "python")
    if os.path.exists(found) and not subprocess.run([found, "-c", "import livekit.agents, livekit.plugins.silero"],
                                                    capture_output=True, check=False).returncode:
        return found, None
    for cmd in ([sys.executable, "-m", "venv", HOME],
                [found, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", *PINS]):
        p = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
        if p.returncode:
            return None, (p.stderr.strip().splitlines() or ["no word why"])[-1][:200]
    return found, None


def measure(run, env):
    """`run(cmd, env, word, agent, rooms)` serves so many callers; what ten calls cost, or TOLD with the reason."""
    program, why = python()
    if not program:
        return TOLD, f"LiveKit Agents cannot be installed here ({why}): figures of an earlier run"
    cmd = [program, os.path.join(HERE, "rooms_agent.py"), "start"]
    r = run(cmd, env, "registered worker", "peer", 10)
    return {"name": "LiveKit Agents 1.8.9", "cpu": r["cpu"] / 10, "call_mb": (r["all"] - r["first"]) / 9,
            "total_mb": r["all"] / 10, "answer_ms": r["p50"], "dispatched_ms": r["dispatched"],
            "registered_ms": r["registered"]}, None
