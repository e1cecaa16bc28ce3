"""What the gateway's stories share: a room with the gateway in it, what it tells people there, agents and
desks that are asked over HTTP, sounds. The cases are in gateway_*.py, gateway_test.py runs them.
"""
import array
import io
import json
import math
import os
import re
import signal
import struct
import subprocess
import time
import urllib.error
import urllib.request
import wave

import livekit_test as lk
from common import Limit, check, check_no_secret, urlopen
from fake_server import Handler, serve
from livekit_test import Person, ended, says, text_of

AGENT = "hermes-hermes"
SETTINGS = ["vad.provider=energy", "stt.provider=instant", "stt.instant.text=hello agent", "llm.provider=instant",
            "llm.instant.text=Hi there.", "tts.provider=instant", "tts.instant.duration=1s"]


class World(lk.World):
    def __init__(self, here):
        super().__init__(here)
        self.room = "t1"
        self.env.update(LIVEKIT_ROOM="t1", LIVEKIT_ALLOW_ALL_USERS="true", HOME=here,
                        LIVEKIT_AGENT_NAME="Hermes", XDG_DATA_HOME="")

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
        check(code == 0 or "does not exist" in out, f"exit {code}: {out}")
        return out if code == 0 else ""

    def gone(self, seconds, identity=AGENT):
        limit = Limit(seconds + 2)  # to ask takes a while, too
        while identity in self.participants():
            check(not limit.over(), f"{identity} is still there after {limit}:\n" + self.participants())
            time.sleep(0.1)


def stop(p, seconds=5):
    p.send_signal(signal.SIGTERM)
    check(ended(p, seconds) == 0, text_of(p))
    with open(p.log, encoding="utf-8", errors="replace") as f:  # case 44
        check_no_secret(f.read())


def joins(w, identity, *flags):
    """Somebody more joins; the gateway may be there already. Until all who are there know of them: of somebody whose
    microphone has sent nothing yet the server tells three seconds later, or, where they are gone by then, nothing ever."""
    there = [(p, told_of(p, identity)) for p in w.people if p.p.poll() is None]
    who = Person(w, identity, flags=flags)
    came = who.wait("in", seconds=40)
    who.wait("mic")
    for p, before in there:
        lk.eventually(f"word of {identity}", lambda p=p, n=before: told_of(p, identity) > n or p.p.poll() is not None, 20)
    if AGENT in came["people"]:
        lk.is_taken(w.mynas[-1], who)
    return who


def told_of(who, identity):
    """How often they were told that somebody is there."""
    return sum(x["is"] == "came" and x["who"] == identity for x in who.said.all)


def meets(w, identity="ann", seconds=15, flags=(), who=None):
    """Somebody (or that one) joins; the gateway comes to them."""
    who = who or Person(w, identity, flags=flags)
    came = who.wait("in", seconds=40)
    if AGENT not in came["people"]:
        who.wait("came", who=AGENT, seconds=seconds)
    return who


def hears(who):
    """Until the gateway has the sound of their newest microphone, and they have its own."""
    who.wait("track", who=AGENT)
    lk.has_sound_of(who.world.mynas[-1], who)


# ---- what people are told

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
    limit = Limit(seconds)
    while True:
        over = limit.over()
        got = [m for _, m in events(who, since, cleared=True) if isinstance(m, dict) and m["type"] == kind and
               all(m["payload"].get(k) == v for k, v in payload.items())]
        if len(got) >= times:
            return got[times - 1]
        check(not over, f"no {kind} {payload} {times} times within {limit}; there was {events(who, since)}")
        time.sleep(0.05)


def asked_by(who, since=0.0):
    """Until that person's spoken question is told; breaths may part it, and each part is heard as the same words."""
    def told():
        return [m["payload"]["transcript"] for _, m in events(who, since) if isinstance(m, dict) and
                m["type"] == "agent:user-transcript" and "source" not in m["payload"]]
    lk.eventually("words of the question", told, 20)
    for words in told():
        check(words.replace("hello agent", "").strip() == "", f"{told()}")


def exact_turn(who):
    """What ann and the agent said to each other was told in the exact JSON (voice-gateway 6.2)."""
    got = events(who)
    by = {m["type"]: (t, m) for t, m in got if isinstance(m, dict)}
    want = {"agent:listening-start": {"identity": "ann"}, "agent:listening-stop": {"identity": "ann"},
            "agent:user-transcript": {"transcript": "hello agent", "final": True, "identity": "ann"},
            "agent:thinking-start": {}, "agent:speaking-start": {}, "agent:speaking-stop": {},
            "agent:agent-transcript": {"transcript": "Hi there.", "final": True}}
    check(set(by) == set(want), f"{sorted(by)}")
    for kind, payload in want.items():
        check(by[kind] == ("", {"type": kind, "payload": payload}), f"{kind}: {by[kind]}")
    check(("hermes-chat", "Hi there.") in got, f"{got}")


