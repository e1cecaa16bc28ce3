"""How a call ends from outside: Ctrl-C once and twice at a terminal, SIGTERM, a closed pipe, kill -9."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from support import (INSTANT, QUESTION, Limit, Myna, case, check, environment, events_of, first_loud, flight_in, read_wav,
                     replay, start)

LIVE = ("console", "--in", QUESTION, "--out", "heard.wav", "--events", "ev.jsonl", *INSTANT,
        "--set", "tts.instant.duration=6s")


class Terminal:
    """The program in a pseudo terminal, which is its controlling one: ^C is its SIGINT."""

    def __init__(self, here, *words, program=None, env=None):
        self.seen = ""
        self.fd, slave = pty.openpty()
        self.process = subprocess.Popen([program or Myna.path, *words], cwd=here,
                                        env=dict(environment(here), **(env or {})), stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)

    def read(self, seconds):
        """False: the program has gone."""
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def until(self, pattern, seconds=60):
        limit = Limit(seconds)
        while not re.search(pattern, self.seen):
            check(not limit.over(), f"no {pattern!r} within {limit}:\n{self.seen}")
            if not self.read(min(1, limit.left())):
                check(re.search(pattern, self.seen), f"ended without {pattern!r}:\n{self.seen}")

    def key(self, key):
        os.write(self.fd, key)

    def exit(self, seconds=60):
        limit = Limit(seconds)
        while not limit.over() and self.read(min(1, limit.left())):
            pass
        return self.process.wait(timeout=60)


def until_event(path, wanted, seconds=60):
    limit = Limit(seconds)
    while not limit.over():
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f:
                    if line.endswith("\n") and wanted(json.loads(line)):
                        return
        time.sleep(0.02)
    raise AssertionError(f"the event did not come within {limit}")


def answering(e):
    return e["type"] == "turn_latency"


@case
def one_ctrl_c_hangs_up_politely(here):
    with Terminal(here, *LIVE, "--record", "rec") as t:
        until_event(os.path.join(here, "ev.jsonl"), answering)
        time.sleep(0.5)
        t.key(b"\x03")
        limit = Limit(20)
        code = t.exit()
        check(code == 0, f"exit {code}:\n{t.seen}")
        check(not limit.over(), "it took its time")
        check("Hanging up (Ctrl-C again ends at once)" in t.seen and "turn 1: answered" in t.seen, t.seen)
    told = events_of(os.path.join(here, "ev.jsonl"))
    check(told[-1]["type"] == "close" and told[-1]["reason"] == "user_initiated", str(told[-1]))
    last = [e["item"] for e in told if e["type"] == "conversation_item_added"][-1]
    check(last["role"] == "assistant" and last["interrupted"], f"the cut answer is not in the history: {last}")
    rate, heard = read_wav(os.path.join(here, "heard.wav"))
    check(abs(len(heard) / rate - told[-1]["time_ms"] / 1000) < 0.1, f"{len(heard) / rate} s were kept")
    check(first_loud(rate, heard, len(heard) / rate - 0.5) is not None, "the WAV ends before what was heard")
    where, flight = flight_in(os.path.join(here, "rec"))
    check(replay(here, flight)["differ"] == 0, "the recording differs")
    check(os.path.exists(os.path.join(where, "session_report.json")), "no report")


@case
def a_second_ctrl_c_ends_at_once(here):
    """The ear is a pipe that nobody empties, as a disk that hangs: the polite end waits for it."""
    fifo = os.path.join(here, "ear")
    os.mkfifo(fifo)
    ear = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.fcntl(ear, fcntl.F_SETPIPE_SZ, 4096)
        with Terminal(here, "console", "--in", QUESTION, "--out", "ear", "--events", "ev.jsonl", *INSTANT) as t:
            until_event(os.path.join(here, "ev.jsonl"), answering)
            t.key(b"\x03")
            t.until("Hanging up")
            t.read(0.3)
            check(t.process.poll() is None, f"it did not wait for the ear:\n{t.seen}")
            t.key(b"\x03")
            code = t.exit()
            check(code == 130, f"exit {code}:\n{t.seen}")
            check("myna: ended at once on request" in t.seen, t.seen)
    finally:
        os.close(ear)


@case
def ctrl_c_ends_a_typed_call_and_a_fast_one(here):
    with Terminal(here, "console", "--text", "--llm", "rehearsal") as t:
        t.until("rehearsal agent")
        t.key(b"what is two plus two\n")
        t.until(r"Agent: .*4")
        t.key(b"\x03")
        code = t.exit()
        check(code == 0 and "Hanging up" in t.seen, f"typed: exit {code}:\n{t.seen}")
    with Terminal(here, "console", "--text", "--llm", "rehearsal") as t:
        t.until("rehearsal agent")
        t.key(b"\x04")  # the end of what is typed
        code = t.exit()
        check(code == 0 and "Hanging up" not in t.seen, f"^D: exit {code}:\n{t.seen}")
    long = ("--set", "transport.file.lead=10m", "--set", "transport.file.tail=10m", "--set", "transport.file.max_tail=60m")
    with Terminal(here, *LIVE, "--fast", *long) as t:
        t.until("Agent: ")
        t.key(b"\x03")
        code = t.exit()
        check(code == 0 and "Hanging up" in t.seen, f"fast: exit {code}:\n{t.seen}")


@case
def sigterm_is_a_polite_end_too(here):
    p = start(here, *LIVE)
    until_event(os.path.join(here, "ev.jsonl"), answering)
    p.send_signal(signal.SIGTERM)
    out, _ = p.communicate(timeout=60)
    check(p.returncode == 0, f"exit {p.returncode}: {out.decode()}")
    check(events_of(os.path.join(here, "ev.jsonl"))[-1]["reason"] == "user_initiated", "the close event is another")


@case
def a_call_killed_in_the_middle_leaves_a_flight_that_replays(here):
    p = start(here, *LIVE, "--record", "rec")
    until_event(os.path.join(here, "ev.jsonl"), answering)
    time.sleep(1.5)
    p.kill()
    p.communicate(timeout=60)
    check(p.returncode == -signal.SIGKILL, f"it ended by itself: {p.returncode}")
    where, flight = flight_in(os.path.join(here, "rec"))
    r = replay(here, flight)
    told = events_of(os.path.join(here, "ev.jsonl"))
    check(r["differ"] == 0 and r["outputs"] > 100, str(r))
    check(r["call_ms"] > 4000, f"only {r['call_ms']} ms of the call were kept")
    check(told[-1]["type"] != "close", "the call was over before it was killed")
    rate, heard = read_wav(os.path.join(here, "heard.wav"))
    check(first_loud(rate, heard) is not None, "what was heard before is not in the WAV")
    with open(os.path.join(where, "audio.ogg"), "rb") as f:
        check(f.read(4) == b"OggS", "audio.ogg cannot be played")
