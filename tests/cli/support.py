"""What the tests of the command line share: the program in a home of its own, sound files of every
kind, the events of a call, and cases that print TAP.

Every case gets an empty directory whose name has a space in it. Nobody's configuration, cache or
environment reaches the program: HOME and the XDG directories lie below that directory, and the
models are "not there" unless a case asks for the machine's own.
"""
import array
import json
import os
import struct
import subprocess
import sys
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
import harness  # noqa: E402 - needs the path above
from harness import Skip, case, check  # noqa: E402,F401
from patience import Limit  # noqa: E402,F401

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUESTION = os.path.join(TOP, "data", "question.wav")
# Deterministic and here on every machine: the same words, answer and sound at once.
INSTANT = ["--stt", "instant", "--llm", "instant", "--tts", "instant", "--vad", "energy"]


# ------------------------------------------------------------------ the program


class Myna:
    """The program under test; set by run()."""

    path = ""
    own_models = ""  # the machine's own


def environment(here, **more):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("MYNA_", "XDG_", "LIVEKIT_", "OPENAI_"))}
    home = os.path.join(here, "home")
    os.makedirs(home, exist_ok=True)
    return dict(keep, HOME=home, MYNA_MODELS=os.path.join(here, "no models"), TERM="dumb", **more)


class Run:
    """One run to its end: code, out, err."""

    def __init__(self, here, *words, stdin=None, timeout=600, env=None, under=()):
        self.words = words
        p = subprocess.run([*under, Myna.path, *words], cwd=here, env=env or environment(here), timeout=timeout,
                           input=stdin if stdin is not None else b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.code = p.returncode
        self.out = p.stdout.decode("utf-8", "replace")
        self.err = p.stderr.decode("utf-8", "replace")

    def __str__(self):
        return f"myna {' '.join(self.words)}: exit {self.code}\n{self.out}{self.err}"

    def well(self):
        check(self.code == 0, str(self))
        return self

    def fails(self, code, *parts):
        """With this exit code, and one last line "myna: sentence" that has these parts."""
        check(self.code == code, f"want exit {code}: {self}")
        last = (self.err.splitlines() or [""])[-1]
        check(last.startswith("myna: ") and len(last) > len("myna: "), f"no sentence at the end: {self}")
        for part in parts:
            check(part in last, f"the sentence has no {part!r}: {self}")
        return self


def start(here, *words, **how):
    return subprocess.Popen([Myna.path, *words], cwd=here, env=environment(here), stdin=subprocess.DEVNULL,
                            stdout=how.pop("stdout", subprocess.PIPE), stderr=subprocess.STDOUT, **how)


def events_of(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Call:
    """`myna console` over files, with instant providers unless said otherwise."""

    def __init__(self, here, name, question, *flags, providers=None, fast=True, env=None):
        self.heard_file = os.path.join(here, name + ".heard.wav")
        self.events_file = os.path.join(here, name + ".jsonl")
        began = time.monotonic()
        self.run = Run(here, "console", "--in", question, "--out", self.heard_file, "--events", self.events_file,
                       *(INSTANT if providers is None else providers), *flags, *(["--fast"] if fast else []), env=env)
        self.wall = time.monotonic() - began
        self.run.well()
        self.events = events_of(self.events_file)

    def of(self, kind):
        return [e for e in self.events if e["type"] == kind]

    def messages(self, role):
        return [e["item"] for e in self.of("conversation_item_added")
                if e["item"]["type"] == "message" and e["item"]["role"] == role]

    def heard(self):
        return read_wav(self.heard_file)


def flight_in(where):
    """The one recording below `where`: (its directory, its .flight)."""
    found = [os.path.join(d, f) for d, _, files in os.walk(where) for f in files if f.endswith(".flight")]
    check(len(found) == 1, f"recordings in {where}: {found}")
    return os.path.dirname(found[0]), found[0]


def replay(here, flight):
    r = Run(here, "replay", flight, "--json").well()
    return json.loads(r.out)


# ------------------------------------------------------------------ sound


def read_wav(path):
    """(rate, samples) of a WAV that must be mono 16 bit."""
    with wave.open(path, "rb") as w:
        check(w.getnchannels() == 1 and w.getsampwidth() == 2, f"{path} is not mono 16 bit")
        return w.getframerate(), array.array("h", w.readframes(w.getnframes()))


def first_loud(rate, samples, since=0.0, level=300):
    """Second of the first sample over the level, to the sample; None: it stays quiet."""
    for i in range(int(since * rate), len(samples)):
        if abs(samples[i]) > level:
            return i / rate
    return None


def at_rate(samples, rate, to):
    """Linear between the samples: good enough for a detector of speech."""
    if rate == to:
        return samples
    last = len(samples) - 1
    out = array.array("h")
    for i in range(len(samples) * to // rate):
        at = i * rate
        k = at // to
        a, b = samples[k], samples[min(k + 1, last)]
        out.append(a + (b - a) * (at - k * to) // to)
    return out


def alaw(s):
    s = s >> 3
    sign = 0xD5
    if s < 0:
        sign, s = 0x55, -s - 1
    if s < 32:
        return (s >> 1) ^ sign
    e = min(s.bit_length() - 5, 7)
    return (min(e, 7) << 4 | min(s >> e, 31) & 15) ^ sign


def ulaw(s):
    sign = 0xFF
    if s < 0:
        sign, s = 0x7F, -s
    s = min((s >> 2) + 33, 8191)
    e = s.bit_length() - 6
    return ((e << 4 | (s >> (e + 1)) & 15)) ^ sign


LAWS = {name: bytes(f(s - 65536 if s > 32767 else s) for s in range(65536)) for name, f in
        (("A-law", alaw), ("u-law", ulaw))}
ENCODINGS = {"16": (1, 2), "24": (1, 3), "32": (1, 4), "float": (3, 4), "A-law": (6, 1), "u-law": (7, 1)}


def encoded(samples, encoding):
    if encoding == "16":
        return samples.tobytes()
    if encoding == "24":
        wide = array.array("i", (s << 16 for s in samples)).tobytes()
        out = bytearray(3 * len(samples))
        out[0::3], out[1::3], out[2::3] = wide[1::4], wide[2::4], wide[3::4]
        return bytes(out)
    if encoding == "32":
        return array.array("i", (s << 16 for s in samples)).tobytes()
    if encoding == "float":
        return array.array("f", (s / 32768 for s in samples)).tobytes()
    table = LAWS[encoding]
    return bytes(table[s & 0xffff] for s in samples)


def write_wav(path, rate, samples, channels=1, encoding="16", claim=None):
    """claim: bytes that the header says there are, when it lies."""
    tag, size = ENCODINGS[encoding]
    if channels == 2:
        both = array.array("h", bytes(4 * len(samples)))
        both[0::2] = both[1::2] = samples
        samples = both
    data = encoded(samples, encoding)
    length = len(data) if claim is None else claim
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + length, b"WAVE", b"fmt ", 16, tag, channels, rate,
                       rate * size * channels, size * channels, 8 * size, b"data", length)
    with open(path, "wb") as f:
        f.write(head + data)


def run(program, words):
    Myna.path = os.path.abspath(program)
    Myna.own_models = os.environ.get("MYNA_MODELS") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna")
    return harness.run("cli", words)
