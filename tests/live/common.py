"""What every live case shares: peers that are installed once by name, servers that are ended by their
own id, typed conversations, and what is read from their events.

A case is a function marked @case that takes a directory of its own and raises AssertionError or Skip;
`run.py` collects those of every *_cases.py here.
"""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import fetching
import recipes
from ports import free_port  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
import harness  # noqa: E402 - needs the path above
from harness import Skip, case, check  # noqa: E402,F401
from loopback import urlopen  # noqa: E402
from patience import Limit, rest  # noqa: E402,F401

PEERS = fetching.PEERS
RUNNING = []  # programs that a case has started, the newest last
KEPT = "MYNA_MODELS", "MYNA_PROBE_ENABLED", "MYNA_CALLS_ENABLED"
MYNA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "myna"


def built(path):
    """What this tree builds besides the program, by its path in the build tree: missing is a failure, no skip."""
    tree = os.path.dirname(os.path.dirname(os.path.dirname(MYNA)))
    program = os.path.join(tree, path)
    check(os.path.exists(program), f"{path} is not built: run ninja -C {tree}")
    return program


def check_no_secret(text):
    """Neither a key nor a token stands in it. A token's three letters alone may stand in the middle of any id."""
    found = re.search(r"secretsecret|\beyJ|Bearer ", text)
    check(not found, f"a secret is shown: {text[max(0, found.start() - 200):found.start() + 20] if found else ''}")


def in_time():
    """Skips what has not begun by $CHECK_UNTIL (seconds since 1970), where that is set."""
    if time.time() > fetching.until():
        raise Skip("the time that .ci/run has for foreign programs is over; `make check` has no such limit")


def need_models():
    harness.need_models(MYNA)


def get(url, data=None):
    with urlopen(urllib.request.Request(url, data=data), timeout=30) as r:
        return json.loads(r.read() or b"null")


def need(tool):
    """Skips without it: "node" (with npm) or "go"."""
    why = fetching.lacks(tool)
    if why:
        raise Skip(why)


def own_node():
    """Directory of the newest node, whatever the machine has."""
    programs, why = fetching.from_index("node")
    if not programs:
        raise Skip(f"no new enough node: {why}")
    return programs


def install(name):
    """Directory of a peer (recipes.py); installs it once."""
    where = os.path.join(PEERS, name)
    probe, *commands = recipes.RECIPES[name]
    if name in recipes.OWN_NODE:
        commands = [["env", "PATH=" + fetching.put_first(own_node()), *commands[0]]]
    elif commands[0][0] == "npm":
        need("node")
    with fetching.alone(where):
        if not os.path.exists(os.path.join(where, probe)):
            os.makedirs(where, exist_ok=True)
            for cmd in commands:
                why = fetching.why_not(cmd, where)
                if why:
                    raise Skip(f"{name} cannot be installed: {why}")
    return where


def end_all():
    """Behind a case: what it has left running is ended."""
    for p in RUNNING:
        if p.poll() is None:
            p.kill()
            p.wait()
    RUNNING.clear()


def clean_env(**more):
    """Ours without proxies, since everything is on loopback, and without settings of Myna's or LiveKit's but for where the
    models are and what harness.by_itself() has set."""
    return {**{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and
               (k in KEPT or not k.startswith(("MYNA_", "LIVEKIT_")))}, **more}


def own_env(here="/nonexistent", **more):
    """The same for a Myna that must not read the configuration of who runs the tests."""
    return clean_env(XDG_CONFIG_HOME=os.path.join(here, "config"), **more)


