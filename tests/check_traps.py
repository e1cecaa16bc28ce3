#!/usr/bin/env python3
"""Does each test that docs/livekit-traps.md names exist, in the file it names? Prints TAP."""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "docs/livekit-traps.md"


def text_of(path):
    try:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def missing(page):
    """(line number, what) of each test that is not there."""
    found = 0
    for n, line in enumerate(page.splitlines(), 1):
        for live, name, tests in re.findall(r"(live )?([a-z0-9_]+(?:/[a-z0-9_]+)?): ((?:`[a-z0-9_]+`(?:, )?)+)", line):
            path = f"tests/live/{name}.py" if live else f"tests/unit/{name}_test.c"
            source = text_of(path)
            for test in re.findall(r"`([a-z0-9_]+)`", tests):
                found += 1
                if f"TEST({test})" not in source and f"def {test}(" not in source:
                    yield n, f"{test} is not in {path}"
    if found < 60:
        yield 0, f"only {found} tests were read out of the page"


def main():
    wrong = list(missing(text_of(PAGE)))
    for n, what in wrong:
        print(f"# {PAGE}:{n}: {what}")
    print(("not " if wrong else "") + "ok 1 - each test that the page of traps names exists\n1..1")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
