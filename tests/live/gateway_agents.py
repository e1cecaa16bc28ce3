"""The gateway in front of Hermes and OpenClaw, both played here as their wire is described
(voice-gateway 16): runs, permissions, session ids, signs of life, and what is told when they refuse.
"""
import json
import threading
import time

from common import case, check, rest
from fake_server import Handler, serve
from gateway_world import AGENT, control, event, events, hears, joins, meets, says, status, stop, tone, types, when
from livekit_test import eventually, text_of

RUNS = {"run_submission": True, "run_events_sse": True, "run_stop": True}


class Fake:
    """An agent server: `answer(request)` is asked for each POST to a chat or a run and writes by request.say()."""

    def __init__(self, features=None, chat=None, run=None):
        self.asked, self.posts, self.lock = [], {}, threading.Lock()
        self.approved, self.stopped = threading.Event(), threading.Event()
        fake = self

        class Agent(Handler):
            def line(self, text):
                self.wfile.write(text.encode() + b"\n\n")

            def chunk(self, **delta):
                self.line("data: " + json.dumps({"id": "x", "choices": [{"index": 0, "delta": delta}]}))

            def done(self):
                self.line("data: " + json.dumps({"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
                self.line("data: [DONE]")

            def tell(self, kind, **more):
                self.line("data: " + json.dumps({"event": kind, "run_id": "run_1", "timestamp": 1, **more}))

            def do_GET(self):
                if self.path == "/v1/capabilities":
                    self.json(200, {"features": features or {}})
                elif self.path.endswith("/events"):
                    self.begin()
                    try:
                        run(self)
                        self.line(": stream closed")
                    except OSError:
                        pass
                else:
                    super().do_GET()

            def do_POST(self):
                body = json.loads(self.body() or b"{}")
                with fake.lock:
                    fake.posts.setdefault(self.path, []).append(body)
                    if self.path in ("/v1/runs", "/v1/chat/completions"):
                        fake.asked.append((dict(self.headers.items()), body))
                if self.path == "/v1/runs":
                    self.json(202, {"run_id": "run_1", "status": "started"})
                elif self.path.endswith("/stop"):
                    self.json(200, {"status": "stopping"})
                    fake.stopped.set()
                elif self.path.endswith("/approval"):
                    self.json(200, {})
                    fake.approved.set()
                else:
                    try:
                        chat(self, fake.asked[-1][0], body)
                    except OSError:
                        pass

        self.server = serve(Agent)

    def settings(self, provider, key="the-agents-own-key"):
        rows = ("gateway.presence_poll_interval=1", f"llm.provider={provider}", "tts.instant.duration=300ms",
                f"llm.{provider}.base_url=http://127.0.0.1:{self.server.server_port}/v1")
        return (*rows, f"llm.{provider}.api_key={key}") if key else rows


def says_hello(h, headers, body):
    h.begin()
    h.chunk(content="Hi there.")
    h.done()


def header(request, name):
    return {k.lower(): v for k, v in request[0].items()}.get(name.lower())


def roles(request):
    return [m["role"] for m in request[1]["messages"]]


def ask(who, text="hello", seconds=20):
    """Types it and waits for the answer to it: the first behind their own words. What another one was answered may come
    to them later than to who asked."""
    def is_own(m):
        return m["type"] == "agent:user-transcript" and m["payload"]["transcript"] == text and m["payload"]["identity"] == who.identity

    def answers():
        told, own = [m for _, m in events(who) if isinstance(m, dict)], before
        for i, m in enumerate(told):
            own -= is_own(m)
            if own < 0:
                return [x["payload"]["transcript"] for x in told[i:] if x["type"] == "agent:agent-transcript"]
        return []

    before = sum(is_own(m) for _, m in events(who) if isinstance(m, dict))
    control(who, type="client:message", text=text)
    eventually(f"an answer to {text!r}", answers, seconds)
    return answers()[0]


@case
def case_45_a_turn_is_a_run_whose_words_are_spoken(w):
    def run(h):
        h.tell("message.delta", delta="Hi ")
        h.tell("tool.started", tool="terminal", preview="ls -la /secret")
        h.tell("tool.completed", tool="terminal", duration=0.1, error=False)
        h.tell("reasoning.available", text="I think of secret things.")
        h.tell("message.delta", delta="there.")
        h.tell("run.completed", output="Hi there.", usage={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3})
    f = Fake(RUNS, run=run)
    g = w.gateway(settings=f.settings("hermes"))
    ann = meets(w)
    says(g, "turns go by runs")
    check(ask(ann, "hello") == "Hi there.", f"{events(ann)}")
    event(ann, "agent:speaking-stop")
    body = f.posts["/v1/runs"][0]
    check(body["input"] == "hello" and "read aloud" in body["instructions"] and "/v1/chat/completions" not in f.posts,
          f"{f.posts}")
    check("secret" not in json.dumps(events(ann)), f"what the agent does is no word of it: {events(ann)}")
    stop(g)


@case
def case_46_an_interrupted_run_is_stopped_once_and_nothing_late_is_said(w):
    def run(h):
        h.tell("message.delta", delta="The first sentence is here. ")
        f.stopped.wait(20)
        h.tell("message.delta", delta="This comes too late.")
        h.tell("run.cancelled")
    f = Fake(RUNS, run=run)
    g = w.gateway(settings=(*f.settings("hermes"), "tts.instant.duration=10s"))
    ann = meets(w)
    says(g, "turns go by runs")
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    control(ann, type="client:interrupt")
    event(ann, "agent:speaking-stop", seconds=2)
    check(f.stopped.wait(10), "it was not stopped")
    time.sleep(2)
    check(len(f.posts["/v1/runs/run_1/stop"]) == 1, f"{f.posts}")
    check("too late" not in json.dumps(events(ann)), f"{events(ann)}")
    check(types(ann).count("agent:speaking-start") == 1, f"{types(ann)}")
    stop(g)


def asks_first(h, f):
    h.tell("approval.request", command="rm notes", description="it deletes",
           choices=["once", "session", "always", "deny"])
    if f.approved.wait(20):
        h.tell("message.delta", delta="It is done.")
    h.tell("run.completed", output="It is done.")


@case
def case_47_permission_is_asked_aloud_and_a_spoken_yes_is_once(w):
    f = Fake(RUNS, run=lambda h: asks_first(h, f))
    g = w.gateway(settings=(*f.settings("hermes"), "stt.instant.text=Yes."))
    ann = meets(w)
    says(g, "turns go by runs")
    hears(ann)
    question = ask(ann, "clean up")
    check("rm notes" in question and "permission" in question, question)
    event(ann, "agent:speaking-stop")
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:user-transcript", transcript="Yes.")
    event(ann, "agent:agent-transcript", transcript="It is done.")
    check(f.posts["/v1/runs/run_1/approval"] == [{"choice": "once"}], f"{f.posts}")
    stop(g)


@case
def case_47_silence_is_a_no(w):
    f = Fake(RUNS, run=lambda h: asks_first(h, f))
    g = w.gateway(settings=(*f.settings("hermes"), "llm.hermes.permission_timeout=2s"))  # a minute by itself
    ann = meets(w)
    says(g, "turns go by runs")
    ask(ann, "clean up")
    check(f.approved.wait(12), "nobody was told")
    time.sleep(1)
    check(f.posts["/v1/runs/run_1/approval"] == [{"choice": "deny"}], f"{f.posts}")
    stop(g)


@case
def case_48_a_session_that_hermes_does_not_know_is_left_out_once_and_its_own_is_kept(w):
    def chat(h, headers, body):
        name = {k.lower(): v for k, v in headers.items()}.get("x-hermes-session-id")
        if name and not name.startswith("api-"):
            h.json(404, {"error": {"message": "Unknown session ID", "type": "invalid_request_error"}})
            return
        h.begin(X_Hermes_Session_Id="api-0123456789abcdef")
        h.chunk(content="Hi there.")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=f.settings("hermes"))
    ann = meets(w)
    check(ask(ann, "one") == "Hi there.", f"{events(ann)}")
    check(ask(ann, "two") == "Hi there.", f"{events(ann)}")
    sent = [header(r, "X-Hermes-Session-Id") for r in f.asked]
    check(len(sent) == 3 and sent[0] and sent[1] is None and sent[2] == "api-0123456789abcdef", f"{sent}")
    check([m["content"] for m in f.asked[2][1]["messages"] if m["role"] == "user"] == ["one", "two"], f"{f.asked[2]}")
    check("agent:error" not in types(ann), f"{types(ann)}")
    stop(g)


@case
def case_49_an_id_that_changes_is_followed(w):
    n = []

    def chat(h, headers, body):
        n.append(1)
        h.begin(X_Hermes_Session_Id=f"api-{len(n):016x}")
        h.chunk(content="Hi there.")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=f.settings("hermes"))
    ann = meets(w)
    for _ in range(3):
        ask(ann)
    check({header(r, "X-Hermes-Session-Key") for r in f.asked} == {"voice:t1:ann"}, "ann has no memory of her own")
    check([header(r, "X-Hermes-Session-Id") for r in f.asked][1:] == [f"api-{i:016x}" for i in (1, 2)],
          f"{[header(r, 'X-Hermes-Session-Id') for r in f.asked]}")
    stop(g)


@case
def case_49a_two_who_open_with_the_same_words_have_two_conversations(w):
    """One conversation is one stay: who comes when the other has left begins anew, with a key and without."""
    for key in "the-agents-own-key", None:
        f = Fake(chat=says_hello)
        g = w.gateway(settings=f.settings("hermes", key))
        for i, name in enumerate(("ann", "bob")):
            who = meets(w, name, 10)
            ask(who)
            who.leave()
            says(g, "room t1: watching (connected)", times=i + 2, seconds=5)
        ids = [header(r, "X-Hermes-Session-Id") for r in f.asked]
        texts = [next(m["content"] for m in r[1]["messages"] if m["role"] == "system") for r in f.asked]
        check(len(set(ids)) == 2 if key else ids == [None, None] and texts[0] != texts[1], f"{ids} {texts}")
        check(all(roles(r) == ["system", "user"] for r in f.asked), f"{[roles(r) for r in f.asked]}")
        stop(g)


def users(request):
    return [m["content"] for m in request[1]["messages"] if m["role"] != "system"]


def two_talk_by_turns(w, *settings, key="the-agents-own-key"):
    """Ann and bob are there at once; each says the same, then asks on. What Hermes was asked, ann, bob, gateway."""
    def chat(h, headers, body):
        h.begin()
        h.chunk(content=f"Answer {len(f.asked)}.")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=(*f.settings("hermes", key), *settings))
    ann = meets(w)
    bob = joins(w, "bob")
    for who in ann, bob:
        who.wait("track", who=AGENT)
    for n, (who, words) in enumerate(((ann, "hello"), (bob, "hello"), (ann, "ann asks"), (bob, "bob asks")), 1):
        control(who, type="client:message", text=words)
        for all_hear in ann, bob:
            event(all_hear, "agent:agent-transcript", transcript=f"Answer {n}.")
            event(all_hear, "agent:speaking-stop", times=n)
    return f, ann, bob, g


