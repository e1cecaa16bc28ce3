#!/usr/bin/env python3
"""Installs what the live cases talk to, ahead of them; what cannot be had is told by its case.

    tests/live/install.py

Peers live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers. LiveKit's server and SDK come first, for their cases do.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "speech")]

import judge  # noqa: E402 - needs the path above
import livekit_server  # noqa: E402
import livekit_test  # noqa: E402
import recipes  # noqa: E402
from common import Skip, install  # noqa: E402


def told(name, work):
    try:
        why = work()
        print(f"{name}: " + (str(why[1]) if isinstance(why, tuple) and why[1] else "here"), flush=True)
    except Skip as e:
        print(f"{name}: {e}", flush=True)


told("livekit-server", livekit_server.build)
told("livekit-sdk", livekit_test.sdk)
told("judge", judge.environment)
for each in recipes.RECIPES:
    told(each, lambda: install(each))
