"""Recognisers and voices behind OpenAI's audio endpoints (aimock, and a server that does everything
wrong), and recognisers from a folder, one of them made here."""
import base64
import json
import math
import os
import struct
import subprocess
import sys
import time
import wave

from common import HERE, MYNA, Limit, Skip, aimock_with, case, check, hostile, install, own_env

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "speech"))

from sound import check_words  # noqa: E402

FAULTS = {
    # kind: (in the words for the voice, in those for the recogniser, seconds at most with a timeout of 2 s)
    "refuse": ("nobody answers there", "nobody answers there", 9),
    "hang": ("no answer within 2000 ms", "no answer within 2000 ms", 9),
    "drip": ("too slowly", "", 40),
    "cut": ("", "", 9),
    "html": ("web page", "", 9),
    "error200": ("the model fell over", "the model fell over", 9),
    "limit": ("slow down", "slow down", 9),
    "badutf8": ("the caf\ufffd is closed", "the caf\ufffd is closed", 9),
    "huge": ("", "", 60),
}


def tone(path, *parts):
    """A WAV at 16 kHz of (seconds, loud?) parts."""
    pcm = []
    for seconds, loud in parts:
        pcm += [int(9000 * math.copysign(1, math.sin(2 * math.pi * 330 * i / 16000))) if loud else 0
                for i in range(int(seconds * 16000))]
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(16000)
        w.writeframes(struct.pack(f"<{len(pcm)}h", *pcm))
    return path


def myna(*args, seconds=300):
    """(exit code, stdout, stderr, seconds)"""
    began = time.monotonic()
    p = subprocess.Popen([MYNA, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=own_env())
    try:
        out, err = p.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        raise AssertionError(f"myna {args[0]} was not done after {seconds} s") from None
    return p.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), time.monotonic() - began


def say(here, base, *settings, provider="openai_compatible", seconds=300):
    more = [x for s in settings for x in ("--set", s)]
    path = os.path.join(here, "said.wav")
    return (*myna("say", "Hello there, how are you?", "--out", path, "--set", f"tts.provider={provider}", "--set",
                  f"tts.{provider}.base_url={base}", *more, seconds=seconds), path)


def hear(path, *settings, seconds=300):
    more = [x for s in settings for x in ("--set", s)]
    return myna("hear", path, "--json", "--set", "vad.provider=energy", *more, seconds=seconds)


@case
def a_sentence_spoken_by_aimock_is_heard_whole(here):
    with open(tone(os.path.join(here, "t.wav"), (1.0, True)), "rb") as f:
        sound = base64.b64encode(f.read()).decode()
    s = aimock_with(here, [{"match": {"endpoint": "speech", "userMessage": "Hello"},
                            "response": {"audio": sound, "format": "wav"}}])
    try:
        code, _, err, _, path = say(here, s.url + "/v1", "tts.openai_compatible.api_key=k")
        check(code == 0, err)
        with wave.open(path) as w:
            check(w.getframerate() == 24000 and abs(w.getnframes() - 24000) < 50, f"{w.getnframes()} samples")
        rows = [r for r in s.journal() if "audio/speech" in r.get("path", "")]
        check(len(rows) == 1, f"{len(rows)} requests")
        body = rows[0]["body"] if isinstance(rows[0]["body"], dict) else json.loads(rows[0]["body"])
        asked = body.get("input") or body["messages"][-1]["content"]  # aimock tells it in its own form
        check(asked == "Hello there, how are you?" and body.get("model") == "tts-1", f"{body}")
    finally:
        s.end()


@case
def what_aimock_heard_is_the_transcript(here):
    s = aimock_with(here, [{"match": {"endpoint": "transcription"},
                            "response": {"transcription": {"text": "what is the weather"}}}])
    try:
        path = tone(os.path.join(here, "q.wav"), (1, False), (1, True), (1, False))
        code, out, err, _ = hear(path, "stt.provider=openai_compatible",
                                 f"stt.openai_compatible.base_url={s.url}/v1")
        check(code == 0, err)
        check(json.loads(out)["text"] == "what is the weather", out)
    finally:
        s.end()