@case
def case_49a_two_at_once_have_a_history_each_and_hear_each_others_answers(w):
    for key in "the-agents-own-key", None:
        f, ann, bob, g = two_talk_by_turns(w, key=key)
        a1, b1, a2, b2 = f.asked
        system = [next(m["content"] for m in r[1]["messages"] if m["role"] == "system") for r in f.asked]
        check(system[0] != system[1] and system[0] == system[2] and system[1] == system[3], f"{system}")
        ids = [header(r, "X-Hermes-Session-Id") for r in f.asked]
        keys = [header(r, "X-Hermes-Session-Key") for r in f.asked]
        fields = [r[1]["user"] for r in f.asked]
        check(fields[0] == fields[2] != fields[1] == fields[3], f"{fields}")
        if key:
            check(ids[0] == ids[2] != ids[1] == ids[3], f"{ids}")
            check(keys == ["voice:t1:ann", "voice:t1:bob"] * 2, f"{keys}")
        else:
            check(ids == keys == [None] * 4, f"{ids} {keys}")
        check(users(a1) == users(b1) == ["hello"], f"{users(a1)} {users(b1)}")
        check(users(a2) == ["hello", "Answer 1.", "ann asks"], f"{users(a2)}")
        check(users(b2) == ["hello", "Answer 2.", "bob asks"], f"{users(b2)}")
        if key:  # only ann begins anew
            control(ann, type="client:message", text="/new")
            ask(ann, "ann anew")
            ask(bob, "bob on")
            check(users(f.asked[4]) == ["ann anew"], f"{users(f.asked[4])}")
            check(header(f.asked[4], "X-Hermes-Session-Id") not in ids, f"{f.asked[4]}")
            check(header(f.asked[4], "X-Hermes-Session-Key") == "voice:t1:ann", "her memory outlives it")
            check(users(f.asked[5]) == users(b2) + ["Answer 4.", "bob on"], f"{users(f.asked[5])}")
            check(header(f.asked[5], "X-Hermes-Session-Id") == ids[1], f"{f.asked[5]}")
        for who in ann, bob:
            who.leave()
        stop(g)


@case
def a_shared_room_has_one_history_in_which_words_carry_names(w):
    f, ann, bob, g = two_talk_by_turns(w, "gateway.shared_room_session=true")
    check(len({header(r, "X-Hermes-Session-Id") for r in f.asked}) == 1, f"{f.asked}")
    check({header(r, "X-Hermes-Session-Key") for r in f.asked} == {"voice:t1"}, f"{f.asked}")
    check(users(f.asked[3])[2:] == ["bob: hello", "Answer 2.", "ann: ann asks", "Answer 3.", "bob: bob asks"],
          f"{users(f.asked[3])}")
    stop(g)


@case
def two_who_speak_at_once_are_answered_one_after_the_other(w):
    """voice-gateway 4.1: one turn at a time, the later one waits."""
    heard = threading.Event()  # all that bob says

    def chat(h, headers, body):
        if len(f.asked) == 1:
            heard.wait(60)  # ann's answer takes long
        h.begin()
        h.chunk(content="For " + body["messages"][-1]["content"].split(":")[0] + ".")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=(*f.settings("hermes", None), "agent.greet=false", "gateway.shared_room_session=true"))
    ann = meets(w)
    bob = meets(w, "bob")
    for who in ann, bob:
        hears(who)
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:thinking-start")
    bob.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:listening-stop", identity="bob")
    rest(1)
    heard.set()
    for n, who in enumerate(("ann", "bob")):
        event(ann, "agent:agent-transcript", transcript=f"For {who}.")
        event(bob, "agent:speaking-stop", times=n + 1)
    last = [m["content"] for m in f.asked[-1][1]["messages"] if m["role"] != "system"]
    check(last == ["ann: hello agent", "For ann.", "bob: hello agent"], f"{last}")
    check(len(f.asked) == 2 and "agent:error" not in types(bob), f"{len(f.asked)} requests, {types(bob)}")
    stop(g)


