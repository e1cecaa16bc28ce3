"""Several test programs run at once (tests/check.py); what lies outside the tree is installed by one of them.

    with alone("/a/directory"):   # who comes second waits until the first is done
"""
import contextlib
import fcntl
import os


@contextlib.contextmanager
def alone(directory):
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with open(directory + ".lock", "w", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield
