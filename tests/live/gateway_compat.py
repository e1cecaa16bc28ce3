"""Mode compat: the reference's ear, order and times (voice-gateway 3, 6.3)."""
import socket
import time

import livekit_test as lk
from common import Limit, case, check, rest
from gateway_world import (AGENT, COMPAT, OBJECT, Recogniser, control, event, events, exact_turn, flat, hears, joins, meets,
                           stop, tone, types, when)


@case
def case_8_16_26_in_compat_a_spoken_turn_is_the_references_to_the_order_and_the_time(w):
    g = w.gateway(settings=(*COMPAT, "tts.instant.duration=3s"))
    ann = meets(w)
    hears(ann)
    quiet, answer = Limit(4.0), Limit(4.2)
    ann.do("speak", wav=tone(w, 2.0))
    event(ann, "agent:agent-transcript")
    exact_turn(ann)
    kinds = types(ann)
    check(kinds == ["agent:listening-start", "agent:listening-stop", "agent:user-transcript", "agent:thinking-start",
                    "agent:speaking-start", "agent:speaking-stop", "chat", "agent:agent-transcript"], f"{kinds}")
    took = when(ann, "agent:listening-stop") - when(ann, "agent:listening-start")
    check(3.1 - quiet.slack(0.5) < took < quiet.seconds(), f"2 s of tone and 1.5 to 2 s of silence took {took:.2f} s")
    took = when(ann, "agent:speaking-stop") - when(ann, "agent:speaking-start")
    check(3.2 - answer.slack(0.5) < took < answer.seconds(), f"3 s of answer took {took:.2f} s")
    check("agent:tools-cleared" not in [m["type"] for _, m in events(ann, cleared=True) if isinstance(m, dict)], "news")
    ann.leave()
    stop(g)


@case
def case_25_in_compat_speech_into_the_answer_is_discarded_and_case_24_one_mutes_all(w):
    g = w.gateway(settings=(*COMPAT, "gateway.speak_typed_replies=on", "tts.instant.duration=4s"))
    ann, bob = meets(w), joins(w, "bob")
    hears(ann)
    control(ann, type="client:message", text="talk")
    event(ann, "agent:speaking-start")
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:speaking-stop", seconds=10)
    time.sleep(2)
    check("agent:listening-start" not in types(ann), f"it heard into its own answer: {types(ann)}")
    control(bob, type="client:control", action="pause")
    time.sleep(0.5)
    ann.do("speak", wav=tone(w, 1.0))
    time.sleep(3)
    check("agent:listening-start" not in types(ann), f"in compat one mutes all: {types(ann)}")
    control(ann, type="client:control", action="resume")
    time.sleep(0.5)
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:user-transcript", transcript="hello agent")
    control(ann, type="client:interrupt")  # means nothing here
    control(ann, type="client:tool-register", name="x", input_schema=OBJECT)
    flat(ann, "agent:tool-registered", success=True)
    stop(g)


def interrupted(w, *settings):
    """From the first sound of ann's to the last of an answer, as bob hears both: no more than a fifth of a second."""
    g = w.gateway(settings=("gateway.barge_in=on", "gateway.speak_typed_replies=on", "tts.instant.duration=20s",
                            "gateway.presence_poll_interval=1", *settings))
    ann, bob = meets(w), joins(w, "bob", "levels")
    for who in "ann", AGENT:
        bob.wait("track", who=who)
    control(ann, type="client:message", text="talk")
    bob.wait("sounds", who=AGENT)
    hears(ann)
    limit = Limit(0.2)
    ann.do("speak", wav=tone(w, 1.0))
    onset = bob.wait("sounds", who="ann")["t"]
    took, most = bob.wait("silent", who=AGENT)["t"] - onset, limit.seconds()
    event(ann, "agent:user-transcript", transcript="hello agent")
    event(ann, "agent:speaking-start", times=2)
    stop(g)
    print(f"# silent {took * 1e3:.0f} ms behind the first sound", flush=True)
    check(took < most, f"from the first sound to silence {took:.3f} s, limit {limit}")


@case
def case_25_with_barge_in_the_sound_stops_within_a_fifth_of_a_second_and_the_turn_is_over(w):
    interrupted(w, *COMPAT)


@case
def case_25_native_with_barge_in_the_sound_stops_within_a_fifth_of_a_second_and_the_turn_is_over(w):
    interrupted(w)


