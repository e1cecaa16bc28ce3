#!/usr/bin/env python3
"""The voice gateway (`myna join --as gateway`) in a room of LiveKit's own server, with LiveKit's own SDK
as the people: acceptance cases of the gateway's document, named by their numbers.

    tests/live/gateway_test.py PROGRAM [CASE]

Prints TAP. What cannot be had is named as a skip.
"""
import base64
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
        end = time.monotonic() + seconds + 2  # to ask takes a while, too
        while identity in self.participants():
            check(time.monotonic() < end, f"{identity} is still there after {seconds} s:\n" + self.participants())
            time.sleep(0.1)


def says(p, words, seconds=15, times=1):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(p.log, encoding="utf-8", errors="replace") as f:
            text = f.read()  # a state is on the terminal and in the log: it counts once
            if (text.count("\n" + words) if words.startswith("room ") else text.count(words)) >= times:
                return
        check(p.poll() is None, f"the gateway ended:\n{text_of(p)}")
        time.sleep(0.05)
    raise AssertionError(f"the gateway never said {words!r} {times} times:\n" + text_of(p))


def stop(p, seconds=5):
    began = time.monotonic()
    p.send_signal(signal.SIGTERM)
    check(ended(p, seconds + 1) == 0, text_of(p))
    check(time.monotonic() - began < seconds, "it took too long to stop")
    with open(p.log, encoding="utf-8", errors="replace") as f:  # case 44
        log = f.read()
    check("secretsecret" not in log and "eyJ" not in log and "Bearer " not in log, "a secret is in the log")


def meets(w, identity="ann", seconds=15):
    """Somebody joins; the gateway comes to them."""
    who = Person(w, identity)
    came = who.wait("in", seconds=40)
    if AGENT not in came["people"]:
        who.wait("came", who=AGENT, seconds=seconds)
    return who


