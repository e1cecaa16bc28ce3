"""The world of the LiveKit cases: a real server, a room in it, Myna, people by LiveKit's own SDK."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(TOP, "tests", "speech"))
import judge  # noqa: E402
import livekit_server  # noqa: E402
from common import Skip, check  # noqa: E402

MYNA = ""  # the program; set before any World is made

SDK = os.path.join(os.path.dirname(livekit_server.HOME), "livekit-sdk")
PINS = ["livekit==1.2.0", "livekit-api==1.2.2", "livekit-protocol==1.1.29"]
QUESTION = os.path.join(TOP, "data", "question.wav")
OFFLINE = ["vad.provider=energy", "stt.provider=instant", "stt.instant.text=What is seven times eight?",
           "llm.provider=rehearsal", "tts.provider=flite", "agent.greeting=Hello there."]


def sdk():
    """Python of the SDK's environment."""
    python = os.path.join(SDK, "bin", "python")
    stamp = os.path.join(SDK, "pins")
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == "\n".join(PINS):
        return python
    for cmd in ([sys.executable, "-m", "venv", SDK],
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", *PINS]):
        p = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        if p.returncode:
            raise Skip("LiveKit's SDK cannot be installed: " + (p.stderr.strip().splitlines() or ["no word why"])[-1][:200])
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

    def wait(self, cond, seconds, what):
        end = time.monotonic() + seconds
        with self.new:
            while True:
                for x in self.all:
                    if cond(x):
                        return x
                left = end - time.monotonic()
                if left <= 0 or not self.new.wait(left):
                    if time.monotonic() >= end:
                        break
            tail = "\n".join(str(x) for x in self.all[-25:])
        raise AssertionError(f"{what}: not within {seconds} s; the last it said:\n{tail}")


class Person:
    def __init__(self, world, identity="ann", token=None):
        self.wav = os.path.join(world.here, f"{identity}-{time.monotonic_ns()}.wav")
        token = token or world.token(identity)
        self.p = subprocess.Popen([sdk(), os.path.join(HERE, "livekit_person.py"), world.server.url, token, self.wav],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(os.path.join(world.here, "person.err"), "ab"))
        self.said = Lines(self.p.stdout, json.loads)
        world.people.append(self)

    def do(self, what, **more):
        self.p.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        self.p.stdin.flush()

    def wait(self, what, seconds=20, **want):
        def fits(x):
            return x["is"] == what and all(x.get(k) == v for k, v in want.items())
        return self.said.wait(fits, seconds, f"the person waits for {what} {want or ''}")

    def wait_text(self, what, words, seconds=20, **want):
        def fits(x):
            return x["is"] == what and words in x.get("text", "") and all(x.get(k) == v for k, v in want.items())
        return self.said.wait(fits, seconds, f"the person waits for {what} with {words!r}")

    def leave(self):
        self.do("leave")
        self.wait("left")
        self.p.wait(10)

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
        self.server = livekit_server.Server(program)
        try:
            self.server.start()
        except RuntimeError as e:  # between looking for a free port and taking it somebody else was faster
            if "already in use" not in str(e):
                raise
            self.server = livekit_server.Server(program).start()
        self.room = "demo"
        self.env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.env.update(LIVEKIT_URL=self.server.url, LIVEKIT_API_KEY=livekit_server.KEY,
                        LIVEKIT_API_SECRET=livekit_server.SECRET, MYNA_PROBE_ENABLED="false")

    def run(self, *args):
        p = subprocess.run([MYNA, *args], cwd=self.here, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=60)
        return p.returncode, p.stdout + p.stderr

    def api(self, service, method, request):
        """The server's API, with every right."""
        def b64(raw):
            return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        claims = {"iss": livekit_server.KEY, "exp": int(time.time()) + 60,
                  "video": {"roomCreate": True, "roomList": True, "roomAdmin": True, "room": self.room}}
        said = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
        mark = b64(hmac.new(livekit_server.SECRET.encode(), said.encode(), hashlib.sha256).digest())
        rq = urllib.request.Request(f"http://127.0.0.1:{self.server.port}/twirp/livekit.{service}/{method}",
                                    data=json.dumps(request).encode(),
                                    headers={"Content-Type": "application/json", "Authorization": f"Bearer {said}.{mark}"})
        with urllib.request.urlopen(rq, timeout=10) as r:
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
        cmd = [MYNA, "join", "--room", self.room, "--quiet", "--events", events, "--record",
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
        health = livekit_server.free_ports(1)[0]
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
    try:
        return p.wait(seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError("myna did not end:\n" + text_of(p)) from None


def text_of(p):
    with open(p.log, encoding="utf-8", errors="replace") as f:
        return f.read()[-3000:]


def says(p, words, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(p.log, encoding="utf-8", errors="replace") as f:
            if words in f.read():
                return
        time.sleep(0.05)
    raise AssertionError(f"myna never said {words!r}:\n" + text_of(p))


def in_room(world, identity="myna"):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        code, out = world.run("rooms", "participants", world.room)
        if code == 0 and re.search(rf"^{identity} .*1 tracks", out, re.M):
            return
        time.sleep(0.1)
    raise AssertionError("myna did not come into the room:\n" + "".join(text_of(p) for p in world.mynas))


def heard(wav):
    """Words of a recording by the judge; None where it cannot be had."""
    python, _ = judge.environment()
    if not python:
        return None
    p = subprocess.run([python, judge.__file__, wav], capture_output=True, text=True, timeout=120)
    check(p.returncode == 0, p.stdout + p.stderr[-500:])
    return json.loads(p.stdout.splitlines()[-1])["text"].lower()


def agent_of(person):
    """Identity of the agent that came for a job."""
    return person.said.wait(lambda x: x["is"] == "track" and x["who"].startswith("agent-AJ_"), 15, "an agent")["who"]


def page(port, path):
    """(status, text) of a worker's page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def eventually(what, cond, seconds=15):
    end = time.monotonic() + seconds
    while not cond():
        check(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.1)
