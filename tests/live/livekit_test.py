#!/usr/bin/env python3
"""`myna join` in rooms of LiveKit's own server, with LiveKit's own SDK as the people.

    tests/live/livekit_test.py PROGRAM [CASE]

Prints TAP. Server and SDK live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers and are made at first use; what
cannot be had is named as a skip. The recogniser is the instant one, which hears the same question
whenever somebody stops speaking, the voice is Flite's; where the judge is there it says what it heard.
"""
import concurrent.futures
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(TOP, "tests", "speech"))
sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
import rooms_callers  # noqa: E402
import judge  # noqa: E402
import livekit_server  # noqa: E402
import fetching  # noqa: E402
from common import Limit, Skip, case, check, check_no_secret, clean_env, harness, in_time, own_env, rest, urlopen  # noqa: E402
from ports import free_ports  # noqa: E402

SDK = os.path.join(os.path.dirname(livekit_server.HOME), "livekit-sdk")
PINS = ["livekit==1.2.0", "livekit-api==1.2.2", "livekit-protocol==1.1.29"]
QUESTION = os.path.join(TOP, "data", "question.wav")
STORY = ("The old harbour master opened the heavy door and looked across the quiet water. "
         "Seven small boats were waiting for the morning wind, and nobody spoke a single word. "
         "My grandmother always said that a good story needs three things, a river, a stranger and a secret. "
         "Please remember to bring the blue umbrella, because the weather report promised thunder before noon.")
GOOD, EXCELLENT = 1, 2  # of LiveKit's qualities of a connection
OFFLINE = ["vad.provider=energy", "stt.provider=instant", "stt.instant.text=What is seven times eight?",
           "llm.provider=rehearsal", "tts.provider=flite", "agent.greeting=Hello there."]