@case
def what_is_typed_waits_until_another_ones_answer_was_heard(w):
    f = Fake(chat=says_hello)
    g = w.gateway(settings=(*f.settings("hermes"), "tts.instant.duration=6s"))
    ann = meets(w)
    bob = joins(w, "bob")
    for who in ann, bob:
        who.wait("track", who=AGENT)
    control(ann, type="client:message", text="one")
    event(bob, "agent:speaking-start")
    control(bob, type="client:message", text="two")
    event(bob, "agent:speaking-stop")
    took = when(bob, "agent:speaking-stop") - when(bob, "agent:speaking-start")
    check(took > 4, f"ann's answer of 6 s was cut after {took:.1f} s")
    event(bob, "agent:user-transcript", transcript="two", identity="bob", source="text")
    event(ann, "agent:speaking-stop", times=2)
    check([users(r) for r in f.asked] == [["one"], ["two"]], f"{f.asked}")
    stop(g)


@case
def case_50_signs_of_life_are_waited_for(w):
    def chat(h, headers, body):
        h.begin()
        for _ in range(20):
            h.line(": keepalive")
            time.sleep(1)
        h.chunk(content="At last.")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=(*f.settings("hermes"), "llm.hermes.timeout=8s"))  # two minutes by itself
    ann = meets(w)
    check(ask(ann, seconds=60) == "At last.", f"{events(ann)}")
    check(len(f.asked) == 1 and "agent:error" not in types(ann), f"{len(f.asked)} requests, {types(ann)}")
    stop(g)


