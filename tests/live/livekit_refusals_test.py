#!/usr/bin/env python3
"""What a person of `myna join` and `myna worker` does wrong, and how it is said (issue: bad input)."""
import http.server
import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
import livekit_server  # noqa: E402
from common import Limit, case, check, check_no_secret  # noqa: E402
from livekit_test import OFFLINE, QUESTION, Person, ended, eventually, in_room, text_of  # noqa: E402


def token(grants=None, room="demo", identity="myna", exp=600, nbf=0, kind="agent"):
    """A token as LiveKit's own SDKs make it, with any fault that is asked for."""
    video = {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True, "canPublishData": True,
             "canUpdateOwnMetadata": True, **(grants or {})}
    return livekit_server.signed({"sub": identity, "nbf": int(time.time()) + nbf, "exp": int(time.time()) + exp, "kind": kind,
                                  "video": video})


def refused(w, words, *args, code=(1, 2), seconds=30, env=None):
    """`myna join` ends within the time, with these words, and shows no secret."""
    limit = Limit(seconds)
    got, out = w.run("join", "--room", w.room, "--quiet", "--no-probe", *[a for s in OFFLINE for a in ("--set", s)], *args,
                     env=env)
    check(got in code and words in out, f"{args}: exit {got}: {out[-600:]}")
    check_no_secret(out)
    check(not limit.over(), f"{args}: it took {limit.took():.0f} s, more than {limit}")


@case
def tokens_that_are_too_old_too_new_or_allow_too_little_are_told_apart(w):
    refused(w, "the token has expired", "--token", token(exp=-120, nbf=-600))
    refused(w, "clock is ahead", "--token", token(nbf=300))
    refused(w, "does not allow joining", "--token", token(grants={"roomJoin": False}))
    refused(w, "LiveKit does not take the token", "--token", "not.a.token")


@case
def addresses_that_lead_nowhere_are_named(w):
    refused(w, "nowhere.invalid", "--url", "ws://nowhere.invalid:7880")
    refused(w, "does it speak TLS", "--url", f"wss://127.0.0.1:{w.server.port}")

    class Old(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_error(404)

        def log_message(self, *args):
            pass
    old = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old)
    threading.Thread(target=old.serve_forever, daemon=True).start()
    refused(w, "no /rtc/v1", "--url", f"ws://127.0.0.1:{old.server_port}")
    old.shutdown()


@case
def a_machine_without_the_library_of_webrtc_is_told_its_package(w):
    lacking = os.path.join(w.here, "lacking")
    os.makedirs(lacking)
    with open(os.path.join(lacking, "libnice.so.10"), "w", encoding="utf-8"):
        pass
    refused(w, "Debian package libnice10", env={"LD_LIBRARY_PATH": lacking})


@case
def a_worker_that_could_serve_nobody_ends_instead_of_taking_calls(w):
    for setting, code, words in (("llm.provider=nobody", 2, "there is no llm provider 'nobody'"),
                                 ("tools.lights.command=no-such-program", 2, "which is not a program of this machine")):
        got, out = w.run("worker", *[a for s in (*OFFLINE, setting) for a in ("--set", s)])
        check(got == code and words in out.splitlines()[-1], f"{setting}: exit {got}: {out[-600:]}")
        check("waiting for jobs" not in out, out)


@case
def a_room_that_does_not_exist_where_the_server_makes_none_is_said(w):
    w.server.kill()
    w.server.auto_create = False
    w.server.start()
    refused(w, "the room does not exist", "--token", token())
    w.api("RoomService", "CreateRoom", {"name": w.room})
    w.join()
    in_room(w)


@case
def a_full_room_is_said(w):
    w.api("RoomService", "CreateRoom", {"name": w.room, "max_participants": 1})
    ann = Person(w)
    ann.wait("in")
    refused(w, "full", "--token", token(kind="standard", identity="guest"))


@case
def without_the_right_to_publish_or_subscribe_it_says_so(w):
    m = w.join("--token", token(grants={"canPublish": False, "canPublishData": False}))
    eventually("a word on canPublish", lambda: "canPublish" in text_of(m))
    m.terminate()
    ended(m)
    m = w.join("--token", token(grants={"canSubscribe": False}))
    eventually("a word on canSubscribe", lambda: "canSubscribe" in text_of(m))


@case
def a_server_behind_which_udp_is_closed_is_reached_over_tcp_and_that_is_said(w):
    w.server.kill()
    w.server.more += "  force_tcp: true\n"
    w.server.start()
    m = w.join()
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.")
    ann.do("chat", text="What is two plus two?")
    ann.wait("stream", who="myna", text="2 plus 2 is 4.")
    check("over TCP" in text_of(m), text_of(m))


@case
def where_only_the_servers_relay_is_left_sound_goes_through_it_and_that_is_said(w):
    w.server.kill()
    port = livekit_server.free_ports(1)[0]
    w.server.top = (f"turn: {{enabled: true, udp_port: {port}, relay_range_start: 18400, relay_range_end: 18500, "
                    'allow_restricted_peer_cidrs: ["127.0.0.0/8"]}\n')
    w.server.start()
    m = w.join("--set", "transport.livekit.relay_only=true")
    in_room(w)
    ann = Person(w)
    ann.wait("stream", who="myna", text="Hello there.", seconds=30)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who="myna", text="7 times 8 is 56.", seconds=30)
    check("TURN relay" in text_of(m), text_of(m))


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
