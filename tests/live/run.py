#!/usr/bin/env python3
"""Conversations with servers that we did not write, and with one that does everything wrong.

    tests/live/run.py PROGRAM [CASE]

Prints TAP. Peers live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers and are installed by name at first
use; what cannot be had is named as a skip. Conversations are typed (`console --text`), so no speech
model is needed.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna-peers")
CASES = []
RUNNING = []


class Skip(Exception):
    pass


def case(f):
    CASES.append(f)
    return f


def check(cond, why):
    if not cond:
        raise AssertionError(why)


def get(url, data=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=5) as r:
        return json.loads(r.read() or b"null")


def install(name, probe, *commands):
    """Directory of a peer; installs it once."""
    where = os.path.join(PEERS, name)
    if not os.path.exists(os.path.join(where, probe)):
        if not shutil.which(commands[0][0]):
            raise Skip(f"no {commands[0][0]} on this machine to install {name}")
        os.makedirs(where, exist_ok=True)
        for cmd in commands:
            p = subprocess.run(cmd, cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
            if p.returncode:
                last = (p.stderr.strip().splitlines() or ["no word why"])[-1]
                raise Skip(f"{name} cannot be installed: {last[:200]}")
    return where


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A process that listens; ended by its own id."""

    def __init__(self, cmd, port, ready):
        self.url = f"http://127.0.0.1:{port}"
        self.p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                get(self.url + ready)
                return
            except OSError:
                time.sleep(0.05)
            if self.p.poll() is not None:
                break
        self.end()
        raise Skip(f"{cmd[0]} did not start")

    def end(self):
        self.p.kill()
        self.p.wait()


FIXTURES = {"fixtures": [
    {"match": {"userMessage": "story"}, "response": {"content": "Once upon a time there was a bird. " * 60}},
    {"match": {"userMessage": ""}, "response": {"content": "The answer is forty-two."}},
]}


def aimock(here):
    where = install("aimock", "node_modules/@copilotkit/aimock/dist/cli.js",
                    ["npm", "install", "--no-audit", "--no-fund", "@copilotkit/aimock@1.43.0"])
    if not shutil.which("node"):
        raise Skip("no node on this machine to run aimock")
    path = os.path.join(here, "fixtures.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(FIXTURES, f)
    port = free_port()
    return Server(["node", os.path.join(where, "node_modules/@copilotkit/aimock/dist/cli.js"), "--host", "127.0.0.1",
                   "--port", str(port), "--fixtures", path, "--strict", "--latency", "5", "--chunk-size", "6"],
                  port, "/__aimock/journal")


def hostile(here):
    path = os.path.join(here, "port")
    if os.path.exists(path):
        os.remove(path)
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "hostile.py"), path], stdin=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    for _ in range(200):
        if os.path.exists(path) and os.path.getsize(path):
            break
        time.sleep(0.02)
    with open(path, encoding="utf-8") as f:
        s = Server.__new__(Server)
        s.p, s.url = p, "http://127.0.0.1:" + f.read()
    return s


def talk(here, base, lines, *settings, provider="openai_compatible", wait=0.0, seconds=30):
    """A typed conversation; (events, printed, seconds). Lines are typed `wait` seconds apart."""
    events = os.path.join(here, "events.jsonl")
    cmd = [MYNA, "console", "--text", "--events", events, "--set", f"llm.provider={provider}",
           "--set", f"llm.{provider}.base_url={base}", "--set", "agent.greeting=Hello."]
    if provider == "openai_compatible":
        cmd += ["--set", f"llm.{provider}.model=m"]
    for s in settings:
        cmd += ["--set", s]
    began = time.monotonic()
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=here, env=env)
    RUNNING.append(p)

    def type_lines():
        for line in lines:
            p.stdin.write(line.encode() + b"\n")
            p.stdin.flush()
            time.sleep(wait)
        p.stdin.close()

    t = threading.Thread(target=type_lines, daemon=True)
    t.start()
    killer = threading.Timer(seconds, p.kill)
    killer.start()
    out = p.stdout.read().decode("utf-8", "replace")
    p.wait()
    killer.cancel()
    t.join(1)
    check(p.returncode in (0, 1, 130), f"ended with {p.returncode}:\n{out[-2000:]}")
    with open(events, encoding="utf-8") as f:
        return [json.loads(line) for line in f], out, time.monotonic() - began


def answers(events):
    return [" ".join(e["item"]["content"]) for e in events if e["type"] == "conversation_item_added" and
            e["item"].get("role") == "assistant"]


def errors(events):
    return [e for e in events if e["type"] == "error"]


@case
def aimock_answers_a_typed_question_and_counts_tokens(here):
    s = aimock(here)
    try:
        events, out, _ = talk(here, s.url + "/v1", ["What is the answer?"], wait=1.5)
        check("The answer is forty-two." in answers(events), f"answers were {answers(events)}\n{out}")
        check(not errors(events), f"{errors(events)}")
        used = [e for e in events if e["type"] == "metrics_collected" and "llm" in json.dumps(e).lower()]
        check(used and any("okens" in json.dumps(e) for e in used), "no token counts in the metrics")
    finally:
        s.end()


