"""Against aimock, the openai SDK as judge, and a server that does everything wrong (hostile.py)."""
import json
import os
import signal
import subprocess
import time

from common import HERE, RUNNING, Limit, aimock, answers, case, check, errors, get, hostile, install, talk


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
    where = install("openai")
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
                           input=json.dumps(bodies), capture_output=True, text=True, timeout=300)
        check(p.returncode == 0, p.stdout + p.stderr[-2000:])
    finally:
        s.end()


def what_became(s):
    """The server's log, once it has seen the end of each request: whoever hangs up knows of it before."""
    limit = Limit(10)
    while any(e["end"] is None for e in get(s.url + "/log")) and not limit.over():
        time.sleep(0.05)
    return get(s.url + "/log")


def one_fault(here, kind, lines=("Hello?",), wait=1.0, *settings):
    s = hostile(here)
    try:
        events, out, took = talk(here, f"{s.url}/{kind}/v1", list(lines), "session.retry_max=0", *settings, wait=wait)
        return events, out, took, what_became(s)
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
        def heard():
            while not any(e["path"].endswith("completions") for e in get(s.url + "/log")):
                time.sleep(0.05)

        limit = Limit(6)  # the answer has words for twelve seconds
        talk(here, s.url + "/slow/v1", ["Tell me.", heard, lambda: RUNNING[-1].send_signal(signal.SIGINT)], wait=0.5)
        log = [e for e in what_became(s) if e["path"].endswith("completions")]
        check(len(log) == 1 and log[0]["end"] == "client" and log[0]["ms"] < 1000 * limit.seconds(), f"{log}")
    finally:
        s.end()
