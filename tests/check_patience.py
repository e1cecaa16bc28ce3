#!/usr/bin/env python3
"""Is a limit moved by what a machine takes, and by no more than that? (tests/support/patience.py) Prints TAP."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import patience  # noqa: E402 - needs the path above

HZ = os.sysconf("SC_CLK_TCK")


def read(text):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(text)
        f.flush()
        return patience.stolen(f.name)


def stolen_time_is_read_where_it_is_counted():
    assert read(f"cpu  1 2 3 4 5 6 7 {3 * HZ} 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n") == 3
    assert read("cpu  1 2 3 4\n") == read("") == read("cpu  1 2 3 4 5 6 7 none\n") == patience.stolen("/nowhere") == 0


def a_limit_is_moved_by_each_at_most_by_itself():
    class Still:
        late = 0.0

        def count(self):
            return self.late

    now = {"starved": 100.0, "stolen": 50.0}
    patience.NAPS, patience.starved, patience.stolen = Still(), lambda: now["starved"], lambda: now["stolen"]
    limit = patience.Limit(2)
    for starved, stolen, late, seconds in ((0, 0, 0, 2), (0.5, 0, 0, 2.5), (0, 0.7, 0, 2.7), (9, 0.5, 0, 4.5),
                                           (9, 9, 0, 6), (0, 0, 5, 7), (9, 9, 5, 11)):
        now.update(starved=100 + starved, stolen=50 + stolen)
        patience.NAPS.late = late
        assert abs(limit.seconds() - seconds) < 1e-9, (limit.seconds(), seconds)
    assert limit.slack(1) == 1 and not limit.over()


def main():
    tests, bad = (stolen_time_is_read_where_it_is_counted, a_limit_is_moved_by_each_at_most_by_itself), 0
    for n, test in enumerate(tests, 1):
        try:
            test()
            state = "ok"
        except AssertionError as e:
            state, bad = "not ok", 1
            print(f"# {e!r}")
        print(f"{state} {n} - {test.__name__.replace('_', ' ')}")
    print(f"1..{len(tests)}")
    return bad


if __name__ == "__main__":
    sys.exit(main())
