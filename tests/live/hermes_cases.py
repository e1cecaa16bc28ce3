"""A real Hermes agent with a mock model behind it: the preset `hermes` (docs/agents.md)."""
import json
import os
import signal
import time
import urllib.request

from agents import KEY, Hermes
from common import RUNNING, Limit, answers, case, check, errors, talk, urlopen, wait_for

WORDS = [f"word{i}" for i in range(400)]
FIXTURES = [
    {"match": {"userMessage": "Something else"}, "response": {"content": "The answer is forty-two."}},
    {"match": {"userMessage": "story"}, "response": {"content": " ".join(WORDS) + "."}},
    {"match": {"userMessage": "disk", "hasToolResult": False},
     "response": {"toolCalls": [{"name": "terminal", "arguments": json.dumps({"command": "echo forty-two"})}]}},
    {"match": {"userMessage": "clean", "hasToolResult": False},
     "response": {"toolCalls": [{"name": "terminal", "arguments": json.dumps({"command": "rm -rf build-of-a-test"})}]}},
    {"match": {"userMessage": ""}, "response": {"content": "The answer is forty-two."}},
]


def converse(here, s, lines, *settings, **more):
    return talk(here, s.url + "/v1", lines, f"llm.hermes.api_key={KEY}", *settings, provider="hermes", **more)


def ask(s, path):
    with urlopen(urllib.request.Request(s.url + path, headers={"Authorization": "Bearer " + KEY}), timeout=60) as r:
        return json.load(r)


def bodies(s):
    """What reached the model, by request."""
    rows = [r.get("body") for r in s.model.journal() if "chat/completions" in r.get("path", "")]
    return [b if isinstance(b, dict) else json.loads(b) for b in rows]


@case
def hermes_remembers_three_turns_of_one_call(here):
    s = Hermes(here, FIXTURES)
    try:
        events, out, _ = converse(here, s, ["My name is Ada.", "Second.", "Third."], wait=6, seconds=60)
        check(answers(events).count("The answer is forty-two.") == 3, f"{answers(events)}\n{out}")
        check(not errors(events), f"{errors(events)}")
        last = [(m["role"], m["content"]) for m in bodies(s)[-1]["messages"] if m["role"] != "system"]
        said = [c for r, c in last if r == "user"]
        check(said == ["My name is Ada.", "Second.", "Third."], f"the model was shown {last}")
        sessions = ask(s, "/api/sessions")["data"]
        check(len(sessions) == 1 and sessions[0]["message_count"] == 6, f"{sessions}")
    finally:
        s.end()


@case
def hermes_tools_at_work_are_told_as_progress(here):
    s = Hermes(here, FIXTURES)
    try:
        events, out, _ = converse(here, s, ["Look at the disk."], wait=8, seconds=60)
        seen = [(e["tool"], e["status"]) for e in events if e["type"] == "agent_tool_progress"]
        check(("terminal", "running") in seen and ("terminal", "completed") in seen, f"{seen}\n{out}")
        check("The answer is forty-two." in answers(events), f"{answers(events)}\n{out}")
    finally:
        s.end()


@case
def hermes_keeps_the_part_that_was_streamed_when_the_person_interrupts(here):
    s = Hermes(here, FIXTURES, "--latency", "60", "--chunk-size", "8")
    try:
        events, out, _ = converse(here, s, ["Tell me a story.", lambda: wait_for(here, r"\"agent_transcript\"", 20),
                                            "Stop. Something else.", lambda: wait_for(here, "forty-two")],
                                  "log.level=debug", wait=1, seconds=90, terminal=True)
        check("turns go by runs" in out, f"it was not a run that was stopped:\n{out[-3000:]}")
        asked = [(m["role"], m["content"][:200]) for m in bodies(s)[-1]["messages"] if m["role"] != "system"]
        check("The answer is forty-two." in answers(events), f"the model was shown {asked}")
        kept = ask(s, f"/api/sessions/{ask(s, '/api/sessions')['data'][0]['id']}/messages")
        rows = kept.get("data") or kept.get("messages")
        story = ([m["content"] for m in rows if m["role"] == "assistant"] or [f"nothing: {rows}"])[0]
        check(story.startswith("word0 word1 word2") and "word399" not in story, f"Hermes kept {story!r}")
        heard = [e for e in events if e["type"] == "conversation_item_added" and e["item"].get("interrupted")]
        check(heard, f"nothing of ours is marked interrupted: {answers(events)}\n{out}")
    finally:
        s.end()


@case
def a_wrong_key_for_hermes_is_named_and_not_shown(here):
    s = Hermes(here, FIXTURES)
    try:
        events, out, _ = talk(here, s.url + "/v1", ["Hello?"], "llm.hermes.api_key=not-the-key-at-all", provider="hermes",
                              wait=3)
        said = json.dumps(errors(events))
        check("401" in said and "api_key" in said, f"{said}\n{out}")
        check("not-the-key-at-all" not in said + out, "the key was shown")
    finally:
        s.end()


@case
def hanging_up_ends_the_answer_that_hermes_is_writing(here):
    s = Hermes(here, FIXTURES, "--latency", "60", "--chunk-size", "8")
    try:
        converse(here, s, ["Tell me a story.", lambda: wait_for(here, r"\"agent_transcript\"", 20),
                           lambda: RUNNING[-1].send_signal(signal.SIGINT)], seconds=90)
        limit, story = Limit(40), []  # Hermes writes down what it has once its answer is over; the whole story takes half of that
        while not story and not limit.over():
            time.sleep(0.2)
            rows = ask(s, f"/api/sessions/{ask(s, '/api/sessions')['data'][0]['id']}/messages")
            story = [m["content"] for m in rows.get("data") or rows.get("messages") or [] if m["role"] == "assistant"]
        check(len(story) == 1 and "word399" not in story[0], f"{story}")
    finally:
        s.end()


def clean_up(here, s, lines):
    events, out, _ = converse(here, s, ["Wait for the connection.", "Please clean up."] + lines, wait=4, seconds=90)
    check(any("permission" in a and "rm -rf build-of-a-test" in a for a in answers(events)),
          f"nobody was asked: {answers(events)}\n{out}")
    tools = [m["content"] for m in bodies(s)[-1]["messages"] if m["role"] == "tool"]
    return events, out, tools


@case
def hermes_asks_aloud_for_permission_and_a_yes_lets_it_go_on(here):
    s = Hermes(here, FIXTURES)
    os.makedirs(os.path.join(s.home, "build-of-a-test"))
    try:
        events, out, tools = clean_up(here, s, ["What?", "Yes, once."])
        check(any("yes, always, or no" in a for a in answers(events)), f"no second question: {answers(events)}")
        check(tools and "denied" not in tools[-1].lower() and "blocked" not in tools[-1].lower(), f"{tools}\n{out}")
        check(answers(events)[-1] == "The answer is forty-two.", f"{answers(events)}")
    finally:
        s.end()


@case
def hermes_asks_aloud_for_permission_and_a_no_is_a_no(here):
    s = Hermes(here, FIXTURES)
    try:
        events, out, tools = clean_up(here, s, ["No, don't do that."])
        check(tools and ("denied" in tools[-1].lower() or "blocked" in tools[-1].lower()), f"{tools}\n{out}")
        check(answers(events)[-1] == "The answer is forty-two.", f"{answers(events)}")
    finally:
        s.end()
