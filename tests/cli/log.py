"""The call log: what `myna calls` tells of a call, and that no trouble of the file costs a call."""
import json
import os
import sqlite3
import threading

from support import QUESTION, Call, Run, case, check


def log_of(here):
    return os.path.join(here, "home", ".local", "share", "myna", "calls.db")


@case
def a_call_is_in_the_log_with_its_words_times_and_usage(here):
    check(Run(here, "calls").well().out == "No calls yet.\n", "a log before the first call")
    call = Call(here, "call", QUESTION)
    calls = json.loads(Run(here, "calls", "--json").well().out)
    check(len(calls) == 1, f"{calls}")
    c = calls[0]
    check((c["door"], c["llm"], c["turns"], c["errors"]) == ("console", "instant", 1, 0), f"{c}")
    check(c["reason"] == "input ended" and abs(c["duration_ms"] - call.events[-1]["time_ms"]) < 1, f"{c}")
    whole = json.loads(Run(here, "calls", c["id"], "--json").well().out)
    said = [(i["role"], i["text"]) for i in whole["items"] if i["kind"] == "message"]
    want = [(m["role"], " ".join(m["content"])) for m in
            (e["item"] for e in call.of("conversation_item_added")) if m["type"] == "message"]
    check(sorted(said) == sorted(want), f"{said}\n{want}")
    fall, told = whole["turns_ms"][0], call.of("turn_latency")[0]
    check(abs(fall["heard_ms"] - fall["speech_end_ms"] - told["heardMs"]) < 1, f"{fall}\n{told}")
    check({u["stage"] for u in whole["usage"]} >= {"llm", "tts"}, f"{whole['usage']}")
    text = Run(here, "calls", c["id"][8:]).well().out
    for part in (c["id"], "You:   What time is it?", "turn 1: answered", "usage:", "  llm  instant"):
        check(part in text, f"no {part!r} in\n{text}")
    mode = os.stat(log_of(here)).st_mode & 0o777
    check(mode == 0o600, f"mode {mode:o}")


@case
def no_log_is_kept_when_it_is_switched_off(here):
    Call(here, "call", QUESTION, "--set", "calls.enabled=false")
    check(not os.path.exists(log_of(here)), "a log was made")


@case
def a_call_that_is_not_in_the_log_is_an_error(here):
    Run(here, "calls", "nobody").fails(1, "there is no call 'nobody'", "no log has been kept yet")
    Call(here, "call", QUESTION)
    Run(here, "calls", "nobody").fails(1, "there is no call 'nobody'", "`myna calls` lists them")
    Run(here, "calls", "--limit", "0").fails(2, "--limit wants a number")


@case
def a_damaged_log_costs_no_call_and_is_said_once(here):
    os.makedirs(os.path.dirname(log_of(here)))
    with open(log_of(here), "w", encoding="utf-8") as f:
        f.write("no database " * 1000)
    call = Call(here, "call", QUESTION)
    said = [line for line in call.run.out.splitlines() if "call log" in line]
    check(len(said) == 1 and "is damaged" in said[0] and "the call goes on" in said[0], f"{call.run}")
    check(call.of("turn_latency"), "no answer")
    Run(here, "calls").fails(1, "is damaged", "move it away")


@case
def a_locked_log_costs_no_call_and_is_said(here):
    Call(here, "first", QUESTION)
    db = sqlite3.connect(log_of(here), isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    call = Call(here, "second", QUESTION)
    check(call.of("turn_latency") and "is locked by another program" in call.run.out, f"{call.run}")
    check(len(json.loads(Run(here, "calls", "--json").well().out)) == 1, "reading goes on beside the lock")
    db.execute("COMMIT")
    db.close()


@case
def two_programs_write_one_log_at_a_time(here):
    threads = [threading.Thread(target=Call, args=(here, f"call{i}", QUESTION)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    calls = json.loads(Run(here, "calls", "--json").well().out)
    check(len(calls) == 4 and all(c["turns"] == 1 and c["reason"] for c in calls), f"{calls}")
