"""What our test programs in Python share: cases, skips, TAP.

    @case
    def a_sentence_for_a_name(here):  # an empty directory, whose name has a space in it
        check(2 > 1, "what was wrong")

    sys.exit(run("live", sys.argv[2:]))

MYNA_TEST_KEEP=DIRECTORY keeps the directories of cases that failed.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

CASES = []


class Skip(Exception):
    """What this machine lacks for a case."""


def case(f):
    CASES.append(f)
    return f


def check(cond, why):
    if not cond:
        raise AssertionError(why)


def by_itself():
    """Nobody who runs on this machine takes part, and the call log of who runs the tests stays theirs."""
    os.environ["MYNA_PROBE_ENABLED"] = "false"
    os.environ["MYNA_CALLS_ENABLED"] = "false"


def need_models(program):
    """Skips where the speech models are not on this machine."""
    p = subprocess.run([program, "models", "--json"], capture_output=True, text=True, timeout=300)
    check(p.stdout.strip(), f"`myna models --json` said nothing; {p.stderr}")
    missing = [m["name"] for m in json.loads(p.stdout)["models"] if m["state"] != "here"]
    if missing:
        raise Skip("models are missing: " + ", ".join(missing))


def run(what, words, call=lambda c, here: c(here), modules=None):
    """The cases (of those modules) whose names have the word (the first of `words`, if any); returns the exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    chosen = [c for c in CASES if (not modules or c.__module__ in modules) and (not words or words[0].replace(" ", "_") in c.__name__)]
    if not chosen:
        sys.exit(f"no case has {words[0]!r} in its name" if words else "there is no case")
    failed = 0
    for n, c in enumerate(chosen, 1):
        name = c.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix=f"myna {what} ", ignore_cleanup_errors=True) as here:
            try:
                call(c, here)
                print(f"ok {n} - {name}", flush=True)
            except Skip as e:
                print(f"ok {n} - {name} # SKIP {e}", flush=True)
            except Exception as e:  # noqa: BLE001 - one case must not end the others
                failed += 1
                print("\n".join("# " + line for line in f"{type(e).__name__}: {e}".splitlines()))
                print(f"not ok {n} - {name}", flush=True)
                if os.environ.get("MYNA_TEST_KEEP"):
                    with contextlib.suppress(shutil.Error):  # a pipe of events is no file
                        shutil.copytree(here, os.path.join(os.environ["MYNA_TEST_KEEP"], c.__name__), dirs_exist_ok=True)
    print(f"1..{len(chosen)}")
    return 1 if failed else 0
