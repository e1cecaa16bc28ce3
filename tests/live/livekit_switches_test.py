#!/usr/bin/env python3
"""What of a room reaches the agent, and back: the switches of transport.livekit in a room of LiveKit's own server, and
a program that talks with somebody else from now on."""
import json
import os
import re
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import case, check, rest  # noqa: E402
from livekit_refusals_test import token  # noqa: E402
from livekit_test import QUESTION, Person, ended, eventually, in_room, text_of  # noqa: E402
from livekit_words_test import Program  # noqa: E402


def switched(**on):
    return [f"transport.livekit.{k}={str(v).lower()}" for k, v in on.items()]


def in_writing(w):
    """The agent is in, without a track."""
    return re.search(r"^myna .*0 tracks", w.run("rooms", "participants", w.room)[1], re.M)


def rooms(w):
    return [r["name"] for r in w.api("RoomService", "ListRooms", {}).get("rooms", [])]


def answers_with(x, words):
    """It is a stream of the agent's, line by line JSON, which comes to these words."""
    return x["is"] == "stream" and x["who"] == "myna" and words in "".join(
        json.loads(line)["text"] for line in x["text"].splitlines())


def answered(who, words):
    who.said.wait(lambda x: answers_with(x, words), 20, f"the answer {words!r}")


@case
def in_writing_alone_the_talk_goes_on_from_person_to_person_and_its_end_deletes_the_room(w):
    m = w.join(settings=switched(audio_input=False, audio_output=False, json_transcription=True, hear="linked",
                                 close_on_disconnect=False, delete_room_on_close=True))
    eventually("myna is in the room", lambda: in_writing(w))
    ann = Person(w)
    ann.wait_text("stream", '{"text":"Hello there."}\n', who="myna")  # it was written before she came
    ann.do("chat", text="What is two plus two?")
    answered(ann, "2 plus 2 is 4.")
    bob = Person(w, "bob")  # and keeps the room open
    bob.wait("in")
    ann.leave()

    def is_answered():  # by now: the place is his a moment after she has gone
        bob.do("chat", text="What is three plus four?")
        return any(answers_with(x, "3 plus 4 is 7.") for x in bob.said.all)
    eventually("bob is talked with", is_answered, 20, pause=0.5)
    check(not [x for x in (*ann.said.all, *bob.said.all) if x["is"] in ("track", "legacy") and x["who"] == "myna"], "it published a track")
    check(m.poll() is None, text_of(m))
    m.send_signal(signal.SIGTERM)
    ended(m)
    eventually("the room is gone", lambda: w.room not in rooms(w))


@case
def captions_off_and_chat_off_leave_the_voice_alone(w):
    m = w.join(settings=switched(text_input=False, transcription=False))
    in_room(w)
    ann = Person(w)
    ann.wait("track", who="myna")
    ann.do("chat", text="What is two plus two?")
    ann.do("speak", wav=QUESTION)
    m.events.wait(lambda x: x.get("type") == "agent_transcript" and "7 times 8 is 56" in x["transcript"], 30, "the answer")
    check(not [x for x in ann.said.all if x["is"] == "stream"], f"captions: {ann.said.all}")
    check(not [x for x in m.events.all if "2 plus 2" in json.dumps(x)], "the chat was read")


@case
def a_program_talks_with_somebody_else_from_now_on(w):
    program = Program(w)
    ann = Person(w, token=token(identity="ann", kind="standard"))
    ann.wait("in")
    ann.wait("track", name="myna-voice", seconds=30)
    agent = next(x["who"] for x in ann.said.all if x["is"] == "track")
    ann.wait("legacy", who=agent)
    bob = Person(w, "bob", token=token(identity="bob", kind="standard"))
    bob.wait("in")
    ann.do("data", topic="link", text="bob")
    eventually("bob is talked with", lambda: answers(bob, "bread"), 20, pause=0.5)
    ann.do("data", topic="notes", text="milk")
    bob.do("data", topic="notes", text="cheese")
    bob.wait("note", who=agent, text="CHEESE")
    rest(1)  # hers went another way
    check(not [x for x in ann.said.all if x["is"] == "note"], "ann is still listened to")
    bob.do("data", topic="link", text="cleo")
    cleo = Person(w, "cleo", token=token(identity="cleo", kind="standard"))
    cleo.wait("in")
    eventually("cleo is talked with", lambda: answers(cleo, "butter"), 20, pause=0.5)
    check(program.p.poll() is None, text_of(program))


def answers(who, word):
    """Does the program answer them by now?"""
    who.do("data", topic="notes", text=word)
    return any(x["is"] == "note" and x.get("text") == word.upper() for x in who.said.all)


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
