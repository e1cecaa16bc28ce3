#!/usr/bin/env python3
"""A wire between two network namespaces that loses, delays, reorders and cuts, by a seed: the kernel here
need not have netem.

    Network()      puts this process into a namespace of its own ("far", 10.77.0.1) and makes another ("near",
                   10.77.0.2); `near` is the prefix of a command that is to run there
    .link(...)     what the wire does from now on; .address(...) another one for the near side

The wire is this file run as a program: two tun devices, packets read from one and written to the other.
All of it is gone when the process ends.
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
FAR, NEAR = "10.77.0.1", "10.77.0.2"
FAR_DEVICE, NEAR_DEVICE = "myna-far", "myna-near"


class Unable(Exception):
    """Why this machine gives us no namespace or no wire."""


def ip(*args, near=()):
    try:
        p = subprocess.run([*near, "ip", *args], capture_output=True, text=True, check=False)
    except FileNotFoundError as e:
        raise Unable(f"no program {e.filename} on this machine (Debian packages iproute2, util-linux)") from None
    if p.returncode:
        raise Unable(f"ip {' '.join(args)}: {(p.stderr or p.stdout).strip()}")


class Network:
    def __init__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise Unable(f"no network namespace: {os.strerror(ctypes.get_errno())} (root is needed)")
        ip("link", "set", "lo", "up")
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.near = ["nsenter", "-t", str(self.holder.pid), "-n"]
        self.wire = subprocess.Popen([sys.executable, os.path.abspath(__file__)], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        word = self.wire.stdout.readline().strip()
        if word != "ready":
            raise Unable(word or "the wire did not start")
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        ip("link", "set", NEAR_DEVICE, "netns", str(self.holder.pid))
        ip("addr", "add", FAR + "/24", "dev", FAR_DEVICE)
        ip("link", "set", FAR_DEVICE, "up")
        ip("link", "set", "lo", "up", near=self.near)
        ip("link", "set", NEAR_DEVICE, "up", near=self.near)
        self.address(NEAR)

    def address(self, new):
        ip("addr", "flush", "dev", NEAR_DEVICE, near=self.near)
        ip("addr", "add", new + "/24", "dev", NEAR_DEVICE, near=self.near)
        ip("route", "add", "default", "via", FAR, near=self.near)

    def link(self, **what):
        """loss: 0 … 1 of the packets; delay_ms, jitter_ms: each waits so long, and up to so much longer, in
        order; held, held_ms: so many of them wait so long, the others pass by; cut: nothing gets through;
        no_udp: none of that, no_tcp: [port, …] nothing from or to these, as behind a firewall."""
        self.wire.stdin.write(json.dumps(what) + "\n")
        self.wire.stdin.flush()
        return json.loads(self.wire.stdout.readline())

    def end(self):
        for p in (self.wire, self.holder):
            p.stdin.close()
            p.wait(120)


# ------------------------------------------------------------------ the wire


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    return fd


class Wire:
    def __init__(self):
        self.ends = [tun(FAR_DEVICE), tun(NEAR_DEVICE)]
        self.seed(1)
        self.waiting, self.n = [], 0
        self.passed = self.lost = 0

    def seed(self, seed):
        self.random = random.Random(seed)
        self.what = {}
        self.last = [0.0, 0.0]   # when the newest packet of each direction leaves
        self.extra = [0.0, 0.0]  # jitter now, wandering

    def is_closed(self, data):
        """IPv4 alone is here."""
        if len(data) < 24 or data[0] >> 4 != 4:
            return False
        if data[9] == 17:
            return self.what.get("no_udp", False)
        ports = struct.unpack_from("!HH", data, (data[0] & 15) * 4)
        return data[9] == 6 and any(p in self.what.get("no_tcp", ()) for p in ports)

    def packet(self, side, data):
        """Where it goes and when; jitter is a queue that fills and empties, so it keeps the order."""
        w, now = self.what, time.monotonic()
        if w.get("cut") or self.is_closed(data) or self.random.random() < w.get("loss", 0):
            self.lost += 1
            return
        self.passed += 1
        jitter = w.get("jitter_ms", 0) / 1000
        if jitter:
            step = self.random.uniform(-0.25, 0.25) * jitter
            self.extra[side] = min(max(self.extra[side] + step, 0), jitter)
        due = now + w.get("delay_ms", 0) / 1000 + (self.extra[side] if jitter else 0)
        if self.random.random() < w.get("held", 0):
            due += w.get("held_ms", 60) / 1000
        else:
            due = max(due, self.last[side])
            self.last[side] = due
        self.n += 1
        heapq.heappush(self.waiting, (due, self.n, side, data))

    def run(self):
        poll = select.poll()
        for fd in (*self.ends, 0):
            poll.register(fd, select.POLLIN)
        while True:
            wait = max(0.0, self.waiting[0][0] - time.monotonic()) * 1000 if self.waiting else None
            for fd, _ in poll.poll(wait):
                if fd == 0:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self.what = json.loads(line)
                    if "seed" in self.what:
                        self.random = random.Random(self.what["seed"])
                    print(json.dumps({"passed": self.passed, "lost": self.lost}), flush=True)
                    continue
                try:
                    self.packet(self.ends.index(fd), os.read(fd, 65536))
                except OSError:
                    pass  # a device that is down for the moment
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, side, data = heapq.heappop(self.waiting)
                try:
                    os.write(self.ends[1 - side], data)
                except OSError:
                    pass


def main():
    try:
        w = Wire()
    except OSError as e:
        print(f"no tun device: {e.strerror}", flush=True)
        return
    print("ready", flush=True)
    w.run()


if __name__ == "__main__":
    main()
