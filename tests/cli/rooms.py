"""The errands of LiveKit's rooms, done wrong: each mistake has a sentence with its remedy, and none waits for ever."""
import concurrent.futures
import http.server
import json
import subprocess
import threading
import time

from desk import quiet
from support import Myna, Run, case, check

SECRET = "secret" * 6
KEY = {"LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": SECRET}
OFFLINE = ["--no-probe", "--stt", "instant", "--llm", "instant", "--tts", "instant", "--vad", "energy"]


class Somebody:
    """Answers everything in one way: LiveKit's API, or a server that is none."""

    def __init__(self, status, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"ws://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@case
def an_address_where_no_livekit_server_answers_is_named_and_not_waited_for_long(here):
    with Somebody(404, b"no such page") as url:
        Run(here, "rooms", "--url", url, env=quiet(here, **KEY), timeout=120).fails(
            1, "404", "is that the address of a LiveKit server?")
        # A worker waits half a minute: a proxy may be up before the server behind it.
        with concurrent.futures.ThreadPoolExecutor() as both:
            def worker(at):
                return both.submit(Run, here, "worker", "--url", at, *OFFLINE, env=quiet(here, **KEY), timeout=180)
            plain, tls = worker(url), worker("wss" + url[2:])
            plain.result().fails(1, "404", "is that the address of a LiveKit server?")
            tls.result().fails(1, "does it speak TLS")


@case
def a_room_that_is_not_there_is_said_in_plain_words(here):
    said = json.dumps({"code": "not_found", "msg": "twirp error unknown: requested room does not exist"}).encode()
    with Somebody(404, said) as url:
        r = Run(here, "rooms", "delete", "hall", "--url", url, "--api-key", "devkey", "--api-secret", SECRET, env=quiet(here))
    r.fails(1, "requested room does not exist; `myna rooms` lists what is there")
    check("twirp" not in r.err and SECRET not in r.err, str(r))


@case
def key_and_secret_are_asked_for_together_and_may_be_flags(here):
    for words in (["token", "--room", "den", "--identity", "ann"], ["rooms", "--url", "ws://127.0.0.1:1"],
                  ["worker", "--url", "ws://127.0.0.1:1", *OFFLINE], ["join", "--room", "den", *OFFLINE]):
        Run(here, *words, env=quiet(here)).fails(2, "LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    r = Run(here, "token", "--room", "den", "--identity", "ann", "--api-key", "devkey", "--api-secret", SECRET,
            env=quiet(here)).well()
    check(r.out.count(".") == 2 and r.out.startswith("eyJ"), str(r))
    Run(here, "token", "--room", "den", env=quiet(here, **KEY)).fails(2, "--identity ID")


@case
def what_is_wrong_with_the_configuration_of_several_workers_is_wrong_use_as_of_one(here):
    wrong = ["worker", "--url", "ws://127.0.0.1:1", "--set", "llm.provider=nobody-of-that-name", *OFFLINE]
    env = quiet(here, MYNA_WORKER_HEALTH="off", **KEY)
    for words in (["worker", "--url", "ws://127.0.0.1:1", *OFFLINE], ["worker", "--workers", "2", "--url", "ws://127.0.0.1:1",
                                                                    *OFFLINE]):
        Run(here, *words, env=quiet(here)).fails(2, "LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    one = Run(here, *wrong, "--set", 'transport.livekit.kinds=["nobody"]', env=env).fails(2, "knows no 'nobody'")
    several = Run(here, *wrong, "--workers", "2", "--set", 'transport.livekit.kinds=["nobody"]', env=env)
    several.fails(2, one.err.strip())


@case
def a_room_that_cannot_be_joined_is_said_once(here):
    words = ["join", "--url", "ws://127.0.0.1:1", "--room", "den", *OFFLINE]
    r = Run(here, *words, env=quiet(here, **KEY)).fails(1, "nobody answers there; is the server running?")
    check((r.out + r.err).count("nobody answers there") == 1, str(r))


@case
def a_gateway_whose_server_cannot_be_reached_says_so_at_once(here):
    env = quiet(here, LIVEKIT_URL="ws://127.0.0.1:1", LIVEKIT_ALLOW_ALL_USERS="true", **KEY)
    words = ["join", "--as", "gateway", "--room", "den", "--set", "gateway.presence_poll_interval=0.2", *OFFLINE]
    p = subprocess.Popen([Myna.path, *words], cwd=here, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    killer = threading.Timer(120, p.kill)
    killer.start()
    said = []
    for line in p.stdout:
        said.append(line)
        if "cannot be asked" in line:
            break
    time.sleep(1.5)
    p.terminate()
    said += p.stdout.readlines()
    p.wait()
    killer.cancel()
    told = [line for line in said if "cannot be asked" in line]
    check(len(told) == 1 and "nobody answers there; is the server running?" in told[0], "".join(said))
