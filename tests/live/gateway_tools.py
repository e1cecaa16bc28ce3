"""Tools of the room: registering, calls, every way they end, the reference client (voice-gateway 9, 18)."""
import os
import subprocess
import time

import livekit_test as lk
from common import Limit, case, check
from gateway_world import OBJECT, Backend, called, control, event, events, flat, hears, joins, meets, register, says, stop


def two_and_an_agent(w, *settings, env=None):
    b = Backend()
    g = w.gateway(settings=(*b.settings, *settings), env=env)
    return b, g, meets(w), joins(w, "bob")


@case
def case_32_33_40_what_may_be_registered_and_by_whom_taken_back(w):
    b, g, ann, bob = two_and_an_agent(w)
    event(ann, "agent:tools-cleared")
    for name, schema, reason in (("1abc", OBJECT, "name-invalid"), ("a" * 65, OBJECT, "name-invalid"),
                                 ("x", {"type": "string"}, "schema-invalid"), ("y", None, "schema-invalid")):
        control(ann, type="client:tool-register", name=name, **({"input_schema": schema} if schema else {}))
        m = flat(ann, "agent:tool-registered", name=name)
        check(m == {"type": "agent:tool-registered", "name": name, "success": False, "reason": reason}, f"{m}")
    register(ann, "a" * 64)
    control(bob, type="client:tool-unregister", name="a" * 64)
    check(flat(bob, "agent:tool-unregistered")["reason"] == "not-owned-by-you", f"{events(bob)}")
    check(not [m for _, m in events(bob) if isinstance(m, dict) and "registered" in m["type"] and
               m["type"] != "agent:tool-unregistered"], f"bob was told of ann's tools: {events(bob)}")
    control(ann, type="client:tool-unregister", name="a" * 64)
    flat(ann, "agent:tool-unregistered", success=True)
    stop(g)


@case
def case_34_35_36_37_a_call_goes_to_its_owner_and_comes_back_or_runs_out(w):
    b, g, ann, bob = two_and_an_agent(w, env={"HERMES_LIVEKIT_TOOL_TIMEOUT_SEC": "2"})
    register(ann)
    call = called(w, ann)
    control(bob, type="client:tool-result", call_id=call, result="not mine to say")
    time.sleep(0.3)
    control(ann, type="client:tool-result", call_id=call, result={"shown": True})
    check(b.result() == '{"shown":true}', f"{b.result()}")
    event(ann, "agent:agent-transcript", transcript='It said: {"shown":true}')
    check(not [m for _, m in events(bob) if isinstance(m, dict) and m["type"].startswith("agent:tool-call")],
          "somebody else saw the call")
    n = len(b.requests)
    call = called(w, ann, times=2)
    limit = Limit(3)
    flat(ann, "agent:tool-call-timeout", call_id=call, name="notify", seconds=3)
    check(limit.took() > 1.5 - limit.slack(1), "before its time")
    control(ann, type="client:tool-result", call_id=call, result=1)
    event(ann, "agent:agent-transcript", transcript="It said: notify timed out after 2s")
    n = len(b.requests)
    call = called(w, ann, times=3)
    control(ann, type="client:tool-result", call_id=call, result=1, error="")
    event(ann, "agent:agent-transcript", transcript="It said: tool reported error")
    check(len(b.requests) == n + 2, f"{len(b.requests) - n} requests")
    stop(g)


@case
def case_38_39_a_call_ends_with_its_owner_its_turn_or_its_conversation(w):
    b, g, ann, bob = two_and_an_agent(w)
    register(bob, "light")
    control(ann, type="client:message", text='use light {"title":"t"}')
    flat(bob, "agent:tool-call")
    bob.do("leave")
    ann.wait("went", who="bob")
    check(b.result(seconds=5) == "client disconnected mid-call", f"{b.result()}")
    event(ann, "agent:agent-transcript", transcript="It said: client disconnected mid-call")
    control(ann, type="client:message", text="hello")
    event(ann, "agent:agent-transcript", transcript="Hi there.")
    check("light" not in b.tools(), f"a tool without an owner: {b.tools()}")
    control(ann, type="client:message", text='use light {"title":"t"}')  # which it remembers all the same
    event(ann, "agent:agent-transcript", transcript="It said: light cannot be called: its client bob is not in the room")
    register(ann)
    call = called(w, ann)
    control(ann, type="client:interrupt")
    flat(ann, "agent:tool-call-cancelled", call_id=call, name="notify")
    call = called(w, ann, times=2)
    control(ann, type="client:message", text="/new")
    m = flat(ann, "agent:tool-call-cancelled", call_id=call)
    check(m == {"type": "agent:tool-call-cancelled", "call_id": call, "reason": "session-reset"}, f"{m}")
    time.sleep(0.5)
    control(ann, type="client:message", text="hello anew")
    event(ann, "agent:user-transcript", transcript="hello anew")
    event(ann, "agent:agent-transcript", transcript="Hi there.", times=2)
    last = [m for m in b.requests[-1]["messages"] if m["role"] != "system"]
    check([m["content"] for m in last] == ["hello anew"], f"it remembers what was before: {last}")
    check("notify" in b.tools(), "a registration did not survive the reset")
    stop(g)


@case
def without_a_policy_nobody_registers_anything(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    ann = meets(w)
    control(ann, type="client:tool-register", name="x", input_schema=OBJECT)
    check(flat(ann, "agent:tool-registered")["reason"] == "denied-by-policy", f"{events(ann)}")
    stop(g)


@case
def r13_the_last_who_leaves_during_a_call_ends_it_at_once(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    ann = meets(w)
    register(ann)
    called(w, ann)
    ann.leave()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    stop(g)


@case
def the_reference_client_registers_asks_and_is_answered(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    cmd = [lk.sdk(), os.path.join(lk.HERE, "gateway_client.py"), w.server.url, w.token("test-client")]
    p = subprocess.run([*cmd, "--prompt", "hello"], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    check(p.returncode == 0 and "agent: Hi there." in p.stdout, p.stdout + p.stderr)
    check(b.tools() == ["desktop_notify"], f"{b.tools()}")
    says(g, "room t1: watching (connected)", times=2, seconds=4)  # who comes while it leaves would talk to nobody
    p = subprocess.run([*cmd, "--prompt", 'use desktop_notify {"title":"Tea","body":"is ready"}'], capture_output=True,
                       text=True, timeout=300, stdin=subprocess.DEVNULL)
    check(p.returncode == 0 and "notified: Tea: is ready" in p.stdout and
          'agent: It said: {"shown":true}' in p.stdout, p.stdout + p.stderr)
    says(g, "room t1: watching (connected)", times=3, seconds=4)
    stop(g)


@case
def of_two_who_type_the_agent_and_the_room_know_who(w):
    b, g, ann, bob = two_and_an_agent(w, "gateway.shared_room_session=true")
    hears(ann)
    for n, (who, name) in enumerate(((bob, "bob"), (ann, "ann")), 1):
        control(who, type="client:message", text="hi")
        event(ann, "agent:user-transcript", transcript="hi", times=n)
        event(ann, "agent:agent-transcript", times=n)
        asked = b.requests[-1]["messages"][-1]["content"]
        check(asked == f"{name}: hi", f"the agent was asked {asked!r}")
    told = [m["payload"]["identity"] for _, m in events(ann) if isinstance(m, dict) and m["type"] == "agent:user-transcript"]
    check(told == ["bob", "ann"], f"{told}")
    stop(g)
