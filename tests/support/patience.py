"""How long a case waits on a machine that has other work, too.

A case says how long something may take where nothing else runs. Where others keep the processors busy, the program, its
peers and the case itself wait for one, and a limit in seconds would measure them. So a limit is moved by what was
measured meanwhile: by the time in which somebody waited for a processor (the kernel's own account, /proc/pressure/cpu),
by the time in which the machine itself got none from the one that it runs on (/proc/stat), each at most as long as the
limit itself, and by how late this process came back from short sleeps.

    limit = Limit(2)
    ...
    check(limit.took() < limit.seconds(), ...)   # or: not limit.over()
"""
import os
import threading
import time

NAP = 0.05


def starved():
    """Seconds since the start of the machine in which somebody waited for a processor; 0 where nobody counts them."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii") as f:
            return int(f.readline().rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return 0.0


def stolen(path="/proc/stat"):
    """Seconds since the start of the machine in which its processors were another machine's, each for itself; 0 where
    nobody counts them."""
    try:
        with open(path, encoding="ascii") as f:
            return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")  # "cpu user nice system idle iowait irq softirq steal"
    except (OSError, ValueError, IndexError):
        return 0.0


class Naps:
    """How late a sleeper in this process came back from its sleeps, in seconds, all together."""

    def __init__(self):
        self.late, self.began, self.lock = 0.0, 0.0, threading.Lock()

    def sleep(self):
        self.began = time.monotonic()
        while True:
            time.sleep(NAP)
            with self.lock:
                now = time.monotonic()
                over, self.began = now - self.began - NAP, now
                if over > 0.02:  # less is how exact a clock is
                    self.late += over

    def count(self):
        with self.lock:
            if not self.began:
                threading.Thread(target=self.sleep, daemon=True).start()
                self.began = time.monotonic()
            return self.late + max(0.0, time.monotonic() - self.began - NAP - 0.02)


NAPS = Naps()


def rest(seconds):
    """Sleeps that long, and as much longer as the machine took: behind it what was to come has come."""
    limit = Limit(seconds)
    while not limit.over():
        time.sleep(min(0.1, max(0.01, limit.left())))


class Limit:
    """So many seconds from now on, and what the machine took of them."""

    def __init__(self, seconds):
        self.asked, self.began, self.late = seconds, time.monotonic(), NAPS.count()
        self.starved, self.stolen = starved(), stolen()

    def seconds(self):
        """How long it may take, as far as the machine is known by now."""
        return (self.asked + min(starved() - self.starved, self.asked) + min(stolen() - self.stolen, self.asked) +
                NAPS.count() - self.late)

    def took(self):
        return time.monotonic() - self.began

    def left(self):
        return self.seconds() - self.took()

    def over(self):
        return self.left() <= 0

    def slack(self, most):
        """What the machine may have moved a moment by; no more than that."""
        return min(most, max(0.0, self.seconds() - self.asked))

    def __str__(self):
        more = self.seconds() - self.asked
        return f"{self.asked:g} s" + (f" and {more:.1f} for a busy machine" if more > 0.05 else "")