@fetching.alone(SDK)
def sdk():
    """Python of the SDK's environment."""
    python = os.path.join(SDK, "bin", "python")
    stamp = os.path.join(SDK, "pins")
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == "\n".join(PINS):
        return python
    for cmd in ([sys.executable, "-m", "venv", SDK],
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", *PINS]):
        why = fetching.why_not(cmd)
        if why:
            raise Skip(f"LiveKit's SDK cannot be installed: {why}")
    with open(stamp, "w", encoding="utf-8") as f:
        f.write("\n".join(PINS))
    return python


class Lines:
    """What a program prints, with waiting."""

    def __init__(self, stream, parse):
        self.all, self.parse, self.new = [], parse, threading.Condition()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            try:
                got = self.parse(line)
            except ValueError:
                continue
            with self.new:
                self.all.append(got)
                self.new.notify_all()

    def wait(self, cond, seconds, what, since=0):
        """The first, behind so many of them, for which that holds."""
        limit = Limit(seconds)
        with self.new:
            while True:
                for x in self.all[since:]:
                    if cond(x):
                        return x
                if limit.over():
                    break
                self.new.wait(min(limit.left(), 1))
            tail = "\n".join(str(x) for x in self.all[-25:])
        raise AssertionError(f"{what}: not within {limit}; the last it said:\n{tail}")


class Person:
    def __init__(self, world, identity="ann", token=None, flags=()):
        self.identity = identity
        self.wav = os.path.join(world.here, f"{identity}-{time.monotonic_ns()}.wav")
        token = token or world.token(identity)
        self.p = subprocess.Popen([sdk(), os.path.join(HERE, "livekit_person.py"), world.server.url, token, self.wav, *flags],
                                  env=clean_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(os.path.join(world.here, "person.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        self.world = world
        world.people.append(self)

    def do(self, what, **more):
        self.p.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        self.p.stdin.flush()

    def wait(self, what, seconds=20, since=0, **want):
        """The first of that kind and with these parts, behind so many things that they have said."""
        def fits(x):
            return x["is"] == what and all(x.get(k) == v for k, v in want.items())
        return self.said.wait(fits, seconds, f"the person waits for {what} {want or ''}", since)

    def wait_text(self, what, words, seconds=20, **want):
        def fits(x):
            return x["is"] == what and words in x.get("text", "") and all(x.get(k) == v for k, v in want.items())
        return self.said.wait(fits, seconds, f"the person waits for {what} with {words!r}")

    def leave(self):
        self.do("leave")
        self.wait("left")
        self.p.wait(60)

    def kill(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()


class World:
    """One server, one room, one Myna, some people."""

    def __init__(self, here):
        program, why = livekit_server.build()
        if not program:
            raise Skip(why)
        sdk()
        self.here, self.people, self.mynas = here, [], []
        self.server = self.serve(program)
        try:
            self.server.start()
        except RuntimeError as e:  # between looking for a free port and taking it somebody else was faster
            if "already in use" not in str(e):
                raise
            self.server = self.serve(program).start()
        self.room = "demo"
        self.wrap = []  # put before the commands that stay in a room
        self.env = own_env(here, LIVEKIT_URL=self.server.url, LIVEKIT_API_KEY=livekit_server.KEY,
                           LIVEKIT_API_SECRET=livekit_server.SECRET, MYNA_PROBE_ENABLED="false", MYNA_CALLS_ENABLED="false")

    def serve(self, program):
        return livekit_server.Server(program)

    def run(self, *args, env=None):
        p = subprocess.run([MYNA, *args], cwd=self.here, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=300)
        return p.returncode, p.stdout + p.stderr

    def api(self, service, method, request):
        """The server's API, with every right."""
        token = livekit_server.signed({"exp": int(time.time()) + 60, "video": {
            "roomCreate": True, "roomList": True, "roomAdmin": True, "room": self.room}})
        rq = urllib.request.Request(f"http://127.0.0.1:{self.server.port}/twirp/livekit.{service}/{method}",
                                    data=json.dumps(request).encode(),
                                    headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        with urlopen(rq, timeout=60) as r:
            return json.loads(r.read())

    def token(self, identity):
        code, out = self.run("token", "--room", self.room, "--identity", identity)
        check(code == 0, out)
        return out.strip()

    def join(self, *args, settings=()):
        """Starts `myna join`; returns its Lines of events and the process."""
        n = len(self.mynas)
        events = os.path.join(self.here, f"events{n}.jsonl")
        os.mkfifo(events)
        cmd = [*self.wrap, MYNA, "join", "--room", self.room, "--quiet", "--events", events, "--record",
               os.path.join(self.here, f"record{n}"), *args]
        for s in (*OFFLINE, *settings):
            cmd += ["--set", s]
        log = open(os.path.join(self.here, f"myna{n}.log"), "wb")
        p = subprocess.Popen(cmd, cwd=self.here, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.mynas.append(p)
        p.events = Lines(open(events, "rb"), json.loads)
        p.log = os.path.join(self.here, f"myna{n}.log")
        p.record = os.path.join(self.here, f"record{n}")
        return p

    def worker(self, *args):
        """Starts `myna worker`; waits until it is registered."""
        log = os.path.join(self.here, f"worker{len(self.mynas)}.log")
        cmd = [MYNA, "worker", "--log-level", "info", *args]
        processes = int(args[args.index("--workers") + 1]) if "--workers" in args else 1
        health = free_ports(1, processes)[0]  # one page each
        for s in (*OFFLINE, f"worker.health={health}", "worker.load_threshold=1"):  # others keep this machine busy
            cmd += ["--set", s]
        with open(log, "wb") as f:
            p = subprocess.Popen(cmd, cwd=self.here, env=self.env, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        p.log, p.health = log, health
        self.mynas.append(p)
        says(p, "registered as")
        return p

    def end(self):
        for p in self.people:
            p.kill()
        for p in self.mynas:
            if p.poll() is None:
                p.send_signal(signal.SIGINT)
                try:
                    p.wait(10)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        self.server.end()


def ended(p, seconds=15):
    limit = Limit(seconds)
    while p.poll() is None:
        check(not limit.over(), f"myna did not end within {limit}:\n" + text_of(p))
        time.sleep(0.02)
    return p.returncode


def text_of(p):
    """All that it has said."""
    with open(p.log, encoding="utf-8", errors="replace") as f:
        return f.read()


def says(p, words, seconds=15, times=1):
    """Until it has said that so often; a state of a gateway's room, which is on its terminal and in its log, counts once."""
    limit = Limit(seconds)
    while True:
        last = limit.over() or p.poll() is not None  # looked at once more behind it
        text = text_of(p)
        if (text.count("\n" + words) if words.startswith("room ") else text.count(words)) >= times:
            return
        check(not last, f"myna did not say {words!r} {times} times within {limit}" +
              ("" if p.poll() is None else ", and has ended") + ":\n" + text)
        time.sleep(0.05)


def is_taken(p, who):
    """Until that program, which logs for debugging, has a place for their newest microphone."""
    who.wait("mic")
    mic = [x["track"] for x in who.said.all if x["is"] == "mic"][-1]
    says(p, f"track={mic}")


def has_sound_of(p, who):
    """The same, and a second of it."""
    is_taken(p, who)
    rest(1)


def in_room(world, identity="myna"):
    limit = Limit(15)
    while not limit.over():
        code, out = world.run("rooms", "participants", world.room)
        if code == 0 and re.search(rf"^{identity} .*1 tracks", out, re.M):
            return
        time.sleep(0.1)
    raise AssertionError("myna did not come into the room:\n" + "".join(text_of(p) for p in world.mynas))


def heard(wav):
    """Words of a recording by the judge; at a case's end, which is a skip where it cannot be had."""
    python, why = judge.environment()
    if not python:
        raise Skip(f"all held but the sound, which nobody judged: the judge cannot be installed: {why}")
    p = subprocess.run([python, judge.__file__, wav], capture_output=True, text=True, timeout=600)
    check(p.returncode == 0, p.stdout + p.stderr[-500:])
    return json.loads(p.stdout.splitlines()[-1])["text"].lower()


def plain(text):
    """Its words, to be compared."""
    return re.sub("[^a-z ]", "", text.lower().replace("-", " ")).split()


def answer_is_heard(wav):
    """The judge hears 7 times 8."""
    words = heard(wav)
    check(re.search(r"\b(56|fifty[- ]six)\b", words), f"the judge heard {words!r}")


def asks(who, agent="myna", seconds=30):
    """Asks aloud; until this question is told as theirs, and behind that its answer. Its words begin a second behind the
    command: what is told before that an earlier question had coming."""
    n = len(who.said.all)
    who.do("speak", wav=QUESTION)
    began = who.wait("asking", since=n)["t"] + 1
    is_answered(who, lambda x: x["t"] > began, agent, seconds)


def is_answered(who, behind, agent="myna", seconds=30):
    """Until the question is told for which that holds, and behind it the answer."""
    asked = who.said.wait(lambda x: x["is"] == "stream" and x["who"] == who.identity and x["text"] == "What is seven times eight?"
                          and x["final"] == "true" and behind(x), seconds, "the words of the question")["t"]
    who.said.wait(lambda x: x["is"] == "stream" and x["who"] == agent and x["text"] == "7 times 8 is 56." and x["t"] > asked,
                  seconds, "its answer")


def flights(where, calls):
    """The recordings below it, of so many calls."""
    found = sorted(os.path.join(d, f) for d, _, names in os.walk(where) for f in names if f.endswith(".flight"))
    check(len(found) == calls, f"{len(found)} calls were recorded: {found}")
    return found


def replays_equal(w, m):
    code, out = w.run("replay", *flights(m.record, 1))
    check(code == 0 and " 0 differ" in out, out)


@case
def a_spoken_question_is_heard_and_answered_and_written_along(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    came = ann.wait("in")
    check(came["people"].get("myna") == 4, f"myna is not there as an agent: {came}")
    ann.wait("track", who="myna", name="myna-voice", source=2)
    ann.wait("stream", who="myna", text="Hello there.", final="true")
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    said = ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(said["segment"].startswith("SG_") and said["track"], f"{said}")
    ann.wait("legacy", who="myna", text="7 times 8 is 56.", final=True)
    ann.wait("legacy", who="ann", text="What is seven times eight?", final=True)
    states = [x["changed"].get("lk.agent.state") for x in ann.said.all if x["is"] == "attributes"]
    for s in ("speaking", "listening"):
        check(s in states, f"lk.agent.state was never {s}: {states}")
    ann.wait("speakers", who=["myna"])
    ann.leave()
    check(ended(m) == 0, text_of(m))
    answer_is_heard(ann.wav)


@case
def a_recogniser_understands_what_is_said_in_a_room(w, settings=(), flags=()):
    harness.need_models(MYNA)
    m = w.join(settings=("stt.provider=moonshine", *settings))
    in_room(w)
    ann = Person(w, flags=flags)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("speak", wav=QUESTION)
    said = m.events.wait(lambda e: e.get("type") == "user_input_transcribed" and e.get("isFinal"), 40, "words of ann's")
    check(re.search("(seven|7) times (eight|8)", said["transcript"].lower()), f"{said}")
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=40)


@case
def the_call_replays_equal(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    ann.leave()
    check(ended(m) == 0, text_of(m))
    replays_equal(w, m)


def joined_by_three(w, *args):
    m = w.join(*args)
    in_room(w)
    three = [Person(w, x) for x in ("ann", "bob", "cleo")]
    for p in three:
        p.wait("track", who="myna")
    m.events.wait(lambda e: e.get("type") == "agent_transcript" and e.get("isFinal"), 20, "the greeting")
    time.sleep(1)
    return m, three


@case
def three_people_at_once_are_heard_by_name_and_the_call_replays_equal(w):
    m, three = joined_by_three(w)
    for p in three:
        p.do("speak", wav=QUESTION)
    for who in ("ann", "bob", "cleo"):  # captions of each reach everybody
        three[0].wait("stream", who=who, text="What is seven times eight?", final="true", seconds=30)
        three[1].wait("legacy", who=who, text="What is seven times eight?", final=True)
        m.events.wait(lambda e, who=who: e.get("participantIdentity") == who and e.get("isFinal"), 10, f"words of {who}")
    three[2].wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    three[1].leave()
    asks(three[0])  # the talk goes on with those who are left
    three[0].do("chat", text="What is two plus two?")
    three[2].wait("stream", who="myna", text="2 plus 2 is 4.", seconds=30)
    three[0].leave()
    time.sleep(0.5)
    check(m.poll() is None, "the call ended though somebody is left\n" + text_of(m))
    three[2].leave()
    check(ended(m) == 0, text_of(m))
    named = {e["item"]["extra"]["speaker"] for e in m.events.all
             if e.get("type") == "conversation_item_added" and e["item"].get("role") == "user"}
    check(named == {"ann", "bob", "cleo"}, f"turns of {named}")
    replays_equal(w, m)


@case
def with_hear_linked_only_the_first_is_heard(w):
    m = w.join("--set", "transport.livekit.hear=linked")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    bob = Person(w, "bob")
    bob.wait("track", who="myna")
    bob.do("speak", wav=QUESTION)
    bob.wait("asked", seconds=30)
    bob.do("chat", text="What is two plus two?")
    time.sleep(2)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="ann", text="What is seven times eight?", final="true", seconds=30)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(not [x for x in ann.said.all if x["is"] == "stream" and (x["who"] == "bob" or "is 4" in x["text"])],
          "the other one was heard")
    ann.leave()
    check(ended(m) == 0, text_of(m))


@case
def a_typed_question_is_answered(w):
    w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("chat", text="What is two plus two?")
    ann.wait("stream", who="myna", text="2 plus 2 is 4.", seconds=20)


@case
def who_is_there_before_us_is_greeted_too(w):
    ann = Person(w)
    ann.wait("in")
    w.join()
    ann.wait("came", who="myna")
    ann.wait("track", who="myna")
    ann.wait("stream", who="myna", text="Hello there.")


@case
def muting_in_the_middle_does_not_stop_the_talk(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    n = len(m.events.all)
    ann.do("speak", wav=QUESTION)
    m.events.wait(lambda e: e.get("type") == "user_state_changed" and e.get("newState") == "speaking", 30, "ann's voice", n)
    ann.do("mute")
    is_answered(ann, lambda x: True)  # what came of it
    ann.do("unmute")
    asks(ann)


@case
def half_a_minute_of_silence_leaves_the_connection_excellent(w):
    """The server looks for packets in windows of five seconds: one in which the agent sent none is poor or lost."""
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("unpublish")  # with nothing to hear and nothing to say the connection rests: a packet in 800 ms at most
    limit, before = Limit(30), len(ann.said.all)
    rest(30)
    told = [x["level"] for x in ann.said.all[before:] if x["is"] == "quality" and x["who"] == "myna"]
    worst = EXCELLENT if limit.slack(30) < 5 else GOOD  # packets of a starved machine come late: that is good, never poor
    check(not [x for x in told if x not in (EXCELLENT, worst)], f"the agent's quality was {told}")
    m.send_signal(signal.SIGSTOP)  # and this is what it is to send none
    try:
        ann.said.wait(lambda x: x["is"] == "quality" and x["who"] == "myna" and x["level"] not in (GOOD, EXCELLENT), 25,
                      "word of an agent that sends nothing")
    finally:
        m.send_signal(signal.SIGCONT)


@case
def with_stay_the_next_person_is_talked_with(w):
    m = w.join("--stay")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.leave()
    bob = Person(w, "bob")
    bob.wait("in")
    bob.wait("track", who="myna")
    bob.do("speak", wav=QUESTION)
    bob.wait("stream", who="bob", text="What is seven times eight?", final="true", seconds=30)
    bob.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check(m.poll() is None, text_of(m))


@case
def a_method_that_nobody_has_is_refused_at_once(w):
    w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("call", to="myna", method="dance", text="now")
    ann.wait("refused", seconds=4, code=1400)


@case
def ctrl_c_says_goodbye_at_once(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    m.send_signal(signal.SIGINT)
    check(ended(m) == 0, text_of(m))
    ann.wait("went", seconds=3, who="myna")


@case
def a_deleted_room_ends_the_call(w):
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("in")
    code, out = w.run("rooms", "delete", w.room)
    check(code == 0, out)
    check(ended(m) == 0, text_of(m))
    close = m.events.wait(lambda e: e.get("type") == "close", 5, "a close event")
    check(close.get("reason") == "room_deleted", f"{close}")


@case
def a_second_of_the_same_name_throws_the_first_out_with_a_sentence(w):
    first = w.join("--stay")
    in_room(w)
    second = w.join("--stay")
    check(ended(first) == 1, text_of(first))
    check("identity" in text_of(first), text_of(first))
    time.sleep(1)
    check(second.poll() is None, text_of(second))


@case
def a_server_that_is_killed_and_comes_back_finds_the_talk_going_on(w):
    m = w.join("--stay")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    w.server.kill()
    ann.kill()
    time.sleep(1)
    w.server.start()
    in_room(w)
    bob = Person(w, "bob")
    bob.wait("track", who="myna")
    attributes = bob.wait("in")["attributes"].get("myna", {})
    check(attributes.get("lk.agent.state"), f"a new session has no state: {attributes}")
    bob.do("chat", text="What is two plus two?")
    bob.wait("stream", who="myna", text="2 plus 2 is 4.", seconds=20)
    check(m.poll() is None, text_of(m))


def memory_kb(p):
    with open(f"/proc/{p.pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


@case
def ten_thousand_open_streams_cost_bounded_memory_and_no_answer(w):
    m = w.join("--stay")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")

    before = memory_kb(m)
    ann.do("streams", n=10000, topic="lk.chat")
    ann.wait("flooded", seconds=240)
    bob = Person(w, "bob")
    bob.wait("in")
    ann.leave()
    bob.do("chat", text="What is two plus two?")
    time.sleep(1)
    bob.do("chat", text="What is two plus two?")
    bob.wait("stream", who="myna", text="2 plus 2 is 4.", seconds=20)
    check(memory_kb(m) - before < 24 << 10, f"{before} -> {memory_kb(m)} KB resident")


def callers(w, rooms, seconds, agent):
    """Milliseconds to each answer that callers in rooms of their own heard; the first of each is not counted."""
    p = subprocess.run([rooms_callers.program(), "-url", w.server.url, "-secret", livekit_server.SECRET, "-agent", agent,
                        "-question", QUESTION, "-rooms", str(rooms), "-every", "5", "-seconds", str(seconds), "-prefix",
                        f"c{time.monotonic_ns()}"], env=clean_env(), capture_output=True, text=True, timeout=300, check=False)
    check(p.returncode == 0, p.stdout[-2000:])
    return [m["ms"] for m in map(json.loads, p.stdout.splitlines()) if m["is"] == "answer"]


def answers_beside(w, told, what, **more):
    """Answers in two rooms of a process that has a third one where ann does `what`, and in two rooms of a process of its own
    at the same time: an attack keeps the machine busy, too."""
    try:
        rooms_callers.program()
    except (OSError, subprocess.CalledProcessError) as e:
        raise Skip(f"the callers cannot be built: {e}") from None
    m, _ = [w.worker("--agent-name", name, "--set", "llm.provider=instant", "--set", "tts.provider=instant", "--set",
                     "tts.instant.duration=1000", "--set", "agent.greet=false") for name in ("busy", "calm")]
    w.room = "flooded"
    code, token = w.run("token", "--room", w.room, "--identity", "ann", "--agent", "busy")
    check(code == 0, token)
    ann = Person(w, token=token.strip())
    agent_of(ann)
    callers(w, 2, 1, "busy")
    before = memory_kb(m)
    limit = Limit(17)
    ann.do(what, **more)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        calm, flooded = pool.map(lambda agent: callers(w, 2, 17, agent), ("calm", "busy"))
    ended = ann.wait("flooded", seconds=240)
    grown = memory_kb(m) - before
    print(f"# answers after {statistics.median(calm):.0f} ms, of the process with {ended['messages']} {told} in another "
          f"room after {statistics.median(flooded):.0f} ms; {grown / 1e3:.1f} MB more", flush=True)
    check(len(flooded) >= len(calm) - 1, f"{len(calm)} answers, {len(flooded)} beside the attack")
    most = statistics.median(calm) + 100 + statistics.pstdev(calm) + 1000 * limit.slack(0.4)
    check(statistics.median(flooded) < most, f"answers after {calm} ms, beside the attack {flooded} ms")
    check(grown < 32 << 10, f"{grown} KB more")


@case
def a_flood_in_one_room_costs_no_other_room_its_answer(w):
    answers_beside(w, "messages of 14 kB", "flood", seconds=25, least=501)


@case
def ten_thousand_streams_opened_in_one_room_cost_no_other_room_its_answer(w):
    answers_beside(w, "open streams", "streams", seconds=25, n=10000, topic="lk.chat")


def agent_of(person):
    """Identity of the agent that came for a job."""
    return person.said.wait(lambda x: x["is"] == "track" and x["who"].startswith("agent-AJ_"), 15, "an agent")["who"]


def greeted(w, identity="ann"):
    """Somebody in the room of a worker's job, and the identity of the agent that has greeted them."""
    person = Person(w, identity)
    who = agent_of(person)
    person.wait("stream", who=who, text="Hello there.")
    return person, who


def eventually(what, cond, seconds=15, pause=0.1):
    limit = Limit(seconds)
    while not cond():
        check(not limit.over(), f"{what}: not within {limit}")
        time.sleep(pause)


@case
def what_cannot_work_is_said_with_its_remedy(w):
    cases = [
        (("--set", "transport.livekit.api_secret=another secret of thirty-two bytes"), "API key and secret"),
        (("--set", "transport.livekit.api_key=nobody"), "API key and secret"),
        (("--url", "ws://127.0.0.1:9"), "127.0.0.1"),
        (("--url", "ftp://x"), "no address"),
        (("--set", "transport.livekit.room="), "which room"),
    ]
    for args, words in cases:
        code, out = w.run("join", "--room", w.room, "--quiet", "--no-probe", "--set", "tts.provider=flite", "--set",
                          "stt.provider=instant", "--set", "vad.provider=energy", "--set", "llm.provider=rehearsal",
                          *args)
        check(code in (1, 2) and words in out, f"{args}: exit {code}: {out[-600:]}")
        check_no_secret(out)


def main(modules=__name__, world=None):
    """Runs the cases of that module, or of those, each in a world of its own."""
    global MYNA
    MYNA = os.path.abspath(sys.argv[1])
    harness.by_itself()

    def in_world(c, here):
        in_time()
        w = (world or World)(here)
        try:
            c(w)
        except harness.Skip:
            raise
        except Exception as e:
            raise AssertionError("\nmyna said:\n".join([f"{type(e).__name__}: {e}", *map(text_of, w.mynas)])) from e
        finally:
            w.end()

    return harness.run("room", sys.argv[2:], in_world, (modules,) if isinstance(modules, str) else modules)


if __name__ == "__main__":
    sys.exit(main())
