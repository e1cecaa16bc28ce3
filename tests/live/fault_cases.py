"""Every fault of a server for every kind of client that talks to one (the table in docs/testing.md): the right event,
the right words for the person, memory flat, and the call goes on. The speech clients' rows are in speech_cases.py."""
import concurrent.futures
import json
import os
import subprocess
import threading
import time

from common import MYNA, RUNNING, Limit, aimock_with, answers, case, check, ends_in_time, errors, hostile, own_env

KINDS = ("refuse", "hang", "bytes", "cut", "html", "error200", "limit", "badutf8", "huge")
MOST_KB = 90 << 10  # resident; the answer that is too long has 100 MB


def call(here, name, lines, *settings, seconds=25):
    """(events, printed, kilobytes, seconds) of a typed call; lines are typed once what they wait for is in the events."""
    folder = os.path.join(here, name)
    os.makedirs(folder)
    events = os.path.join(folder, "events.jsonl")
    cmd = [MYNA, "console", "--text", "--events", events, "--set", "agent.greeting=Hello.", "--set", "session.retry_max=0",
           "--set", "stt.provider=instant", "--set", "tts.provider=instant", "--set", "tts.instant.duration=100"]
    for s in settings:
        cmd += ["--set", s]
    began = time.monotonic()
    p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                         env=own_env(folder))
    RUNNING.append(p)
    ends_in_time(p, seconds)

    def type_lines():
        for wait, line in lines:
            time.sleep(wait)
            try:
                p.stdin.write(line.encode() + b"\n")
                p.stdin.flush()
            except OSError:
                return
        try:
            p.stdin.close()
        except OSError:
            pass

    threading.Thread(target=type_lines, daemon=True).start()
    out = p.stdout.read().decode("utf-8", "replace")
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    check(p.returncode == 0, f"{name}: ended with {p.returncode}:\n{out[-1500:]}")
    check("Sanitizer" not in out, f"{name}: {out[-1500:]}")
    with open(events, encoding="utf-8") as f:
        return [json.loads(line) for line in f], out, used.ru_maxrss, time.monotonic() - began


def all_of(rows, run):
    """The rows side by side, four at a time; every one that fails is named."""
    bad = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for row, done in [(r, pool.submit(run, r)) for r in rows]:
            try:
                done.result()
            except Exception as e:  # noqa: BLE001 - one row must not hide the others
                bad.append(f"{row}: {e}")
    check(not bad, "\n".join(bad))


QUIET, PAGE, OVER = "no answer within 900 ms", "a web page answered", "the model fell over"
AGENTS = {  # what is told of each; "": nothing, since it is an answer
    "openai_compatible": {"refuse": "nobody answers there", "hang": QUIET, "bytes": QUIET, "cut": "no JSON object",
                          "html": PAGE, "error200": OVER, "limit": "slow down", "badutf8": "", "huge": "too long"},
    "anthropic": {"refuse": "nobody answers there", "hang": QUIET, "bytes": QUIET, "cut": "no JSON object", "html": PAGE,
                  "error200": OVER, "limit": "slow down", "badutf8": "", "huge": "too long"},
    # the request that begins a run
    "hermes": {"refuse": "nobody answers there", "hang": QUIET, "bytes": QUIET, "cut": "in the middle of the answer",
               "html": PAGE, "error200": OVER, "limit": "slow down", "badutf8": "without an id", "huge": "too long"},
    # and the events of it
    "hermes_events": {"hang": QUIET, "bytes": QUIET, "cut": "ended before the answer did", "html": PAGE, "error200": OVER,
                      "limit": "slow down", "badutf8": "", "huge": "too long"},
}
HALF = {("openai_compatible", "cut"), ("openai_compatible", "huge"), ("anthropic", "cut"), ("anthropic", "huge"),
        ("hermes_events", "cut"), ("hermes_events", "huge")}  # something of it was said before


