#!/usr/bin/env python3
"""LiveKit's own server, pinned, on loopback: built once through the Go module proxy, outside the tree.

    tests/live/livekit_server.py            builds it if needed and serves until Ctrl-C (`make sfu`)

Key devkey, secret secretsecretsecretsecretsecretsecret. Ports as LiveKit's: 7880 signalling, 7881 ICE
over TCP, 7882 UDP, or three free ones where start(port=0) is asked.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import fetching
from ports import free_ports
from loopback import urlopen  # of tests/support, as the next is
from patience import Limit  # of tests/support, where `fetching` finds `alone`, too

VERSION = "v1.13.5"
MODULE = "github.com/livekit/livekit-server"
KEY, SECRET = "devkey", "secret" * 6
HOME = os.path.join(fetching.PEERS, "livekit")

CONFIG = """port: {port}
bind_addresses: {bind}
keys: {{{key}: "{secret}"}}
rtc:
  tcp_port: {tcp}
  udp_port: {udp}
  node_ip: {address}
  enable_loopback_candidate: true
  use_external_ip: false
  interfaces: {{includes: [{interface}]}}
  stun_servers: ["127.0.0.1:3999"]
{more}{top}limit: {{max_attributes_size: 2000000, max_metadata_size: 2000000}}
room: {{auto_create: {auto_create}, empty_timeout: 60, departure_timeout: 5}}
"""


@fetching.alone(HOME)
def build():
    """(program, None) or (None, why not)."""
    program = os.path.join(HOME, "livekit-server")
    if os.path.exists(program):
        return program, None
    why = fetching.lacks("go")
    if why:
        return None, why
    os.makedirs(HOME, exist_ok=True)
    with open(os.path.join(HOME, "go.mod"), "w", encoding="utf-8") as f:
        f.write(f"module peers\n\ngo 1.26\n\ntool {MODULE}/cmd/server\n")
    for cmd in (["go", "get", "-tool", f"{MODULE}/cmd/server@{VERSION}"],
                ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, f"{MODULE}/cmd/server"]):
        why = fetching.why_not(cmd, HOME)
        if why:
            return None, why
    return program, None


def signed(claims):
    """A token of that key that says so."""
    def b64(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    said = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps({"iss": KEY, **claims}).encode())
    return said + "." + b64(hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).digest())


class Server:
    def __init__(self, program, ports=None, address="127.0.0.1", interface="lo", ice_lite=False):
        """Media at that address of that interface; signalling there and on loopback. With MYNA_TEST_ICE_LITE=1 in the
        environment every server is as LiveKit's cloud is."""
        self.program, self.address, self.interface = program, address, interface
        self.port, self.tcp, self.udp = ports or free_ports(3)
        self.url = f"ws://127.0.0.1:{self.port}"
        self.dir = tempfile.mkdtemp(prefix="myna-sfu-")
        self.p = None
        ice_lite = ice_lite or os.environ.get("MYNA_TEST_ICE_LITE") == "1"
        self.more = "  use_ice_lite: true\n" if ice_lite else ""  # of its section rtc
        self.top = ""  # sections of its own
        self.auto_create = True  # of rooms

    def start(self):
        path = os.path.join(self.dir, "livekit.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(port=self.port, tcp=self.tcp, udp=self.udp, key=KEY, secret=SECRET, address=self.address,
                                  interface=self.interface, more=self.more, top=self.top,
                                  auto_create=str(self.auto_create).lower(),
                                  bind=json.dumps(sorted({"127.0.0.1", self.address}))))
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.p = subprocess.Popen([self.program, "--config", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        limit = Limit(20)
        while not limit.over():
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as r:
                    if r.status == 200:
                        return self
            except OSError:
                time.sleep(0.05)
            if self.p.poll() is not None:
                break
        self.kill()
        raise RuntimeError("livekit-server did not start: " + self.log()[-500:])

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        if self.p and self.p.poll() is None:
            self.p.kill()
            self.p.wait()

    def end(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    program, why = build()
    if not program:
        sys.exit(f"livekit-server cannot be had: {why}")
    s = Server(program, (7880, 7881, 7882)).start()
    print(f"LiveKit {VERSION} serves on {s.url}; try:\n"
          f"  export LIVEKIT_URL={s.url} LIVEKIT_API_KEY={KEY} LIVEKIT_API_SECRET={SECRET}\n"
          "  myna join --room demo\n  myna token --room demo --identity me\nCtrl-C ends it.", flush=True)
    try:
        s.p.wait()
    except KeyboardInterrupt:
        pass
    s.end()


if __name__ == "__main__":
    main()
