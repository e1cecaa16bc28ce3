#!/usr/bin/env python3
"""livekit-client in a headless Chromium as the person in the room."""
import json
import os
import shutil
import subprocess
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
import livekit_server  # noqa: E402
from common import Skip, case, check  # noqa: E402
from livekit_test import QUESTION, Lines, Person, agent_of, ended, heard, in_room, text_of  # noqa: E402

HOME = os.path.join(os.path.dirname(livekit_server.HOME), "livekit-js")
PINS = ["livekit-client@2.23.0", "playwright-core@1.65.1"]


def browser():
    """Path of Chromium; the packages are there afterwards."""
    program = shutil.which("chromium")
    if not program:
        raise Skip("no chromium on this machine (apt-get install chromium)")
    if not shutil.which("node"):
        raise Skip("no node on this machine")
    if not os.path.exists(os.path.join(HOME, "node_modules", "livekit-client", "dist")):
        if not shutil.which("npm"):
            raise Skip("no npm on this machine to install livekit-client")
        os.makedirs(HOME, exist_ok=True)
        p = subprocess.run(["npm", "i", "--no-audit", "--no-fund", *PINS], cwd=HOME, capture_output=True, text=True, timeout=300)
        if p.returncode:
            raise Skip("livekit-client cannot be installed: " + (p.stderr.strip().splitlines() or ["no word why"])[-1][:200])
    return program


def at_48_khz(wav, into):
    """What Chromium's fake microphone plays: a second of quiet, the question, quiet."""
    with wave.open(wav) as w:
        assert w.getframerate() == 16000 and w.getnchannels() == 1
        raw = memoryview(w.readframes(w.getnframes())).cast("h").tolist()
    out = [0] * 48000
    for a, b in zip(raw, raw[1:] + [0]):
        out += [a, a + (b - a) // 3, a + 2 * (b - a) // 3]
    out += [0] * 96000
    with wave.open(into, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(48000)
        w.writeframes(b"".join(x.to_bytes(2, "little", signed=True) for x in out))


class Browser(Person):
    def __init__(self, world, identity, token=None, early_ms=0):
        chromium = browser()
        self.wav = os.path.join(world.here, f"{identity}.wav")
        speech = os.path.join(world.here, "speech48.wav")
        at_48_khz(QUESTION, speech)
        self.p = subprocess.Popen(["node", os.path.join(HERE, "livekit_browser.js"), world.server.url,
                                   token or world.token(identity), self.wav, speech],
                                  cwd=HOME, env={**world.env, "CHROMIUM": chromium, "EARLY_MS": str(early_ms)}, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=open(os.path.join(world.here, "browser.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        world.people.append(self)

    def leave(self):
        self.do("leave")
        self.wait("left")
        self.p.wait(20)


@case
def a_browser_asks_hears_the_answer_and_reads_along(w):
    browser()
    m = w.join()
    in_room(w)
    ann = Browser(w, "ann")
    ann.wait("in", seconds=40)
    ann.wait("track", who="myna", name="myna-voice", source="microphone")
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("speak")
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    said = ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(said["segment"].startswith("SG_") and said["track"], f"{said}")
    ann.wait("legacy", who="myna", text="7 times 8 is 56.", final=True)
    ann.wait("speakers", who=["myna"])
    ann.do("chat", text="What is two plus two?")
    ann.wait("stream", who="myna", text="2 plus 2 is 4.")
    ann.do("call", to="myna", method="dance", text="now")
    ann.wait("refused", code=1400)
    states = [x["changed"].get("lk.agent.state") for x in ann.said.all if x["is"] == "attributes"]
    check("speaking" in states and "listening" in states, f"{states}")
    time.sleep(1)
    ann.leave()
    check(ended(m) == 0, text_of(m))
    words = heard(ann.wav)
    if words is not None:
        check("56" in words or "fifty" in words, f"the judge heard {words!r}")


@case
def a_browser_and_an_sdk_talk_in_one_room_with_a_worker(w):
    browser()
    w.worker("--set", "transport.livekit.hear=all")
    bob = Person(w, "bob")
    who = agent_of(bob)
    bob.wait("stream", who=who, text="Hello there.")
    ann = Browser(w, "ann")
    ann.wait("in", seconds=40)
    ann.wait("track", who=who)
    ann.do("speak")
    bob.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    bob.wait("stream", who=who, text="7 times 8 is 56.", seconds=30)
    bob.do("chat", text="What is two plus two?")
    ann.wait("stream", who=who, text="2 plus 2 is 4.")
    ann.leave()


@case
def what_was_said_while_the_browser_still_connected_is_heard(w):
    browser()
    m = w.join("--set", "agent.greeting=", settings=("log.level=debug",))
    in_room(w)
    ann = Browser(w, "ann", early_ms=5000)  # a second of quiet and the whole question
    ann.wait("late", seconds=40)
    said = [x for x in ann.said.all if x["is"] == "stream"]
    check(not said, f"{said}")
    ann.wait("in")
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=20)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=20)
    ann.leave()
    check(ended(m) == 0, text_of(m))
    check("is lost" not in text_of(m) and "too late" not in text_of(m), text_of(m))


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
