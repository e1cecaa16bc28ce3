#!/usr/bin/env python3
"""The terminal door with a real sound system: a PulseAudio daemon of our own with two pretended
sound cards. What is played into `mouth` is what the microphone hears; what is heard at `ear` is what
the loudspeaker plays. `myna console` runs in a pseudo terminal, and its screen is read.

    tests/live/sound_card_test.py PROGRAM [CASE]

Prints TAP. Needs PulseAudio, its tools and ALSA's plugin for it (Debian: pulseaudio pulseaudio-utils
libasound2-plugins) and the speech models; what is missing is named as a skip. Takes a minute.
"""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from harness import Skip, by_itself, case, check, need_models, run  # noqa: E402 - needs the path above
from patience import Limit  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUESTION = os.path.join(TOP, "data", "question.wav")

ALSA = """pcm_type.pulse { }
pcm.!default { type pulse hint { show on description "default" } }
ctl.!default { type pulse }
"""
DAEMON = """load-module module-native-protocol-unix auth-anonymous=1 socket={run}/native
load-module module-null-sink sink_name=mouth rate=48000 channels=1
load-module module-null-sink sink_name=ear rate=48000 channels=1
set-default-sink ear
set-default-source mouth.monitor
"""


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()


class Cards:
    """The daemon, and four quiet streams that keep its pretended cards awake: one that sleeps wakes
    with a gap of two seconds, as no real card does."""

    def __init__(self, here):
        self.run = run = tempfile.mkdtemp(prefix="myna-pulse-") # its names may hold no space
        self.env = dict(os.environ, XDG_RUNTIME_DIR=run, PULSE_RUNTIME_PATH=run, PULSE_SERVER=f"unix:{run}/native",
                        ALSA_CONFIG_PATH=os.path.join(run, "asound.conf"), TERM="xterm")
        with open(self.env["ALSA_CONFIG_PATH"], "w", encoding="utf-8") as f:
            f.write(ALSA)
        with open(os.path.join(here, "daemon.pa"), "w", encoding="utf-8") as f:
            f.write(DAEMON.format(run=run))
        self.children = []
        self.daemon = self.start("pulseaudio", "-n", "-F", f.name, "--exit-idle-time=-1", "--daemonize=no",
                                 "--use-pid-file=no", "--log-level=error")
        limit = Limit(10)
        while subprocess.run(["pactl", "info"], env=self.env, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode:
            check(not limit.over() and self.daemon.poll() is None, "the PulseAudio daemon does not start")
            time.sleep(0.1)
        for sink in ("ear", "mouth"):
            self.start("parec", "--latency-msec=20", "-d", sink + ".monitor")
            self.start("pacat", "--latency-msec=20", "-d", sink, "/dev/zero")
        time.sleep(2.5)

    def start(self, *cmd, stdout=subprocess.DEVNULL):
        p = subprocess.Popen(cmd, env=self.env, stdin=subprocess.DEVNULL, stdout=stdout,
                             stderr=subprocess.DEVNULL)
        self.children.append(p)
        return p

    def ask(self):
        return self.start("paplay", "--latency-msec=20", "-d", "mouth", QUESTION)

    def close(self):
        for p in reversed(self.children):
            end(p)
        shutil.rmtree(self.run, ignore_errors=True)


class Console:
    """`myna console` in a pseudo terminal of 90 columns."""

    def __init__(self, cards, here, *flags):
        self.seen = ""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
        self.fd = master
        # a session of its own, so that ^C on the terminal is its SIGINT
        self.process = subprocess.Popen([MYNA, "console", *flags], env=cards.env, cwd=here, stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError: # the program has gone
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def until(self, pattern, seconds, since=0):
        limit = Limit(seconds)
        while not re.search(pattern, self.seen[since:]):
            left = limit.left()
            check(left > 0, f"no {pattern!r} on the screen within {limit}:\n{self.lines()}")
            if not self.read(left):
                check(re.search(pattern, self.seen[since:]), f"ended without {pattern!r}:\n{self.lines()}")
        return len(self.seen)

    def key(self, key):
        os.write(self.fd, key)

    def exit(self, seconds):
        limit = Limit(seconds)
        while not limit.over() and self.read(max(0.01, limit.left())):
            pass
        return self.process.wait(timeout=10)

    def lines(self):
        """What was printed, without the moves of the cursor and the line of levels."""
        pieces = re.sub(r"\x1b\[\d+A", "", self.seen).split("\r\x1b[J")
        text = "".join(p for p in pieces if not re.match(r"\w+ +you [▮▯]+ agent [▮▯]+( +last.*)?$", p))
        return re.sub(r"\x1b\[[0-9;]*m", "", text)[-2000:]

    def close(self):
        end(self.process)
        os.close(self.fd)


def events(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def recording(where):
    found = os.listdir(where)
    check(len(found) == 1, f"recordings: {found}")
    path = os.path.join(where, found[0])
    p = subprocess.run([MYNA, "replay", os.path.join(path, "call.flight"), "--json"], capture_output=True, text=True,
                       timeout=60)
    check(p.returncode == 0 and json.loads(p.stdout)["differ"] == 0, f"the recording: {p.stdout}{p.stderr}")
    for name in ("audio.ogg", "session_report.json"):
        check(os.path.getsize(os.path.join(path, name)) > 0, f"{name} is empty")


@case
def a_conversation_through_the_sound_card(here, cards):
    heard = os.path.join(here, "heard.raw")
    with open(heard, "wb") as f:
        cards.start("parec", "--latency-msec=20", "-d", "ear.monitor", "--format=s16le", "--channels=1", stdout=f)
    con = Console(cards, here, "--events", "ev.jsonl", "--record", "rec")
    try:
        con.until(r"interrupt\S* me", 60)  # the voice may take long to load
        at = con.until(r"listening", 20, len(con.seen))
        cards.ask()
        at = con.until(r"listening +you ▮▮▮", 10, at) # the level meter moves
        at = con.until(r"You: +\S", 10, at)           # an interim, while the question is asked
        con.until(r"Agent: .*56", 15, at)
        con.until(r"speaking +you \S+ agent ▮▮▮", 10, at)
        con.until(r"answered after \d+ ms\)", 10, at)
        con.until(r"last answer \d+ ms", 10, at)
        con.until(r"listening", 10, len(con.seen))
        con.key(b"\x03")
        code = con.exit(8)
        check(code == 0, f"one Ctrl-C: exit {code}")
        check("Hanging up" in con.seen and "turn 1: answered" in con.seen, con.lines())
        check("ALSA" not in con.seen and "Expression" not in con.seen, con.lines())
    finally:
        con.close()
    told = events(os.path.join(here, "ev.jsonl"))
    times = [e["time_ms"] for e in told]
    check(times == sorted(times) and told[-1]["type"] == "close", "the events are not in order to the close")
    interims = [e for e in told if e["type"] == "user_input_transcribed" and not e["isFinal"]]
    check(len(interims) >= 2, f"{len(interims)} interims")
    recording(os.path.join(here, "rec"))
    with open(heard, "rb") as f:
        pcm = f.read()
    check(max(abs(s[0]) for s in struct.iter_unpack("<h", pcm[:len(pcm) // 2 * 2])) > 2000, "the loudspeaker was quiet")


@case
def a_second_ctrl_c_ends_at_once(here, cards):
    con = Console(cards, here)
    try:
        con.until(r"Agent: ", 60)
        con.key(b"\x03")
        con.until(r"Hanging up", 10)
        con.key(b"\x03")
        limit = Limit(4)
        code = con.exit(8)
        # killed by it in its very last moment: what a shell calls 130 too
        check(code in (130, -signal.SIGINT), f"two Ctrl-C: exit {code}\n{con.lines()}")
        check(not limit.over(), "it was not at once")
    finally:
        con.close()


@case
def a_card_that_vanishes_ends_the_call_with_a_sentence(here, cards):
    con = Console(cards, here, "--events", "ev.jsonl", "--record", "rec")
    try:
        con.until(r"speaking", 60)
        time.sleep(1)
        cards.daemon.kill()
        code = con.exit(25)
        check(code == 1, f"exit {code}\n{con.lines()}")
        check(re.search(r"myna: the sound card has stopped", con.seen), con.lines())
    finally:
        con.close()
    last = events(os.path.join(here, "ev.jsonl"))[-1]
    check(last["type"] == "close" and last["reason"] == "error", f"the last event: {last}")
    recording(os.path.join(here, "rec"))


def with_cards(c, here):
    for tool in ("pulseaudio", "pactl", "parec", "pacat", "paplay"):
        if not shutil.which(tool):
            raise Skip(f"no {tool} on this machine")
    need_models(MYNA)
    cards = Cards(here)
    try:
        c(here, cards)
    finally:
        cards.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: sound_card_test.py PROGRAM [CASE]")
    MYNA = os.path.abspath(sys.argv[1])
    by_itself()
    sys.exit(run("live", sys.argv[2:], with_cards))
