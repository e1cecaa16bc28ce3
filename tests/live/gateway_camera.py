"""Cameras in front of the gateway (voice-gateway 8): what a client's camera sees is what the agent is shown,
with the words of that client, and with no others.
"""
import base64
import json
import subprocess
import time

import livekit_test as lk
from common import Limit, built, case, check
from gateway_agents import Fake, ask, says_hello
from gateway_world import control, event, events, hears, joins, meets, now_of, says, stop, types
from livekit_browser_test import Browser, browser
from livekit_test import Person

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 180, 30), (30, 30, 200), (128, 128, 128)
COLOURS = [RED, GREEN, BLUE, GREY]


def seeing(w, *settings, chat=says_hello):
    f = Fake(chat=chat)
    g = w.gateway(settings=(*f.settings("openai_compatible", key=None), "llm.openai_compatible.model=m", *settings))
    return f, g


def pictures(body):
    """The pictures of each message of a request, as bytes."""
    out = []
    for m in body["messages"]:
        parts = m["content"] if isinstance(m["content"], list) else []
        urls = [p["image_url"]["url"] for p in parts if p["type"] == "image_url"]
        for u in urls:
            check(u.startswith("data:image/jpeg;base64,"), u[:60])
        out.append([base64.b64decode(u.split(",", 1)[1]) for u in urls])
    return out


def look_at(jpeg):
    p = subprocess.run([built("tests/live/jpeg_colours")], input=jpeg, capture_output=True, timeout=120)
    check(p.returncode == 0, f"not a JPEG: {p.stderr}")
    return json.loads(p.stdout)


def check_shows(jpeg, colours, told=None, camera=(640, 480)):
    """That picture, of the size that was told of it, shows the whole of what a camera of that size sees.

    How large the pictures are that arrive is for the camera's SDK and the server to say, and they look at the load of
    the machine and at what the wire seems to carry: the camera's own size is what comes at best, a quarter of its
    sides is the smallest of what it sends at once."""
    got = look_at(jpeg)
    size = got["width"], got["height"]
    if told:
        check((told["width"], told["height"], told["bytes"]) == (*size, len(jpeg)),
              f"{told}, but the picture is {size}, {len(jpeg)} bytes")
    check(all(s <= c and s * 4 >= c for s, c in zip(size, camera)), f"{got} of a camera of {camera}")
    off = size[0] * camera[1] / camera[0] - size[1]
    check(abs(off) <= 2, f"{got} has not the shape of {camera}")
    for want, have in zip(colours, got["quarters"]):
        check(all(abs(a - b) <= 16 for a, b in zip(want, have)), f"wanted {colours}, the picture shows {got}")


def film(who, colours=COLOURS, **more):
    """A camera of theirs, until the gateway knows of it: the server tells of it when its first packet came."""
    who.do("camera", colours=colours, **more)
    track = who.wait("filming", name=more.get("name", "camera"))["track"]
    says(who.world.mynas[-1], f"a video is there track={track} ")


def capture(who, n=1, me="ann"):
    """What is told of the picture that they ask for, the so manyth. It is waited for two seconds and no longer (case 30);
    where the machine kept others from their work meanwhile, they ask again, as somebody in front of it would."""
    while True:
        limit, failed = Limit(2), types(who).count("agent:frame-capture-failed")
        control(who, type="client:capture-frame")
        lk.eventually("word of a picture", lambda: types(who).count("agent:frame-captured") >= n or
                      types(who).count("agent:frame-capture-failed") > failed, 6)
        if types(who).count("agent:frame-captured") >= n:
            return event(who, "agent:frame-captured", identity=me, times=n)["payload"]
        why = event(who, "agent:frame-capture-failed", identity=me, times=failed + 1)["payload"]
        print(f"# no picture within {limit}", flush=True)
        check(why["reason"] == "timeout" and limit.slack(2) > 0.5 and failed < 5, f"{why} within {limit}")


def shows(who, n=1, me="ann", **more):
    """Another camera of theirs; what is told of its picture, the so manyth."""
    film(who, **more)
    return capture(who, n, me)


@case
def case_29_a_captured_frame_is_told_with_its_size_and_goes_with_the_typed_text(w):
    f, g = seeing(w)
    ann = meets(w)
    film(ann)
    began = time.monotonic()
    m = capture(ann)
    first = time.monotonic() - began
    check(set(m) == {"identity", "width", "height", "bytes", "timestamp"}, f"{m}")
    check(ask(ann, "what is this?") == "Hi there.", f"{events(ann)}")
    got = pictures(f.asked[-1][1])
    check([len(x) for x in got] == [0] * (len(got) - 1) + [1], f"{[len(x) for x in got]}")
    check_shows(got[-1][0], COLOURS, m)
    began = time.monotonic()
    capture(ann, n=2)
    print(f"# first picture after {first:.2f} s, the next after {time.monotonic() - began:.2f} s, "
          f"{m['width']}x{m['height']}, {m['bytes']} bytes", flush=True)
    check(ask(ann, "and now?") == "Hi there.", f"{events(ann)}")
    got = pictures(f.asked[-1][1])
    check(len(got[-1]) == 1 and sum(map(len, got)) == 1, f"{[len(x) for x in got]}")
    check(ask(ann, "nothing more") == "Hi there.", f"{events(ann)}")
    check(sum(map(len, pictures(f.asked[-1][1]))) == 0, "a picture went with a second turn")
    stop(g)


