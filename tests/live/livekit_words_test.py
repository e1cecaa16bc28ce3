#!/usr/bin/env python3
"""What is said in a room without sound: streams, data, attributes, calls of methods, both ways, between a stay of
ours (room_peer) and LiveKit's own SDK; and tracks and people that come and go."""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import Skip, case, check  # noqa: E402
from livekit_refusals_test import token  # noqa: E402
from livekit_test import QUESTION, Lines, Person, agent_of, ended, in_room, text_of  # noqa: E402


class Peer(Person):
    def __init__(self, world, identity="peer"):
        program = os.path.join(os.path.dirname(lk.MYNA), "..", "..", "tests", "live", "room_peer")
        if not os.path.exists(program):
            raise Skip("room_peer is not built beside the program")
        self.p = subprocess.Popen([program, world.server.url, token(identity=identity, room=world.room)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(os.path.join(world.here, "peer.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        world.people.append(self)


def both(w):
    peer = Peer(w)
    peer.wait("in")
    ann = Person(w, token=token(identity="ann", kind="standard"))
    ann.wait("in")
    peer.wait("came", who="ann")
    return peer, ann


def sum_of(n):
    return sum(i * 7 % 256 for i in range(n))


@case
def streams_of_text_and_bytes_pass_both_ways_in_pieces(w):
    peer, ann = both(w)
    ann.do("text", topic="notes", n=20000)  # two bytes each: three chunks
    peer.wait("stream", who="ann", topic="notes", is_text=True, n=40000)
    ann.do("bytes", topic="files", n=100000)
    peer.wait("stream", who="ann", topic="files", is_text=False, n=100000, sum=sum_of(100000))
    peer.do("text", topic="notes", n=20000, to="ann")
    ann.wait("note", who="peer", n=20000)
    peer.do("bytes", topic="files", n=100000)
    ann.wait("file", who="peer", name="peer.bin", n=100000, sum=sum_of(100000))
    peer.do("text", topic="notes", text="")  # nothing is also something
    ann.wait("note", who="peer", n=0)


@case
def methods_are_called_both_ways_and_each_failure_has_its_code(w):
    peer, ann = both(w)
    ann.do("call", to="peer", method="echo", text="hello")
    ann.wait("answered", text="hello")
    ann.do("call", to="peer", method="fail", text="")
    ann.wait("refused", code=1500, text="no, thanks")
    ann.do("call", to="peer", method="dance", text="")
    ann.wait("refused", code=1400)
    ann.do("call", to="peer", method="echo", text="x" * 15000)
    ann.wait("answered", text="x" * 15000)
    peer.do("call", to="ann", method="upper", text="hello")
    peer.wait("answered", code=0, text="HELLO")
    peer.do("call", to="ann", method="upper", text="y" * 15360)
    peer.wait("answered", code=0, n=15360)
    peer.do("call", to="ann", method="upper", text="z" * 100000)  # both know v2: a stream each way
    peer.wait("answered", code=0, n=100000)
    ann.do("call", to="peer", method="echo", text="ö", times=50000)
    ann.wait("answered", n=50000, text="ö" * 20000)
    peer.do("call", to="ann", method="fail", text="")
    peer.wait("answered", code=1500, text="not today")
    peer.do("call", to="ann", method="dance", text="")
    peer.wait("answered", code=1400)
    peer.do("call", to="ann", method="slow", text="", timeout_ms=8000)
    peer.wait("answered", code=1502, seconds=15)
    peer.do("call", to="ann", method="slow", text="", timeout_ms=20000)
    time.sleep(0.5)
    ann.leave()
    peer.wait("answered", code=1503)


@case
def data_and_attributes_pass_both_ways(w):
    peer, ann = both(w)
    for i in range(200):  # in order, none lost
        ann.do("data", topic="count", text=str(i))
    peer.wait("data", topic="count", text="199")
    got = [int(x["text"]) for x in peer.said.all if x["is"] == "data" and x["topic"] == "count"]
    check(got == list(range(200)), f"{got}")
    for i in range(200):
        peer.do("data", topic="count", text=str(i))
    ann.wait("data", topic="count", text="199")
    got = [int(x["text"]) for x in ann.said.all if x["is"] == "data" and x["topic"] == "count"]
    check(got == list(range(200)), f"{got}")
    peer.do("data", topic="one", to="ann", text="for you", lossy=True)
    ann.wait("data", topic="one", text="for you", who="peer")
    ann.do("attribute", key="mood", value="good")
    peer.wait("attributes", who="ann", changed={"mood": "good"})
    ann.do("attribute", key="mood", value="")
    peer.wait("attributes", who="ann", changed={"mood": ""})
    peer.do("attribute", key="colour", value="blue")
    ann.wait("attributes", who="peer", changed={"colour": "blue"})
    ann.do("mute")
    peer.wait("muted", who="ann")
    ann.do("unmute")
    peer.wait("unmuted", who="ann")


@case
def who_publishes_anew_leaves_and_comes_back_is_heard_again(w):
    m = w.join("--stay")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("republish")
    ann.wait("republished")
    time.sleep(1)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    ann.leave()
    ann = Person(w)
    ann.wait("track", who="myna")
    time.sleep(1)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(m.poll() is None, text_of(m))


@case
def somebody_who_was_cut_off_comes_back_into_the_same_talk(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("chat", text="My name is Clara.")
    ann.wait_text("stream", "Clara")
    ann.kill()
    ann = Person(w)  # the same identity: the server puts the old one out
    ann.wait("track", who="myna")
    ann.do("chat", text="What is my name?")
    ann.wait_text("stream", "Your name is Clara")
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def two_rooms_in_one_process_know_nothing_of_each_other(w):
    m = w.worker()
    ann = Person(w)
    first = agent_of(ann)
    ann.wait("stream", who=first, text="Hello there.")
    w.room = "second"
    bob = Person(w, "bob")
    second = agent_of(bob)
    bob.wait("stream", who=second, text="Hello there.")
    check(first != second, "one agent in two rooms")
    for p in (ann, bob):
        p.do("speak", wav=QUESTION)
    ann.do("chat", text="My name is Ann.")
    for p, who in ((ann, first), (bob, second)):
        p.wait("stream", who=who, text="7 times 8 is 56.", seconds=30)
    bob.do("chat", text="What is my name?")
    time.sleep(2)
    check(not [x for x in bob.said.all if x["is"] == "stream" and "Your name is Ann" in x["text"]], "rooms are mixed up")
    bob.leave()
    ann.do("chat", text="What is two plus two?")
    ann.wait("stream", who=first, text="2 plus 2 is 4.")
    check(m.poll() is None, text_of(m))


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
