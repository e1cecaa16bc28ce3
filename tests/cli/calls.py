"""Calls over files and typed ones, and each stage alone: what comes out, where, and in what shape."""
import array
import json
import os

from support import (ENCODINGS, QUESTION, Call, Run, at_rate, case, check, first_loud, flight_in, read_wav,
                     replay, write_wav)


def kinds(call):
    """The events in order, each by its type and what tells it from another of that type; and apart from
    them those that only follow the clock: the words as they become audible, the detector's every second."""
    names, words, seconds = [], [], 0
    for e in call.events:
        kind = e.get("metrics", {}).get("type", "")
        if kind == "vad_metrics":
            seconds += 1
            continue
        more = e.get("newState") or e.get("what") or e.get("reason") or e.get("transcript") or ""
        item = e.get("item", {})
        if e["type"] == "agent_transcript" and not e["isFinal"]:
            words.append(more)
        else:
            names.append((e["type"], more or item.get("role", item.get("type", "")), kind))
    return names, words, seconds


def answer(call):
    """(when the person's words were over, when the answer was first heard), by the waterfall, in ms."""
    fall = call.of("turn_latency")
    check(len(fall) == 1, f"{len(fall)} waterfalls")
    begin = fall[0]["createdAt"] - fall[0]["time_ms"]
    end = call.messages("user")[0]["metrics"]["stoppedSpeakingAt"] * 1000 - begin
    return end, end + fall[0]["heardMs"]


@case
def heard_is_24_khz_mono_on_the_time_line_of_the_question(here):
    call = Call(here, "call", QUESTION)
    rate, heard = call.heard()
    check(rate == 24000, f"{rate} Hz")
    told_end, told_heard = answer(call)
    # the greeting was cut when the person began: what is loud after the last word is the answer
    loud = first_loud(rate, heard, told_end / 1000)
    check(loud is not None, "the answer is not in the WAV")
    check(abs(loud * 1000 - told_heard) <= 20, f"heard at {1000 * loud:.1f} ms, the waterfall says {told_heard:.1f}")
    q_rate, question = read_wav(QUESTION)
    last_word = max(i for i, s in enumerate(question) if abs(s) > 300) / q_rate
    check(abs(told_end / 1000 - last_word) < 0.3, f"the last word ends at {last_word} s, told is {told_end} ms")


@case
def the_call_lasts_until_the_answer_was_heard_and_two_seconds_of_quiet(here):
    call = Call(here, "call", QUESTION, "--set", "tts.instant.duration=6s")
    over = [e for e in call.of("playout") if e["what"] == "finished"][-1]
    check(not over["interrupted"] and abs(over["positionMs"] - 6000) < 1, f"the answer was not heard out: {over}")
    close = call.events[-1]
    check(close["type"] == "close" and close["reason"] == "input ended", f"the end: {close}")
    quiet = close["time_ms"] - over["time_ms"]
    check(2000 <= quiet <= 2040, f"{quiet} ms of quiet")
    rate, heard = call.heard()
    check(abs(len(heard) / rate * 1000 - close["time_ms"]) <= 40, f"{len(heard) / rate} s, closed at {close['time_ms']}")
    check(max(map(abs, heard[-2 * rate:])) == 0, "the last two seconds are not quiet")


@case
def real_time_and_fast_tell_the_same_events_in_the_same_order(here):
    # no greeting: where the person cuts it depends on how busy the machine is
    flags = ("--set", "agent.greet=false")
    fast, live = Call(here, "fast", QUESTION, *flags), Call(here, "live", QUESTION, *flags, fast=False)
    check(fast.wall * 1000 < fast.events[-1]["time_ms"], f"--fast took {fast.wall:.1f} s, no less than the call")
    check(live.wall * 1000 >= live.events[-1]["time_ms"] > 7000, f"real time took {live.wall:.1f} s")
    (a, said_a, seconds_a), (b, said_b, seconds_b) = kinds(fast), kinds(live)
    check(len(a) > 15 and len(said_a) > 5 and seconds_a > 5, f"little happened: {fast.events}")
    for n, (x, y) in enumerate(zip(a, b)):
        check(x == y, f"event {n}: fast {x}, live {y}\nfast: {a[n - 2:n + 4]}\nlive: {b[n - 2:n + 4]}")
    check(len(a) == len(b), f"{len(a)} events fast, {len(b)} live")
    check("".join(said_a) == "".join(said_b), f"fast said {said_a}, live {said_b}")
    check(abs(seconds_a - seconds_b) <= 1, f"the detector told {seconds_a} times fast, {seconds_b} live")
    for name, call in (("fast", fast), ("live", live)):
        times = [e["time_ms"] for e in call.events]
        check(times == sorted(times), f"{name}: the times go back")


