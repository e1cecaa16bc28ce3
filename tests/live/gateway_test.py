#!/usr/bin/env python3
"""The voice gateway (`myna join --as gateway`) in a room of LiveKit's own server, with LiveKit's own SDK
as the people: acceptance cases of the gateway's document, named by their numbers.

    tests/live/gateway_test.py PROGRAM [CASE]

Prints TAP. What cannot be had is named as a skip.
"""
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import case, check  # noqa: E402
from livekit_test import Person, ended, text_of  # noqa: E402

AGENT = "hermes-hermes"
SETTINGS = ["vad.provider=energy", "stt.provider=instant", "stt.instant.text=hello agent", "llm.provider=instant",
            "llm.instant.text=Hi there.", "tts.provider=instant", "tts.instant.duration=1s"]


class World(lk.World):
    def __init__(self, here):
        super().__init__(here)
        self.room = "t1"
        self.env.update(LIVEKIT_ROOM="t1", LIVEKIT_ALLOW_ALL_USERS="true", HOME=here)

    def gateway(self, *args, settings=(), env=None, wait="watching"):
        """Starts the gateway; waits until it says that it watches (or what `wait` says)."""
        n = len(self.mynas)
        log = os.path.join(self.here, f"gateway{n}.log")
        cmd = [lk.MYNA, "join", "--as", "gateway", "--no-probe", "--set", "log.level=debug", *args]
        for s in (*SETTINGS, *settings):
            cmd += ["--set", s]
        with open(log, "wb") as f:
            p = subprocess.Popen(cmd, cwd=self.here, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                 stdout=f, stderr=f)
        p.log = log
        self.mynas.append(p)
        if wait:
            says(p, wait)
        return p

    def participants(self):
        code, out = self.run("rooms", "participants", self.room)
        return out if code == 0 else ""

    def gone(self, seconds, identity=AGENT):
        end = time.monotonic() + seconds
        while identity in self.participants():
            check(time.monotonic() < end, f"{identity} is still there after {seconds} s:\n" + self.participants())
            time.sleep(0.1)


def says(p, words, seconds=15, times=1):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(p.log, encoding="utf-8", errors="replace") as f:
            if f.read().count(words) >= times:
                return
        check(p.poll() is None, f"the gateway ended:\n{text_of(p)}")
        time.sleep(0.05)
    raise AssertionError(f"the gateway never said {words!r} {times} times:\n" + text_of(p))


def stop(p, seconds=5):
    began = time.monotonic()
    p.send_signal(signal.SIGTERM)
    check(ended(p, seconds + 1) == 0, text_of(p))
    check(time.monotonic() - began < seconds, "it took too long to stop")


def meets(w, identity="ann", seconds=15):
    """Somebody joins; the gateway comes to them."""
    who = Person(w, identity)
    came = who.wait("in")
    if AGENT not in came["people"]:
        who.wait("came", who=AGENT, seconds=seconds)
    return who


@case
def case_1_2_4_it_watches_an_empty_room_comes_to_who_joins_and_leaves_with_the_last(w):
    g = w.gateway(wait="room t1: watching (connected)")
    time.sleep(1)
    check(AGENT not in w.participants(), "somebody is in the empty room: " + w.participants())
    began = time.monotonic()
    ann = Person(w)
    ann.wait("in")
    ann.wait("came", who=AGENT, kind=4, seconds=7)
    check(time.monotonic() - began < 7, "it took more than an interval")
    ann.wait("track", who=AGENT, name="hermes-voice", source=2)
    says(g, "room t1: in room (connected)")
    ann.leave()
    began = time.monotonic()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    w.gone(2)
    time.sleep(6)  # polling again, and nobody is there
    check("reconnecting" not in text_of(g), "it reconnects after a leave of its own: " + text_of(g))
    bob = meets(w, "bob", 7)
    bob.leave()
    says(g, "room t1: watching (connected)", times=3, seconds=3)
    stop(g)


@case
def case_2_somebody_who_is_there_before_the_start_is_met_at_once(w):
    ann = Person(w)
    ann.wait("in")
    g = w.gateway(env={"LIVEKIT_AGENT_NAME": "Ada Lovelace"}, wait="room t1: in room (connected)")
    ann.wait("came", who="hermes-ada lovelace")
    check("watching" not in text_of(g), text_of(g))
    stop(g)
    ann.wait("went", who="hermes-ada lovelace")