@case
def the_openai_sdk_finds_nothing_wrong_with_our_requests(here):
    where = install("openai", "bin/openai", [sys.executable, "-m", "venv", "."],
                    ["bin/pip", "install", "-q", "openai==2.54.0"])
    s = aimock(here)
    try:
        talk(here, s.url + "/v1", ["One.", "Two.", "Three."], "llm.openai_compatible.temperature=0.2",
             "llm.openai_compatible.max_tokens=64", "llm.openai_compatible.session_user_prefix=p-",
             "llm.openai_compatible.api_key=k", wait=0.8)
        journal = get(s.url + "/__aimock/journal")
        rows = [r for r in journal if "chat/completions" in r.get("path", "")]
        bodies = [b if isinstance(b, dict) else json.loads(b) for b in (r.get("body") for r in rows)]
        bodies = [{k: v for k, v in b.items() if not k.startswith("_")} for b in bodies]
        check(len(bodies) >= 3, f"{len(bodies)} requests in the journal")
        check("Bearer" in json.dumps(rows[0].get("headers", {})) or "authorization" in json.dumps(rows[0]).lower(),
              "no key was sent")
        p = subprocess.run([os.path.join(where, "bin/python"), os.path.join(HERE, "judge_request.py")],
                           input=json.dumps(bodies), capture_output=True, text=True, timeout=60)
        check(p.returncode == 0, p.stdout + p.stderr[-2000:])
    finally:
        s.end()


def one_fault(here, kind, lines=("Hello?",), wait=1.0, *settings):
    s = hostile(here)
    try:
        events, out, took = talk(here, f"{s.url}/{kind}/v1", list(lines), "session.retry_max=0", *settings, wait=wait)
        return events, out, took, get(s.url + "/log")
    finally:
        s.end()


def told(here, kind, words, *settings, wait=1.0):
    events, out, _, _ = one_fault(here, kind, ("Hello?",), wait, *settings)
    said = json.dumps(errors(events))
    check(words in said, f"no error with {words!r}: {said}\n{out[-1500:]}")
    check(any("sorry" in e.get("text", "").lower() for e in events if e["type"] == "agent_transcript") or
          "sorry" in out.lower(), f"the person was not told:\n{out[-1500:]}")


@case
def a_server_that_hangs_is_given_up(here):
    told(here, "hang", "no answer within 300 ms", "llm.openai_compatible.timeout=300ms")


@case
def a_server_that_closes_in_mid_frame_is_a_fault(here):
    events, _, _, _ = one_fault(here, "cut")
    check(errors(events), "no error was told")


@case
def a_web_page_is_named(here):
    told(here, "html", "a web page answered")


@case
def an_error_object_with_status_200_is_a_fault(here):
    told(here, "error200", "the model fell over")


@case
def a_429_with_a_long_retry_after_is_not_waited_for(here):
    told(here, "limit", "slow down")


@case
def a_server_that_drips_is_heard_out(here):
    events, out, _, _ = one_fault(here, "drip", wait=2.0)
    check("Drip." in answers(events), f"{answers(events)}\n{out[-1500:]}")


@case
def broken_utf8_costs_a_character(here):
    events, _, _, _ = one_fault(here, "badutf8")
    check("Caf\ufffd is open." in answers(events), f"{answers(events)}")


@case
def an_endless_answer_is_ended_and_the_memory_stays(here):
    for kind in ("huge", "line"):
        events, out, took, log = one_fault(here, kind, wait=3.0)
        check(errors(events), f"{kind}: no error was told\n{out[-1000:]}")
        check(log and log[-1]["end"] == "client", f"{kind}: the server was not cut off: {log}")


@case
def hanging_up_in_mid_answer_closes_the_servers_connection(here):
    s = hostile(here)
    try:
        hang_up = threading.Timer(2.5, lambda: RUNNING[-1].send_signal(signal.SIGINT))
        hang_up.start()
        talk(here, s.url + "/slow/v1", ["Tell me."], wait=4)
        log = [e for e in get(s.url + "/log") if e["path"].endswith("completions")]
        check(len(log) == 1 and log[0]["end"] == "client" and log[0]["ms"] < 3000, f"{log}")
    finally:
        s.end()


def main():
    global MYNA
    MYNA = os.path.abspath(sys.argv[1])
    os.environ["MYNA_PROBE_ENABLED"] = "false"  # nobody who runs on this machine takes part
    bad = 0
    chosen = [c for c in CASES if len(sys.argv) < 3 or sys.argv[2] in c.__name__]
    for n, c in enumerate(chosen, 1):
        name = c.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="myna live ") as here:
            try:
                c(here)
                print(f"ok {n} - {name}", flush=True)
            except Skip as e:
                print(f"ok {n} - {name} # SKIP {e}", flush=True)
            except Exception as e:  # noqa: BLE001 - one case must not end the others
                bad += 1
                for line in f"{type(e).__name__}: {e}".splitlines():
                    print("# " + line)
                print(f"not ok {n} - {name}", flush=True)
    print(f"1..{len(chosen)}")
    return 1 if bad else 0


sys.exit(main())