@case
def case_51_what_the_agent_does_meanwhile_is_never_a_word(w):
    def chat(h, headers, body):
        h.begin()
        h.chunk(content="Hi ")
        for state in "running", "completed":
            h.line("event: hermes.tool.progress\ndata: " + json.dumps(
                {"tool": "terminal", "emoji": "x", "label": "secret", "toolCallId": "t", "status": state}))
        h.chunk(reasoning_content="secret thoughts")
        h.chunk(content="there.")
        h.done()
    f = Fake(chat=chat)
    g = w.gateway(settings=f.settings("hermes"))
    ann = meets(w)
    check(ask(ann) == "Hi there.", f"{events(ann)}")
    check("secret" not in json.dumps(events(ann)), f"{events(ann)}")
    stop(g)


@case
def case_52_openclaw_keeps_the_history_itself(w):
    f = Fake(chat=says_hello)
    g = w.gateway(settings=f.settings("openclaw"))
    ann = meets(w)
    ask(ann, "one")
    ask(ann, "two")
    (_, first), (_, second) = f.asked
    check(second["model"] == "openclaw/default" and second["user"] == first["user"], f"{second}")
    check([m["content"] for m in second["messages"] if m["role"] != "system"] == ["two"], f"{second['messages']}")
    check(header(f.asked[0], "x-openclaw-message-channel") == "voice", f"{f.asked[0][0]}")
    keys = {header(r, "x-openclaw-session-key") for r in f.asked}
    check(len(keys) == 1 and not keys.pop().startswith(("subagent:", "cron:", "acp:")), f"{keys}")
    stop(g)


@case
def case_53_openclaw_without_its_endpoint_says_which_setting_is_off(w):
    f = Fake(chat=lambda h, headers, body: h.json(404, {"error": "Not Found"}))
    g = w.gateway(settings=f.settings("openclaw"))
    ann = meets(w)
    control(ann, type="client:message", text="hello")
    m = event(ann, "agent:error")["payload"]
    check(m["reason"] == "backend-failed" and "gateway.http.endpoints.chatCompletions.enabled" in m["detail"], f"{m}")
    check(len(f.asked) == 1, f"{len(f.asked)} requests")
    check("gateway.http.endpoints.chatCompletions.enabled" in text_of(g), text_of(g))
    stop(g)


@case
def case_54_a_key_that_is_refused_is_asked_once_told_once_and_the_gateway_stays(w):
    f = Fake(chat=lambda h, headers, body: h.json(401, {"error": {"message": "no", "code": "invalid_api_key"}}))
    g = w.gateway(settings=(*f.settings("hermes"), "gateway.announce_listen=127.0.0.1:0", "gateway.announce_token=t"))
    check(status(g)["backend"] == "unknown", f"{status(g)}")
    ann = meets(w)
    ann.wait("track", who=AGENT)
    for n in range(1, 7):  # each is told; none of them drives it out of the room
        control(ann, type="client:message", text="hello")
        m = event(ann, "agent:error", times=n)["payload"]
        check(m["reason"] == "backend-auth-failed" and "llm.hermes.api_key" in m["detail"], f"{m}")
        event(ann, "agent:speaking-stop")  # the first of them
        check(len(f.asked) == n, f"{len(f.asked)} requests in {n} turns")
    time.sleep(2)
    check(types(ann).count("agent:speaking-start") == types(ann).count("agent:speaking-stop") == 1, f"{types(ann)}")
    check("the-agents-own-key" not in json.dumps(events(ann)), "the key is told")
    check(status(g)["backend"] == "backend-auth-failed", f"{status(g)}")
    check("reconnecting" not in text_of(g) and w.participants().count(AGENT) == 1, text_of(g))
    stop(g)
