"""LiteLLM, llmock and OpenClaw, each a real one: what stands between us and a model, or is the agent."""
import json

from agents import KEY, OpenClaw, litellm, llmock
from common import aimock, answers, case, check, errors, talk


@case
def litellm_rewrites_every_chunk_and_is_understood(here):
    model = aimock(here)
    try:
        s = litellm(here, model.url)
        try:
            events, out, _ = talk(here, s.url + "/v1", ["What is the answer?", "Tell me a story."],
                                  f"llm.openai_compatible.api_key=sk-{KEY}", wait=2, seconds=60)
            check("The answer is forty-two." in answers(events), f"{answers(events)}\n{out}")
            check(any(a.count("Once upon a time") == 60 for a in answers(events)), f"{answers(events)}")
            check(not errors(events), f"{errors(events)}")
            used = [e["metrics"] for e in events if e["type"] == "metrics_collected"]
            check(len(used) >= 2 and all(m.get("completionTokens", 0) > 0 for m in used), f"{used}")
        finally:
            s.end()
    finally:
        model.end()


@case
def llmock_finds_no_fault_with_us_when_it_refuses_and_limits(here):
    s = llmock(here, "--error-rate", "429=0.3", "--error-rate", "500=0.2")
    try:
        events, out, _ = talk(here, s.url + "/v1", [f"Question {i}." for i in range(8)], "session.retry_max=3", wait=0.1,
                              seconds=120)
        check(len(answers(events)) >= 6, f"{answers(events)}\n{errors(events)}\n{out}")
        p = s.report()
        check(p.returncode == 0, p.stdout + p.stderr)
    finally:
        s.end()


@case
def openclaw_answers_and_remembers_by_session_key(here):
    s = OpenClaw(here, [{"match": {"userMessage": ""}, "response": {"content": "The answer is forty-two."}}])
    try:
        events, out, _ = talk(here, s.url + "/v1", ["My name is Ada.", "What is my name?"], f"llm.openclaw.api_key={KEY}",
                              "llm.openclaw.timeout=60s", provider="openclaw", wait=1, seconds=120)
        check(answers(events).count("The answer is forty-two.") == 2, f"{answers(events)}\n{errors(events)}\n{out}")
        rows = [r.get("body") for r in s.model.journal() if "chat/completions" in r.get("path", "")]
        last = json.dumps(rows[-1])
        check("My name is Ada." in last and "What is my name?" in last, f"the model was shown {last[-3000:]}")
    finally:
        s.end()
