"""Installs and builds programs of others, within the time that there is: $CHECK_UNTIL (seconds since
1970, set by .ci/run) and three minutes beyond it, 15 minutes a command where it is not set."""
import os
import subprocess
import time


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