@case
def what_was_half_said_counts_when_the_agent_begins_to_speak(w):
    stt = Recogniser()
    g = w.gateway(settings=(*COMPAT, *stt.settings, "gateway.speak_typed_replies=on", "tts.instant.duration=6s"))
    ann = meets(w)
    hears(ann)
    limit = Limit(3.6)
    ann.do("speak", wav=tone(w, 3.0))
    event(ann, "agent:listening-start")
    control(ann, type="client:message", text="talk")  # its answer waits for the first quiet tick
    event(ann, "agent:user-transcript", transcript="hello agent", identity="ann", seconds=8)
    kinds = types(ann)
    stopped, spoken = kinds.index("agent:listening-stop"), kinds.index("agent:speaking-start")
    check(stopped < spoken, f"{kinds}")
    took = when(ann, "agent:listening-stop") - when(ann, "agent:listening-start")
    check(took < limit.seconds(), f"the utterance of 3 s was closed behind {took:.2f} s, limit {limit}, and its silence alone lasts 1.5 s")
    check(stt.loud(0) > 2.9 - limit.slack(0.5), f"{stt.seconds(0)} s, of them loud {stt.loud(0)}")
    stop(g)


@case
def case_9_in_compat_a_click_is_a_start_and_a_stop_and_nothing_else(w):
    g = w.gateway(settings=COMPAT)
    ann = meets(w)
    hears(ann)
    for n in range(1, 17):  # until one lies within a tick of 0.2 s: that is chance, of two in three
        ann.do("speak", wav=tone(w, 0.06, rms=9000))
        event(ann, "agent:listening-stop", times=n)
        rest(1)
        if types(ann).count("agent:user-transcript") < n:
            break
    kinds = types(ann)
    check(kinds[-2:] == ["agent:listening-start", "agent:listening-stop"], f"{kinds}")
    ann.leave()
    stop(g)


@case
def case_15_an_utterance_past_the_limit_is_cut_said_and_asked(w):
    g = w.gateway(settings=("gateway.presence_poll_interval=1", "vad.provider=rms", "turn.min_delay=0",
                            "gateway.max_utterance=5s", "gateway.barge_in=on"))
    ann = meets(w)
    hears(ann)
    # what is left and two seconds of silence are shorter than the limit, also where a busy machine stretches them
    ann.do("speak", wav=tone(w, 5.6))
    m = event(ann, "agent:error")
    check(m["payload"] == {"reason": "input_audio_too_long", "identity": "ann"}, f"{m}")
    event(ann, "agent:user-transcript", transcript="hello agent")
    event(ann, "agent:listening-stop", times=2)
    check(types(ann).count("agent:error") == 1, f"{types(ann)}")
    ann.leave()
    stop(g)


@case
def case_15_native_with_its_own_vad_an_utterance_past_the_limit_is_cut_said_and_asked(w):
    stt = Recogniser()
    g = w.gateway(settings=("gateway.presence_poll_interval=1", *stt.settings, "gateway.max_utterance=3s",
                            "gateway.silence_duration=0.4", "stt.openai.max_utterance=60s", "tts.instant.duration=300ms"))
    ann = meets(w)
    hears(ann)
    cut, whole = Limit(3.3), Limit(5.2)
    ann.do("speak", wav=tone(w, 4.2))  # a busy machine may stretch it, and six seconds are two cuts
    m = event(ann, "agent:error")
    check(m["payload"] == {"reason": "input_audio_too_long", "identity": "ann"}, f"{m}")
    took = when(ann, "agent:error") - when(ann, "agent:listening-start")
    check(2.9 - cut.slack(0.5) < took < cut.seconds(), f"cut {took:.2f} s behind its start, and the limit is 3 s")
    event(ann, "agent:user-transcript", transcript="hello agent", times=2)
    slack = cut.slack(0.5)  # sound that a busy machine stretches, or has holes in
    check(3.0 - slack < stt.seconds(0) < 4.2 + slack and len(stt.heard) == 2, f"the recogniser was given {[len(x) / 16000 for x in stt.heard]} s")
    kinds = types(ann)
    heard = [k for k in kinds if "listening" in k or k in ("agent:error", "agent:user-transcript")]
    check(heard == ["agent:listening-start", "agent:listening-stop", "agent:listening-start", "agent:error",
                    "agent:user-transcript", "agent:listening-stop", "agent:user-transcript"], f"{kinds}")
    took = when(ann, "agent:listening-stop", 2) - when(ann, "agent:listening-start")
    check(4.4 - whole.slack(0.5) < took < whole.seconds(), f"4.2 s of tone and 0.4 s of silence took {took:.2f} s")
    ann.leave()
    stop(g)


# ---- what the recogniser is asked

def said(who, times):
    """Until what they were to say has left their machine, so many times."""
    lk.eventually(f"{times} times said", lambda: sum(x["is"] == "said" for x in who.said.all) >= times, 20)


def hearing(w, stt, *settings):
    """A gateway in mode compat that is heard by `stt`, and ann whose sound it has."""
    g = w.gateway(settings=(*COMPAT, *stt.settings, "tts.instant.duration=300ms", *settings))
    ann = meets(w)
    hears(ann)
    return g, ann


