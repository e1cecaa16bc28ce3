"""Our WebRTC against stacks that we did not write: aiortc (Python), GStreamer's webrtcbin and Pion (Go), each as the one who
offers and as the one who answers, over loopback. Sound both ways is judged by its pitch and loudness
on both sides, messages by what came back.
"""
import hashlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time

import fetching
from common import PEERS, RUNNING, Limit, Skip, built, case, check, clean_env, free_port, install, need

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = "tests/live/rtc_peer"


class Leash:
    """A program that speaks lines of JSON."""

    def __init__(self, *cmd, env=None):
        self.name = os.path.basename(cmd[-2] if cmd[-1] in ("offer", "answer") else cmd[0])
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=clean_env(**(env or {})))
        RUNNING.append(self.p)
        self.q = queue.Queue()
        self.seen = {}
        self.log = []
        self.all = []
        threading.Thread(target=self._read, daemon=True).start()
        self.errors = threading.Thread(target=self._errors, daemon=True)
        self.errors.start()

    def _read(self):
        for line in self.p.stdout:
            try:
                self.q.put(json.loads(line))
            except ValueError:
                self.log.append(line)
        self.q.put(None)

    def _errors(self):
        for line in self.p.stderr:
            self.log.append(line)

    def say(self, **m):
        self.p.stdin.write(json.dumps(m) + "\n")
        self.p.stdin.flush()

    def forget(self):
        """What was told until now is waited for no longer."""
        while not self.q.empty():
            m = self.q.get()
            check(m is not None and "error" not in m, f"{self.name}: {m or 'it ended'} " + " ".join(self.log[-8:]))

    def until(self, what, cond, seconds=15):
        """The first message for which cond holds."""
        limit = Limit(seconds)
        while True:
            try:
                m = self.q.get(timeout=max(0.01, limit.left()))
            except queue.Empty:
                if not limit.over():
                    continue
                m = None
            if m is None:
                raise AssertionError(f"{self.name}: no {what}; saw {self.all[-6:]}; " + " ".join(self.log[-8:]))
            self.all.append({k: v for k, v in m.items() if k != "sdp"})
            if "error" in m:
                raise AssertionError(f"{self.name}: {m['error']}")
            if cond(m):
                return m

    def sdp(self):
        return self.until("description", lambda m: "sdp" in m)["sdp"]

    def end(self):
        self.p.stdin.close()
        try:
            code = self.p.wait(60)
            self.errors.join(60)  # its last words are here
            return code
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            return -1


def ours(role, *more, env=None):
    return Leash(built(PEER), role, *more, env=env)


def aiortc(role):
    where = install("aiortc")
    return Leash(os.path.join(where, "venv/bin/python"), os.path.join(HERE, "rtc_aiortc.py"), role)


def introduce(offerer, answerer):
    """The two descriptions, the offer first."""
    offer = offerer.sdp()
    answerer.say(sdp=offer)
    answer = answerer.sdp()
    offerer.say(sdp=answer)
    return offer, answer


def fragments(sdp):
    """Names of its ICE session, which a restart makes anew (RFC 8839 4.4.1.1.1)."""
    return {line for line in sdp.splitlines() if line.startswith("a=ice-ufrag:")}


def hears(peer, hz, rms=8000 / 2**0.5):
    """Two half seconds of that tone and as loud, told from now on; on a busy machine the one in between may have a hole."""
    peer.forget()
    for n in range(2):
        peer.until(f"tone of {hz} Hz, {n + 1} times", lambda m: abs(m.get("hz", 0) - hz) < 12 and abs(m.get("rms", 0) - rms) < 0.2 * rms)


def talk(me, other, answer):
    """Sound and text both ways; leaves the connection standing."""
    me.until("connection", lambda m: m.get("state") == "connected")
    me.until("channel", lambda m: m.get("channel") == "open")
    hears(me, 1000)
    hears(other, 440)
    me.say(send="one")
    me.until("answer", lambda m: m.get("message") == answer + "one")
    other.say(send="two")
    other.until("echo", lambda m: m.get("message") == "echo: two")


def finish(me, other):
    other.end()
    check(me.end() == 0, f"rtc_peer ended badly: {' '.join(me.log[-20:])}")


@case
def aiortc_answers_our_offer(here):
    me, other = ours("offer"), aiortc("answer")
    introduce(me, other)
    talk(me, other, "aiortc: ")
    m = me.until("figures", lambda m: m.get("now") == "connected" and m["received"] > 50)
    check(m["srtp"] in ("AEAD_AES_128_GCM", "AEAD_AES_256_GCM"), f"SRTP is {m['srtp']}")
    check(m["lost"] == 0, f"lost {m['lost']}")
    finish(me, other)


@case
def aiortc_offers_and_we_answer(here):
    other, me = aiortc("offer"), ours("answer")
    introduce(other, me)
    talk(me, other, "aiortc: ")
    finish(me, other)