def one(here, s, agent, kind):
    limit = Limit(20)
    provider = "hermes" if agent == "hermes_events" else agent
    where = "/events-" + kind if agent == "hermes_events" else "/" + kind
    base = "http://127.0.0.1:9" if kind == "refuse" else s.url + where
    events, out, kb, took = call(here, f"{agent} {kind}", [(0.5, "Hello?"), (1.5, "")], f"llm.provider={provider}",
                                 f"llm.{provider}.base_url={base}/v1", f"llm.{provider}.model=m",
                                 f"llm.{provider}.api_key=0123456789abcdef0123456789abcdef",
                                 f"llm.{provider}.timeout={'900ms' if AGENTS[agent][kind] == QUIET else '15s'}")
    words, said = AGENTS[agent][kind], json.dumps(errors(events))
    check(kb < MOST_KB, f"{kb} KB were resident")
    check("0123456789abcdef" not in out + said, "the key was shown")
    if not words:
        check("Caf\ufffd is open." in answers(events) and not errors(events), f"{answers(events)} {said}")
        return
    check(words in said, f"no error with {words!r}: {said}")
    if (agent, kind) not in HALF:
        check("something went wrong on my side" in out, f"the person was not told:\n{out[-1500:]}")
    check(not limit.over(), f"it took {took:.1f} s, more than {limit}")


@case
def each_kind_of_agent_meets_each_fault(here):
    s = hostile(here)
    try:
        all_of([(a, k) for a, kinds in AGENTS.items() for k in kinds], lambda row: one(here, s, *row))
    finally:
        s.end()


TOOL = {"refuse": "could not be reached", "hang": "did not answer within", "bytes": "did not answer within",
        "cut": "was not answered", "html": None, "error200": None, "limit": "status 429", "badutf8": "what is not text",
        "huge": "more than"}
SERVER = {"refuse": "nobody answers there", "hang": None, "bytes": None, "cut": "", "html": "", "error200": "",
          "limit": "slow down", "badutf8": "", "huge": ""}


def with_a_model(here, row, *settings, wait=0.6, later=4):
    """The model calls the tool `t` and answers what it then reads."""
    folder = os.path.join(here, f"model {row}")
    os.makedirs(folder)
    s = aimock_with(folder, [
        {"match": {"userMessage": "please", "hasToolResult": True}, "response": {"content": "It is done."}},
        {"match": {"userMessage": "please"}, "response": {"toolCalls": [{"name": "t", "arguments": "{}"}]}},
        {"match": {"userMessage": ""}, "response": {"content": "Yes."}}])
    try:
        return call(here, row, [(wait, "Do it, please."), (later, "Are you there?"), (0.5, "")],
                    "llm.provider=openai_compatible", f"llm.openai_compatible.base_url={s.url}/v1",
                    "llm.openai_compatible.model=m", *settings)
    finally:
        s.end()


def tool(here, s, kind):
    base = "http://127.0.0.1:9" if kind == "refuse" else s.url + "/" + kind
    events, out, kb, _ = with_a_model(here, f"tool {kind}", f"tools.t.url={base}/tool", "tools.t.retries=0",
                                      f"tools.t.timeout={'1500ms' if 'within' in (TOOL[kind] or '') else '15s'}")
    got = [o for e in events if e["type"] == "function_tools_executed" for o in e["functionCallOutputs"]]
    check(len(got) == 1, f"{got}\n{out[-1500:]}")
    words = TOOL[kind]
    check(got[0]["isError"] == (words is not None) and (words or "") in got[0]["output"], f"{got}")
    check(answers(events)[-2:] == ["It is done.", "Yes."], f"the call did not go on: {answers(events)}")
    check(kb < MOST_KB, f"{kb} KB were resident")


@case
def an_http_tool_meets_each_fault_and_the_call_goes_on(here):
    s = hostile(here)
    try:
        all_of(KINDS, lambda kind: tool(here, s, kind))
    finally:
        s.end()


def server(here, s, kind):
    base = "http://127.0.0.1:9" if kind == "refuse" else s.url + "/" + kind
    events, out, kb, _ = with_a_model(here, f"mcp {kind}", "tools.crm.kind=mcp", f"tools.crm.url={base}/mcp",
                                      later=10 if kind == "huge" else 4)
    words, said = SERVER[kind], [e for e in errors(events) if e["error"]["provider"] == "crm"]
    if words is not None:  # one that is silent counts as silent after 15 s only
        check(said and words in json.dumps(said) and "tools.crm" in json.dumps(said), f"{said}\n{out[-1500:]}")
    check(answers(events)[-1] == "Yes.", f"the call did not go on: {answers(events)}")
    check(kb < MOST_KB, f"{kb} KB were resident")


@case
def a_tool_server_meets_each_fault_and_the_call_goes_on(here):
    s = hostile(here)
    try:
        all_of(KINDS, lambda kind: server(here, s, kind))
    finally:
        s.end()
