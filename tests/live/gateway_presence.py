"""The gateway comes, stays and leaves: presence, names, pictures (voice-gateway 2, 12)."""
import base64
import json
import os
import signal
import time

import livekit_test as lk
from common import Limit, Skip, case, check
from gateway_world import AGENT, Backend, control, desk, desk_port, event, meets, register, says, stop
from livekit_test import Person, ended, text_of


@case
def case_1_2_4_it_watches_an_empty_room_comes_to_who_joins_and_leaves_with_the_last(w):
    g = w.gateway(wait="room t1: watching (connected)")
    time.sleep(1)
    check(AGENT not in w.participants(), "somebody is in the empty room: " + w.participants())
    ann = Person(w)
    ann.wait("in", seconds=40)
    ann.wait("came", who=AGENT, kind=4, seconds=7)  # an interval, and time to be told
    ann.wait("track", who=AGENT, name="hermes-voice", source=2)
    says(g, "room t1: in room (connected)")
    ann.leave()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    w.gone(2)
    time.sleep(6)  # polling again, and nobody is there
    check("reconnecting" not in text_of(g), "it reconnects after a leave of its own: " + text_of(g))
    bob = meets(w, "bob", 7)
    bob.leave()
    says(g, "room t1: watching (connected)", times=3, seconds=3)
    stop(g)


@case
def case_2_somebody_who_is_there_before_the_start_is_met_at_once(w):
    ann = Person(w)
    ann.wait("in")
    g = w.gateway(env={"LIVEKIT_AGENT_NAME": "Ada Lovelace"}, wait="room t1: in room (connected)")
    ann.wait("came", who="hermes-ada lovelace")
    check("watching" not in text_of(g), text_of(g))
    stop(g)
    ann.wait("went", who="hermes-ada lovelace")


@case
def case_3_the_interval_is_the_settings_the_clouds_or_the_local_one(w):
    def said(interval, url="wss://x.livekit.cloud"):
        g = w.gateway(env={"LIVEKIT_URL": url, "LIVEKIT_PRESENCE_POLL_INTERVAL": interval,
                           "https_proxy": "http://127.0.0.1:9"}, wait="presence is looked at")
        text = text_of(g)
        g.kill()
        return text
    check("every 30 s (cloud default)" in said(""), "no cloud default")
    check("every 2.5 s (override)" in said("2.5"), "no override")
    text = said("abc")
    check("every 30 s (cloud default)" in text and text.count("LIVEKIT_PRESENCE_POLL_INTERVAL: 'abc'") >= 1, text)
    text = said("-1")
    check("every 30 s (cloud default)" in text and "LIVEKIT_PRESENCE_POLL_INTERVAL" not in text, text)
    check("every 5 s (local default)" in said("", w.server.url), "no local default")


@case
def case_5_an_agent_in_the_room_is_nobody(w):
    other = w.join("--as", "guest", settings=("transport.livekit.identity=other",))
    lk.in_room(w, "other")
    g = w.gateway(settings=("gateway.presence_poll_interval=1",))
    time.sleep(3)
    check(AGENT not in w.participants(), "it came to an agent: " + w.participants())
    ann = meets(w)
    ann.leave()
    says(g, "room t1: watching (connected)", times=2, seconds=3)
    w.gone(2)
    other.send_signal(signal.SIGINT)
    ended(other)
    stop(g)


@case
def case_7_a_server_that_comes_back_after_eight_seconds_finds_it_in_the_room_once(w):
    b = Backend()
    g = w.gateway(settings=b.settings)
    ann = meets(w)
    register(ann)
    control(ann, type="client:message", text="hello")
    event(ann, "agent:agent-transcript")
    check(b.tools() == ["notify"], f"{b.tools()}")
    w.server.kill()
    time.sleep(8)
    w.server.start()
    ann.kill()
    bob = meets(w, "bob", 60)
    time.sleep(2)
    check(w.participants().count(AGENT) == 1, w.participants())
    control(bob, type="client:message", text='use notify {"title":"t"}')  # whose owner must register again
    event(bob, "agent:agent-transcript")
    check(b.tools() == [] and "notify" in b.result(), f"{b.tools()}, and the call said {b.result()!r}")
    bob.leave()
    stop(g)