def gstreamer(role):
    """webrtcbin of the distribution's GStreamer, by the distribution's Python (its bindings know no other)."""
    python, source = "/usr/bin/python3", os.path.join(HERE, "rtc_gstreamer.py")
    try:
        p = subprocess.run([python, source, "there"], capture_output=True, text=True, timeout=300)
    except OSError:
        raise Skip(f"no {python} on this machine") from None
    if p.returncode:
        raise Skip("GStreamer's webrtcbin or its Python bindings are not installed "
                   "(Debian packages gstreamer1.0-plugins-bad, gstreamer1.0-nice, python3-gst-1.0 and others; tools/install-deps.sh --test)")
    return Leash(python, source, role)


@case
def gstreamer_answers_our_offer(here):
    other = gstreamer("answer")
    me = ours("offer")
    introduce(me, other)
    talk(me, other, "gstreamer: ")
    finish(me, other)


@case
def gstreamer_offers_and_we_answer(here):
    other = gstreamer("offer")
    me = ours("answer")
    introduce(other, me)
    talk(me, other, "gstreamer: ")
    finish(me, other)


def pion(role):
    """Built once for each text of its source; Go's own cache makes later ones quick."""
    need("go")
    source = os.path.join(HERE, "pion_peer")
    digest = hashlib.sha256()
    for name in sorted(os.listdir(source)):
        with open(os.path.join(source, name), "rb") as f:
            digest.update(f.read())
    where = os.path.join(PEERS, "pion")
    binary = os.path.join(where, "pion_peer-" + digest.hexdigest()[:12])
    if not os.path.exists(binary):
        os.makedirs(where, exist_ok=True)
        why = fetching.why_not(["go", "build", "-o", binary + ".new", "."], source)
        if why:
            raise Skip(f"the Pion peer cannot be built: {why}")
        os.rename(binary + ".new", binary)
    return Leash(binary, role)


def talk_to_pion(me, other):
    """It sends back what it hears, so our own tone comes home."""
    me.until("connection", lambda m: m.get("state") == "connected")
    me.until("channel", lambda m: m.get("channel") == "open")
    other.until("sound", lambda m: m.get("packets", 0) >= 50)
    hears(me, 440)
    me.say(send="one")
    me.until("answer", lambda m: m.get("message") == "pion: one")
    other.say(send="two")
    other.until("echo", lambda m: m.get("message") == "echo: two")


def restart(me, offerer, answerer, before):
    """ICE anew on both sides, asked for by the offerer; sound comes behind the answer. `before`: their descriptions so far."""
    offerer.say(restart=True)
    for old, new in zip(before, introduce(offerer, answerer)):
        check(fragments(new) and not fragments(old) & fragments(new), f"ICE was not begun anew: {fragments(old)} {fragments(new)}")
    me.forget()
    before = me.until("connection", lambda m: m.get("now") == "connected")
    me.until("more sound", lambda m: m.get("now") == "connected" and m["received"] > before["received"] + 100)
    hears(me, 440)


@case
def pion_answers_our_offer_and_survives_an_ice_restart(here):
    me, other = ours("offer"), pion("answer")
    met = introduce(me, other)
    talk_to_pion(me, other)
    restart(me, me, other, met)
    me.say(send="still")
    me.until("answer", lambda m: m.get("message") == "pion: still")
    finish(me, other)


@case
def pion_offers_restarts_and_we_answer(here):
    other, me = pion("offer"), ours("answer")
    met = introduce(other, me)
    talk_to_pion(me, other)
    restart(me, other, me, met)
    finish(me, other)


