#!/usr/bin/env python3
"""What is said in a room without sound: streams, data, attributes, calls of methods, both ways, between a stay of
ours (room_peer) and LiveKit's own SDK; and tracks and people that come and go."""
import difflib
import json
import os
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import Limit, built, case, check, clean_env, rest  # noqa: E402
from livekit_refusals_test import token  # noqa: E402
from livekit_test import QUESTION, STORY, Lines, Person, ended, eventually, greeted, has_sound_of, in_room, plain, text_of  # noqa: E402


class Peer(Person):
    def __init__(self, world, identity="peer", *more, url=None):
        self.p = subprocess.Popen([built("tests/live/room_peer"), url or world.server.url, token(identity=identity, room=world.room), *more],
                                  env=clean_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(os.path.join(world.here, "peer.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        world.people.append(self)


class Line:
    """A port that leads to the server's, for as long as it is not cut: signalling without the sound."""

    def __init__(self, to):
        self.to, self.open = to, []
        self.at = socket.create_server(("127.0.0.1", 0))
        self.port = self.at.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near = self.at.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.to))
            self.open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open = []


def both(w, kind=Person):
    peer = Peer(w)
    peer.wait("in")
    ann = kind(w, "ann", token=token(identity="ann", kind="standard"))
    ann.wait("in", seconds=40)
    peer.wait("came", who="ann")
    return peer, ann


def sum_of(n):
    return sum(i * 7 % 256 for i in range(n))


def streams_pass(peer, ann):
    ann.do("text", topic="notes", n=20000)  # two bytes each: three chunks
    peer.wait("stream", who="ann", topic="notes", is_text=True, n=40000, packed=True)  # as both know it
    ann.do("bytes", topic="files", n=100000)
    peer.wait("stream", who="ann", topic="files", is_text=False, n=100000, sum=sum_of(100000))
    peer.do("text", topic="notes", n=20000, to="ann")
    ann.wait("note", who="peer", n=20000)
    peer.do("bytes", topic="files", n=100000)
    ann.wait("file", who="peer", name="peer.bin", n=100000, sum=sum_of(100000))
    peer.do("text", topic="notes", text="")  # nothing is also something
    ann.wait("note", who="peer", n=0)


@case
def streams_of_text_and_bytes_pass_both_ways_in_pieces(w):
    streams_pass(*both(w))


class Program(Person):
    """examples/room.c: a program of somebody's, by the public headers alone."""

    def __init__(self, world):
        env = {**world.env, "MYNA_VAD_PROVIDER": "energy", "MYNA_STT_PROVIDER": "instant", "MYNA_LLM_PROVIDER": "instant",
               "MYNA_TTS_PROVIDER": "instant", "MYNA_CALLS_ENABLED": "false"}
        self.log = os.path.join(world.here, "program.log")
        self.p = subprocess.Popen([built("examples/room"), world.room], env=env, cwd=world.here, stdin=subprocess.DEVNULL,
                                  stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)
        world.people.append(self)


@case
def a_program_gets_messages_attributes_and_calls_through_the_library_and_sends_its_own(w):
    program = Program(w)
    ann = Person(w, token=token(identity="ann", kind="standard"))
    ann.wait("in")
    ann.wait("track", name="myna-voice", seconds=30)
    agent = next(x["who"] for x in ann.said.all if x["is"] == "track")
    ann.wait("legacy", who=agent)  # it greets ann: so it knows of her
    ann.do("data", topic="notes", text="milk")
    ann.wait("note", who=agent, text="MILK")
    ann.do("data", topic="elsewhere", text="nobody reads this")
    ann.do("text", topic="notes", n=20000)  # two bytes each: no ASCII in it, so it comes back as it was
    ann.wait("note", who=agent, n=20000)
    ann.do("bytes", topic="notes", n=5)
    ann.do("call", to=agent, method="upper", text="hello")
    ann.wait("answered", text="HELLO")
    ann.do("call", to=agent, method="dance", text="")
    ann.wait("refused", code=1400)
    ann.do("attribute", key="mood", value="merry")
    ann.wait("attributes", who=agent, changed={"mood": "merry"})
    ann.wait("note", who=agent, text="0 MERRY")
    told = text_of(program)
    check("elsewhere" not in told, told)
    check("ann on notes: 4 bytes" in told and "ann on notes: 40000 bytes" in told and "ann on notes: 5 bytes" in told, told)


def stays(peer):
    """The sid of each time that it was in."""
    return [x["sid"] for x in peer.said.all if x["is"] == "in"]


def is_back(peer, times):
    peer.said.wait(lambda x: len(stays(peer)) >= times, 20, f"the peer is in for the {times}th time")


@case
def a_line_that_is_cut_alone_is_resumed_and_a_session_that_is_gone_is_joined_anew(w):
    line = Line(w.server.port)
    peer = Peer(w, url=f"ws://127.0.0.1:{line.port}")
    peer.wait("in")
    ann = Person(w, token=token(identity="ann", kind="standard"))
    ann.wait("in")
    peer.wait("came", who="ann")
    time.sleep(1)
    line.cut()
    peer.wait("lost")
    for i in range(20):
        peer.do("data", topic="t", text=f"while away {i}", to="ann")
    is_back(peer, 2)
    for i in range(20):
        ann.wait_text("data", f"while away {i}", who="peer")
    peer.do("simulate", fault="disconnect_signal_on_resume")  # the next is answered, and closed once more
    eventually("the wish is heard", lambda: "simulating disconnect signal on resume" in w.server.log())
    line.cut()
    is_back(peer, 4)
    check(len(set(stays(peer))) == 1, f"the line alone was cut: {stays(peer)}")
    for n, fault in enumerate(("node_failure", "migration"), 2):  # a resume is refused
        rest(6)
        peer.do("simulate", fault=fault)
        peer.said.wait(lambda x, n=n: len(set(stays(peer))) == n, 20, f"a new session after {fault}")
    peer.do("data", topic="t", text="after all", to="ann")
    ann.wait_text("data", "after all", who="peer")
    ann.do("data", topic="t", text="heard", to="peer")
    peer.wait_text("data", "heard", who="ann")
    got = [x["text"] for x in ann.said.all if x["is"] == "data" and x.get("who") == "peer"]
    check(len(got) == len(set(got)), f"told twice: {got}")
    check(not [x for x in peer.said.all if x["is"] == "went"], "ann was taken for gone")
    peer.do("simulate", fault="server_leave")  # for good
    check("shuts down" in peer.wait("over")["text"], "a goodbye is said as what it is")


def calls_pass(peer, ann):
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
def methods_are_called_both_ways_and_each_failure_has_its_code(w):
    calls_pass(*both(w))


def data_and_attributes_pass(peer, ann):
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
def data_and_attributes_pass_both_ways(w):
    data_and_attributes_pass(*both(w))


@case
def who_publishes_anew_leaves_and_comes_back_is_heard_again(w):
    m = w.join("--stay", "--log-level", "debug")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("republish")
    ann.wait("republished")
    has_sound_of(m, ann)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    ann.leave()
    ann = Person(w)
    ann.wait("track", who="myna")
    has_sound_of(m, ann)
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
    ann, first = greeted(w)
    w.room = "second"
    bob, second = greeted(w, "bob")
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


@case
def captions_keep_pace_with_the_sound_and_end_where_it_was_interrupted(w):
    w.join(settings=("llm.provider=instant", "llm.instant.text=" + STORY))
    in_room(w)
    ann = Person(w, flags=["levels"])
    greeting = ann.wait("stream", who="myna", text="Hello there.")["segment"]
    ann.wait("track", who="myna")
    rest(1.5)  # it was heard, or missed by an SDK that tells of the track late: from here on sound is the story's

    def of_story(x):
        return x["is"] == "legacy" and x["who"] == "myna" and x["id"] != greeting

    heard_before = sum(x["is"] == "sounds" for x in ann.said.all)
    limit = Limit(8)
    ann.do("chat", text="Tell me a story.")
    first = ann.said.wait(lambda x: of_story(x) and len(plain(x["text"])) >= 12, 40, "ann reads a dozen words")
    ann.do("chat", text="Stop.")
    last = ann.said.wait(lambda x: of_story(x) and x["id"] == first["id"] and x["final"], 20, "its last caption")
    slack = limit.slack(2)  # a late reader of sound and captions
    rest(2)  # sound is recorded a while after it came
    ann.leave()
    came = [x for x in ann.said.all if of_story(x) and x["id"] == first["id"]]
    began = [x["t"] for x in ann.said.all if x["is"] == "sounds"][heard_before]
    # Between two full stops the voice says 4.5 words a second.
    ahead = max(len(plain(x["text"])) - 4.5 * (x["t"] - began) for x in came)
    print(f"# {len(came)} captions, at most {ahead:.1f} words ahead of the sound; the last: {last['text']!r}")
    check(len(came) >= 10, f"captions come in {len(came)} pieces: {[x['text'] for x in came]}")
    check(ahead <= 4 + 4.5 * slack, f"a caption was {ahead:.1f} words ahead: {[(x['t'] - began, x['text']) for x in came]}")
    check(STORY.startswith(last["text"].strip()), f"{last}")
    n = len(plain(last["text"]))
    check(12 <= n <= 50, f"{n} words count as heard")
    # What the judge hears: the greeting, the story until it was cut, perhaps the beginning of the next answer.
    # That is the same story: what comes from its second beginning on does not count.
    by_judge, wanted = plain(lk.heard(ann.wav)), plain("Hello there. " + STORY)
    begins = [i for i in range(len(by_judge) - 1) if by_judge[i:i + 2] == wanted[2:4]]
    by_judge = by_judge[:begins[1] if len(begins) > 1 else None]
    same = difflib.SequenceMatcher(None, wanted, by_judge, autojunk=False).get_matching_blocks()
    until = max(b.a + b.size for b in same if b.size > 1) - 2
    print(f"# the judge heard {until} words of it: {' '.join(by_judge)}")
    check(-6 <= until - n <= 4, f"{n} words in the caption, {until} were heard: {' '.join(by_judge)}")


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