def now_of(who):
    return max([x["t"] for x in who.said.all] or [0.0])


def control(who, **message):
    who.do("data", topic="hermes-control", text=json.dumps(message))


def flat(who, kind, seconds=10, times=1, **want):
    """Waits for a tool message to that person; the so manyth of its kind."""
    limit = Limit(seconds)
    while True:
        over = limit.over()
        got = [m for _, m in events(who) if isinstance(m, dict) and m["type"] == kind and
               all(m.get(k) == v for k, v in want.items())]
        if len(got) >= times:
            return got[times - 1]
        check(not over, f"no {kind} {want} within {limit}; there was {events(who)}")
        time.sleep(0.05)


# ---- an agent behind it, and tools of the room

class Backend:
    """An OpenAI-compatible agent that does as it is told: "use NAME {…}" calls that tool, and what comes of it
    is its answer; everything else is answered by "Hi there."."""

    def __init__(self, answer=lambda words: "Hi there."):
        self.requests = requests = []

        class Agent(Handler):
            def do_POST(self):
                rq = json.loads(self.body())
                requests.append(rq)
                last = rq["messages"][-1]
                words = last["content"] if isinstance(last["content"], str) else last["content"][0]["text"]
                if last["role"] == "user":
                    words = re.sub(r"^\w+: ", "", words)  # of several people each message begins with a name
                delta, finish = {"content": answer(words)}, "stop"
                if last["role"] == "tool":
                    delta = {"content": "It said: " + words}
                elif words.startswith("use "):
                    name, args = words.split(" ", 2)[1:]
                    delta, finish = {"tool_calls": [{"index": 0, "id": f"call_{len(requests)}", "type": "function",
                                                     "function": {"name": name, "arguments": args}}]}, "tool_calls"
                self.begin()
                for d, f in ((delta, None), ({}, finish)):
                    chunk = {"id": "x", "choices": [{"index": 0, "delta": d, "finish_reason": f}]}
                    self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.write(b"data: [DONE]\n\n")

        self.server = serve(Agent)
        self.settings = ("llm.provider=openai", "llm.openai.model=m", "llm.openai.api_key=k",
                         f"llm.openai.base_url=http://127.0.0.1:{self.server.server_port}/v1",
                         "gateway.remote_tool_policy=trust", "gateway.presence_poll_interval=1")

    def tools(self):
        """Names that the newest request offered."""
        return [t["function"]["name"] for t in self.requests[-1].get("tools", [])]

    def result(self, seconds=10):
        """Content of the newest tool message."""
        limit = Limit(seconds)
        while True:
            for rq in reversed(self.requests):
                if rq["messages"][-1]["role"] == "tool":
                    return rq["messages"][-1]["content"]
            check(not limit.over(), f"the agent had no result: {self.requests[-1:]}")
            time.sleep(0.05)


OBJECT = {"type": "object", "properties": {"title": {"type": "string"}}}


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


# ---- sound

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


class Recogniser:
    """A speech server for `stt.provider: openai`: remembers the sound of each request, in samples of 16 kHz, and
    answers what `answer(n)` says of the so manyth: a text, or a status."""

    def __init__(self, answer=lambda n: "hello agent"):
        self.heard = heard = []

        class Listener(Handler):
            def do_POST(self):
                body = self.body()
                at = body.index(b"RIFF")
                with wave.open(io.BytesIO(body[at:])) as f:
                    heard.append(array.array("h", f.readframes(f.getnframes())))
                said = answer(len(heard))
                if isinstance(said, int):
                    self.json(said, {"error": {"message": "broken"}})
                else:
                    self.json(200, {"text": said})

        self.server = serve(Listener)
        self.settings = ("stt.provider=openai", "stt.openai.model=m", "stt.openai.api_key=k", "stt.openai.stream=no",
                         "stt.openai.ahead=false", f"stt.openai.base_url=http://127.0.0.1:{self.server.server_port}/v1")

    def seconds(self, nth=-1):
        return len(self.heard[nth]) / 16000

    def loud(self, nth=-1):
        """Seconds of it in pieces of 20 ms that are louder than a whisper."""
        x = self.heard[nth]
        return sum(max(map(abs, x[i:i + 320])) > 500 for i in range(0, len(x) - 319, 320)) / 50


# ---- announcements

def desk(port, path, token="announce me", body=None):
    """(status, answer) of the gateway's own HTTP."""
    rq = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body and body.encode(),
                                headers={"Authorization": "Bearer " + token})
    try:
        with urlopen(rq, timeout=30) as r:
            return r.status, json.loads(r.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


def desk_port(g):
    """Where that gateway takes announcements; its setting was port 0."""
    return int(re.search(r"announcements are taken on port (\d+)", text_of(g)).group(1))


def status(g, token="t"):
    return desk(desk_port(g), "/v1/status", token)[1]
