#!/usr/bin/env python3
"""The command line from outside, as a person meets it: calls over files, every bad input, Ctrl-C,
kill -9, completion. It needs no models and no sound card; real speech is tests/speech.

    tests/cli/cli_test.py PROGRAM [CASE]

Prints TAP. The cases stand in the modules below; a name is a sentence.
"""
import sys

import support

import calls  # noqa: F401  the import registers the cases
import inputs  # noqa: F401
import endings  # noqa: F401
import completions  # noqa: F401
import ask  # noqa: F401
import desk  # noqa: F401
import log  # noqa: F401
import rooms  # noqa: F401
import without  # noqa: F401

if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("usage: cli_test.py PROGRAM [CASE]", file=sys.stderr)
        sys.exit(2)
    sys.exit(support.run(sys.argv[1], sys.argv[2:]))