def certify(here, name):
    """An authority of this test's own, and a certificate of it for that name of this machine."""
    if not shutil.which("openssl"):
        raise Skip("no openssl on this machine (Debian package openssl)")

    def openssl(*args):
        p = subprocess.run(["openssl", *args], cwd=here, capture_output=True, text=True, timeout=120, check=False)
        check(p.returncode == 0, f"openssl {args[0]}: {p.stderr}")

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=myna test authority")
    openssl("req", *key, "-keyout", "turn.key", "-out", "turn.csr", "-subj", "/CN=relay")
    with open(os.path.join(here, "turn.ext"), "w", encoding="ascii") as f:
        f.write(f"subjectAltName=DNS:{name}\n")
    openssl("x509", "-req", "-in", "turn.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "turn.ext", "-out", "turn.pem")


def is_open(port):
    with socket.socket() as s:
        return not s.connect_ex(("127.0.0.1", port))


class Turn:
    """coturn on loopback with one user, and with a certificate for localhost."""

    def __init__(self, here, tls=False):
        if not shutil.which("turnserver"):
            raise Skip("no turnserver on this machine (Debian package coturn)")
        self.port, self.tls_port = free_port(), free_port()
        conf = os.path.join(here, "turn.conf")
        if tls:
            certify(here, "localhost")
        behind_tls = f"tls-listening-port={self.tls_port}\ncert={here}/turn.pem\npkey={here}/turn.key\n" if tls else "no-tls\n"
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port={self.port}\nrealm=myna.test\nlt-cred-mech\n"
                    f"user=u:p\nallow-loopback-peers\nno-cli\n{behind_tls}no-dtls\nmin-port=18000\nmax-port=18100\n"
                    f"userdb={here}/turn.db\npidfile={here}/turn.pid\nlog-file={here}/turn.log\n")
        self.p = subprocess.Popen(["turnserver", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=here)
        limit = Limit(40)
        while not limit.over():
            if all(map(is_open, [self.port, self.tls_port] if tls else [self.port])):
                return
            time.sleep(0.05)
        self.end()
        with open(os.path.join(here, "turn.log"), encoding="utf-8", errors="replace") as f:
            raise AssertionError("coturn did not start: " + f.read()[-1000:])

    def end(self):
        self.p.kill()
        self.p.wait()


def shows_the_relay_alone(sdp):
    candidates = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
    check(candidates, "no relayed candidate:\n" + sdp)
    for line in candidates:
        check(line.endswith(" typ relay raddr 0.0.0.0 rport 9"), "the peer learns more of us than the relay's address: " + line)
    return sdp


def through_a_relay(here, relays, role="offer", tls=False, trusts=True):
    """relays: how each is written, with {udp} and {tls} for its ports."""
    turn = Turn(here, tls)
    try:
        me = ours(role, *(word for one in relays for word in ("relay", one.format(udp=turn.port, tls=turn.tls_port), "u", "p")),
                  env={"SSL_CERT_FILE": f"{here}/ca.pem"} if tls and trusts else None)
        if role == "offer":
            other = ours("answer")
            other.say(sdp=shows_the_relay_alone(me.sdp()))
            me.say(sdp=other.sdp())
        else:  # their candidates are here before ours are
            other = ours("offer")
            me.say(sdp=other.sdp())
            other.say(sdp=shows_the_relay_alone(me.sdp()))
        me.until("connection", lambda m: m.get("state") == "connected")
        me.until("channel", lambda m: m.get("channel") == "open")
        hears(me, 440)
        m = me.until("figures", lambda m: m.get("now") == "connected" and m["received"] > 50)
        check(m["local"].startswith("relay"), f"the path is {m['local']}")
        seen = other.until("figures", lambda m: m.get("now") == "connected")["remote"]
        check(seen.split()[2] == m["local"].split()[2], f"we are {m['local']} and seen as {seen}")
        me.say(send="one")
        other.until("message", lambda m: m.get("message") == "one")
        other.end()
        check(me.end() == 0, "rtc_peer ended badly")
        return " ".join(me.log)
    finally:
        turn.end()


OVER_UDP, OVER_TCP, BEHIND_TLS = "turn:127.0.0.1:{udp}?transport=udp", "turn:127.0.0.1:{udp}?transport=tcp", "turns:localhost:{tls}?transport=tcp"


@case
def a_turn_server_over_udp_is_the_only_path(here):
    through_a_relay(here, [OVER_UDP])


@case
def a_turn_server_over_tcp_is_the_only_path(here):
    through_a_relay(here, [OVER_TCP])


@case
def a_turn_server_behind_tls_is_the_only_path(here):
    through_a_relay(here, [BEHIND_TLS], tls=True)


@case
def a_turn_server_whose_certificate_is_not_trusted_costs_the_others_nothing(here):
    said = through_a_relay(here, [BEHIND_TLS, OVER_TCP], tls=True, trusts=False)
    check("the relay turns:localhost:" in said, f"it said {said!r}")


@case
def where_no_certificate_is_trusted_the_connection_fails_with_the_remedy(here):
    turn = Turn(here, tls=True)
    try:
        me, other = ours("offer", "relay", BEHIND_TLS.format(tls=turn.tls_port), "u", "p"), ours("answer")
        introduce(me, other)
        m = me.until("end", lambda m: m.get("state") == "failed", 30)
        for part in ("turns:localhost:", "certificate", "update-ca-certificates"):
            check(part in m["why"], f"the reason is {m['why']!r}")
        finish(me, other)
    finally:
        turn.end()


@case
def who_answers_through_a_relay_alone_shows_nothing_else_either(here):
    through_a_relay(here, [OVER_UDP], "answer")


@case
def a_peer_that_falls_silent_is_told_and_a_restart_brings_it_back(here):
    """Stopped, it answers no consent check; nothing else on the machine changes."""
    me, other = ours("offer"), pion("answer")
    met = introduce(me, other)
    talk_to_pion(me, other)
    other.p.send_signal(signal.SIGSTOP)
    try:
        m = me.until("word of the silence", lambda m: m.get("state") in ("disconnected", "failed"), 40)
        check("path" in m["why"], f"the reason is {m['why']!r}")
    finally:
        other.p.send_signal(signal.SIGCONT)
    restart(me, me, other, met)
    me.say(send="still")
    me.until("answer", lambda m: m.get("message") == "pion: still")
    finish(me, other)
