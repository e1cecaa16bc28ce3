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
from common import Skip, case, check, install  # noqa: E402
from livekit_test import QUESTION, Lines, Person, agent_of, answer_is_heard, ended, in_room, is_answered, text_of  # noqa: E402
from livekit_words_test import both, calls_pass, data_and_attributes_pass, streams_pass  # noqa: E402

HOME = os.path.join(os.path.dirname(livekit_server.HOME), "livekit-js")


def browser():
    """Path of Chromium; the packages are there afterwards."""
    program = shutil.which("chromium")
    if not program:
        raise Skip("no chromium on this machine (apt-get install chromium)")
    install("livekit-js")
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


def in_yuv(rgb):
    """Of studio swing, as a camera has it (BT.601)."""
    r, g, b = rgb
    return (round(16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256),
            round(128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256),
            round(128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256))


def seen_by_a_camera(colours, into, width=640, height=480):
    """What Chromium's fake camera films: four fields of plain colour."""
    planes = []
    for i, sub in enumerate((1, 2, 2)):
        a, b, c, d = (bytes([in_yuv(x)[i]]) * (width // 2 // sub) for x in colours)
        planes += [(a + b) * (height // 2 // sub), (c + d) * (height // 2 // sub)]
    with open(into, "wb") as f:
        f.write(f"YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420\n".encode())
        for _ in range(15):
            f.write(b"FRAME\n" + b"".join(planes))
    return into


class Browser(Person):
    def __init__(self, world, identity, token=None, early_ms=0, sees=None):
        self.world, self.identity = world, identity
        chromium = browser()
        self.wav = os.path.join(world.here, f"{identity}.wav")
        speech = os.path.join(world.here, "speech48.wav")
        at_48_khz(QUESTION, speech)
        films = [seen_by_a_camera(sees, os.path.join(world.here, f"{identity}.y4m"))] if sees else []
        self.p = subprocess.Popen(["node", os.path.join(HERE, "livekit_browser.js"), world.server.url,
                                   token or world.token(identity), self.wav, speech, *films],
                                  cwd=HOME, env={**world.env, "CHROMIUM": chromium, "EARLY_MS": str(early_ms)},
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(os.path.join(world.here, "browser.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        world.people.append(self)

    def leave(self):
        self.do("leave")
        self.wait("left")
        self.p.wait(120)


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
    answer_is_heard(ann.wav)


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


@case
def streams_data_attributes_and_calls_pass_both_ways_with_a_browser(w):
    browser()
    peer, ann = both(w, Browser)
    streams_pass(peer, ann)
    ann.do("publish")
    peer.wait("published", who="ann")
    data_and_attributes_pass(peer, ann)
    calls_pass(peer, ann)
    peer.wait("went", who="ann")


def asks_again(m, ann, how):
    """What was asked is heard and answered behind that command."""
    n = len(m.events.all)
    ann.do(how)
    m.events.wait(lambda e: e.get("type") == "user_state_changed" and e.get("newState") == "speaking", 30,
                  f"ann's voice behind {how!r}", n)
    at = ann.said.all[-1]["t"]
    is_answered(ann, lambda x: x["t"] > at)


@case
def a_browser_that_mutes_publishes_anew_leaves_and_comes_back_is_heard_each_time(w):
    browser()
    m = w.join("--stay")
    in_room(w)
    ann = Browser(w, "ann")
    ann.wait("stream", who="myna", text="Hello there.", seconds=40)
    ann.do("speak")
    m.events.wait(lambda e: e.get("type") == "user_state_changed" and e.get("newState") == "speaking", 30, "ann's voice")
    ann.do("mute")  # in the middle of it
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true")
    ann.wait("stream", who="myna", text="7 times 8 is 56.")
    asks_again(m, ann, "unmute")
    asks_again(m, ann, "republish")
    ann.do("rejoin")
    ann.said.wait(lambda x: sum(y["is"] == "in" for y in ann.said.all) == 2, 30, "ann is back")
    asks_again(m, ann, "speak")
    check(m.poll() is None, text_of(m))
    ann.leave()


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