@case
def a_speech_server_that_does_everything_wrong_is_named_each_time(here):
    s = hostile(here)
    path = tone(os.path.join(here, "q.wav"), (1, False), (1, True), (1, False))
    quick = ["session.retry_max=0"]
    try:
        for kind, (voice, ears, most) in FAULTS.items():
            base = "http://127.0.0.1:9/v1" if kind == "refuse" else f"{s.url}/{kind}/v1"
            patience = "2s" if kind in ("hang", "drip") else "8s"  # a busy machine answers late, too
            limit = Limit(most)
            code, _, err, took, _ = say(here, base, "tts.openai_compatible.format=pcm",
                                        f"tts.openai_compatible.timeout={patience}", *quick)
            check(code == 1 and voice in err, f"say, {kind}: exit {code}, {err}")
            check(not limit.over(), f"say, {kind}: {took:.1f} s")
            limit = Limit(most)
            code, out, err, took = hear(path, "stt.provider=openai_compatible",
                                        f"stt.openai_compatible.base_url={base}",
                                        f"stt.openai_compatible.timeout={patience}", *quick)
            check(code == 1 and ears in err, f"hear, {kind}: exit {code}, {out} {err}")
            check(not limit.over(), f"hear, {kind}: {took:.1f} s")
            check("Traceback" not in err and "Sanitizer" not in err, err)
    finally:
        s.end()


def tiny(here, program="tiny_transducer.py"):
    where = install("onnx")
    folder = os.path.join(here, "tiny")
    p = subprocess.run([os.path.join(where, "bin/python"), os.path.join(HERE, "../speech", program), folder],
                       capture_output=True, text=True, timeout=120)
    check(p.returncode == 0, p.stderr[-2000:])
    return folder


def needs_library(err):
    if "models fetch sherpa-onnx" in err:
        raise Skip("the speech library is not on this machine")


@case
def a_streaming_transducer_from_a_folder_tells_words_and_their_times(here):
    folder = tiny(here)
    path = tone(os.path.join(here, "t.wav"), (1, False), (0.5, True), (0.3, False), (0.5, True), (1.5, False))
    code, out, err, _ = hear(path, "stt.provider=sherpa", f"stt.sherpa.dir={folder}")
    needs_library(err)
    check(code == 0, err)
    heard = json.loads(out)
    check(heard["text"] == "one two one two", out)
    words = heard["segments"][0]["words"]
    check([w["text"] for w in words] == ["one", "two", "one", "two"], out)
    for word, at in zip(words, (1000, 1500, 1800, 2300)):
        check(abs(word["start_ms"] - at) <= 80, f"{word} should begin at {at}")


@case
def a_folder_with_a_part_of_a_recogniser_says_what_is_missing(here):
    folder = tiny(here)
    path = tone(os.path.join(here, "t.wav"), (1, False))
    for name, words in (("joiner.onnx", "the joiner is missing"), ("tokens.txt", "no tokens.txt")):
        os.rename(os.path.join(folder, name), os.path.join(folder, "away"))
        code, _, err, _ = hear(path, "stt.provider=sherpa", f"stt.sherpa.dir={folder}")
        check(code == 2 and words in err and folder in err, f"exit {code}: {err}")
        os.rename(os.path.join(folder, "away"), os.path.join(folder, name))
    with open(os.path.join(folder, "encoder.onnx"), "r+b") as f:
        f.truncate(100)
    code, _, err, _ = hear(path, "stt.provider=sherpa", f"stt.sherpa.dir={os.path.join(here, 'nowhere')}")
    check(code == 2 and "no folder" in err, f"exit {code}: {err}")


