#!/usr/bin/env python3
"""Rooms of a server that runs ICE-lite, as LiveKit's cloud does: it checks no path, so ours must be the controlling side
and our checks are all that keeps one open (livekit-rtc 3.5). MYNA_TEST_ICE_LITE=1 before any other program of these
runs all of its cases with such a server."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_server  # noqa: E402
import livekit_test as lk  # noqa: E402
import livekit_words_test as words  # noqa: E402
from common import case, check, rest  # noqa: E402
from livekit_test import QUESTION, Person, World, ended, in_room, says, text_of  # noqa: E402

LITE = "the peer runs ICE-lite"


class Lite(World):
    def serve(self, program):
        return livekit_server.Server(program, ice_lite=True)


@case
def a_spoken_question_is_answered_also_after_half_a_minute_without_a_word(w):
    m = w.join("--log-level", "debug")
    in_room(w)
    says(m, LITE)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    rest(30)  # what it would take to be given up without checks
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(not [x for x in ann.said.all if x["is"] == "went"], "the path was lost meanwhile")
    ann.leave()
    check(ended(m) == 0, text_of(m))
    check("over TCP" not in text_of(m), text_of(m))


@case
def a_line_that_is_cut_is_resumed_and_a_session_that_is_gone_is_joined_anew(w):
    words.a_line_that_is_cut_alone_is_resumed_and_a_session_that_is_gone_is_joined_anew(w)


@case
def two_rooms_in_one_process(w):
    words.two_rooms_in_one_process_know_nothing_of_each_other(w)


if __name__ == "__main__":
    sys.exit(lk.main(__name__, Lite))
