"""Libraries that are opened when they are needed, on a machine that does not have them: each command names the package,
and what does without goes on."""
import os

from desk import SOUND, doctor, quiet
from support import Run, case, check

CURL = "Debian package libcurl4"
ROOM = {"LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": "secret" * 6}
OFFLINE = ["--set", "stt.provider=instant", "--set", "tts.provider=instant", "--set", "vad.provider=energy"]


def without(here, *files, **more):
    """An environment in which the loader finds an empty file in place of each library."""
    where = os.path.join(here, "lacking")
    os.makedirs(where, exist_ok=True)
    for name in files:
        with open(os.path.join(where, name), "w", encoding="utf-8"):
            pass
    env = quiet(here, LD_LIBRARY_PATH=where, **more)
    if "libcurl.so.4" in files:
        env.pop("MYNA_PROBE_ENABLED")  # nobody can be asked
    return env


@case
def without_libcurl_what_asks_somebody_names_the_package(here):
    env = without(here, "libcurl.so.4", **ROOM)
    ollama = ["--set", "llm.provider=ollama", "--set", "llm.ollama.model=m", "--no-probe"]
    for words in (["ask", "hello", *ollama], ["join", "--room", "den", *OFFLINE], ["worker", *OFFLINE], ["rooms"],
                  ["join", "--room", "den", "--stay", *OFFLINE]):
        Run(here, *words, env=env).fails(1, CURL)
    r = Run(here, "setup", "--yes", *SOUND, "--llm", "ollama", "--llm-model", "m", env=env)
    r.fails(1, CURL)


@case
def without_libcurl_the_rest_goes_on_and_says_so(here):
    env = without(here, "libcurl.so.4")
    r = Run(here, "ask", "hello", env=env).well()
    check(CURL in r.err and "rehearsal agent answers" in r.err and r.out.strip(), str(r))
    r = Run(here, "status", env=env).well()
    check(CURL in r.err and "rehearsal" in r.out, str(r))
    r = Run(here, "setup", "--yes", *SOUND, "--no-test", env=env).well()
    check(CURL in r.out, str(r))


@case
def doctor_tells_which_library_is_missing_and_for_what(here):
    env = without(here, "libcurl.so.4", **ROOM)
    c = doctor(here, "--set", "tts.provider=flite", env=env, code=1)
    check(c["myna", "HTTP"]["state"] == "fail" and CURL in c["myna", "HTTP"]["text"], f"{c}")
    check("apt install libcurl4" in c["livekit", "server"]["fix"], f"{c}")
    check(c["myna", "WebRTC"]["state"] == "ok", f"{c}")
    os.remove(os.path.join(here, "lacking", "libcurl.so.4"))
    for more, state in (({}, "warn"), (ROOM, "fail")):
        c = doctor(here, "--no-network", "--set", "tts.provider=flite", env=without(here, "libnice.so.10", **more), code=1)
        check(c["myna", "WebRTC"]["state"] == state and c["myna", "WebRTC"]["fix"] == "apt install libnice10", f"{c}")
        check(c["myna", "HTTP"]["state"] == "ok", f"{c}")


@case
def without_libnice_nobody_waits_for_people_whom_it_could_not_meet(here):
    env = without(here, "libnice.so.10", **ROOM)
    want = "Debian package libnice10"
    for words in (["worker", *OFFLINE], ["join", "--room", "den", "--as", "gateway", *OFFLINE]):
        r = Run(here, *words, env=env).fails(1, want)
        check(r.err.count(want) == 1, str(r))
    Run(here, "worker", "--workers", "2", *OFFLINE, env=env).fails(1, want)


@case
def without_portaudio_the_recorded_question_is_asked_and_the_package_named(here):
    r = Run(here, "console", *SOUND, "--llm", "instant", "--vad", "energy", env=without(here, "libportaudio.so.2")).well()
    check("Debian package libportaudio2" in r.out + r.err and "recorded question" in r.out + r.err, str(r))


@case
def a_tool_whose_program_is_not_here_is_told_before_anybody_talks(here):
    path = os.path.join(here, "tools.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("tools:\n  lights:\n    description: Switches lights.\n    command: [no-such-program-here, --on]\n"
                "  list: {description: Lists., command: [ls]}\n  files: {kind: mcp, command: [/no/such/server]}\n")
    want = "tools.yaml:4:5: tools.lights.command names no-such-program-here, which is not a program of this machine"
    Run(here, "ask", "hello", "--config", path, env=quiet(here)).fails(2, want, "install it")
    c = doctor(here, "--no-network", "--config", path, "--set", "tts.provider=flite", code=1)
    check(want in c["tools", "lights"]["text"] and c["tools", "lights"]["state"] == "fail", f"{c}")
    check(c["tools", "list"]["state"] == "ok" and c["tools", "list"]["text"] == "command", f"{c}")
    check("which is not there: /no/such/server" in c["tools", "files"]["text"], f"{c}")


@case
def who_types_needs_no_model_to_be_heard(here):
    r = Run(here, "console", "--text", "--llm", "rehearsal", "--tts", "instant", stdin=b"what is two plus two").well()
    check("Agent: " in r.out and "4" in r.out and "moonshine" not in r.out + r.err and "VAD" not in r.err, str(r))


@case
def what_is_tried_again_says_its_reason_once(here):
    r = Run(here, "ask", "hello", "--no-probe", "--llm", "ollama", "--set", "llm.ollama.model=m", "--set",
            "llm.ollama.base_url=http://127.0.0.1:1/v1", env=quiet(here)).fails(1, "nobody answers there")
    said = r.err.splitlines()
    check(said[0].startswith("Trying again: http://127.0.0.1:1/") and said[1:-1] == ["Trying again"] * (len(said) - 2), str(r))
