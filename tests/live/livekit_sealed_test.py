#!/usr/bin/env python3
"""Rooms with end-to-end encryption, LiveKit's own SDK as the people: sound, captions, streams, data and calls of methods
sealed both ways; the wrong key, no key, other keys of the ring, keys that are turned on."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import case, check, rest  # noqa: E402
from livekit_refusals_test import token  # noqa: E402
from livekit_test import QUESTION, Person, answer_is_heard, ended, has_sound_of, in_room, text_of  # noqa: E402
from livekit_words_test import Peer, sum_of  # noqa: E402

KEY = "transport.livekit.e2ee.key=correct horse"


def errors(m):
    return [e for e in m.events.all if e.get("type") == "error"]


@case
def a_sealed_question_is_heard_and_the_sealed_answer_understood(w):
    m = w.join(settings=[KEY])
    in_room(w)
    ann = Person(w, flags=["key=correct horse"])
    ann.wait("track", who="myna")
    ann.wait("stream", who="myna", text="Hello there.", final="true")
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", text="What is seven times eight?", final="true", seconds=30)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    ann.do("chat", text="What is two plus two?")
    ann.wait_text("stream", "is 4", who="myna")
    check(not [x for x in ann.said.all if x["is"] == "legacy"], "captions went in the open")
    ann.leave()
    check(ended(m) == 0, text_of(m))
    check(not errors(m), f"{errors(m)}")
    answer_is_heard(ann.wav)


@case
def a_recogniser_understands_what_comes_sealed(w):
    lk.a_recogniser_understands_what_is_said_in_a_room(w, [KEY], ["key=correct horse"])


@case
def another_key_is_told_once_and_no_noise_is_heard(w):
    m = w.join(settings=[KEY])
    in_room(w)
    ann = Person(w, flags=["key=wrong horse"])
    m.events.wait(lambda e: e.get("type") == "error" and "another key" in str(e), 20, "word of the key")
    ann.do("speak", wav=QUESTION)
    time.sleep(6)
    check(len(errors(m)) == 1, f"{errors(m)}")
    check(not [e for e in m.events.all if e.get("type") == "user_state_changed" and e.get("newState") == "speaking"],
          "noise was heard as speech")
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def without_a_key_the_reason_is_told(w):
    m = w.join()
    in_room(w)
    ann = Person(w, flags=["key=correct horse"])
    m.events.wait(lambda e: e.get("type") == "error" and "LIVEKIT_E2EE_KEY" in str(e), 20, "word of the key")
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def where_sealing_is_required_who_seals_nothing_is_neither_heard_nor_read(w):
    m = w.join(settings=[KEY, "transport.livekit.e2ee.require=true"])
    in_room(w)
    eve = Person(w, "eve")
    m.events.wait(lambda e: e.get("type") == "error" and "e2ee.require" in str(e), 20, "word of what is required")
    eve.do("speak", wav=QUESTION)
    eve.do("chat", text="What is two plus two?")
    ann = Person(w, "ann", flags=["key=correct horse"])
    ann.wait("track", who="myna")
    time.sleep(6)
    ann.do("chat", text="What is three plus three?")
    ann.wait_text("stream", "is 6", who="myna")
    said = [e["item"]["content"] for e in m.events.all if e.get("type") == "conversation_item_added" and
            e["item"].get("role") == "user"]
    check(len(said) == 1 and "three" in str(said), f"{said}")
    check(len(errors(m)) == 1, f"{errors(m)}")
    eve.leave()
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def each_key_of_the_ring_is_understood(w):
    m = w.join("--log-level", "debug", settings=[KEY, "transport.livekit.e2ee.more_keys=3=another"])
    in_room(w)
    ann = Person(w, flags=["key=another@3"])
    ann.wait("track", who="myna")
    has_sound_of(m, ann)
    ann.do("speak", wav=QUESTION)
    m.events.wait(lambda e: e.get("isFinal") and "seven times eight" in str(e), 30, "the question")
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def who_turns_the_key_on_is_still_understood(w):
    m = w.join("--log-level", "debug", settings=[KEY, "agent.greeting="])
    in_room(w)
    ann = Person(w, flags=["key=correct horse"])
    ann.wait("track", who="myna")
    ann.do("ratchet")
    ann.do("ratchet")
    ann.wait("ratcheted", changed=True)
    has_sound_of(m, ann)
    rest(3)  # keys are made until one opens her silence
    ann.do("speak", wav=QUESTION)
    m.events.wait(lambda e: e.get("isFinal") and "seven times eight" in str(e), 30, "the question")
    check(not errors(m), f"{errors(m)}")


@case
def streams_data_and_methods_pass_sealed_both_ways(w):
    peer = Peer(w, "peer", "correct horse")
    peer.wait("in")
    ann = Person(w, token=token(identity="ann", kind="standard"), flags=["key=correct horse"])
    ann.wait("in")
    peer.wait("came", who="ann")
    ann.do("text", topic="notes", n=20000)
    peer.wait("stream", who="ann", topic="notes", is_text=True, n=40000)
    ann.do("bytes", topic="files", n=100000)
    peer.wait("stream", who="ann", topic="files", is_text=False, n=100000, sum=sum_of(100000))
    peer.do("text", topic="notes", n=20000, to="ann")
    ann.wait("note", who="peer", n=20000)
    peer.do("bytes", topic="files", n=100000)
    ann.wait("file", who="peer", n=100000, sum=sum_of(100000))
    ann.do("data", topic="one", text="for you")
    peer.wait("data", topic="one", text="for you")
    peer.do("data", topic="two", to="ann", text="for you too")
    ann.wait("data", topic="two", text="for you too", who="peer")
    ann.do("call", to="peer", method="echo", text="hello")
    ann.wait("answered", text="hello")
    peer.do("call", to="ann", method="upper", text="hello")
    peer.wait("answered", code=0, text="HELLO")
    peer.do("call", to="ann", method="upper", text="z" * 100000)
    peer.wait("answered", code=0, n=100000)


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
