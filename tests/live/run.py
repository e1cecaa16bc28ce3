#!/usr/bin/env python3
"""Conversations with servers that we did not write, and with one that does everything wrong.

    tests/live/run.py PROGRAM [--files agents,hermes] [PART OF A NAME]

Prints TAP. Peers live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers and are installed by name at first
use; what cannot be had is named as a skip. Cases are the functions marked @case of the files
*_cases.py beside this one, file by file in the order of their names.
"""
import glob
import importlib
import os
import sys

if len(sys.argv) < 2 or not os.path.exists(sys.argv[1]):
    sys.exit(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402 - needs the path above
import harness  # noqa: E402


def begun_in_time(c, here):
    common.in_time()
    try:
        c(here)
    finally:
        common.end_all()


harness.by_itself()
for path in sorted(glob.glob(os.path.join(HERE, "*_cases.py"))):
    importlib.import_module(os.path.basename(path)[:-3])
words, modules = sys.argv[2:], None
if words[:1] == ["--files"]:
    modules = {w + "_cases" for w in words[1].split(",")}
    words = words[2:]
    unknown = modules - set(sys.modules)
    if unknown:
        sys.exit("there is no " + ", ".join(sorted(unknown)))
sys.exit(harness.run("live", words, begun_in_time, modules))