@case
def case_3_the_interval_is_the_settings_the_clouds_or_the_local_one(w):
    def said(interval, url="wss://x.livekit.cloud"):
        g = w.gateway(env={"LIVEKIT_URL": url, "LIVEKIT_PRESENCE_POLL_INTERVAL": interval}, wait="presence is looked at")
        text = text_of(g)
        g.kill()
        return text
    check("every 30 s (cloud default)" in said(""), "no cloud default")
    check("every 2.5 s (override)" in said("2.5"), "no override")
    text = said("abc")
    check("every 30 s (cloud default)" in text and text.count("LIVEKIT_PRESENCE_POLL_INTERVAL: 'abc'") >= 1, text)
    text = said("-1")
    check("every 30 s (cloud default)" in text and "LIVEKIT_PRESENCE_POLL_INTERVAL" not in text, text)
    check("every 5 s (local default)" in said("", w.server.url), "no local default")


@case
def case_5_an_agent_in_the_room_is_nobody(w):
    other = w.join("--as", "guest", settings=("transport.livekit.identity=other",))
    lk.in_room(w, "other")
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    time.sleep(3)
    check(AGENT not in w.participants(), "it came to an agent: " + w.participants())
    ann = meets(w)
    ann.leave()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    w.gone(2)
    other.send_signal(signal.SIGINT)
    ended(other)
    stop(g)


@case
def case_7_a_server_that_comes_back_after_eight_seconds_finds_it_in_the_room_once(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    w.server.kill()
    time.sleep(8)
    w.server.start()
    ann.kill()
    bob = meets(w, "bob", 60)
    time.sleep(2)
    check(w.participants().count(AGENT) == 1, w.participants())
    bob.leave()
    stop(g)


@case
def a_second_gateway_of_the_same_name_puts_the_first_out_which_says_so_and_does_not_fight(w):
    quick = ("gateway.presence_poll_interval=0.5",)
    first = w.gateway(settings=quick)
    ann = meets(w)
    second = w.gateway(settings=quick, wait="room t1: in room (connected)")
    says(first, "somebody else joined the room as 'hermes-hermes'")
    says(first, "room t1: watching (connected)", times=2)
    time.sleep(2)
    check("room t1: joining" not in text_of(first).split("somebody else joined the room as")[-1], text_of(first))
    stop(second)
    says(first, "room t1: in room (connected)", times=2, seconds=12)
    check("reconnecting" not in text_of(first), text_of(first))
    ann.leave()
    stop(first)


@case
def told_to_stay_it_is_there_alone(w):
    g = w.gateway("--stay", wait="room t1: in room (connected)")
    lk.in_room(w, AGENT)
    time.sleep(1)
    check(AGENT in w.participants(), "it left an empty room")
    stop(g)
    w.gone(2)


@case
def case_43_the_picture_is_metadata_of_the_agent(w):
    png = os.path.join(w.here, "face.png")
    with open(png, "wb") as f:
        f.write(b"\x89PNG small")
    big = os.path.join(w.here, "big.jpg")
    with open(big, "wb") as f:
        f.write(b"x" * (600 << 10))
    uri = "data:image/png;base64," + base64.b64encode(b"\x89PNG small").decode()
    for avatar, want in (("https://a.b/c.png", {"avatar": "https://a.b/c.png"}), (png, {"avatar": uri}),
                         (os.path.join(w.here, "no.png"), None), (big, None)):
        g = w.gateway("--stay", env={"LIVEKIT_AGENT_AVATAR": avatar}, wait="room t1: in room (connected)")
        end = time.monotonic() + 5
        while True:
            code, out = w.run("rooms", "participants", w.room, "--json")
            metadata = [p.get("metadata", "") for p in json.loads(out)["participants"] if p["identity"] == AGENT]
            if metadata and (metadata[0] or want is None):
                break
            check(time.monotonic() < end, f"{avatar}: no metadata: {out[:300]}")
            time.sleep(0.1)
        check(json.loads(metadata[0] or "null") == want, f"{avatar}: {metadata[0][:200]}")
        check(("left out" in text_of(g)) == (avatar == big), f"{avatar}: " + text_of(g))
        stop(g)


if __name__ == "__main__":
    sys.exit(lk.main(__name__, World))