@case
def every_kind_of_wav_is_taken_through_the_whole_call(here):
    rate, samples = read_wav(QUESTION)
    best = answer(Call(here, "best", QUESTION))
    for to in (8000, 16000, 22050, 44100, 48000):
        sound = at_rate(samples, rate, to)
        for channels in (1, 2):
            for encoding in ENCODINGS:
                name = f"{to}-{channels}-{encoding}"
                path = os.path.join(here, name + ".wav")
                write_wav(path, to, sound, channels, encoding)
                call = Call(here, name, path)
                end, heard = answer(call)
                check(abs(end - best[0]) <= 64, f"{name}: the words ended at {end} ms, want {best[0]}")
                check(abs(heard - end - (best[1] - best[0])) <= 40, f"{name}: answered after {heard - end} ms")
                out, pcm = call.heard()
                loud = first_loud(out, pcm, end / 1000)
                check(loud is not None and abs(loud * 1000 - heard) <= 20, f"{name}: heard at {loud}, told {heard}")
                for f in (path, call.heard_file, call.events_file):
                    os.unlink(f)


@case
def the_flavours_that_the_tests_write_are_what_they_say(here):
    """Else the case before proves nothing: each is read back by `myna vad` to the same length."""
    sound = array.array("h", [0, 1000, -1000, 32767, -32768, 5] * 2000)
    for encoding in ENCODINGS:
        path = os.path.join(here, "x.wav")
        write_wav(path, 16000, sound, 2, encoding)
        r = Run(here, "vad", path, "--json", "--vad", "energy").well()
        check(len(json.loads(r.out)["probs"]) == len(sound) // 512, f"{encoding}: {r.out[:100]}")


@case
def typed_lines_are_answered_one_after_the_other(here):
    r = Run(here, "console", "--text", "--events", "ev.jsonl", "--llm", "rehearsal",
            stdin=b"what is two plus two\n\nmy name is Ann\nrepeat after me: good morning").well()
    lines = r.out.splitlines()
    you = [i for i, l in enumerate(lines) if l.startswith("You:   ")]
    check([lines[i][7:] for i in you] == ["what is two plus two", "my name is Ann", "repeat after me: good morning"],
          r.out)
    check(lines[0].startswith("Agent: Hello! I am Myna's rehearsal agent"), f"no greeting first:\n{r.out}")
    for i, part in zip(you, ("4", "Ann", "ood morning")):
        check(lines[i + 1].startswith("Agent: ") and part in lines[i + 1], f"no {part!r} after {lines[i]!r}:\n{r.out}")
    with open(os.path.join(here, "ev.jsonl"), encoding="utf-8") as f:
        told = [json.loads(line) for line in f]
    check(told[-1]["type"] == "close" and told[-1]["error"] is None, f"the end: {told[-1]}")


@case
def a_recording_holds_flight_sound_and_report_and_replays(here):
    call = Call(here, "call", QUESTION, "--record", "rec dir")
    where, flight = flight_in(os.path.join(here, "rec dir"))
    check(os.path.basename(where).startswith("session-"), where)
    check(sorted(os.listdir(where)) == ["audio.ogg", "call.flight", "session_report.json"], str(os.listdir(where)))
    check(f"Recorded in {os.path.relpath(where, here)}." in call.run.out, call.run.out)
    with open(os.path.join(where, "audio.ogg"), "rb") as f:
        ogg = f.read()
    at = ogg.find(b"OpusHead")
    check(ogg.startswith(b"OggS") and ogg[at + 9] == 2, "audio.ogg is not a stereo Opus")
    seconds = int.from_bytes(ogg[ogg.rfind(b"OggS") + 6:][:8], "little") / 48000
    check(abs(seconds * 1000 - call.events[-1]["time_ms"]) < 200, f"{seconds} s of sound")
    with open(os.path.join(where, "session_report.json"), encoding="utf-8") as f:
        report = json.load(f)
    for key in ("job_id", "room", "events", "chat_history", "options", "usage"):
        check(key in report, f"the report has no {key}: {sorted(report)}")
    again = Run(here, "replay", flight).well()
    check(" outputs compared, 0 differ\n" in again.out, again.out)
    shape = replay(here, flight)
    check(list(shape) == ["outputs", "differ", "first_difference", "call_ms", "wall_ms"], str(list(shape)))
    check(shape["outputs"] > 100 and shape["differ"] == 0 and shape["first_difference"] is None, str(shape))
    check(abs(shape["call_ms"] - call.events[-1]["time_ms"]) < 1 and shape["wall_ms"] > 0, str(shape))
    Run(here, "replay", flight, "--wav", "again.wav").well()
    _, first = call.heard()
    _, second = read_wav(os.path.join(here, "again.wav"))
    n = min(len(first), len(second))
    check(n > 100000 and first[:n] == second[:n], "the replay sounds different")


@case
def record_without_a_directory_uses_the_configured_one(here):
    Call(here, "call", QUESTION, "--record")
    flight_in(os.path.join(here, "recordings"))
    Call(here, "other", QUESTION, "--record", "--set", "record.dir=elsewhere", "--set", "record.audio=false")
    where, _ = flight_in(os.path.join(here, "elsewhere"))
    check("audio.ogg" not in os.listdir(where), "record.audio=false records sound")


@case
def a_damaged_recording_is_named_and_a_different_one_exits_with_1(here):
    Call(here, "call", QUESTION, "--record", "rec")
    _, flight = flight_in(os.path.join(here, "rec"))
    with open(flight, "rb") as f:
        whole = f.read()
    broken = os.path.join(here, "broken.flight")
    with open(broken, "wb") as f:
        f.write(whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1:])
    Run(here, "replay", broken).fails(1, "broken.flight", "record ")
    cut = os.path.join(here, "cut.flight")
    with open(cut, "wb") as f:
        f.write(whole[:-5])
    r = Run(here, "replay", cut).well()
    check("0 differ" in r.out and "its last whole" in r.err, str(r))


