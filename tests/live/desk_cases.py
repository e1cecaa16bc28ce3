"""`doctor`, `setup` and `ask` with a real Hermes and a real OpenClaw."""
import json
import os
import subprocess

from agents import KEY, Hermes, OpenClaw
from common import FIXTURES, MYNA, Limit, case, check, clean_env

PATIENT = "10s"  # by itself an agent has 250 ms to be found


def myna(here, *words, **env):
    home = os.path.join(here, "home of a newcomer")
    os.makedirs(home, exist_ok=True)
    keep = {k: v for k, v in clean_env().items() if not k.startswith(("XDG_", "MYNA_PROBE", "MYNA_CALLS"))}
    keep.update(HOME=home, ASAN_OPTIONS="detect_leaks=0", MYNA_CALLS_ENABLED="false", **env)
    p = subprocess.run([MYNA, *words], cwd=here, env=keep, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=300)
    check(KEY not in p.stdout + p.stderr, f"the key was shown:\n{p.stdout}{p.stderr}")
    return p


def look(here, name, url, key, **env):
    p = myna(here, "doctor", name, "--json", "--set", f"llm.{name}.base_url={url}/v1", "--set", f"llm.{name}.api_key={key}",
             MYNA_PROBE_ENABLED="false", **env)
    return p.returncode, {c["name"]: c for c in json.loads(p.stdout)["checks"]}


def listed(*how, **env):
    """The same, of an agent that answers by now: its first answers may take longer than the four seconds for the list."""
    limit = Limit(60)
    while True:
        code, c = look(*how, **env)
        if c["models"]["state"] != "warn" or limit.over():
            return code, c


@case
def doctor_and_setup_know_a_real_hermes(here):
    s = Hermes(here, FIXTURES)
    try:
        code, c = listed(here, "hermes", s.url, KEY, HERMES_HOME=s.home)
        check(code == 0 and c["models"]["state"] == "ok" and c["gateway"]["state"] == "ok", f"{c}")
        check(c["answer"]["text"].startswith("first token after "), f"{c}")
        code, c = listed(here, "hermes", s.url, "a-wrong-key-of-some-length", HERMES_HOME=s.home)
        check(code == 1 and "is not the API_SERVER_KEY" in c["key"]["text"], f"{c}")
        check("refuses the key (HTTP 401)" in c["models"]["text"], f"{c}")
        port = s.url.rsplit(":", 1)[1]
        p = myna(here, "setup", "--yes", "--stt", "instant", "--tts", "instant", "--no-test", "--llm", "hermes", HERMES_HOME=s.home,
                 MYNA_PROBE_HERMES=port, MYNA_PROBE_TIMEOUT=PATIENT)
        check(p.returncode == 0 and "Found Hermes" in p.stdout, f"{p}")
        p = myna(here, "ask", "What is the answer?", MYNA_PROBE_ENABLED="false", MYNA_LOG_LEVEL="error")
        check(p.returncode == 0 and p.stdout == "The answer is forty-two.\n", f"{p}")
    finally:
        s.end()


@case
def doctor_and_setup_know_a_real_openclaw(here):
    s = OpenClaw(here, FIXTURES)
    config = os.path.join(here, "openclaw.json")
    try:
        code, c = listed(here, "openclaw", s.url, KEY, OPENCLAW_CONFIG_PATH=config, MYNA_LLM_OPENCLAW_TIMEOUT="60s")
        check(code == 0 and c["models"]["state"] == "ok" and c["gateway"]["state"] == "ok", f"{c}")
        check(c["answer"]["text"].startswith("first token after "), f"{c}")
        code, c = listed(here, "openclaw", s.url, "a-wrong-token-of-some-length", OPENCLAW_CONFIG_PATH=config)
        check(code == 1 and "(HTTP 401)" in c["models"]["text"], f"{c}")
        port = s.url.rsplit(":", 1)[1]
        p = myna(here, "setup", "--yes", "--stt", "instant", "--tts", "instant", "--no-test", "--llm", "openclaw",
                 OPENCLAW_CONFIG_PATH=config, MYNA_PROBE_OPENCLAW=port, MYNA_PROBE_TIMEOUT=PATIENT)
        check(p.returncode == 0 and "Found OpenClaw" in p.stdout, f"{p}")
        p = myna(here, "ask", "What is the answer?", MYNA_PROBE_ENABLED="false", MYNA_LOG_LEVEL="error",
                 OPENCLAW_CONFIG_PATH=config)
        check(p.returncode == 0 and p.stdout == "The answer is forty-two.\n", f"{p}")
    finally:
        s.end()