@case
def case_8_the_recogniser_gets_the_tone_and_little_more(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    limit = Limit(2)
    ann.do("speak", wav=tone(w, 2.0))
    event(ann, "agent:user-transcript", transcript="hello agent")
    slack = limit.slack(0.5)
    check(len(stt.heard) == 1 and 2.0 - slack <= stt.seconds() <= 2.6 + slack and stt.loud() >= 1.95 - slack,
          f"{len(stt.heard)} requests, {stt.seconds()} s, of them loud {stt.loud()}")
    stop(g)


@case
def case_10_what_is_quieter_than_the_floor_is_nothing(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    ann.do("speak", wav=tone(w, 3.0, rms=20))  # to the letter of 50 and 51: tests/unit/gateway/silence_test.c
    ann.wait("asked")
    time.sleep(2)
    check(types(ann) == [] and not stt.heard, f"{types(ann)}")
    ann.do("speak", wav=tone(w, 1.0, rms=80))
    event(ann, "agent:listening-start")
    stop(g)


@case
def case_11_half_a_minute_of_silence_asks_nobody_and_keeps_nothing(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    time.sleep(3)
    before = lk.memory_kb(g)
    time.sleep(30)
    check(types(ann) == [] and not stt.heard, f"{types(ann)}, {len(stt.heard)} requests")
    check(lk.memory_kb(g) - before < 500, f"{lk.memory_kb(g) - before} KB more behind 30 s of silence")  # sound of 30 s: 960
    stop(g)


@case
def case_13_r2_a_word_whose_track_ends_with_it_is_heard_whole(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    ann.do("speak", wav=tone(w, 0.8))
    ann.wait("said")
    rest(0.2)  # the sound is still on its way, and its silence is not over for another 1.3 s
    ann.do("unpublish")
    event(ann, "agent:user-transcript", transcript="hello agent")
    check(stt.seconds() >= 0.8 and stt.loud() >= 0.7, f"{stt.seconds()} s, of them loud {stt.loud()}")
    check(types(ann).count("agent:listening-start") == types(ann).count("agent:listening-stop") == 1, f"{types(ann)}")
    stop(g)


@case
def case_13_who_leaves_behind_a_word_is_heard_whole(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    bob = joins(w, "bob")
    ann.do("speak", wav=tone(w, 0.8))
    ann.wait("said")
    rest(0.2)
    ann.leave()
    event(bob, "agent:listening-stop", identity="ann", seconds=4)
    event(bob, "agent:user-transcript", transcript="hello agent", identity="ann")
    check(stt.loud() >= 0.7, f"{stt.seconds()} s, of them loud {stt.loud()}")
    stop(g)


@case
def case_14_a_tenth_of_a_second_whose_track_ends_is_a_start_with_its_stop(w):
    stt = Recogniser()
    g, ann = hearing(w, stt)
    for n in range(1, 31):  # until it lies within a tick of 0.2 s: that is chance, of one in three, since Opus makes 0.12 s of it
        ann.do("speak", wav=tone(w, 0.1, 0.12))
        said(ann, n)
        ann.do("unpublish")
        rest(3)
        check(types(ann).count("agent:listening-start") == types(ann).count("agent:listening-stop"), f"{types(ann)}")
        if len(stt.heard) < n:
            break
        ann.do("publish")
        ann.wait("republished")
        hears(ann)
    check(len(stt.heard) < n, f"noise was recognised {n} times")
    stop(g)


@case
def case_18_r10_a_recogniser_that_fails_costs_one_utterance(w):
    stt = Recogniser(lambda n: 400 if n == 1 else "hello agent")
    g, ann = hearing(w, stt)
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:listening-stop")
    time.sleep(4)
    check("agent:user-transcript" not in types(ann), f"{types(ann)}")
    with open(g.log, encoding="utf-8") as f:
        check(sum("stage=stt" in line and "HTTP 400" in line for line in f) == 1, "not one line in the log: " + lk.text_of(g))
    ann.do("speak", wav=tone(w, 1.0))
    event(ann, "agent:user-transcript", transcript="hello agent")
    check(len(stt.heard) == 2, f"{len(stt.heard)} requests")
    stop(g)


@case
def case_27_a_voice_that_fails_is_no_speaking_and_the_words_are_still_told(w):
    def silent():  # an address where nobody answers
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]
    for mode in ("compat", "native"):
        g = w.gateway(settings=(*(COMPAT if mode == "compat" else COMPAT[2:]), "tts.provider=openai_compatible",
                                "tts.openai_compatible.model=m",
                                f"tts.openai_compatible.base_url=http://127.0.0.1:{silent()}/v1"))
        ann = meets(w)
        hears(ann)
        ann.do("speak", wav=tone(w, 2.0))
        m = event(ann, "agent:agent-transcript")
        check(m["payload"] == {"transcript": "Hi there.", "final": True}, f"{m}")
        rest(2)
        kinds = [k for k in types(ann) if k != "agent:error"]
        check(kinds == ["agent:listening-start", "agent:listening-stop", "agent:user-transcript", "agent:thinking-start",
                        "chat", "agent:agent-transcript"], f"{mode}: {types(ann)}")
        check(("agent:error" in types(ann)) == (mode == "native"), f"{mode}: {types(ann)}")
        ann.leave()
        stop(g)
