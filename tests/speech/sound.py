"""Sound in tests: WAVs read and written, questions that Flite asks, and what an independent recogniser
(judge.py) heard in a recording, compared word by word."""
import array
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]

import judge  # noqa: E402 - needs the path above
from harness import Skip, check  # noqa: E402


def read_wav(path):
    """(rate, samples) of a 16 bit mono WAV."""
    with wave.open(path, "rb") as w:
        check(w.getnchannels() == 1 and w.getsampwidth() == 2, f"{path} is not mono 16 bit")
        return w.getframerate(), array.array("h", w.readframes(w.getnframes()))


def write_wav(path, rate, samples):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(samples.tobytes())


def loud(rate, samples, level=300):
    """Seconds of the 10 ms pieces whose peak is over `level`."""
    n = rate // 100
    return [i / rate for i in range(0, len(samples), n) if max(map(abs, samples[i:i + n])) > level]


def spoken(here, name, text):
    """The text in Flite's voice; (path, rate, samples). Made, not kept in the tree."""
    if not shutil.which("flite"):
        raise Skip("no flite on this machine to speak the question")
    path = os.path.join(here, name + ".wav")
    subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", path], check=True, stdin=subprocess.DEVNULL)
    return (path, *read_wav(path))


def heard_text(*paths):
    python, why = judge.environment()
    if not python:
        raise Skip("the judge cannot be installed: " + why)
    p = subprocess.run([python, judge.__file__, *paths], capture_output=True, text=True, timeout=300)
    check(p.returncode == 0, "the judge failed: " + p.stderr[-500:])
    return [json.loads(line)["text"] for line in p.stdout.splitlines()]


NUMBERS = {str(i): w for i, w in enumerate("zero one two three four five six seven eight nine ten".split())}


def words(text):
    return [NUMBERS.get(w, w) for w in re.findall(r"[a-z0-9']+", text.lower())]


def alike(a, b):
    """One word for another that sounds the same to a judge: pairs, Paris."""
    return a == b or difflib.SequenceMatcher(None, a, b).ratio() >= 0.75


def check_words(question, answer, but=0):
    """Every word of the question is in the answer, `but` so many at most, as far as a recogniser can tell: words of one
    or two letters are too short for it."""
    have = set(words(answer))
    missing = [w for w in words(question) if len(w) > 2 and not any(alike(w, h) for h in have)]
    check(len(missing) <= but, f"the answer has no {missing}: it was heard as {answer!r}")