@case
def case_1_2_4_it_watches_an_empty_room_comes_to_who_joins_and_leaves_with_the_last(w):
    g = w.gateway(wait="room t1: watching (connected)")
    time.sleep(1)
    check(AGENT not in w.participants(), "somebody is in the empty room: " + w.participants())
    ann = Person(w)
    ann.wait("in", seconds=40)
    ann.wait("came", who=AGENT, kind=4, seconds=7)  # an interval, and time to be told
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
def a_refused_key_looks_like_an_empty_room_and_the_third_time_it_is_a_warning(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=0.5",), env={"LIVEKIT_API_SECRET": "another " * 5})
    says(g, "LiveKit has refused to say who is in the room 3 times")
    time.sleep(2)
    with open(g.log, encoding="utf-8") as f:
        log = f.read()
    check(log.count("has refused to say") == 1 and "another another" not in log, log)
    stop(g)


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


# ---- events, messages, rights

def events(who, since=0.0, agent=AGENT, cleared=False):
    """What the gateway said to that person since then, in order: (topic, message)."""
    out = []
    for x in who.said.all:
        if x["is"] == "data" and x["who"] == agent and x["t"] >= since:
            out.append((x["topic"], x["text"] if x["topic"] == "hermes-chat" else json.loads(x["text"])))
    return [(t, m) for t, m in out if cleared or t == "hermes-chat" or m["type"] != "agent:tools-cleared"]


def types(who, since=0.0):
    return [m["type"] if isinstance(m, dict) else "chat" for _, m in events(who, since)]


def event(who, kind, seconds=20, since=0.0, times=1, **payload):
    """Waits for so many events of that type with such a payload; the last."""
    end = time.monotonic() + seconds
    while True:
        got = [m for _, m in events(who, since, cleared=True) if isinstance(m, dict) and m["type"] == kind and
               all(m["payload"].get(k) == v for k, v in payload.items())]
        if len(got) >= times:
            return got[times - 1]
        check(time.monotonic() < end, f"no {kind} {payload} {times} times; there was {events(who, since)}")
        time.sleep(0.05)


def now_of(who):
    return max([x["t"] for x in who.said.all] or [0.0])


def control(who, **message):
    who.do("data", topic="hermes-control", text=json.dumps(message))


@case
def case_16_one_spoken_turn_is_told_in_the_exact_order_with_the_exact_json(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:agent-transcript")
    event(ann, "agent:speaking-stop")
    time.sleep(0.5)
    got = [(t, m) for t, m in events(ann)]
    kinds = types(ann)
    check(kinds[0] == "agent:listening-start" and "agent:user-transcript" in kinds, f"{kinds}")
    turn = kinds.index("agent:user-transcript")
    heard = kinds[:turn]  # breaths may part a question
    check(heard == ["agent:listening-start", "agent:listening-stop"] * (len(heard) // 2), f"{kinds}")
    check(kinds[turn:turn + 3] == ["agent:user-transcript", "agent:thinking-start", "agent:speaking-start"], f"{kinds}")
    check(sorted(kinds[turn + 3:]) == ["agent:agent-transcript", "agent:speaking-stop", "chat"], f"{kinds}")
    check(kinds.index("chat") + 1 == kinds.index("agent:agent-transcript"), f"{kinds}")
    by = {m["type"]: (t, m) for t, m in got if isinstance(m, dict)}
    want = {"agent:listening-start": {"identity": "ann"}, "agent:listening-stop": {"identity": "ann"},
            "agent:user-transcript": {"transcript": "hello agent", "final": True, "identity": "ann"},
            "agent:thinking-start": {}, "agent:speaking-start": {}, "agent:speaking-stop": {},
            "agent:agent-transcript": {"transcript": "Hi there.", "final": True}}
    for kind, payload in want.items():
        check(by[kind] == ("", {"type": kind, "payload": payload}), f"{kind}: {by[kind]}")
    check(("hermes-chat", "Hi there.") in got, f"{got}")
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
    event(ann, "agent:agent-transcript", transcript="/new or /reset begins a new conversation; /help says this.")
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
    bob = Person(w, "bob")
    bob.wait("in")
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
def case_24_who_paused_is_not_heard_until_resume_also_behind_an_answer(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
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
    event(ann, "agent:user-transcript", since=since, transcript="hello agent")
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
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=20s",
                            "turn.min_delay=6s", "turn.max_delay=8s"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:listening-stop")
    began = time.monotonic()
    control(ann, type="client:end-of-turn")
    event(ann, "agent:user-transcript")
    check(time.monotonic() - began < 3, "the turn was not ended at once")
    event(ann, "agent:speaking-start")
    time.sleep(0.5)
    began = time.monotonic()
    control(ann, type="client:interrupt")
    event(ann, "agent:speaking-stop")
    check(time.monotonic() - began < 2, "it was not interrupted at once")
    stop(g)


# ---- tools of the room

class Backend:
    """An OpenAI-compatible agent that does as it is told: "use NAME {…}" calls that tool, and what comes of it
    is its answer; everything else is answered by "Hi there."."""

    def __init__(self):
        self.requests = requests = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *a):
                pass

            def do_GET(self):
                self.send_response(404)
                self.end_headers()

            def do_POST(self):
                rq = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append(rq)
                last = rq["messages"][-1]
                words = last["content"] if isinstance(last["content"], str) else last["content"][0]["text"]
                delta, finish = {"content": "Hi there."}, "stop"
                if last["role"] == "tool":
                    delta = {"content": "It said: " + words}
                elif words.startswith("use "):
                    name, args = words.split(" ", 2)[1:]
                    delta, finish = {"tool_calls": [{"index": 0, "id": f"call_{len(requests)}", "type": "function",
                                                     "function": {"name": name, "arguments": args}}]}, "tool_calls"
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for d, f in ((delta, None), ({}, finish)):
                    chunk = {"id": "x", "choices": [{"index": 0, "delta": d, "finish_reason": f}]}
                    self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.write(b"data: [DONE]\n\n")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.settings = ("llm.provider=openai", "llm.openai.model=m", "llm.openai.api_key=k",
                         f"llm.openai.base_url=http://127.0.0.1:{self.server.server_port}/v1",
                         "gateway.remote_tool_policy=trust", "gateway.presence_poll_interval=1")

    def tools(self):
        """Names that the newest request offered."""
        return [t["function"]["name"] for t in self.requests[-1].get("tools", [])]

    def result(self, seconds=10):
        """Content of the newest tool message."""
        end = time.monotonic() + seconds
        while True:
            for rq in reversed(self.requests):
                if rq["messages"][-1]["role"] == "tool":
                    return rq["messages"][-1]["content"]
            check(time.monotonic() < end, f"the agent had no result: {self.requests[-1:]}")
            time.sleep(0.05)


OBJECT = {"type": "object", "properties": {"title": {"type": "string"}}}


def flat(who, kind, seconds=10, times=1, **want):
    """Waits for a tool message to that person; the so manyth of its kind."""
    end = time.monotonic() + seconds
    while True:
        got = [m for _, m in events(who) if isinstance(m, dict) and m["type"] == kind and
               all(m.get(k) == v for k, v in want.items())]
        if len(got) >= times:
            return got[times - 1]
        check(time.monotonic() < end, f"no {kind} {want}; there was {events(who)}")
        time.sleep(0.05)


def register(who, name="notify", schema=None):
    control(who, type="client:tool-register", name=name, description="d", input_schema=schema or OBJECT)
    return flat(who, "agent:tool-registered", name=name, success=True)


def called(w, who, name="notify", times=1):
    """Lets the agent call that tool; the message to its owner."""
    control(who, type="client:message", text=f'use {name} {{"title":"t"}}')
    m = flat(who, "agent:tool-call", times=times)
    check(re.fullmatch("tc_[0-9a-f]{12}", m["call_id"]) and m["name"] == name and m["arguments"] == {"title": "t"} and
          set(m) == {"type", "call_id", "name", "arguments"}, f"{m}")
    return m["call_id"]


@case
def case_32_33_40_what_may_be_registered_and_by_whom_taken_back(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    ann, bob = meets(w), Person(w, "bob")
    bob.wait("in")
    event(ann, "agent:tools-cleared")
    for name, schema, reason in (("1abc", OBJECT, "name-invalid"), ("a" * 65, OBJECT, "name-invalid"),
                                 ("x", {"type": "string"}, "schema-invalid"), ("y", None, "schema-invalid")):
        control(ann, type="client:tool-register", name=name, **({"input_schema": schema} if schema else {}))
        m = flat(ann, "agent:tool-registered", name=name)
        check(m == {"type": "agent:tool-registered", "name": name, "success": False, "reason": reason}, f"{m}")
    register(ann, "a" * 64)
    control(bob, type="client:tool-unregister", name="a" * 64)
    check(flat(bob, "agent:tool-unregistered")["reason"] == "not-owned-by-you", f"{events(bob)}")
    check(not [m for _, m in events(bob) if isinstance(m, dict) and "registered" in m["type"] and
               m["type"] != "agent:tool-unregistered"], f"bob was told of ann's tools: {events(bob)}")
    control(ann, type="client:tool-unregister", name="a" * 64)
    flat(ann, "agent:tool-unregistered", success=True)
    stop(g)


@case
def case_34_35_36_37_a_call_goes_to_its_owner_and_comes_back_or_runs_out(w):
    b = Backend()
    g = w.gateway(settings=b.settings, env={"HERMES_LIVEKIT_TOOL_TIMEOUT_SEC": "2"})
    ann, bob = meets(w), Person(w, "bob")
    bob.wait("in")
    register(ann)
    call = called(w, ann)
    control(bob, type="client:tool-result", call_id=call, result="not mine to say")
    time.sleep(0.3)
    control(ann, type="client:tool-result", call_id=call, result={"shown": True})
    check(b.result() == '{"shown":true}', f"{b.result()}")
    event(ann, "agent:agent-transcript", transcript='It said: {"shown":true}')
    check(not [m for _, m in events(bob) if isinstance(m, dict) and m["type"].startswith("agent:tool-call")],
          "somebody else saw the call")
    n = len(b.requests)
    call = called(w, ann, times=2)
    began = time.monotonic()
    flat(ann, "agent:tool-call-timeout", call_id=call, name="notify")
    check(1.5 < time.monotonic() - began < 3, "not after its time")
    control(ann, type="client:tool-result", call_id=call, result=1)
    event(ann, "agent:agent-transcript", transcript="It said: notify timed out after 2s")
    n = len(b.requests)
    call = called(w, ann, times=3)
    control(ann, type="client:tool-result", call_id=call, result=1, error="")
    event(ann, "agent:agent-transcript", transcript="It said: tool reported error")
    check(len(b.requests) == n + 2, f"{len(b.requests) - n} requests")
    stop(g)


@case
def case_38_39_a_call_ends_with_its_owner_its_turn_or_its_conversation(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    ann, bob = meets(w), Person(w, "bob")
    bob.wait("in")
    register(bob, "light")
    control(ann, type="client:message", text='use light {"title":"t"}')
    flat(bob, "agent:tool-call")
    bob.leave()
    event(ann, "agent:agent-transcript", transcript="It said: client disconnected mid-call", seconds=3)
    control(ann, type="client:message", text="hello")
    event(ann, "agent:agent-transcript", transcript="Hi there.")
    check("light" not in b.tools(), f"a tool without an owner: {b.tools()}")
    register(ann)
    call = called(w, ann)
    control(ann, type="client:interrupt")
    flat(ann, "agent:tool-call-cancelled", call_id=call, name="notify")
    call = called(w, ann, times=2)
    control(ann, type="client:message", text="/new")
    m = flat(ann, "agent:tool-call-cancelled", call_id=call)
    check(m == {"type": "agent:tool-call-cancelled", "call_id": call, "reason": "session-reset"}, f"{m}")
    time.sleep(0.5)
    control(ann, type="client:message", text="hello anew")
    event(ann, "agent:user-transcript", transcript="hello anew")
    event(ann, "agent:agent-transcript", transcript="Hi there.", times=2)
    last = [m for m in b.requests[-1]["messages"] if m["role"] != "system"]
    check([m["content"] for m in last] == ["hello anew"], f"it remembers what was before: {last}")
    check("notify" in b.tools(), "a registration did not survive the reset")
    stop(g)


@case
def without_a_policy_nobody_registers_anything(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    control(ann, type="client:tool-register", name="x", input_schema=OBJECT)
    check(flat(ann, "agent:tool-registered")["reason"] == "denied-by-policy", f"{events(ann)}")
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
    ann.wait("asked", seconds=20)
    time.sleep(3)
    heard = types(ann)
    check(heard and heard == ["agent:listening-start", "agent:listening-stop"] * (len(heard) // 2), f"{heard}")
    ann.leave()
    stop(g)


@case
def case_12_r3_a_mute_in_mid_sentence_closes_the_utterance(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:listening-start", identity="ann")
    ann.do("mute")
    event(ann, "agent:listening-stop", identity="ann", seconds=2.1)
    event(ann, "agent:user-transcript", transcript="hello agent", seconds=5)
    ann.leave()
    stop(g)


@case
def case_25_whoever_speaks_into_the_answer_stops_it(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=20s"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    time.sleep(4)  # the first moments are held for echo
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:speaking-stop", seconds=4)
    event(ann, "agent:user-transcript", transcript="hello agent")
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
def r13_the_last_who_leaves_during_a_call_ends_it_at_once(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    ann = meets(w)
    register(ann)
    called(w, ann)
    ann.leave()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    stop(g)


@case
def two_people_are_each_told_by_their_own_name(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "tts.instant.duration=200ms"))
    ann, bob = meets(w), Person(w, "bob")
    bob.wait("in", seconds=40)
    for who in ann, bob:
        who.wait("track", who=AGENT)
    time.sleep(1)
    for who in ann, bob:
        me = "ann" if who is ann else "bob"
        who.do("speak", wav=lk.QUESTION)
        for kind in "agent:listening-start", "agent:listening-stop", "agent:user-transcript":
            event(ann, kind, identity=me)
    other = [m["payload"]["identity"] for _, m in events(ann) if isinstance(m, dict) and "identity" in m.get("payload", {})]
    check(other == sorted(other), f"names are mixed up: {other}")
    stop(g)


# ---- mode compat

COMPAT = ("gateway.mode=compat", "vad.provider=rms", "gateway.presence_poll_interval=1")


def tone(w, *parts, rms=3000):
    """A WAV of tone and quiet by turns, in seconds."""
    path = os.path.join(w.here, f"tone{time.monotonic_ns()}.wav")
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(16000)
        for i, seconds in enumerate(parts):
            loud = 0 if i % 2 else rms * 2 ** 0.5
            f.writeframes(b"".join(struct.pack("<h", int(loud * math.sin(i * 0.27))) for i in range(int(seconds * 16000))))
    return path


def when(who, kind, nth=1):
    """When that person was told, by its clock."""
    got = [x["t"] for x in who.said.all if x["is"] == "data" and x["who"] == AGENT and f'"{kind}"' in x["text"]]
    return got[nth - 1]


@case
def case_8_16_26_in_compat_a_spoken_turn_is_the_references_to_the_order_and_the_time(w):
    g = w.gateway(settings=(*COMPAT, "tts.instant.duration=3s"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=tone(w, 2.0))
    event(ann, "agent:agent-transcript")
    kinds = types(ann)
    check(kinds == ["agent:listening-start", "agent:listening-stop", "agent:user-transcript", "agent:thinking-start",
                    "agent:speaking-start", "agent:speaking-stop", "chat", "agent:agent-transcript"], f"{kinds}")
    took = when(ann, "agent:listening-stop") - when(ann, "agent:listening-start")
    check(3.1 < took < 4.0, f"2 s of tone and 1.5 to 2 s of silence took {took:.2f} s")
    took = when(ann, "agent:speaking-stop") - when(ann, "agent:speaking-start")
    check(3.2 < took < 4.2, f"3 s of answer took {took:.2f} s")
    check("agent:tools-cleared" not in [m["type"] for _, m in events(ann, cleared=True) if isinstance(m, dict)], "news")
    ann.leave()
    stop(g)


@case
def case_25_in_compat_speech_into_the_answer_is_discarded_and_case_24_one_mutes_all(w):
    g = w.gateway(settings=(*COMPAT, "tts.instant.duration=4s"))
    ann, bob = meets(w), Person(w, "bob")
    bob.wait("in")
    ann.wait("track", who=AGENT)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:speaking-stop", seconds=10)
    time.sleep(2)
    check("agent:listening-start" not in types(ann), f"it heard into its own answer: {types(ann)}")
    control(bob, type="client:control", action="pause")
    time.sleep(0.5)
    ann.do("speak", wav=tone(w, 1.0))
    time.sleep(3)
    check("agent:listening-start" not in types(ann), f"in compat one mutes all: {types(ann)}")
    control(ann, type="client:control", action="resume")
    time.sleep(0.5)
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:user-transcript", transcript="hello agent")
    control(ann, type="client:interrupt")  # means nothing here
    control(ann, type="client:tool-register", name="x", input_schema=OBJECT)
    flat(ann, "agent:tool-registered", success=True)
    stop(g)


@case
def case_9_in_compat_a_click_is_a_start_and_a_stop_and_nothing_else(w):
    g = w.gateway(settings=COMPAT)
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    for n in range(1, 5):  # until one lies within a tick
        ann.do("speak", wav=tone(w, 0.06, rms=9000))
        event(ann, "agent:listening-stop", times=n)
        time.sleep(1)
        if types(ann).count("agent:user-transcript") < n:
            break
    kinds = types(ann)
    check(kinds[-2:] == ["agent:listening-start", "agent:listening-stop"], f"{kinds}")
    ann.leave()
    stop(g)


@case
def case_15_an_utterance_past_the_limit_is_cut_said_and_asked(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "vad.provider=rms", "turn.min_delay=0",
                            "gateway.max_utterance=3s", "gateway.barge_in=on"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    time.sleep(1)
    ann.do("speak", wav=tone(w, 4.5))
    m = event(ann, "agent:error")
    check(m["payload"] == {"reason": "input_audio_too_long", "identity": "ann"}, f"{m}")
    event(ann, "agent:user-transcript", transcript="hello agent")
    event(ann, "agent:listening-stop", times=2)
    check(types(ann).count("agent:error") == 1, f"{types(ann)}")
    ann.leave()
    stop(g)


# ---- announcements

def desk(port, path, token="announce me", body=None):
    """(status, answer) of the gateway's own HTTP."""
    rq = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body and body.encode(),
                                headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(rq, timeout=5) as r:
            return r.status, json.loads(r.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


@case
def case_55_an_announcement_into_an_empty_room_is_delivered_once_at_the_next_join(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=announce me"))
    port = int(re.search(r"announcements are taken on port (\d+)", text_of(g)).group(1))
    for args, status in ((("/v1/announce", "wrong", '{"text":"x"}'), 401), (("/v1/announce", "", '{"text":"x"}'), 401),
                         (("/v1/announce", "announce me", "{}"), 400), (("/v1/announce", "announce me", "[]"), 400),
                         (("/v1/announce", "announce me", '{"text":7}'), 400), (("/v1/other", "announce me"), 404),
                         (("/v1/announce", "announce me", '{"text":"x","room":"other"}'), 404)):
        got, answer = desk(port, *args)
        check(got == status and answer["error"], f"{args}: {got} {answer}")
    check(desk(port, "/v1/announce", body='{"text":" Dinner is ready. "}') == (202, {"delivered": False, "waiting": 1}),
          "not kept")
    check(desk(port, "/v1/announce", body='{"text":"Second.","room":"t1"}') == (202, {"delivered": False, "waiting": 2}),
          "not kept")
    status = desk(port, "/v1/status")[1]
    check(status["state"] == "watching" and status["connected"] and status["waiting"] == 2 and status["room"] == "t1" and
          status["home_channel"] == {"room": "t1", "name": "Home"}, f"{status}")
    ann = meets(w)
    event(ann, "agent:agent-transcript", transcript="Second.")
    check([m for t, m in events(ann) if t == "hermes-chat"] == ["Dinner is ready.", "Second."], f"{events(ann)}")
    check("agent:speaking-start" not in types(ann), "it was spoken")
    check(desk(port, "/v1/announce", body='{"text":"Now."}') == (200, {"delivered": True}), "not delivered at once")
    event(ann, "agent:agent-transcript", transcript="Now.")
    check(desk(port, "/v1/status")[1]["participants"] == 1, "nobody counted")
    ann.leave()
    bob = meets(w, "bob", 10)
    time.sleep(1)
    check(types(bob) == [], f"delivered twice: {types(bob)}")
    with open(g.log, encoding="utf-8") as f:
        check("announce me" not in f.read(), "the token is in the log")
    stop(g)


@case
def an_announcement_is_spoken_where_that_is_wanted(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=announce me", "gateway.speak_home_messages=true"))
    port = int(re.search(r"announcements are taken on port (\d+)", text_of(g)).group(1))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    check(desk(port, "/v1/announce", body='{"text":"Dinner is ready."}')[0] == 200, "not taken")
    event(ann, "agent:speaking-start")
    event(ann, "agent:speaking-stop")
    event(ann, "agent:agent-transcript", transcript="Dinner is ready.")
    check(types(ann).count("chat") == 1 and "agent:thinking-start" not in types(ann), f"{types(ann)}")
    stop(g)


# ---- the reference client (the document's section 18)

@case
def the_reference_client_registers_asks_and_is_answered(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    cmd = [lk.sdk(), os.path.join(HERE, "gateway_client.py"), w.server.url, w.token("test-client")]
    p = subprocess.run([*cmd, "--prompt", "hello"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    check(p.returncode == 0 and "agent: Hi there." in p.stdout, p.stdout + p.stderr)
    check(b.tools() == ["desktop_notify"], f"{b.tools()}")
    says(g, "room t1: watching (connected)", times=2, seconds=4)  # who comes while it leaves would talk to nobody
    p = subprocess.run([*cmd, "--prompt", 'use desktop_notify {"title":"Tea","body":"is ready"}'], capture_output=True,
                       text=True, timeout=60, stdin=subprocess.DEVNULL)
    check(p.returncode == 0 and "notified: Tea: is ready" in p.stdout and
          'agent: It said: {"shown":true}' in p.stdout, p.stdout + p.stderr)
    says(g, "room t1: watching (connected)", times=3, seconds=4)
    stop(g)


if __name__ == "__main__":
    sys.exit(lk.main(__name__, World))
