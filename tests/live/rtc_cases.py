"""Our WebRTC against stacks that we did not write: aiortc (Python) and Pion (Go), each as the one who
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
import sys
import threading
import time

import fetching
from common import MYNA, PEERS, Skip, case, check, clean_env, free_port, install

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(os.path.dirname(MYNA), "..", "..", "tests", "live", "rtc_peer")


class Leash:
    """A program that speaks lines of JSON."""

    def __init__(self, *cmd):
        self.name = os.path.basename(cmd[-2] if cmd[-1] in ("offer", "answer") else cmd[0])
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=clean_env())
        self.q = queue.Queue()
        self.seen = {}
        self.log = []
        self.all = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._errors, daemon=True).start()

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

    def until(self, what, cond, seconds=15):
        """The first message for which cond holds."""
        end = time.monotonic() + seconds
        while True:
            try:
                m = self.q.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
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
            return self.p.wait(10)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            return -1


def ours(role, *more):
    if not os.path.exists(PEER):
        raise Skip("rtc_peer is not built beside the program")
    return Leash(PEER, role, *more)


def aiortc(role):
    where = install("aiortc", "venv/lib/python%d.%d/site-packages/numpy/__init__.py" % sys.version_info[:2],
                    [sys.executable, "-m", "venv", "venv"], ["venv/bin/pip", "install", "-q", "aiortc==1.16.0", "numpy==2.3.5"])
    return Leash(os.path.join(where, "venv/bin/python"), os.path.join(HERE, "rtc_aiortc.py"), role)


def introduce(offerer, answerer):
    answerer.say(sdp=offerer.sdp())
    offerer.say(sdp=answerer.sdp())


def hears(peer, hz, rms=8000 / 2**0.5):
    m = peer.until(f"tone of {hz} Hz", lambda m: abs(m.get("hz", 0) - hz) < 12)
    m = peer.until(f"steady tone of {hz} Hz", lambda m: "hz" in m and m["hz"] != 0)
    check(abs(m["hz"] - hz) < 12 and abs(m["rms"] - rms) < 0.2 * rms, f"{peer.name} heard {m}")


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


def pion(role):
    """Built once for each text of its source; Go's own cache makes later ones quick."""
    if not shutil.which("go"):
        raise Skip("no go on this machine to build the Pion peer")
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


def restart(me, offerer, answerer):
    """New candidates, asked for by the offerer; our sound goes on."""
    before = me.until("figures", lambda m: m.get("now") == "connected")
    offerer.say(restart=True)
    introduce(offerer, answerer)
    after = me.until("more sound", lambda m: m.get("received", 0) > before["received"] + 100)
    check(after["now"] == "connected", f"after the restart: {after}")


@case
def pion_answers_our_offer_and_survives_an_ice_restart(here):
    me, other = ours("offer"), pion("answer")
    introduce(me, other)
    talk_to_pion(me, other)
    restart(me, me, other)
    me.say(send="still")
    me.until("answer", lambda m: m.get("message") == "pion: still")
    finish(me, other)


@case
def pion_offers_restarts_and_we_answer(here):
    other, me = pion("offer"), ours("answer")
    introduce(other, me)
    talk_to_pion(me, other)
    restart(me, other, me)
    finish(me, other)


class Turn:
    """coturn on loopback with one user."""

    def __init__(self, here):
        if not shutil.which("turnserver"):
            raise Skip("no turnserver on this machine (Debian package coturn)")
        self.port = free_port()
        conf = os.path.join(here, "turn.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port={self.port}\nrealm=myna.test\nlt-cred-mech\n"
                    f"user=u:p\nallow-loopback-peers\nno-cli\nno-tls\nno-dtls\nmin-port=18000\nmax-port=18100\n"
                    f"userdb={here}/turn.db\npidfile={here}/turn.pid\nlog-file={here}/turn.log\n")
        self.p = subprocess.Popen(["turnserver", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=here)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                if not s.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)
        self.end()
        raise Skip("coturn did not start")

    def end(self):
        self.p.kill()
        self.p.wait()


def through_a_relay(here, transport):
    turn = Turn(here)
    try:
        me = ours("offer", "relay", f"turn:127.0.0.1:{turn.port}?transport={transport}", "u", "p")
        other = ours("answer")
        offer = me.sdp()
        check("typ relay" in offer and "typ host" not in offer, "only relayed candidates were wanted:\n" + offer)
        other.say(sdp=offer)
        me.say(sdp=other.sdp())
        me.until("connection", lambda m: m.get("state") == "connected")
        me.until("channel", lambda m: m.get("channel") == "open")
        hears(me, 440)
        m = me.until("figures", lambda m: m.get("now") == "connected" and m["received"] > 50)
        check(m["local"].startswith("relay"), f"the path is {m['local']}")
        me.say(send="one")
        other.until("message", lambda m: m.get("message") == "one")
        other.end()
        check(me.end() == 0, "rtc_peer ended badly")
    finally:
        turn.end()


@case
def a_turn_server_over_udp_is_the_only_path(here):
    through_a_relay(here, "udp")


@case
def a_turn_server_over_tcp_is_the_only_path(here):
    through_a_relay(here, "tcp")


@case
def a_peer_that_falls_silent_is_told_and_a_restart_brings_it_back(here):
    """Stopped, it answers no consent check; nothing else on the machine changes."""
    me, other = ours("offer"), pion("answer")
    introduce(me, other)
    talk_to_pion(me, other)
    other.p.send_signal(signal.SIGSTOP)
    try:
        m = me.until("word of the silence", lambda m: m.get("state") in ("disconnected", "failed"), 40)
        check("path" in m["why"], f"the reason is {m['why']!r}")
    finally:
        other.p.send_signal(signal.SIGCONT)
    before = me.until("figures", lambda m: "received" in m)
    me.say(restart=True)
    introduce(me, other)
    me.until("connection", lambda m: m.get("state") == "connected")
    me.until("sound", lambda m: m.get("received", 0) > before["received"] + 50)
    me.say(send="still")
    me.until("answer", lambda m: m.get("message") == "pion: still")
    finish(me, other)
