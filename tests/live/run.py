#!/usr/bin/env python3
"""Conversations with servers that we did not write, and with one that does everything wrong.

    tests/live/run.py PROGRAM [PART OF A NAME]

Prints TAP. Peers live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers and are installed by name at first
use; what cannot be had is named as a skip. Cases are the functions marked @case of the files
*_cases.py beside this one, file by file in the order of their names.
"""
import glob
import importlib
import os
import sys
import tempfile

if len(sys.argv) < 2:
    sys.exit(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402 - needs the path above


def main():
    os.environ["MYNA_PROBE_ENABLED"] = "false"  # nobody who runs on this machine takes part
    os.environ["MYNA_CALLS_ENABLED"] = "false"  # and the log of who runs the tests stays theirs
    for path in sorted(glob.glob(os.path.join(HERE, "*_cases.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    bad = 0
    chosen = [c for c in common.CASES if len(sys.argv) < 3 or sys.argv[2] in c.__name__]
    for n, c in enumerate(chosen, 1):
        name = c.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="myna live ", ignore_cleanup_errors=True) as here:
            try:
                common.in_time()
                c(here)
                print(f"ok {n} - {name}", flush=True)
            except common.Skip as e:
                print(f"ok {n} - {name} # SKIP {e}", flush=True)
            except Exception as e:  # noqa: BLE001 - one case must not end the others
                bad += 1
                for line in f"{type(e).__name__}: {e}".splitlines():
                    print("# " + line)
                print(f"not ok {n} - {name}", flush=True)
    print(f"1..{len(chosen)}")
    return 1 if bad else 0


sys.exit(main())