class Server:
    """A process that listens; ended by its own id, with those that it started. It is here, so one that does not start is
    a failure, with its last words."""

    def __init__(self, cmd, port, ready, seconds=40, env=None):
        self.url = f"http://127.0.0.1:{port}"
        said = tempfile.TemporaryFile()
        self.p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env, start_new_session=True)
        limit = Limit(seconds)
        while not limit.over() and self.p.poll() is None:
            try:
                with urlopen(self.url + ready, timeout=5) as r:
                    r.read()
                return
            except urllib.error.HTTPError:
                return  # it answers
            except OSError:
                time.sleep(0.05)
        code = self.p.poll()
        self.end()
        said.seek(0)
        raise AssertionError(f"{os.path.basename(cmd[0])} did not start: " +
                             (f"no answer within {limit}" if code is None else f"it ended with {code}") + "\n" +
                             said.read().decode(errors="replace")[-2000:])

    @classmethod
    def that_tells(cls, cmd, path, **more):
        """One that chooses its port, and writes it into the file `path`."""
        s = cls.__new__(cls)
        s.p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, start_new_session=True, **more)
        limit = Limit(30)
        while not (os.path.exists(path) and os.path.getsize(path)):
            if limit.over() or s.p.poll() is not None:
                s.end()
                raise AssertionError(f"{os.path.basename(cmd[1])} did not start")
            time.sleep(0.02)
        with open(path, encoding="utf-8") as f:
            s.url = "http://127.0.0.1:" + f.read()
        return s

    def end(self):
        try:
            os.killpg(self.p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.p.wait()


FIXTURES = [
    {"match": {"userMessage": "story"}, "response": {"content": "Once upon a time there was a bird. " * 60}},
    {"match": {"userMessage": ""}, "response": {"content": "The answer is forty-two."}},
]


def aimock_with(here, fixtures, *flags):
    where = install("aimock")
    path = os.path.join(here, "fixtures.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"fixtures": fixtures}, f)
    port = free_port()
    flags = flags or ("--latency", "5", "--chunk-size", "6")
    s = Server(["node", os.path.join(where, "node_modules/@copilotkit/aimock/dist/cli.js"), "--host", "127.0.0.1",
                "--port", str(port), "--fixtures", path, "--strict", *flags], port, "/__aimock/journal")
    s.journal = lambda: get(s.url + "/__aimock/journal")
    return s


def aimock(here):
    return aimock_with(here, FIXTURES)


def hostile(here):
    path = os.path.join(here, "port")
    if os.path.exists(path):
        os.remove(path)
    return Server.that_tells([sys.executable, os.path.join(HERE, "hostile.py"), path], path, stderr=subprocess.DEVNULL)


def wait_for(here, pattern, count=1, seconds=40):
    """Until the events of the running conversation have `count` lines with the pattern."""
    limit = Limit(seconds)
    while not limit.over():
        try:
            with open(os.path.join(here, "events.jsonl"), encoding="utf-8") as f:
                if len(re.findall(pattern, f.read())) >= count:
                    return
        except OSError:
            pass
        time.sleep(0.05)


def ends_in_time(p, seconds):
    """Beside what follows: a program that has not ended by then is ended."""
    limit = Limit(seconds)

    def watch():
        while p.returncode is None:  # whoever waits for it sets that
            if limit.over():
                p.kill()
                return
            time.sleep(0.1)

    threading.Thread(target=watch, daemon=True).start()


def until_it_prints(words, seconds=60):
    """Until the running conversation has printed that; the conversation fails by itself where it does not."""
    limit = Limit(seconds)
    while words.encode() not in getattr(RUNNING[-1], "printed", b"") and not limit.over():
        time.sleep(0.05)


def talk(here, base, lines, *settings, provider="openai_compatible", wait=0.0, seconds=30, terminal=False):
    """A typed conversation; (events, printed, seconds). Lines are typed `wait` seconds apart (a line that is a
    function is called in its place). In a terminal each interrupts what is spoken, in a pipe it waits for the end
    of the answer."""
    events = os.path.join(here, "events.jsonl")
    cmd = [MYNA, "console", "--text", "--events", events, "--set", f"llm.provider={provider}",
           "--set", f"llm.{provider}.base_url={base}", "--set", "agent.greeting=Hello."]
    if provider == "openai_compatible":
        cmd += ["--set", f"llm.{provider}.model=m"]
    for s in settings:
        cmd += ["--set", s]
    began = time.monotonic()
    keys, theirs = pty.openpty() if terminal else os.pipe()[::-1]
    p = subprocess.Popen(cmd, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=here, env=own_env(here))
    os.close(theirs)
    RUNNING.append(p)

    def type_lines():
        for line in lines:
            if callable(line):  # something to wait for, or to do
                line()
                continue
            os.write(keys, line.encode() + b"\n")
            time.sleep(wait)
        if terminal:
            os.write(keys, b"\x04")  # end of input
        else:
            os.close(keys)

    t = threading.Thread(target=type_lines, daemon=True)
    t.start()
    ends_in_time(p, seconds)
    p.printed = b""
    while piece := p.stdout.read1():
        p.printed += piece
    out = p.printed.decode("utf-8", "replace")
    p.wait()
    t.join(1)
    if terminal:
        os.close(keys)
    check(p.returncode in (0, 1, 130), f"ended with {p.returncode}:\n{out[-2000:]}")
    with open(events, encoding="utf-8") as f:
        return [json.loads(line) for line in f], out, time.monotonic() - began


def answers(events):
    return [" ".join(e["item"]["content"]) for e in events if e["type"] == "conversation_item_added" and
            e["item"].get("role") == "assistant"]


def errors(events):
    return [e for e in events if e["type"] == "error"]