@case
def vad_has_the_promised_shape(here):
    r = json.loads(Run(here, "vad", QUESTION, "--json", "--vad", "energy").well().out)
    check(list(r) == ["rate_hz", "window", "probs", "segments"], str(list(r)))
    check(r["rate_hz"] == 16000 and r["window"] == 512, str(r["rate_hz"]))
    _, samples = read_wav(QUESTION)
    check(abs(len(r["probs"]) - len(samples) / 512) <= 1, f"{len(r['probs'])} windows")
    check(all(isinstance(p, (int, float)) and 0 <= p <= 1 for p in r["probs"]), "a probability is none")
    check(len(r["segments"]) == 1 and list(r["segments"][0]) == ["start_ms", "end_ms"], str(r["segments"]))
    s = r["segments"][0]
    check(800 < s["start_ms"] < 1300 and 2900 < s["end_ms"] < 3400, str(s))


@case
def hear_has_the_promised_shape(here):
    r = json.loads(Run(here, "hear", QUESTION, "--json", "--stt", "instant", "--vad", "energy").well().out)
    check(list(r) == ["text", "segments"] and r["text"] == "What time is it?", str(r))
    check(len(r["segments"]) == 1, str(r))
    s = r["segments"][0]
    check(list(s) == ["text", "start_ms", "end_ms", "words"], str(s))
    check(s["text"] == r["text"] and s["words"] == [] and s["start_ms"] < s["end_ms"], str(s))


@case
def say_writes_a_24_khz_wav_and_says_how_long(here):
    r = Run(here, "say", "Good morning.", "--out", "said.wav", "--tts", "flite").well()
    rate, pcm = read_wav(os.path.join(here, "said.wav"))
    check(rate == 24000 and first_loud(rate, pcm) is not None, f"{rate} Hz, {len(pcm)} samples")
    check(r.out == f"said.wav: {len(pcm) / rate:.2f} s\n", r.out)


@case
def models_lists_what_is_missing_and_has_a_shape(here):
    r = json.loads(Run(here, "models", "--json").well().out)
    check(list(r) == ["dir", "models"] and r["dir"] == os.path.join(here, "no models"), str(r))
    for m in r["models"]:
        check(list(m) == ["name", "summary", "licence", "bytes", "state", "path"] and m["state"] == "missing", str(m))
    r = Run(here, "models").well()
    check("`myna models fetch` fetches what is missing." in r.out, r.out)
