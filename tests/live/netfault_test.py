#!/usr/bin/env python3
"""Conversations over a network that loses, delays and breaks (livekit-rtc 9).

    tests/live/netfault_test.py PROGRAM [--all] [CASE]

LiveKit's server and the people are at one end of a wire, Myna at the other, each in a network namespace of
its own (faulty_link.py); what the wire does is seeded. Without --all only the short cases run. Needs root
and /dev/net/tun; without them everything is skipped with the reason. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import faulty_link  # noqa: E402
import livekit_server  # noqa: E402
import livekit_test  # noqa: E402
from common import Skip, check, in_time  # noqa: E402
from livekit_test import QUESTION, Person, World, heard, in_room, text_of  # noqa: E402

CASES = []
SENTENCES = (
    "The old harbour master opened the heavy door and looked across the quiet water. "
    "Seven small boats were waiting for the morning wind, and nobody spoke a single word. "
    "My grandmother always said that a good story needs three things, a river, a stranger and a secret. "
    "Please remember to bring the blue umbrella, because the weather report promised thunder before noon. "
    "In the middle of the garden stood an apple tree that was older than the house itself.")


def case(f=None, *, long=False):
    def mark(g):
        g.long = long
        CASES.append(g)
        return g
    return mark(f) if f else mark


class Wired(World):
    """The server and the people far, Myna near."""

    def __init__(self, here, net):
        self.net = net
        net.link(seed=7)
        super().__init__(here)
        self.wrap = net.near

    def serve(self, program):
        return livekit_server.Server(program, address=faulty_link.FAR, interface=faulty_link.FAR_DEVICE)

    def join(self, *args, settings=()):
        level = os.environ.get("NETFAULT_LOG", "warn")
        return super().join("--url", f"ws://{faulty_link.FAR}:{self.server.port}", "--log-level", level, *args, settings=settings)

    def begin(self, *args, settings=()):
        """(myna, ann) in conversation."""
        m = self.join("--stay", *args, settings=settings)
        in_room(self)
        ann = Person(self)
        ann.wait("stream", who="myna", text="Hello there.")
        return m, ann


def count(person, text):
    return sum(x["is"] == "stream" and x["who"] == "myna" and x["text"] == text for x in person.said.all)


def asks(ann, m, when, seconds=25):
    """A spoken question gets one more answer."""
    before = count(ann, "7 times 8 is 56.")
    ann.do("speak", wav=QUESTION)
    end = time.monotonic() + seconds
    while count(ann, "7 times 8 is 56.") == before:
        check(time.monotonic() < end, f"no answer {when}:\n{text_of(m)}\n" + "\n".join(str(x) for x in ann.said.all[-8:]))
        check(m.poll() is None, f"myna ended {when}:\n{text_of(m)}")
        time.sleep(0.05)


def went(ann):
    return [x for x in ann.said.all if x["is"] == "went" and x["who"] == "myna"]


@case
def questions_are_answered_through_loss_of_1_5_10_and_20_percent(w):
    m, ann = w.begin()
    for percent in (1, 5, 10, 20):
        w.net.link(loss=percent / 100, delay_ms=20)
        asks(ann, m, f"at {percent} % loss")
    check(w.net.link()["lost"] > 50, "the wire lost nothing")


@case
def questions_are_answered_through_jitter_of_200_ms_and_reordering(w):
    m, ann = w.begin()
    w.net.link(jitter_ms=200, delay_ms=10)
    asks(ann, m, "at 200 ms of jitter")
    w.net.link(held=0.1, held_ms=60, delay_ms=10)
    asks(ann, m, "with one packet of ten late by 60 ms")


@case
def outages_of_2_and_5_seconds_are_only_heard(w):
    m, ann = w.begin()
    for seconds in (2, 5):
        w.net.link(cut=True)
        time.sleep(seconds)
        w.net.link()
        asks(ann, m, f"after {seconds} s without a network")
    check(not went(ann), f"the agent was gone: {went(ann)}")


def outlives(w, seconds):
    m, ann = w.begin()
    w.net.link(cut=True)
    time.sleep(seconds)
    w.net.link()
    end = time.monotonic() + 40
    # Whether resumed or joined anew: the track that is there now answers.
    while len([x for x in ann.said.all if x["is"] == "track"]) < 2 and not ann_hears(w, ann):
        check(time.monotonic() < end, f"not back after {seconds} s:\n{text_of(m)}")
        check(m.poll() is None, f"myna ended:\n{text_of(m)}")
    asks(ann, m, f"after {seconds} s without a network", 30)


def ann_hears(w, ann):
    time.sleep(0.5)
    return not went(ann) and "DISCONNECTED" not in text_of(w.mynas[0])


@case(long=True)
def an_outage_of_25_seconds_ends_in_the_same_talk_joined_anew(w):
    outlives(w, 25)


@case(long=True)
def an_outage_of_84_seconds_ends_in_the_same_talk_joined_anew(w):
    outlives(w, 84)


@case
def another_address_of_the_machine_is_followed(w):
    m, ann = w.begin()
    w.net.address("10.77.0.3")
    try:
        time.sleep(3)
        asks(ann, m, "from the other address", 50)
    finally:
        w.net.address(faulty_link.NEAR)


@case(long=True)
def a_server_that_restarts_is_found_again(w):
    m, ann = w.begin()
    w.server.kill()
    ann.kill()
    time.sleep(2)
    w.server.start()
    in_room(w)
    bob = Person(w, "bob")
    bob.wait("track", who="myna")
    asks(bob, m, "after the server was restarted")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    livekit_test.MYNA = os.path.abspath(sys.argv[1])
    words = [a for a in sys.argv[2:] if not a.startswith("-")]
    chosen = [c for c in CASES if (not words or words[0] in c.__name__) and (words or "--all" in sys.argv or not c.long)]
    net, why = None, None
    try:
        program, why = livekit_server.build()  # what must be fetched is fetched before the network is gone
        if program:
            livekit_test.sdk()
            net = faulty_link.Network()
    except (Skip, faulty_link.Unable) as e:
        why = str(e)
    bad = 0
    for n, c in enumerate(chosen, 1):
        name = c.__name__.replace("_", " ")
        if not net:
            print(f"ok {n} - {name} # SKIP {why}", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="myna wire ") as here:
            w, began = None, time.monotonic()
            try:
                in_time()
                w = Wired(here, net)
                c(w)
                print(f"ok {n} - {name}", flush=True)
            except Skip as e:
                print(f"ok {n} - {name} # SKIP {e}", flush=True)
            except Exception as e:  # noqa: BLE001 - one case must not end the others
                bad += 1
                for line in f"{type(e).__name__}: {e}".splitlines():
                    print("# " + line)
                print(f"not ok {n} - {name}", flush=True)
            finally:
                net.link()
                if w:
                    w.end()
            print(f"# {time.monotonic() - began:.0f} s", flush=True)
    print(f"1..{len(chosen)}")
    if net:
        net.end()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