@case
def moonshine_from_a_folder_hears_what_the_built_in_one_hears(here):
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna")
    folder = os.path.join(os.environ.get("MYNA_MODELS") or cache, "moonshine-tiny-en")
    if not os.path.exists(os.path.join(folder, "encoder_model.ort")):
        raise Skip("the model moonshine-tiny-en is not on this machine")
    path = os.path.join(HERE, "../../data/question.wav")
    code, out, err, _ = hear(path, "vad.provider=silero", "stt.provider=sherpa", f"stt.sherpa.dir={folder}")
    needs_library(err)
    check(code == 0, err)
    code, built_in, err, _ = hear(path, "vad.provider=silero")
    check(code == 0 and json.loads(out)["text"] == json.loads(built_in)["text"], f"{out} {built_in} {err}")


def pitches(path):
    """Of each tenth of a second that has sound: cycles a second."""
    with wave.open(path) as w:
        rate, n = w.getframerate(), w.getnframes()
        pcm = struct.unpack(f"<{n}h", w.readframes(n))
    step = rate // 10
    rows = [pcm[i:i + step] for i in range(0, n - step, step)]
    return [sum(1 for a, b in zip(r, r[1:]) if a < 0 <= b) * 10 for r in rows if max(r) > 2000], n / rate


@case
def each_kind_of_voice_for_sherpa_onnx_speaks_from_its_folder(here):
    """Five voices made here, one of each kind, through the real library: a sign is a tone of a tenth of a second."""
    folder = tiny(here, "tiny_voices.py")
    out = os.path.join(here, "said.wav")
    for kind, least, most, tones in (("vits", 0.5, 0.8, 4), ("piper", 1.2, 2.2, 6), ("matcha", 1.2, 2.2, 1),
                                     ("kokoro", 0.9, 1.4, 6), ("kitten", 0.9, 1.4, 6)):
        code, _, err, _ = myna("say", "one two", "--out", out, "--set", "tts.provider=sherpa", "--set",
                               f"tts.sherpa.dir={os.path.join(folder, kind)}")
        needs_library(err)
        check(code == 0, f"{kind}: exit {code} {err}")
        heard, seconds = pitches(out)
        check(least <= seconds <= most, f"{kind}: {seconds:.2f} s")
        check(len(set(p // 100 for p in heard)) >= tones, f"{kind}: {heard}")
    code, _, err, _ = myna("say", "abracadabra" * 200, "--out", out, "--set", "tts.provider=sherpa", "--set",
                           f"tts.sherpa.dir={os.path.join(folder, 'kokoro')}")
    check(code == 0, f"a word longer than the model's table: exit {code} {err}")


@case
def a_folder_that_would_end_the_library_s_process_is_refused_by_name(here):
    folder = tiny(here, "tiny_voices.py")
    kokoro, matcha = os.path.join(folder, "kokoro"), os.path.join(folder, "matcha")
    with open(os.path.join(kokoro, "voices.bin"), "ab") as f:
        f.write(b"more")
    os.unlink(os.path.join(matcha, "hifigan_v2.onnx"))
    for dir_, words in ((kokoro, "belongs to another model"), (matcha, "wants its vocoder"),
                        (os.path.join(here, "nowhere"), "no folder")):
        code, _, err, _ = myna("say", "one", "--out", os.path.join(here, "x.wav"), "--set", "tts.provider=sherpa",
                               "--set", f"tts.sherpa.dir={dir_}")
        check(code == 2 and words in err and "tts.sherpa.dir" in err, f"{dir_}: exit {code} {err}")


@case
def the_built_in_voice_from_a_folder_is_understood(here):
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna")
    folder = os.path.join(os.environ.get("MYNA_MODELS") or cache, "piper-joe")
    if not os.path.exists(os.path.join(folder, "model.onnx")):
        raise Skip("the model piper-joe is not on this machine")
    out = os.path.join(here, "said.wav")
    code, _, err, _ = myna("say", "Hello, this is a short test of my voice.", "--out", out, "--set",
                           "tts.provider=sherpa", "--set", f"tts.sherpa.dir={folder}", "--set", "tts.sherpa.noise=0")
    needs_library(err)
    check(code == 0, err)
    code, heard, err, _ = hear(out, "vad.provider=silero")
    check(code == 0, f"{heard} {err}")
    check_words("hello this is a short test of my voice", json.loads(heard)["text"])