@case
def case_6_a_server_that_is_gone_for_good_is_tried_ten_times_and_then_when_told_to(w):
    if not os.environ.get("MYNA_TEST_LONG"):
        raise Skip("it takes ten minutes: MYNA_TEST_LONG=1")
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=t"))
    ann = meets(w)
    port = desk_port(g)
    check(desk(port, "/v1/reconnect", "t", body="{}") == (409, {"error": "the gateway has not given up, it is in room"}),
          "told to reconnect while it is there")
    w.server.kill()
    says(g, "room t1: reconnecting", seconds=240)  # before that the LiveKit layer tries for two minutes
    began = time.monotonic()
    says(g, "room t1: given up", seconds=500)
    took = time.monotonic() - began
    print(f"# given up after {took:.0f} s")
    check(400 < took < 425, f"2, 5, 10, 30 and six times 60 s took {took:.0f} s")
    check(text_of(g).count("could not be joined again after 10 attempts") in (1, 2), text_of(g))  # terminal and log
    time.sleep(5)
    check(g.poll() is None, "it ended")
    w.server.start()
    ann.kill()
    bob = Person(w, "bob")
    bob.wait("in", seconds=40)
    time.sleep(3)
    check(AGENT not in w.participants(), "it came without being told to")
    check(desk(port, "/v1/reconnect", "t", body="{}")[0] == 202, "not told to reconnect")
    bob.wait("came", who=AGENT, seconds=10)
    bob.leave()
    stop(g)


@case
def a_second_gateway_of_the_same_name_puts_the_first_out_which_says_so_and_does_not_fight(w):
    quick = ("gateway.presence_poll_interval=0.5",)
    first = w.gateway(settings=quick)
    ann = meets(w)
    second = w.gateway(settings=quick, wait="room t1: in room (connected)")
    says(first, "somebody else joined the room as 'hermes-hermes'")
    says(first, "room t1: watching (connected)", times=2)
    time.sleep(2)
    check("room t1: joining" not in text_of(first).split("somebody else joined the room as")[-1], text_of(first))
    stop(second)
    says(first, "room t1: in room (connected)", times=2, seconds=12)
    check("reconnecting" not in text_of(first), text_of(first))
    ann.leave()
    stop(first)


@case
def told_to_stay_it_is_there_alone(w):
    g = w.gateway("--stay", wait="room t1: in room (connected)")
    lk.in_room(w, AGENT)
    time.sleep(1)
    check(AGENT in w.participants(), "it left an empty room")
    stop(g)
    w.gone(2)


@case
def a_refused_key_looks_like_an_empty_room_and_the_third_time_it_is_a_warning(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=0.5",), env={"LIVEKIT_API_SECRET": "another " * 5})
    says(g, "LiveKit has refused to say who is in the room 3 times")
    time.sleep(2)
    with open(g.log, encoding="utf-8") as f:
        log = f.read()
    check(log.count("has refused to say") == 1 and "another another" not in log, log)
    stop(g)


@case
def case_43_the_picture_is_metadata_of_the_agent(w):
    png = os.path.join(w.here, "face.png")
    with open(png, "wb") as f:
        f.write(b"\x89PNG small")
    big = os.path.join(w.here, "big.jpg")
    with open(big, "wb") as f:
        f.write(b"x" * (600 << 10))
    uri = "data:image/png;base64," + base64.b64encode(b"\x89PNG small").decode()
    for avatar, want in (("https://a.b/c.png", {"avatar": "https://a.b/c.png"}), (png, {"avatar": uri}),
                         (os.path.join(w.here, "no.png"), None), (big, None)):
        g = w.gateway("--stay", env={"LIVEKIT_AGENT_AVATAR": avatar}, wait="room t1: in room (connected)")
        limit = Limit(5)
        while True:
            code, out = w.run("rooms", "participants", w.room, "--json")
            metadata = [p.get("metadata", "") for p in json.loads(out)["participants"] if p["identity"] == AGENT]
            if metadata and (metadata[0] or want is None):
                break
            check(not limit.over(), f"{avatar}: no metadata: {out[:300]}")
            time.sleep(0.1)
        check(json.loads(metadata[0] or "null") == want, f"{avatar}: {metadata[0][:200]}")
        check(("left out" in text_of(g)) == (avatar == big), f"{avatar}: " + text_of(g))
        stop(g)
