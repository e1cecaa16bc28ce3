"""Many turns of three people: nothing is lost, nothing comes in another order, memory stays (voice-gateway 19, 57).

Two dozen turns by itself; the whole case with
    MYNA_TEST_SOAK_TURNS=200 MYNA_TEST_SOAK_MINUTES=120 tests/live/gateway_test.py PROGRAM soak
"""
import os
import time

from common import case, check, rest
from gateway_world import AGENT, COMPAT, Backend, control, event, events, meets, stop, tone, types
from livekit_test import Person, memory_kb

TURNS = int(os.environ.get("MYNA_TEST_SOAK_TURNS", "24"))
SECONDS = float(os.environ.get("MYNA_TEST_SOAK_MINUTES", "0")) * 60
WARM = 10  # turns until all that is made once is made


HEARD = ["agent:listening-start", "agent:listening-stop"]
TURN = ["agent:user-transcript", "agent:thinking-start", "agent:speaking-start", "agent:speaking-stop", "chat",
        "agent:agent-transcript"]


def typed(i, who):
    control(who, type="client:message", text=f"turn {i}")
    return f"Answer to turn {i}"


def spoken(who, wav, listener):
    at = types(listener).count("agent:user-transcript")
    who.do("speak", wav=wav)
    heard = event(listener, "agent:user-transcript", times=at + 1, seconds=40)["payload"]["transcript"]
    return f"Answer to {heard}"


@case
def soak_of_three_people(w):
    b = Backend(lambda words: f"Answer to {words}")
    g = w.gateway(settings=(*b.settings, *COMPAT, "gateway.speak_typed_replies=on", "tts.instant.duration=1s"))
    people = [meets(w)] + [Person(w, name) for name in ("bob", "eve")]
    for who in people:
        who.wait("in")
        who.wait("track", who=AGENT)
    time.sleep(2)
    wav, began, kb = tone(w, 0.8), time.monotonic(), 0
    for i in range(TURNS):
        at, n = len(types(people[0])), types(people[0]).count("agent:agent-transcript")
        who = people[i % 3]
        words = spoken(who, wav, people[0]) if i % 2 else typed(i, who)
        said = event(people[0], "agent:agent-transcript", times=n + 1, seconds=60)["payload"]["transcript"]
        check(said == words, f"turn {i}: {said!r} for {words!r}")
        got = types(people[0])[at:]
        check(got == (HEARD if i % 2 else []) + TURN, f"turn {i}: {got}")
        if i == WARM:
            kb = memory_kb(g)
        if SECONDS:
            time.sleep(max(0.0, began + SECONDS * (i + 1) / TURNS - time.monotonic()))
    rest(1)
    told = [events(who) for who in people]
    check(told[0] == told[1] == told[2], f"the three were told different things: {[len(t) for t in told]}")
    grown = memory_kb(g) - kb
    print(f"# {TURNS} turns in {time.monotonic() - began:.0f} s, {len(told[0])} events, {grown} KB more than behind "
          f"turn {WARM}, of {memory_kb(g)}", flush=True)
    check(grown < 5000, f"{grown} KB more behind {TURNS} turns")
    stop(g)
