"""Setting up and looking after: `setup` (also in a terminal of its own), `doctor`, `status`."""
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import threading

from ask import Agent, says
from support import Limit, Myna, Run, case, check, environment

KEY = "sk-very-secret-0123456789"
MASK = "*" * 12
SOUND = ["--stt", "instant", "--tts", "instant"]


def config_of(here):
    return os.path.join(here, "home", ".config", "myna")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def quiet(here, **more):
    """Nobody who runs on this machine takes part; sound libraries that leak are not our affair."""
    return environment(here, MYNA_PROBE_ENABLED="false", ASAN_OPTIONS="detect_leaks=0", **more)


class Terminal:
    """The program in a pseudo terminal; what it shows is read until a text has come."""

    def __init__(self, here, *words, env=None):
        self.shown = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(here)
            os.execve(Myna.path, [Myna.path, *words], env or quiet(here))
        self.at = 0

    def until(self, text, seconds=60):
        limit = Limit(seconds)
        while text not in self.shown[self.at:]:
            check(not limit.over(), f"no {text!r} within {limit} in:\n{self.shown}")
            self.more(0.2)
        self.at = self.shown.index(text, self.at) + len(text)

    def more(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"it has ended:\n{self.shown}")
            self.shown += data.decode("utf-8", "replace")

    def type(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def answer(self, question, text=""):
        self.until(question)
        self.until(": ")
        self.type(text)

    def end(self, seconds=60):
        limit = Limit(seconds)
        while not limit.over():
            try:
                self.more(0.2)
            except AssertionError:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


@case
def ctrl_c_at_a_key_ends_setup_writes_nothing_and_the_terminal_shows_again_what_is_typed(here):
    t = Terminal(here, "setup", "--no-test")
    t.answer("Who answers?", "openai_compatible")
    t.answer("Its address", "http://127.0.0.1:1/v1")
    t.answer("Its model", "m")
    t.until("Its key")
    t.until(": ")
    check(not termios.tcgetattr(t.fd)[3] & termios.ECHO, "the key would be shown")
    os.write(t.fd, b"sk-ha\x03")
    t.until("nothing was written")
    check(termios.tcgetattr(t.fd)[3] & termios.ECHO, "the terminal stays silent")
    check(t.end() == 130, t.shown)
    check(not os.path.exists(config_of(here)), "something was written")


@case
def setup_in_a_terminal_asks_tries_and_writes_and_a_second_run_keeps_the_key(here):
    with Agent(says("Hello.")) as a:
        t = Terminal(here, "setup")
        t.answer("Who answers?", "openai_compatible")
        t.answer("Its address", a.url)
        t.answer("Its model", "m")
        t.answer("Its key", KEY)
        t.until("first token after ")
        t.answer("Who recognises speech?", "instant")
        t.answer("Who speaks?", "instant")
        t.until("saying a word")
        t.answer("Keep them all the same?", "y")
        t.until("Kept. It does not work yet.")
        t.answer("First words of a call", "Hi there.")
        t.answer("LiveKit server")
        check(t.end() == 0, t.shown)
        behind = t.shown.split("Written: ")[-1]
        check(behind.count("Kept, but it does not work yet: hearing and speaking (") == 1 and "who answers" not in behind, behind)
        check(KEY not in t.shown, f"the key was shown:\n{t.shown}")
        check("Written: " in t.shown and "(0600)" in t.shown, t.shown)
        yaml, env = read(config_of(here), "myna.yaml"), read(config_of(here), "env")
        check(KEY not in yaml and 'greeting: "Hi there."' in yaml and a.url in yaml, yaml)
        check(f'MYNA_LLM_OPENAI_COMPATIBLE_API_KEY="{KEY}"' in env, env)
        mode = stat.S_IMODE(os.stat(os.path.join(config_of(here), "env")).st_mode)
        check(mode == 0o600, f"{mode:o}")
        # what it wrote is what a later command uses
        asked = len(a.asked)
        Run(here, "ask", "well?", env=quiet(here)).well()
        check(len(a.asked) == asked + 1, "the agent was not asked")
        # and again, with Enter alone
        t = Terminal(here, "setup", "--no-test")
        t.until("Who answers?")
        t.until("[openai_compatible]: ")
        t.type("")
        t.answer("Its address")
        t.answer("Its model")
        t.until("Its key")
        t.until(f"[{MASK}]: ")
        t.type("")
        for q in ("Who recognises", "Who speaks", "First words", "LiveKit server"):
            t.answer(q)
        check(t.end() == 0 and KEY not in t.shown and KEY[-4:] not in t.shown, t.shown)
        check((read(config_of(here), "myna.yaml"), read(config_of(here), "env")) == (yaml, env), "something changed")


@case
def what_does_not_work_is_asked_again(here):
    with Agent(says("Hello.")) as a:
        t = Terminal(here, "setup", *SOUND, "--no-probe")
        t.answer("Who answers?", "openai_compatibel")
        t.until("there is no llm provider 'openai_compatibel'")
        t.answer("Who answers?", "openai_compatible")
        t.answer("Its address", "http://127.0.0.1:9/v1")
        t.answer("Its model", "m")
        t.answer("Its key")
        t.until("nobody answers there")
        t.answer("Keep it all the same?", "")
        t.answer("Who answers?")
        t.answer("Its address", a.url)
        t.answer("Its model")
        t.answer("Its key")
        t.until("first token after ")
        t.answer("Keep them all the same?", "y")
        t.answer("First words")
        t.answer("LiveKit server")
        check(t.end() == 0, t.shown)
    check(a.url in read(config_of(here), "myna.yaml"), "the second address is not written")


@case
def an_agent_that_does_not_answer_is_kept_only_with_a_clear_word(here):
    t = Terminal(here, "setup", *SOUND, "--no-probe")
    t.answer("Who answers?", "openai_compatible")
    t.answer("Its address", "http://127.0.0.1:9/v1")
    t.answer("Its model", "m")
    t.answer("Its key")
    t.until("nobody answers there")
    t.answer("Keep it all the same?", "y")
    t.until("Kept. It does not work yet.")
    t.answer("Keep them all the same?", "y")
    t.answer("First words")
    t.answer("LiveKit server")
    check(t.end() == 0, t.shown)
    behind = t.shown.split("Written: ")[-1]
    check("Kept, but it does not work yet: who answers (" in behind and "nobody answers there" in behind, behind)
    check("http://127.0.0.1:9/v1" in read(config_of(here), "myna.yaml"), "it is not kept")


@case
def yes_asks_nothing_and_writes_nothing_when_a_trial_fails(here):
    flags = ["--llm", "openai_compatible", "--llm-url", "http://127.0.0.1:9/v1", "--llm-model", "m"]
    Run(here, "setup", "--yes", *flags, *SOUND, env=quiet(here)).fails(1, "nobody answers there")
    check(not os.path.exists(config_of(here)), "something was written")
    r = Run(here, "setup", "--yes", "--no-test", *flags, *SOUND, "--llm-key", "-", "--room", "lobby", "--livekit-url",
            "ws://127.0.0.1:7880", "--livekit-key", "devkey", "--livekit-secret", "devsecret", "--agent-name", "Ada",
            "--avatar", "https://example.org/a.png", "--allowed-users", "ann,bob", "--poll-interval", "9",
            "--home-channel", "hall", stdin=KEY.encode() + b"\n", env=quiet(here)).well()
    check(KEY not in r.out + r.err and "devsecret" not in r.out, str(r))
    yaml, env = read(config_of(here), "myna.yaml"), read(config_of(here), "env")
    check("lobby" in yaml and "devsecret" not in yaml and KEY not in yaml, yaml)
    check(KEY in env and "devsecret" in env, env)
    now = json.loads(Run(here, "config", "--json", env=quiet(here)).well().out)
    for key, value in (("agent_name", "Ada"), ("avatar", "https://example.org/a.png"), ("allowed_users", ["ann", "bob"]),
                       ("presence_poll_interval", "9"), ("home_channel", "hall")):
        check(now[f"gateway.{key}"]["value"] == value, f"{key}: {now[f'gateway.{key}']}")
    Run(here, "setup", "--yes", "--no-test", "--llm", "nobody", env=quiet(here)).fails(2, "no llm provider 'nobody'")
    Run(here, "setup", env=quiet(here), stdin=b"").fails(1, "ended too early; nothing was written")


@case
def what_a_person_wrote_stays_and_secrets_move_out_of_the_file(here):
    text = f"""# mine
agent: {{instructions: "Be: brief, \\"please\\""}}
turn: {{min_delay: 0.7s, allow_interruptions: no}}
llm:
  provider: openai_compatible
  openai_compatible:
    base_url: http://127.0.0.1:1/v1
    model: old
    api_key: {KEY}
"""
    with open(os.path.join(here, "myna.yaml"), "w", encoding="utf-8") as f:
        f.write(text)
    before = json.loads(Run(here, "config", "--json", env=quiet(here)).well().out)
    Run(here, "setup", "--yes", "--no-test", "--llm-model", "new", env=quiet(here)).well()
    yaml = read(here, "myna.yaml")
    check(KEY not in yaml and KEY in read(config_of(here), "env") and read(here, "myna.yaml.bak") == text, yaml)
    check(stat.S_IMODE(os.stat(os.path.join(here, "myna.yaml.bak")).st_mode) == 0o600, "others can read the copy")
    after = json.loads(Run(here, "config", "--json", env=quiet(here)).well().out)
    changed = {k for k in after if after[k]["value"] != before.get(k, {}).get("value")}
    check(changed <= {"llm.openai_compatible.model", "llm.openai_compatible.api_key"}, f"{changed}\n{yaml}")
    check(after["llm.openai_compatible.model"]["value"] == "new", yaml)


@case
def the_environment_stands_before_the_private_file_and_a_bad_line_is_named(here):
    os.makedirs(config_of(here))
    path = os.path.join(config_of(here), "env")
    with open(path, "w", encoding="utf-8") as f:
        f.write("# keys\nMYNA_TURN_MIN_DELAY='900ms'\nexport MYNA_LLM_PROVIDER=instant\n")
    config = json.loads(Run(here, "config", "--json", env=quiet(here, MYNA_LLM_PROVIDER="rehearsal")).well().out)
    check(config["llm.provider"]["value"] == "rehearsal" and config["turn.min_delay"]["value"] == 900, f"{config}")
    with open(path, "a", encoding="utf-8") as f:
        f.write("what is this\n")
    Run(here, "config", env=quiet(here)).fails(2, "env:4: this is no NAME=value")


# ------------------------------------------------------------------ doctor and status


def doctor(here, *words, env=None, code=None):
    r = Run(here, "doctor", *words, "--json", env=env or quiet(here))
    o = json.loads(r.out)
    check(r.code == (1 if o["fail"] else 0) and (code is None or r.code == code), f"{r}")
    check(sum(o[k] for k in ("ok", "warn", "fail", "skip")) == len(o["checks"]), f"{o}")
    for c in o["checks"]:
        check(c["state"] != "fail" or c["fix"], f"a failure without a remedy: {c}")
        check("\n" not in c["fix"], f"{c}")
    return {(c["section"], c["name"]): c for c in o["checks"]}


@case
def doctor_asks_the_agent_for_its_models_and_a_first_word(here):
    with Agent(says("Hello.")) as a:
        c = doctor(here, "openai_compatible", *a.flags()[2:], code=0)
        check(c["agent", "models"]["text"] == "it answers and lists m", f"{c}")
        check(re.fullmatch(r"first token after \d+ ms from m", c["agent", "answer"]["text"]), f"{c}")
        check(a.asked and a.asked[0]["stream"], f"{a.asked}")
        n = len(a.asked)
        c = doctor(here, "openai_compatible", "--no-network", *a.flags()[2:], code=0)
        check(c["agent", "models"]["state"] == c["agent", "answer"]["state"] == "skip", f"{c}")
        check(len(a.asked) == n, "it was asked all the same")
        c = doctor(here, "openai_compatible", *a.flags()[2:], "--set", "llm.openai_compatible.model=other", code=0)
        check(c["agent", "models"]["state"] == "warn" and "does not list other" in c["agent", "models"]["text"], f"{c}")
    c = doctor(here, "openai_compatible", *a.flags()[2:], code=1)
    check(c["agent", "models"]["state"] == "fail" and c["agent", "answer"]["state"] == "skip", f"{c}")
    Run(here, "doctor", "nobody", env=quiet(here)).fails(2, "no agent 'nobody'")


@case
def doctor_tries_all_of_a_fallback_list(here):
    with Agent(says("Hello.")) as a, Agent(says("Hi.")) as b:
        flags = ["--set", "llm.provider=openai_compatible", *a.flags()[2:],
                 "--set", f"llm.ollama.base_url={b.url}", "--set", "llm.ollama.model=m",
                 "--set", "llm.fallback=ollama, lmstudio", "--set", "llm.lmstudio.base_url=http://127.0.0.1:1/v1",
                 "--set", "vad.provider=energy", "--set", "stt.provider=instant", "--set", "tts.provider=instant",
                 "--set", "tts.fallback=flite, nobody", "--set", "stt.fallback=openai"]
        c = doctor(here, *flags, env=quiet(here, OPENAI_API_KEY=""), code=1)
        check(c["agent", "answer"]["state"] == "ok" and c["fallback ollama", "answer"]["state"] == "ok", f"{c}")
        check("(--set)" in c["fallback ollama", "provider"]["text"], f"{c}")
        check(len(a.asked) == len(b.asked) == 1, f"{a.asked} {b.asked}")
        check(c["fallback lmstudio", "models"]["state"] == "fail", f"{c}")
        check(c["fallback lmstudio", "answer"]["state"] == "skip", f"{c}")
        check(c["hearing", "stt fallback"]["state"] == "fail", f"{c}")
        check("no tts provider 'nobody'" in c["voice", "tts fallback"]["text"], f"{c}")
        r = Run(here, "doctor", *flags, env=quiet(here, OPENAI_API_KEY=""))
        check("instant to instant: " in r.out and "flite to instant: " in r.out, f"{r}")
        c = doctor(here, "ollama", *flags, code=0)
        check({s for s, _ in c} == {"agent"} and "ollama" in c["agent", "provider"]["text"], f"{c}")


@case
def doctor_goes_on_when_the_list_of_models_is_slow(here):
    with Agent(says("Hello.")) as a:
        over = threading.Event()
        a.server.RequestHandlerClass.do_GET = lambda self: over.wait(300)  # no answer, however long a busy machine takes
        c = doctor(here, "openai_compatible", *a.flags()[2:], code=0)
        over.set()
    check(c["agent", "models"]["state"] == "warn" and "4000 ms" in c["agent", "models"]["text"], f"{c}")
    check(c["agent", "answer"]["state"] == "ok", f"{c}")


@case
def doctor_reads_the_files_of_hermes_and_openclaw(here):
    hermes, claw = os.path.join(here, "home", ".hermes"), os.path.join(here, "home", ".openclaw")
    os.makedirs(hermes)
    os.makedirs(claw)
    c = doctor(here, "hermes", "--no-network")
    check(c["agent", "gateway"]["state"] == "warn" and "no files of Hermes" in c["agent", "gateway"]["text"], f"{c}")
    check("no session headers" in c["agent", "key"]["text"] and c["agent", "key"]["state"] == "warn", f"{c}")
    with open(os.path.join(hermes, "config.yaml"), "w", encoding="utf-8") as f:
        f.write("model: {default: x}\nplatforms:\n  api_server:\n    enabled: true\n    key: 'short'\n    port: 9000\n")
    c = doctor(here, "hermes", "--no-network", code=1)
    check(c["agent", "gateway"]["state"] == "ok" and "has 5 characters" in c["agent", "key"]["text"], f"{c}")
    check("port 9000" in c["agent", "port"]["text"] and c["agent", "port"]["state"] == "warn", f"{c}")
    with open(os.path.join(hermes, ".env"), "w", encoding="utf-8") as f:
        f.write(f"API_SERVER_ENABLED=false\nAPI_SERVER_KEY={KEY}\nAPI_SERVER_PORT=9001\n")
    c = doctor(here, "hermes", "--no-network", code=1)  # .env over config.yaml
    check("is off" in c["agent", "gateway"]["text"] and c["agent", "key"]["state"] == "ok", f"{c}")
    check("9001" in c["agent", "provider"]["text"], f"the port of the file is not used: {c}")
    c = doctor(here, "hermes", "--no-network", "--set", "llm.hermes.api_key=another-key-of-some-length")
    check("is not the API_SERVER_KEY" in c["agent", "key"]["text"], f"{c}")
    for text, state in (("{}", "fail"), ("{ // no JSON\n}", "warn"),
                        ('{"gateway":{"http":{"endpoints":{"chatCompletions":{"enabled":true}}}}}', "ok")):
        with open(os.path.join(claw, "openclaw.json"), "w", encoding="utf-8") as f:
            f.write(text)
        c = doctor(here, "openclaw", "--no-network")
        check(c["agent", "gateway"]["state"] == state, f"{text}: {c}")


@case
def doctor_names_a_refused_key_and_tells_none(here):
    def no(handler, _):
        handler.begin()
    with Agent(no) as a:
        handler = a.server.RequestHandlerClass

        def refuse(self):
            self.send_response(401)
            self.end_headers()
        handler.do_GET = refuse
        r = Run(here, "doctor", "openai_compatible", *a.flags()[2:], "--set", f"llm.openai_compatible.api_key={KEY}",
                env=quiet(here))
    check(r.code == 1 and "refuses the key (HTTP 401)" in r.out and KEY not in r.out + r.err, str(r))


def things(here):
    """Everything below, but for what the sound system's own library makes when a card is looked for."""
    found = subprocess.check_output(["find", here, "-printf", "%p %m %s\n"], text=True).splitlines()
    return {line for line in found if "/.config/pulse" not in line}


@case
def doctor_looks_at_files_models_and_keys_and_changes_nothing(here):
    os.makedirs(config_of(here))
    env = os.path.join(config_of(here), "env")
    with open(env, "w", encoding="utf-8") as f:
        f.write("")
    os.chmod(env, 0o644)
    more = dict(LIVEKIT_URL="ws://127.0.0.1:1")
    before = things(here)
    c = doctor(here, "--no-network", "--set", "vad.provider=energy", "--set", "tts.provider=flite",
               env=quiet(here, **more), code=1)
    check(c["myna", "private file"]["state"] == "fail" and "chmod 600" in c["myna", "private file"]["fix"], f"{c}")
    check(c["myna", "call log"]["state"] == "ok" and c["hearing", "vad"]["state"] == "ok", f"{c}")
    check(c["hearing", "stt"]["state"] == "fail" and "myna models fetch" in c["hearing", "stt"]["fix"], f"{c}")
    check(c["livekit", "keys"]["state"] == "fail" and c["voice", "word"]["state"] == "skip", f"{c}")
    check(c["agent", "provider"]["state"] == "warn" and "rehearsal" in c["agent", "provider"]["text"], f"{c}")
    after = things(here)
    check(after == before, f"changed: {after ^ before}")


@case
def doctor_warns_of_a_kept_room_in_which_nobody_may_talk(here):
    room = dict(LIVEKIT_URL="ws://127.0.0.1:1", LIVEKIT_API_KEY="k", LIVEKIT_API_SECRET="s" * 32, LIVEKIT_ROOM="den")
    for more, state in (({}, "warn"), (dict(LIVEKIT_ALLOWED_USERS="ann"), "ok"), (dict(LIVEKIT_ALLOW_ALL_USERS="1"), "ok")):
        c = doctor(here, "--no-network", "--set", "vad.provider=energy", "--set", "tts.provider=flite",
                   env=quiet(here, **room, **more), code=1)
        check(c["livekit", "people"]["state"] == state, f"{more}: {c['livekit', 'people']}")
    r = Run(here, "status", "--set", "gateway.home_channel=hall", env=quiet(here, **room)).well()
    check("livekit  ws://127.0.0.1:1, room den, home hall" in r.out and "s" * 32 not in r.out, str(r))
    o = json.loads(Run(here, "status", "--json", env=quiet(here, **room)).well().out)["livekit"]
    check(o == {"configured": True, "url": "ws://127.0.0.1:1", "room": "den", "agent_name": "Hermes",
                "identity": "hermes-hermes", "home_channel": "den", "home_channel_name": "Home", "poll_interval": 5.0,
                "poll_interval_why": "local default",
                "gateway": {"trouble": "it cannot be asked: set gateway.announce_token for it and here"}}, f"{o}")


@case
def doctor_livekit_looks_at_the_rooms_alone(here):
    room = dict(LIVEKIT_URL="wss://x.livekit.cloud", LIVEKIT_API_KEY="k", LIVEKIT_API_SECRET="s" * 32,
                LIVEKIT_AGENT_NAME="Ada Lovelace", LIVEKIT_ALLOWED_USERS="ann", LIVEKIT_ROOM="hermes")
    c = doctor(here, "livekit", "--no-network", env=quiet(here, **room), code=0)
    check({section for section, _ in c} == {"livekit"} and c["livekit", "people"]["state"] == "ok", f"{c}")
    said = c["livekit", "identity"]["text"]
    check(said == "it is hermes-ada lovelace, looks into room hermes every 30 s (cloud default)", said)
    check("s" * 32 not in json.dumps(list(c.values())), f"{c}")
    c = doctor(here, "livekit", "--set", "gateway.announce_token=t", "--set", "gateway.announce_listen=127.0.0.1:1",
               env=quiet(here, **{**room, "LIVEKIT_URL": "ws://127.0.0.1:1"}), code=1)
    check(c["livekit", "server"]["state"] == "fail" and c["livekit", "gateway"]["state"] == "skip" and
          "does not run here" in c["livekit", "gateway"]["text"], f"{c}")


@case
def status_shows_who_answers_and_never_a_key(here):
    r = Run(here, "status", "--set", "llm.provider=openai", "--set", f"llm.openai.api_key={KEY}", env=quiet(here)).well()
    check(f"key {MASK}" in r.out and KEY not in r.out and "agent    openai" in r.out, str(r))
    check("calls    none yet" in r.out and "livekit  not configured" in r.out, str(r))
    o = json.loads(Run(here, "status", "--json", env=quiet(here)).well().out)
    check(o["llm"] == {"provider": "rehearsal", "origin": "default"} and o["last_call"] is None, f"{o}")
    check(o["models"]["here"] == 0 and "silero-vad" in o["models"]["missing"], f"{o}")
