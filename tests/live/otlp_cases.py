"""Spans of whole calls, read by the published protobuf (opentelemetry-proto) as otlp_judge.py."""
import json
import os

from common import HERE, Limit, Server, aimock, answers, case, check, errors, free_port, get, install, talk


# Nobody listens or speaks in a typed call: no models are loaded for it.
QUIET = ["stt.provider=none", "tts.provider=flite", "vad.provider=energy"]


def collector(here):
    where = install("otlp")
    path = os.path.join(here, "otlp port")
    return Server.that_tells([os.path.join(where, "bin/python"), os.path.join(HERE, "otlp_judge.py"), path], path)


def call(here, *settings, lines=("What is the answer?",), prepare=None, wait=1.2):
    """A typed call with a collector beside it: what the collector has, and what was said of it."""
    s, judge = aimock(here), collector(here)
    try:
        if prepare:
            prepare(judge)
        events, out, _ = talk(here, s.url + "/v1", list(lines), f"trace.endpoint={judge.url}", *QUIET, *settings, wait=wait)
        check("The answer is forty-two." in answers(events), f"answers were {answers(events)}\n{out}")
        check(not errors(events), f"{errors(events)}")
        return get(judge.url + "/log"), out
    finally:
        s.end()
        judge.end()


def whole_call(log):
    """The tree is whole, and says what agent-session 9 says it does."""
    check(not log["complaints"], f"complaints: {log['complaints']}")
    spans = {s["id"]: s for s in log["spans"]}
    roots = [s for s in log["spans"] if not s["parent"]]
    check([s["name"] for s in roots] == ["agent_session"], f"roots: {[s['name'] for s in roots]}")
    check(len({s["trace"] for s in log["spans"]}) == 1, "more than one trace")
    for s in log["spans"]:
        up = spans.get(s["parent"])
        check(up or not s["parent"], f"{s['name']} hangs on nothing")
        check(not up or s["start"] >= up["start"] - 1_000_000, f"{s['name']} begins before {up and up['name']}")
    below = {(spans[s["parent"]]["name"] if s["parent"] else "") + "/" + s["name"] for s in log["spans"]}
    for want in ("agent_session/start_agent_activity", "agent_session/agent_turn", "agent_turn/llm_node",
                 "llm_node/llm_request"):
        check(want in below, f"no {want} in {sorted(below)}")
    request = next(s for s in log["spans"] if s["name"] == "llm_request")
    a = request["attributes"]
    check(a["gen_ai.operation.name"] == "chat" and a["gen_ai.request.model"] == "m", f"{a}")
    check(a["lk.response.ttft"] > 0 and a["lk.speech_id"].startswith("speech_"), f"{a}")
    check(request["kind"] == 3, "a request is no client span")
    node = next(s for s in log["spans"] if s["name"] == "llm_node")
    check(json.loads(node["attributes"]["lk.llm_metrics"])["type"] == "llm_metrics", "no lk.llm_metrics")
    return spans


@case
def the_spans_of_a_call_are_a_tree_that_the_published_protobuf_reads(here):
    log, _ = call(here, "trace.resource_attributes=deployment.environment=te%73t", "trace.service_name=desk",
                  "trace.headers=x-team=ours")
    whole_call(log)
    check(all(r["type"] == "application/x-protobuf" for r in log["requests"]), f"{log['requests']}")
    check(log["requests"][0]["headers"].get("x-team") == "ours", f"{log['requests'][0]}")
    r = log["resources"][0]
    check(r["service.name"] == "desk" and r["deployment.environment"] == "test", f"{r}")
    check(log["scopes"][0][0] == "myna", f"{log['scopes']}")
    check("forty-two" not in json.dumps(log), "what was said is in the spans though nobody asked for it")


@case
def json_says_the_same_and_what_was_said_where_that_is_asked_for(here):
    log, _ = call(here, "trace.protocol=http/json", "trace.content=true")
    whole_call(log)
    check(all(r["type"] == "application/json" for r in log["requests"]), f"{log['requests']}")
    turns = [s["attributes"] for s in log["spans"] if s["name"] == "agent_turn"]
    check(any("forty-two" in t.get("lk.pii.response.text", "") for t in turns), f"{turns}")


@case
def a_collector_that_is_down_is_said_once_and_costs_the_call_nothing(here):
    s = aimock(here)
    try:
        events, out, _ = talk(here, s.url + "/v1", ["One?", "Two?", "Three?"], "trace.delay=100ms", *QUIET,
                              f"trace.endpoint=http://127.0.0.1:{free_port()}", wait=1.0)
        check(len(answers(events)) >= 3 and not errors(events), f"{answers(events)} {errors(events)}")
        check(out.count("spans do not reach the collector") == 1, f"said {out.count('spans do not reach')} times:\n{out}")
    finally:
        s.end()


@case
def a_collector_that_comes_back_gets_what_has_waited(here):
    def busy(judge):
        get(judge.url + "/behave", json.dumps({"status": 503, "times": 2, "retry_after": 0}).encode())

    log, out = call(here, "trace.delay=100ms", "log.level=info", lines=("What is the answer?", "And again?"), prepare=busy)
    whole_call(log)
    check(out.count("spans do not reach the collector") == 1 and "takes spans again" in out, out)


@case
def a_collector_that_hangs_delays_no_word_and_the_end_by_two_seconds(here):
    import socket

    s = aimock(here)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        try:
            url = f"trace.endpoint=http://127.0.0.1:{deaf.getsockname()[1]}"
            _, _, plain = talk(here, s.url + "/v1", ["One?", "Two?"], *QUIET, wait=1.0)
            limit = Limit(plain + 5)
            events, out, took = talk(here, s.url + "/v1", ["One?", "Two?"], url, "trace.delay=100ms", *QUIET, wait=1.0)
            check(len(answers(events)) >= 2 and not errors(events), f"{answers(events)}\n{out}")
            check(not limit.over(), f"{took:.1f} s instead of {plain:.1f} s")
        finally:
            s.end()
