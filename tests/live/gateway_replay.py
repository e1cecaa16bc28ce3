"""What the gateway's calls are written down as, and that a replay says the same again: everything that the gateway does
to a session (who may speak, when it is heard, its tools, its pictures, its words) is an input of the recording
(docs/recorder.md).
"""
import os
import re

import livekit_test as lk
from common import case, check, rest
from gateway_camera import COLOURS, capture, film
from gateway_world import COMPAT, Backend, called, control, event, hears, joins, meets, register, stop, tone, types


def recording(w):
    return os.path.join(w.here, "kept")


def recorded(w, *settings):
    return (*settings, "record.enabled=true", f"record.dir={recording(w)}")


def replays(w, calls):
    """So many calls were recorded, and each says the same again; what `myna replay` printed of them."""
    told = []
    for f in lk.flights(recording(w), calls):
        code, out = w.run("replay", f)
        check(code == 0 and " 0 differ" in out, out)
        check(int(re.search(r"(\d+) outputs", out).group(1)) > 50, out)
        told.append(out)
    return told


@case
def a_call_in_compat_replays_equal(w):
    g = w.gateway(settings=recorded(w, *COMPAT, "gateway.barge_in=on", "gateway.speak_typed_replies=on",
                                    "tts.instant.duration=10s"))
    ann = meets(w)
    bob = joins(w, "bob")
    hears(ann)
    ann.do("speak", wav=tone(w, 60.0))  # how long of it is heard, and when it is over, her muting says
    event(ann, "agent:listening-start", identity="ann")
    rest(1)
    ann.do("mute")
    event(ann, "agent:user-transcript", identity="ann")
    event(ann, "agent:speaking-start")
    rest(1)
    ann.do("unmute")  # into the answer
    event(ann, "agent:speaking-stop")
    event(ann, "agent:listening-start", identity="ann", times=2)
    rest(1)
    ann.do("mute")
    event(ann, "agent:user-transcript", identity="ann", times=2)
    event(ann, "agent:speaking-start", times=2)
    for action in "pause", "resume":
        control(bob, type="client:control", action=action)
        rest(0.5)
    control(bob, type="client:message", text="and I, typed")
    event(ann, "agent:user-transcript", identity="bob", source="text")
    event(ann, "agent:speaking-stop", times=2)
    control(ann, type="client:message", text="/voice off")
    event(ann, "agent:agent-transcript", transcript="Voice is off: I answer in writing alone.")
    for who in ann, bob:
        who.leave()
    stop(g)
    replays(w, 1)


@case
def a_call_with_a_camera_and_tools_of_the_room_replays_equal(w):
    b = Backend()
    g = w.gateway(settings=recorded(w, *b.settings))
    ann = meets(w)
    hears(ann)
    register(ann)
    film(ann, COLOURS)
    capture(ann)
    call = called(w, ann)
    control(ann, type="client:tool-result", call_id=call, result={"shown": True})
    event(ann, "agent:agent-transcript", transcript='It said: {"shown":true}')
    capture(ann, n=2)
    at = len([t for t in types(ann) if t == "agent:agent-transcript"])
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:agent-transcript", times=at + 1)
    called(w, ann, times=2)  # it leaves without an answer to this one
    ann.leave()
    stop(g)
    replays(w, 1)