@case
def case_29_a_browser_s_camera_is_seen(w):
    browser()
    f, g = seeing(w)
    ann = meets(w, who=Browser(w, "ann", sees=COLOURS))
    m = shows(ann)
    check(ask(ann, "what is this?") == "Hi there.", f"{events(ann)}")
    got = pictures(f.asked[-1][1])
    check(len(got[-1]) == 1, f"{[len(x) for x in got]}")
    check_shows(got[-1][0], COLOURS, m)
    ann.leave()
    says(g, "room t1: watching (connected)", times=2)
    stop(g)


@case
def case_29_a_camera_that_is_sealed_end_to_end_is_seen_with_the_room_s_key(w):
    f, g = seeing(w, "transport.livekit.e2ee.key=correct horse")
    ann = meets(w, flags=["key=correct horse"])
    m = shows(ann)
    check(ask(ann, "what is this?") == "Hi there.", f"{events(ann)}")
    got = pictures(f.asked[-1][1])
    check(len(got[-1]) == 1, f"{[len(x) for x in got]}")
    check_shows(got[-1][0], COLOURS, m)
    stop(g)


@case
def case_29_a_picture_goes_with_spoken_words_too_and_shows_what_the_newest_camera_sees(w):
    f, g = seeing(w)
    ann = meets(w)
    hears(ann)
    first = shows(ann)
    second = shows(ann, n=2, colours=[GREY, BLUE, GREEN, RED], name="second", width=320, height=180, simulcast=False)
    ann.do("speak", wav=lk.QUESTION)
    event(ann, "agent:agent-transcript")
    asked = [pictures(body) for _, body in f.asked]
    withs = [x[-1] for x in asked if x[-1]]
    check(withs and all(len(x) == 2 for x in withs), f"{[[len(y) for y in x] for x in asked]}")
    check_shows(withs[0][0], COLOURS, first)
    check_shows(withs[0][1], [GREY, BLUE, GREEN, RED], second, (320, 180))
    stop(g)


@case
def case_30_a_camera_that_stalls_is_a_timeout_after_two_seconds(w):
    _, g = seeing(w)
    ann = meets(w)
    shows(ann)
    ann.do("stall")
    ann.wait("stalled")
    time.sleep(0.5)
    at = now_of(ann)
    limit = Limit(2.3)
    control(ann, type="client:capture-frame")
    m = event(ann, "agent:frame-capture-failed", since=at)
    took = limit.took()
    check(m["payload"] == {"reason": "timeout", "identity": "ann"}, f"{m}")
    check(1.7 <= took and not limit.over(), f"told after {took:.2f} s, wanted 2 s, at most {limit}")
    check(types(ann).count("agent:frame-captured") == 1, f"{types(ann)}")
    stop(g)


@case
def case_31_two_captures_by_one_go_with_that_ones_words_in_order(w):
    f, g = seeing(w)
    ann = meets(w)
    bob = joins(w, "bob")
    shows(ann)
    shows(ann, n=2, colours=[GREEN] * 4, name="green")
    ask(bob, "hello from bob")
    check(sum(map(len, pictures(f.asked[-1][1]))) == 0, "bob's turn has ann's pictures")
    ask(ann, "hello from ann")
    got = pictures(f.asked[-1][1])
    check(len(got[-1]) == 2, f"{[len(x) for x in got]}")
    check_shows(got[-1][0], COLOURS)
    check_shows(got[-1][1], [GREEN] * 4)
    stop(g)


@case
def whoever_may_write_but_is_not_heard_shows_with_what_they_type(w):
    """An agent in the room: it keeps nobody there and is not listened to, but is on the list."""
    f, g = seeing(w)
    meets(w)
    code, token = w.run("token", "--room", w.room, "--identity", "bot", "--grants", "join,agent")
    check(code == 0, token)
    bot = Person(w, "bot", token.strip())
    bot.wait("in", seconds=40)
    film(bot)
    capture(bot, me="bot")
    check(ask(bot, "what is this?") == "Hi there.", f"{events(bot)}")
    got = pictures(f.asked[-1][1])
    check(len(got[-1]) == 1, f"{[len(x) for x in got]}")
    check_shows(got[-1][0], COLOURS)
    stop(g)


@case
def a_model_that_takes_no_pictures_is_told_of_them_in_words(w):
    def chat(h, headers, body):
        if any(pictures(body)):
            h.json(400, {"error": {"message": "image_url is not supported by this model"}})
        else:
            says_hello(h, headers, body)
    f, g = seeing(w, chat=chat)
    ann = meets(w)
    shows(ann)
    check(ask(ann, "what is this?") == "Hi there.", f"{events(ann)}")
    check("picture" in f.asked[-1][1]["messages"][-1]["content"], f"{f.asked[-1][1]['messages'][-1]}")
    says(g, "the model takes no pictures")
    check("agent:error" not in types(ann), f"{types(ann)}")
    stop(g)


@case
def who_may_not_talk_may_not_show_and_who_leaves_takes_their_pictures_along(w):
    f, g = seeing(w)
    ann = meets(w)
    bob = joins(w, "bob")
    shows(bob, me="bob")
    bob.leave()
    bob = joins(w, "bob")
    time.sleep(1)
    ask(bob, "here I am again")
    check(sum(map(len, pictures(f.asked[-1][1]))) == 0, "a picture outlived who showed it")
    stop(g)
    g = w.gateway(settings=("gateway.presence_poll_interval=1",),
                  env={"LIVEKIT_ALLOW_ALL_USERS": "", "LIVEKIT_ALLOWED_USERS": "ann"}, wait="in room")
    film(bob)
    at = now_of(bob)
    control(bob, type="client:capture-frame")
    time.sleep(3)
    check(not [t for t in types(bob, at) if "frame" in t], f"{types(bob, at)}")
    ann.leave()
    stop(g)
