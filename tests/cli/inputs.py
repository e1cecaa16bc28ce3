"""Bad input: each gets a sentence that names the thing and the remedy, an exit code that is not 0
where the call cannot go on, and what was made before stays readable."""
import json
import os
import shutil
import subprocess

from support import (INSTANT, QUESTION, Call, Myna, Run, Skip, array, case, check, environment, events_of, flight_in,
                     read_wav, replay, write_wav)

SILERO = "silero_vad_16k.safetensors"


def weights():
    path = os.path.join(Myna.own_models, SILERO)
    if not os.path.exists(path):
        raise Skip(f"no {SILERO} on this machine (myna models fetch silero-vad)")
    with open(path, "rb") as f:
        return f.read()


def with_models(here, name, data):
    """An environment whose models' directory holds this as the VAD's weights."""
    env = environment(here)
    env["MYNA_MODELS"] = os.path.join(here, name)
    os.makedirs(env["MYNA_MODELS"])
    with open(os.path.join(env["MYNA_MODELS"], SILERO), "wb") as f:
        f.write(data)
    return env


# ------------------------------------------------------------------ places in the file


@case
def what_is_wrong_with_a_provider_has_its_line(here):
    path = os.path.join(here, "bad.yaml")
    for text, *says in (
            ("llm:\n  provider: ollama\n  ollama:\n    model: x\n    base_url: 127.0.0.1:11434/v1\n",
             "bad.yaml:5:5: llm.ollama.base_url must begin with http:// or https://"),
            ("llm:\n  provider: ollama\n", "bad.yaml:2:3: llm.ollama.model is not set", "`ollama list`"),
            ("llm:\n  provider: olama\n", "bad.yaml:2:3: there is no llm provider 'olama'; did you mean 'ollama'?"),
            ("llm:\n  provider: instant\n  fallback: [ollama]\n", "bad.yaml:3:3: llm.ollama.model is not set"),
            ("agent:\n  tools: [weather]\n", "bad.yaml:2:3: agent.tools names \"weather\", but there is no tool")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        r = Run(here, "console", "--config", path, "--in", QUESTION, "--out", "h.wav", "--vad", "energy", "--stt", "instant",
                "--tts", "instant", "--no-probe")
        r.fails(2, *says)
        check(r.err.count("bad.yaml") == 1, str(r))


# ------------------------------------------------------------------ weights and models


@case
def missing_weights_let_the_energy_vad_serve_and_name_the_remedy(here):
    r = Run(here, "vad", QUESTION).well()
    check("(energy)" in r.out and "VAD weights are missing, the energy VAD serves" in r.err, str(r))
    check("myna models fetch silero-vad" in r.err and os.path.join("no models", SILERO) in r.err, str(r))


@case
def truncated_and_wrong_weights_are_named_in_a_call_that_goes_on(here):
    whole = weights()
    wrong = bytearray(whole)
    wrong[len(wrong) // 2] ^= 0x10
    for name, data, part in (("cut", whole[:len(whole) // 2], "truncated or damaged"), ("empty", b"", SILERO),
                             ("text", b"hello" * 100, SILERO), ("wrong", bytes(wrong), "its SHA-256 is")):
        env = with_models(here, name, data)
        call = Call(here, "with-" + name, QUESTION, "--vad", "silero", env=env)
        log = call.run.err
        check("VAD weights are not usable, the energy VAD serves" in log, f"{name}: {log}")
        check(part in log and "myna models fetch silero-vad" in log, f"{name}: {log}")
        check(call.of("turn_latency"), f"{name}: no answer")
        r = Run(here, "models", env=env).fails(1, "silero-vad is not whole", "`myna models fetch silero-vad`")
        check("silero-vad         corrupt" in r.out, r.out)
    Run(here, "vad", QUESTION, env=with_models(here, "whole", whole)).well()


@case
def missing_recogniser_and_voice_are_named(here):
    Run(here, "hear", QUESTION, "--stt", "moonshine").fails(1, "moonshine-tiny-en is not on this machine",
                                                         "myna models fetch moonshine-tiny-en")
    r = Run(here, "say", "hello", "--out", "x.wav", "--tts", "piper").well()
    check("Flite speaks instead; fetch it with: myna models fetch" in r.err, r.err)
    call = Run(here, "console", "--in", QUESTION, "--out", "h.wav", "--fast", "--events", "e.jsonl", "--vad", "energy",
               "--stt", "moonshine", "--llm", "instant", "--tts", "flite")
    call.fails(1, "moonshine-tiny-en is not on this machine", "myna models fetch")
    check("I'm sorry, something went wrong" in call.out, f"the caller heard no word of it: {call}")
    rate, heard = read_wav(os.path.join(here, "h.wav"))
    check(max(map(abs, heard)) > 1000, "and nothing in the WAV")
    close = events_of(os.path.join(here, "e.jsonl"))[-1]
    check(close["type"] == "close" and close["reason"] == "error", str(close))


@case
def damaged_models_of_the_recogniser_are_named(here):
    env = environment(here)
    folder = os.path.join(env["MYNA_MODELS"], "moonshine-tiny-en")
    os.makedirs(folder)
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokens.txt"):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(b"nothing of use")
    r = Run(here, "hear", QUESTION, "--stt", "moonshine", env=env)
    r.fails(1, "encoder_model.ort is damaged: it has 14 bytes, want 13281600", "myna models fetch moonshine-tiny-en")


@case
def without_a_network_the_fetch_says_what_to_do(here):
    env = environment(here, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0")
    env.update({k: "" for k in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")})
    env.pop("PIP_CONFIG_FILE", None)
    r = Run(here, "models", "fetch", "silero-vad", env=env)
    if "has no pip" in r.err:
        raise Skip("python3 has no pip on this machine")
    r.fails(1, "cannot fetch silero-vad", "package index", "run: myna models fetch silero-vad")
    check(os.listdir(env["MYNA_MODELS"]) in ([".lock"], []), f"left behind: {os.listdir(env['MYNA_MODELS'])}")


# ------------------------------------------------------------------ sound


@case
def a_wav_that_cannot_be_heard_is_named_by_every_command(here):
    _, sound = read_wav(QUESTION)
    files = {"empty.wav": "is empty (0 bytes)", "text.wav": "is not a WAV file that can be read",
             "mute.wav": "holds no sound", "folder.wav": "is not a file: name a WAV file",
             "nowhere.wav": "there is no such file"}
    open(os.path.join(here, "empty.wav"), "w").close()
    with open(os.path.join(here, "text.wav"), "w") as f:
        f.write("What is the time, please?\n")
    write_wav(os.path.join(here, "mute.wav"), 16000, sound[:0])
    os.mkdir(os.path.join(here, "folder.wav"))
    for name, part in files.items():
        Run(here, "vad", name, "--vad", "energy").fails(1, name, part)
        Run(here, "hear", name, "--vad", "energy", "--stt", "instant").fails(1, name, part)
        Run(here, "console", "--in", name, "--fast", *INSTANT).fails(1, name, part)
    write_wav(os.path.join(here, "fast.wav"), 96000, sound)
    Run(here, "vad", "fast.wav", "--vad", "energy").fails(1, "fast.wav", "96000 Hz", "give a file of 8000 to 48000 Hz")


@case
def a_wav_that_may_not_be_read_is_named(here):
    under = ()
    if os.geteuid() == 0:  # root may read everything, until that is taken away
        under = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
        if not shutil.which("setpriv") or subprocess.run([*under, "true"], capture_output=True).returncode:
            raise Skip("root may read everything, and no setpriv takes that away here")
    shutil.copy(QUESTION, os.path.join(here, "secret.wav"))
    os.chmod(os.path.join(here, "secret.wav"), 0)
    Run(here, "vad", "secret.wav", "--vad", "energy", under=under).fails(1, "cannot read secret.wav: Permission denied")


@case
def a_wav_shorter_than_its_header_claims_is_used_and_said(here):
    rate, sound = read_wav(QUESTION)
    path = os.path.join(here, "short.wav")
    part = sound[:int(3.2 * rate)]
    write_wav(path, rate, part, claim=2 * len(sound))
    told = f"short.wav ends after 3.20 s though its header claims {len(sound) / rate:.2f} s"
    call = Call(here, "call", path)
    check(told in call.run.err and "copy or record it again" in call.run.err, str(call.run))
    check(call.of("turn_latency"), "what was there got no answer")
    for cmd in (("vad", path, "--vad", "energy"), ("hear", path, "--vad", "energy", "--stt", "instant")):
        r = Run(here, *cmd).well()
        check(r.err.count(told) == 1, str(r))
    write_wav(path, rate, part, claim=0xFFFFFFFF - 36) # written into a pipe: its length was not known
    r = Run(here, "vad", path, "--vad", "energy").well()
    check("claims" not in r.err, str(r))


@case
def ten_minutes_of_silence_of_noise_and_of_clipping_end_by_themselves(here):
    rate = 16000
    seed, noise = 1, []
    for _ in range(rate):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        noise.append((seed >> 14) % 8001 - 4000)
    square = [32767 if i // 40 % 2 else -32768 for i in range(rate)]
    for name, second in (("silence", [0] * rate), ("noise", noise), ("clipping", square)):
        path = os.path.join(here, name + ".wav")
        write_wav(path, rate, array.array("h", second) * 600)
        call = Call(here, name, path, "--record", "rec-" + name, "--set", "turn.min_delay=300ms")
        close = call.events[-1]
        check(close["type"] == "close" and close["reason"] == "input ended" and close["time_ms"] >= 600000,
              f"{name}: {close}")
        _, flight = flight_in(os.path.join(here, "rec-" + name))
        again = replay(here, flight)
        check(again["differ"] == 0 and again["wall_ms"] < again["call_ms"] / 10, f"{name}: {again}")
        os.unlink(path)
        os.unlink(call.heard_file)


# ------------------------------------------------------------------ paths and disks


@case
def an_output_path_that_cannot_be_written_is_named_before_the_call(here):
    console = ("console", "--in", QUESTION, "--fast", *INSTANT)
    remedy = "No such file or directory; make the directory it lies in first"
    Run(here, *console, "--out", "no/where.wav").fails(1, "cannot write no/where.wav: " + remedy)
    Run(here, *console, "--events", "no/where.jsonl").fails(1, "cannot write no/where.jsonl: " + remedy)
    Run(here, "say", "hi", "--tts", "instant", "--out", "no/x.wav").fails(1, "cannot write no/x.wav: " + remedy)
    open(os.path.join(here, "plain"), "w").close()
    Run(here, *console, "--record", "plain/rec").fails(1, "cannot create directory plain", "Not a directory")
    os.mkdir(os.path.join(here, "dir.wav"))
    Run(here, *console, "--out", "dir.wav").fails(1, "cannot write dir.wav: Is a directory")
    Call(here, "call", QUESTION, "--record", "rec")
    _, flight = flight_in(os.path.join(here, "rec"))
    Run(here, "replay", flight, "--wav", "no/x.wav").fails(1, "cannot write no/x.wav: " + remedy)


@case
def a_full_disk_behind_out_and_events_is_named(here):
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full on this machine")
    console = ("console", "--in", QUESTION, "--fast", *INSTANT)
    Run(here, *console, "--out", "/dev/full").fails(1, "the disk is full", "/dev/full", "free some space")
    Run(here, *console, "--events", "/dev/full").fails(1, "cannot write /dev/full: No space left", "free some space")


@case
def a_disk_that_fills_up_while_recording_leaves_a_flight_that_replays(here):
    if os.geteuid() != 0:
        raise Skip("only root may mount a small disk")
    small = os.path.join(here, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], capture_output=True).returncode:
        raise Skip("this machine lets nobody mount a tmpfs")
    try:
        call = Call(here, "call", QUESTION, "--record", small, "--set", "tts.instant.duration=6s")
        faults = call.of("error")
        check(len(faults) == 1 and "No space left" in json.dumps(faults) and small in json.dumps(faults), str(faults))
        check("! recorder (recorder): " in call.run.out, call.run.out)
        check("No space left" not in call.run.err, f"said twice: {call.run.err}")
        check(call.events[-1]["reason"] == "input ended", f"the call did not go on: {call.events[-1]}")
        _, flight = flight_in(small)
        again = replay(here, flight)
        check(again["outputs"] > 10 and again["differ"] == 0, str(again))
        check(again["call_ms"] < call.events[-1]["time_ms"], "the disk was never full")
    finally:
        subprocess.run(["umount", small], check=True)


# ------------------------------------------------------------------ configuration and command line


@case
def a_configuration_of_the_wrong_shape_is_named_with_line_and_column(here):
    for text, sentence in (
            ("- a\n- b\n", "c.yaml:1:1: the file must hold sections"),
            ("turn: 5\n", "c.yaml:1:7: turn is a section"),
            ("turn:\n  alpha: often\n", 'c.yaml:2:10: turn.alpha wants a number from 0 to 1, not "often"'),
            ("turn:\n  alpha: 7\n", "c.yaml:2:10: turn.alpha wants a number from 0 to 1, not 7"),
            ("turn:\n  alpah: 0.5\n", 'c.yaml:2:3: unknown key "turn.alpah"; did you mean "turn.alpha"?'),
            ("agent:\n  name: [a, b]\n", "c.yaml:2:9: agent.name wants a single value, not a list"),
            ("agent:\n\tname: x\n", "c.yaml:2:"),
            ("agent: {name: x\n", "c.yaml:"),
            ("\xff\xfe\0", "c.yaml:1:"),
            ("stt:\n  provider: moonshin\n", "did you mean 'moonshine'?")):
        with open(os.path.join(here, "c.yaml"), "w", encoding="latin-1") as f:
            f.write(text)
        Run(here, "console", "--config", "c.yaml", "--in", QUESTION, "--fast").fails(2, sentence)
    Run(here, "config", "--config", "nowhere.yaml").fails(1, "nowhere.yaml: there is no such configuration file")


@case
def a_mistyped_command_or_flag_gets_a_suggestion_and_exit_2(here):
    for words, sentence in (
            (("cnosole",), 'unknown command "cnosole"; did you mean "console"?'),
            (("console", "--recrod"), 'unknown flag "--recrod"; did you mean "--record"?'),
            (("hear", QUESTION, "--jsno"), 'unknown flag "--jsno"; did you mean "--json"?'),
            (("console", "--stt"), "--stt wants NAME"),
            (("hear",), "myna hear wants FILE; see myna hear --help"),
            (("hear", "a", "b"), '"b" is one word too many; see myna hear --help'),
            (("models", "ftch"), 'unknown action "ftch"; did you mean "fetch"?'),
            (("vad", QUESTION, "--vad", "sillero"), "did you mean 'silero'?"),
            (("config", "--set", "turn.alpah=1"), 'unknown key "turn.alpah"; did you mean "turn.alpha"?'),
            (("console", "--text", "--in", QUESTION), "--text and --in exclude each other"),
            (("console", "--fast"), "--fast wants a sound file: --in FILE"),
            (("console", "--out", "x.wav"), "--out needs --in: name the WAV to ask")):
        Run(here, *words).fails(2, sentence)
    check(Run(here).code == 2, "no command at all is no success")
    for words in (("--help",), ("--version",), ("console", "--help"), ("help", "replay")):
        Run(here, *words).well()


@case
def what_is_no_recording_is_named(here):
    with open(os.path.join(here, "x.flight"), "w") as f:
        f.write("no recording")
    Run(here, "replay", "x.flight").fails(1, "x.flight: this is no flight recording")
    Run(here, "replay", "nowhere.flight").fails(1, "nowhere.flight", "No such file or directory")
    open(os.path.join(here, "x.flight"), "w").close()
    Run(here, "replay", "x.flight").fails(1, "x.flight")
