"""Announcements over the gateway's own HTTP (voice-gateway 13)."""
import json
import time

from common import case, check
from gateway_world import AGENT, control, desk, desk_port, event, events, meets, stop, types


@case
def case_55_an_announcement_into_an_empty_room_is_delivered_once_at_the_next_join(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=announce me"))
    port = desk_port(g)
    for args, status in ((("/v1/announce", "wrong", '{"text":"x"}'), 401), (("/v1/announce", "", '{"text":"x"}'), 401),
                         (("/v1/announce", "announce me", "{}"), 400), (("/v1/announce", "announce me", "[]"), 400),
                         (("/v1/announce", "announce me", '{"text":7}'), 400), (("/v1/other", "announce me"), 404),
                         (("/v1/announce", "announce me", '{"text":"x","room":"other"}'), 404)):
        got, answer = desk(port, *args)
        check(got == status and answer["error"], f"{args}: {got} {answer}")
    check(desk(port, "/v1/announce", body='{"text":" Dinner is ready. "}') == (202, {"delivered": False, "waiting": 1}),
          "not kept")
    check(desk(port, "/v1/announce", body='{"text":"Second.","room":"t1"}') == (202, {"delivered": False, "waiting": 2}),
          "not kept")
    status = desk(port, "/v1/status")[1]
    check(status["state"] == "watching" and status["connected"] and status["waiting"] == 2 and status["room"] == "t1" and
          status["home_channel"] == {"room": "t1", "name": "Home"}, f"{status}")
    ann = meets(w)
    event(ann, "agent:agent-transcript", transcript="Second.")
    check([m for t, m in events(ann) if t == "hermes-chat"] == ["Dinner is ready.", "Second."], f"{events(ann)}")
    check("agent:speaking-start" not in types(ann), "it was spoken")
    check(desk(port, "/v1/announce", body='{"text":"Now."}') == (200, {"delivered": True}), "not delivered at once")
    event(ann, "agent:agent-transcript", transcript="Now.")
    check(desk(port, "/v1/status")[1]["participants"] == 1, "nobody counted")
    ann.leave()
    bob = meets(w, "bob", 10)
    time.sleep(1)
    check(types(bob) == [], f"delivered twice: {types(bob)}")
    with open(g.log, encoding="utf-8") as f:
        check("announce me" not in f.read(), "the token is in the log")
    stop(g)


@case
def status_and_doctor_say_how_the_gateway_is_and_case_44_no_secret(w):
    def said(*args):
        p = w.run(*args, "--set", f"gateway.announce_listen=127.0.0.1:{port}", "--set", "gateway.announce_token=announce me")
        check("announce me" not in p[1] and "secretsecret" not in p[1], p[1])
        return p[1]
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=announce me"))
    port = desk_port(g)
    out = said("status", "--no-probe")
    check(f"livekit  {w.server.url}, room t1\n" in out and "gateway  hermes-hermes, looks every 5 s (local default); "
          "watching, 0 people, agent unknown, voice on, 0 waiting" in out, out)
    ann = meets(w)
    control(ann, type="client:message", text="hello")
    event(ann, "agent:agent-transcript")
    o = json.loads(said("status", "--no-probe", "--json"))["livekit"]
    check(o["gateway"]["state"] == "in room" and o["gateway"]["participants"] == 1 and o["gateway"]["backend"] == "ok" and
          o["gateway"]["poll_interval"] == 1, f"{o}")
    out = said("doctor", "livekit")
    for words in ("2 in room t1", "it runs: in room, 1 people, agent ok", "it is hermes-hermes, looks into room t1"):
        check(words in out, out)
    check("0 failed" in out, out)
    ann.leave()
    stop(g)
    check("it does not run here" in said("status", "--no-probe"), "somebody answers for the gateway that ended")
    check("does not run here" in said("doctor", "livekit"), "somebody answers for the gateway that ended")
    w.env["LIVEKIT_API_SECRET"] = "another " * 5
    out = said("doctor", "livekit")
    check("fail  room" in out and "another another" not in out, out)


@case
def an_announcement_is_spoken_where_that_is_wanted(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "gateway.announce_listen=127.0.0.1:0",
                            "gateway.announce_token=announce me", "gateway.speak_home_messages=true"))
    port = desk_port(g)
    ann = meets(w)
    ann.wait("track", who=AGENT)
    check(desk(port, "/v1/announce", body='{"text":"Dinner is ready."}')[0] == 200, "not taken")
    event(ann, "agent:speaking-start")
    event(ann, "agent:speaking-stop")
    event(ann, "agent:agent-transcript", transcript="Dinner is ready.")
    check(types(ann).count("chat") == 1 and "agent:thinking-start" not in types(ann), f"{types(ann)}")
    stop(g)
