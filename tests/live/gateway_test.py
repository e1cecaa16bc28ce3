#!/usr/bin/env python3
"""The voice gateway (`myna join --as gateway`) in a room of LiveKit's own server, with LiveKit's own SDK
as the people: acceptance cases of the gateway's document, named by their numbers.

    tests/live/gateway_test.py PROGRAM [CASE]

Prints TAP. What cannot be had is named as a skip. Here is the talk itself; the other stories are in the
files beside this one that are imported below.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
import gateway_agents  # noqa: E402
import gateway_announce  # noqa: E402
import gateway_camera  # noqa: E402
import gateway_compat  # noqa: E402
import gateway_memory  # noqa: E402
import gateway_presence  # noqa: E402
import gateway_replay  # noqa: E402
import gateway_soak  # noqa: E402
import gateway_tools  # noqa: E402
from common import case, check, rest  # noqa: E402
from gateway_world import (AGENT, COMPAT, Backend, World, control, event, events, exact_turn, hears, joins, meets,  # noqa: E402
                           now_of, asked_by, says, stop, tone, types)

STORIES = (gateway_presence, gateway_tools, gateway_compat, gateway_agents, gateway_announce,
           gateway_memory, gateway_replay, gateway_soak)


# ---- events, messages, rights

@case
def case_16_one_spoken_turn_is_told_in_the_exact_order_with_the_exact_json(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    hears(ann)
    ann.do("speak", wav=tone(w, 1.5))
    event(ann, "agent:agent-transcript")
    event(ann, "agent:speaking-stop")
    rest(0.5)
    kinds = types(ann)
    check(kinds[0] == "agent:listening-start" and "agent:user-transcript" in kinds, f"{kinds}")
    turn = kinds.index("agent:user-transcript")
    heard = kinds[:turn]
    check(heard == ["agent:listening-start", "agent:listening-stop"] * (len(heard) // 2), f"{kinds}")
    check(kinds[turn:turn + 3] == ["agent:user-transcript", "agent:thinking-start", "agent:speaking-start"], f"{kinds}")
    check(sorted(kinds[turn + 3:]) == ["agent:agent-transcript", "agent:speaking-stop", "chat"], f"{kinds}")
    check(kinds.index("chat") + 1 == kinds.index("agent:agent-transcript"), f"{kinds}")
    exact_turn(ann)
    ann.leave()
    stop(g)


@case
def case_21_22_23_typed_messages_are_turns_and_nonsense_is_nothing(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    control(ann, type="client:message", text="  hi ")
    event(ann, "agent:agent-transcript")
    event(ann, "agent:speaking-stop")
    check(types(ann)[:2] == ["agent:user-transcript", "agent:thinking-start"], f"{types(ann)}")
    told = event(ann, "agent:user-transcript")["payload"]
    check(told == {"transcript": "hi", "final": True, "identity": "ann", "source": "text"}, f"{told}")
    at = len(events(ann))
    for text in ('{"type":"client:message","text":"   "}', '{"type":"client:message"}',
                 '{"type":"client:message","text":7}', "not json", "[1]", '"x"', "7", '{"type":"client:dance"}',
                 '{"type":["client:message"],"text":"x"}', '{"text":"x"}', "[" * 5000, '{"type":"client:control"}',
                 '{"type":"client:control","action":5}', '{"type":"client:tool-result","call_id":5}'):
        ann.do("data", topic="hermes-control", text=text)
    ann.do("data", topic="elsewhere", text='{"type":"client:message","text":"no"}')
    control(ann, type="client:message", text="still there?")
    event(ann, "agent:user-transcript", transcript="still there?")
    check(types(ann)[at] == "agent:user-transcript", f"nonsense was answered: {events(ann)[at:]}")
    says(g, "a control message is no JSON", times=2)
    control(ann, type="client:message", text="/help")
    event(ann, "agent:agent-transcript", transcript="/new or /reset begins a new conversation; /voice off, on or tts: I answer "
          "in writing alone, aloud to what is said, or everything aloud; /help says this.")
    ann.leave()
    stop(g)


@case
def case_19_20_who_is_not_allowed_is_not_heard_and_not_read(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",),
                  env={"LIVEKIT_ALLOW_ALL_USERS": "", "LIVEKIT_ALLOWED_USERS": " bob , carol"})
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=lk.QUESTION)
    for text in "one", "two":
        control(ann, type="client:message", text=text)
    ann.do("chat", text="and so?")
    ann.wait("asked", seconds=20)
    time.sleep(2)
    check(types(ann) == [], f"a stranger was answered: {events(ann)}")
    says(g, "messages of somebody who is not allowed")
    with open(g.log, encoding="utf-8") as f:
        check(f.read().count("messages of somebody who is not allowed") == 1, "more than one line a minute")
    bob = joins(w, "bob")
    control(bob, type="client:message", text="hello")
    event(bob, "agent:user-transcript", identity="bob", transcript="hello")
    event(bob, "agent:agent-transcript")
    stop(g)
    g = w.gateway("--stay", env={"LIVEKIT_ALLOW_ALL_USERS": ""}, wait="nobody may talk with the agent")
    says(g, "room t1: in room")
    at = len(events(bob))
    control(bob, type="client:message", text="hello again")
    time.sleep(2)
    check(len(events(bob)) == at, "without any setting somebody was answered")
    stop(g)


@case
def case_19_with_the_check_behind_the_recogniser_a_stranger_is_told_and_not_answered(w):
    b = Backend()
    g = w.gateway(settings=(*b.settings, "gateway.require_authorized_before_stt=false"),
                  env={"LIVEKIT_ALLOW_ALL_USERS": "", "LIVEKIT_ALLOWED_USERS": "bob"})
    ann = meets(w)
    hears(ann)
    ann.do("speak", wav=lk.QUESTION)
    m = event(ann, "agent:user-transcript", identity="ann")
    check("source" not in m["payload"], f"{m}")
    control(ann, type="client:message", text="and in writing?")
    event(ann, "agent:user-transcript", transcript="and in writing?", source="text", identity="ann")
    ann.do("chat", text="And here?")
    event(ann, "agent:thinking-start", times=2)
    time.sleep(2)
    check("chat" not in types(ann) and "agent:speaking-start" not in types(ann) and not b.requests,
          f"a stranger was answered: {types(ann)} {b.requests}")
    bob = joins(w, "bob")
    time.sleep(1)
    control(bob, type="client:message", text="hello")
    event(bob, "agent:agent-transcript", transcript="Hi there.")
    said = [m["content"] for m in b.requests[-1]["messages"] if m["role"] == "user"]
    check(len(said) == 1 and "hello" in said[0], f"the agent was shown a stranger's words: {said}")
    stop(g)


@case
def case_24_who_paused_is_not_heard_until_resume_also_behind_an_answer(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    hears(ann)
    control(ann, type="client:control", action=" PAUSE ")
    time.sleep(0.5)
    ann.do("speak", wav=lk.QUESTION)
    ann.wait("asked", seconds=20)
    time.sleep(1)
    check(types(ann) == [], f"a muted person was heard: {types(ann)}")
    control(ann, type="client:message", text="typed")
    event(ann, "agent:speaking-stop")
    at = len(events(ann))
    since = now_of(ann)
    ann.do("speak", wav=lk.QUESTION)
    time.sleep(5)
    check("agent:listening-start" not in types(ann), f"the answer undid the mute: {types(ann)[at:]}")
    control(ann, type="client:control", action="resume")
    time.sleep(0.5)
    ann.do("speak", wav=lk.QUESTION)
    asked_by(ann, since)
    ann.leave()
    stop(g)


@case
def case_42_a_long_answer_comes_in_parts_that_fit_and_only_the_last_is_final(w):
    words = " ".join(f'Sentence number {i} is "here".' for i in range(1400))
    answer = os.path.join(w.here, "long.txt")
    with open(answer, "w", encoding="utf-8") as f:
        f.write(words)
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "llm.instant.text=" + words,
                            "tts.instant.duration=20ms"))
    ann = meets(w)
    control(ann, type="client:message", text="tell me")
    event(ann, "agent:agent-transcript", final=True, seconds=60)
    raw = [x["text"] for x in ann.said.all if x["is"] == "data" and x["who"] == AGENT]
    check(max(len(t.encode()) for t in raw) <= 15 << 10, f"a packet of {max(len(t.encode()) for t in raw)} bytes")
    chat = [m for t, m in events(ann) if t == "hermes-chat"]
    told = [m["payload"] for t, m in events(ann) if isinstance(m, dict) and m["type"] == "agent:agent-transcript"]
    check("".join(chat) == words and len(chat) > 2, f"{len(chat)} parts, {sum(map(len, chat))} of {len(words)}")
    check([p["transcript"] for p in told] == chat, "transcripts are not the chat")
    check([p["final"] for p in told] == [False] * (len(told) - 1) + [True], f"{[p['final'] for p in told]}")
    ann.leave()
    stop(g)


@case
def client_interrupt_and_end_of_turn(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=60s",
                            "turn.min_delay=12s", "turn.max_delay=14s"))
    ann = meets(w)
    hears(ann)
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:listening-stop")
    control(ann, type="client:end-of-turn")
    event(ann, "agent:user-transcript", seconds=5)  # by itself it would end after twelve
    event(ann, "agent:speaking-start")
    time.sleep(0.5)
    control(ann, type="client:interrupt")
    event(ann, "agent:speaking-stop", seconds=5)  # by itself it would last for a minute
    stop(g)


# ---- sound

@case
def case_11_r1_silence_is_no_event_and_case_17_blanks_are_no_words(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "stt.instant.text=   "))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(10)
    check(types(ann) == [], f"silence was heard: {types(ann)}")
    ann.do("speak", wav=lk.QUESTION)
    ann.wait("said", seconds=20)
    rest(3)
    heard = types(ann)
    check(heard and heard == ["agent:listening-start", "agent:listening-stop"] * (len(heard) // 2), f"{heard}")
    ann.leave()
    stop(g)


@case
def case_12_r3_a_mute_in_mid_sentence_closes_the_utterance_native_and_in_compat(w):
    for settings, said in ((("gateway.presence_poll_interval=1",), lk.QUESTION), (COMPAT, tone(w, 8.0))):
        g = w.gateway(settings=settings)
        ann = meets(w)
        hears(ann)
        ann.do("speak", wav=said)
        event(ann, "agent:listening-start", identity="ann")
        rest(1)  # so much of it is heard
        ann.do("mute")
        event(ann, "agent:listening-stop", identity="ann", seconds=2.1)
        asked_by(ann)
        ann.leave()
        stop(g)


@case
def case_25_whoever_speaks_into_the_answer_stops_it(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=20s"))
    ann = meets(w)
    hears(ann)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    time.sleep(4)  # the first moments are held for echo
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:speaking-stop", seconds=4)
    asked_by(ann)
    stop(g)


@case
def case_28_a_capture_without_camera_says_so(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    control(ann, type="client:capture-frame")
    m = event(ann, "agent:frame-capture-failed")
    check(m["payload"] == {"reason": "no-video-track", "identity": "ann"}, f"{m}")
    ann.leave()
    stop(g)


@case
def case_56_stopped_in_the_middle_of_a_word_it_is_gone_within_five_seconds(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=1m"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    time.sleep(1)
    stop(g)
    ann.wait("went", who=AGENT, seconds=2)
    w.gone(2)


@case
def two_people_are_each_told_by_their_own_name(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=200ms"))
    ann, bob = meets(w), joins(w, "bob")
    for who in ann, bob:
        hears(who)
    for who in ann, bob:
        me = "ann" if who is ann else "bob"
        who.do("speak", wav=lk.QUESTION)
        for kind in "agent:listening-start", "agent:listening-stop", "agent:user-transcript":
            event(ann, kind, identity=me)
        who.wait("said")
        rest(2)  # what a breath or a hole in the sound has parted is told, too
    other = [m["payload"]["identity"] for _, m in events(ann) if isinstance(m, dict) and "identity" in m.get("payload", {})]
    check(other == sorted(other), f"names are mixed up: {other}")
    stop(g)


if __name__ == "__main__":
    sys.exit(lk.main((__name__, gateway_camera.__name__, *(s.__name__ for s in STORIES)), World))
