"""Aloud or in writing, what is remembered over a restart, names and pairing (voice-gateway 4.2, 4.4, 11, 13)."""
import glob
import json
import os
import stat
import time

from common import case, check, rest
from gateway_world import (AGENT, COMPAT, Backend, control, desk, desk_port, event, events, hears, meets, status, stop, tone,
                           types)

VOICE = ("gateway.presence_poll_interval=1", "tts.instant.duration=300ms", "gateway.announce_listen=127.0.0.1:0",
         "gateway.announce_token=t")


def turn(who, text="hello"):
    """Types it; what was told from the question to the answer and a second behind it."""
    at = len(types(who))
    n = types(who).count("agent:agent-transcript")
    control(who, type="client:message", text=text)
    event(who, "agent:agent-transcript", times=n + 1)
    rest(1.2)
    return types(who)[at:]


WRITTEN = ["agent:user-transcript", "agent:thinking-start", "chat", "agent:agent-transcript"]


@case
def case_21_in_compat_what_is_typed_is_answered_in_writing_and_what_is_said_aloud(w):
    g = w.gateway(settings=(*COMPAT, "tts.instant.duration=300ms"))
    ann = meets(w)
    hears(ann)
    check(turn(ann, "  hi ") == WRITTEN, f"{types(ann)}")
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:speaking-stop")
    event(ann, "agent:agent-transcript", times=2)
    check(turn(ann) == WRITTEN, "the setting did not come back behind what was said")
    stop(g)
    ann.leave()
    g = w.gateway(settings=(*COMPAT, "tts.instant.duration=300ms", "gateway.speak_typed_replies=on"))
    bob = meets(w, "bob")
    bob.wait("track", who=AGENT)
    check("agent:speaking-start" in turn(bob), f"{types(bob)}")
    stop(g)


@case
def r7_voice_off_is_for_everything_and_outlives_a_restart(w):
    g = w.gateway(settings=VOICE)
    ann = meets(w)
    hears(ann)
    check("agent:speaking-start" in turn(ann), f"{types(ann)}")
    control(ann, type="client:message", text="/VOICE off")
    event(ann, "agent:agent-transcript", transcript="Voice is off: I answer in writing alone.")
    check(turn(ann) == WRITTEN, f"{types(ann)}")
    at = len(types(ann))
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:agent-transcript", transcript="Hi there.", times=3)
    time.sleep(1)
    check("agent:speaking-start" not in types(ann)[at:], f"{types(ann)[at:]}")
    check(status(g)["voice"] == "off", f"{status(g)}")
    ann.leave()
    stop(g)
    kept, = glob.glob(os.path.join(w.here, ".local/share/myna/gateway/t1.json"))
    check(stat.S_IMODE(os.stat(kept).st_mode) == 0o600, oct(os.stat(kept).st_mode))
    g = w.gateway(settings=VOICE)
    bob = meets(w, "bob")
    bob.wait("track", who=AGENT)
    check(turn(bob) == WRITTEN, f"{types(bob)}")
    control(bob, type="client:message", text="/voice")
    event(bob, "agent:agent-transcript", transcript="Voice is off: I answer in writing alone.")
    control(bob, type="client:message", text="/voice on")
    event(bob, "agent:agent-transcript", transcript="Voice is on: what is said is answered aloud.")
    check("agent:speaking-start" in turn(bob), f"{types(bob)}")
    stop(g)


@case
def voice_off_ends_what_is_being_said(w):
    g = w.gateway(settings=(*VOICE, "tts.instant.duration=20s"))
    ann = meets(w)
    ann.wait("track", who=AGENT)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    control(ann, type="client:message", text="/voice off")
    event(ann, "agent:speaking-stop", seconds=3)
    stop(g)


@case
def announcements_wait_over_a_restart_too(w):
    g = w.gateway(settings=VOICE)
    for text in "Dinner is ready.", "Really.":
        check(desk(desk_port(g), "/v1/announce", "t", json.dumps({"text": text}))[0] == 202, "not kept")
    stop(g)
    kept = os.path.join(w.here, ".local/share/myna/gateway/t1.json")
    check(stat.S_IMODE(os.stat(kept).st_mode) == 0o600, oct(os.stat(kept).st_mode))
    g = w.gateway(settings=VOICE)
    check(status(g)["waiting"] == 2, f"{status(g)}")
    ann = meets(w)
    event(ann, "agent:agent-transcript", transcript="Really.")
    check([m for t, m in events(ann) if t == "hermes-chat"] == ["Dinner is ready.", "Really."], f"{events(ann)}")
    ann.leave()
    stop(g)
    with open(kept, "w", encoding="utf-8") as f:
        f.write("{")
    g = w.gateway(settings=VOICE)  # a damaged file is forgotten, with a word in the log
    check(status(g)["waiting"] == 0, f"{status(g)}")
    with open(g.log, encoding="utf-8") as f:
        check("t1.json is damaged" in f.read(), "nothing is said of a damaged file")
    stop(g)


@case
def an_agent_that_nobody_named_is_asked_once_what_it_is_called(w):
    b = Backend(lambda words: '"Ada Lovelace."' if "first name" in words else "Hi there.")
    g = w.gateway(settings=b.settings, env={"LIVEKIT_AGENT_NAME": ""})
    ann = meets(w)
    ann.wait("name", who=AGENT, name="Ada")
    control(ann, type="client:message", text="hello")
    event(ann, "agent:agent-transcript", transcript="Hi there.")
    ann.leave()
    bob = meets(w, "bob", 10)
    bob.wait("name", who=AGENT, name="Ada")
    asked = [r for r in b.requests if "first name" in r["messages"][-1]["content"]]
    check(len(asked) == 1 and len(asked[0]["messages"]) == 2, f"{asked}")
    check(not any("first name" in m["content"] for r in b.requests for m in r["messages"] if r not in asked),
          "the question is in the talk")
    stop(g)
    bob.leave()
    b.requests.clear()
    g = w.gateway(settings=(*b.settings, "gateway.agent_name_from_model=false"), env={"LIVEKIT_AGENT_NAME": ""})
    eve = meets(w, "eve")
    control(eve, type="client:message", text="hello")
    event(eve, "agent:agent-transcript", transcript="Hi there.")
    check(not any("first name" in m["content"] for r in b.requests for m in r["messages"]), "it was asked all the same")
    stop(g)


@case
def whom_hermes_has_paired_may_talk(w):
    home = os.path.join(w.here, ".hermes/platforms/pairing")
    os.makedirs(home)
    with open(os.path.join(home, "livekit-approved.json"), "w", encoding="utf-8") as f:
        json.dump({"ann": {"user_name": "Ann", "approved_at": 1.0}}, f)
    closed = {"LIVEKIT_ALLOW_ALL_USERS": "", "LIVEKIT_ALLOWED_USERS": "carol"}
    g = w.gateway(settings=VOICE, env=closed)
    ann = meets(w)
    check("agent:thinking-start" in turn(ann), f"{types(ann)}")
    stop(g)
    ann.leave()
    g = w.gateway(settings=(*VOICE, "gateway.pairing=false"), env=closed)
    ann = meets(w)
    control(ann, type="client:message", text="hello")
    time.sleep(2)
    check(types(ann) == [], f"{types(ann)}")
    stop(g)
