"""Rooms of LiveKit's own server with one caller each, all in one `myna worker`: processor time, memory,
how soon the answer is heard, how soon a job becomes a voice. See docs/benchmarks.md.

    tests/bench/bench_rooms.py BUILD [--rooms N] [--seconds S] [--no-silence] [--no-peer]

Callers are tests/bench/callers (Go, Pion): a question of 2 s every 8 s. Providers answer at once, Silero
listens, an answer begins 0.5 s after the last word. The figures are of Myna's process alone; what the
server and the callers took and how busy the machine was goes to stderr.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "live"))
sys.path.insert(0, HERE)
import livekit_server  # noqa: E402
import rooms_callers  # noqa: E402
import rooms_peer  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
QUESTION = os.path.join(TOP, "data", "question.wav")
SETTINGS = ["stt.provider=instant", "llm.provider=instant", "tts.provider=instant", "vad.provider=silero",
            "turn.min_delay=500ms", "turn.detection=vad", "agent.greet=false", "worker.max_jobs=500",
            "worker.load_threshold=1", "probe.enabled=false", "calls.enabled=false"]


def note(text):
    print(text, file=sys.stderr, flush=True)


def cpu(pid):
    """Seconds of processor time of a process and of those that it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICK


def family(pid):
    """The process and all below it."""
    all_of, found = {}, [pid]
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat", encoding="utf-8") as f:
                all_of.setdefault(int(f.read().rpartition(")")[2].split()[1]), []).append(int(p))
        except OSError:
            pass
    for p in found:
        found += all_of.get(p, [])
    return found


def pss(pid):
    """MB, shared pages by share; of the process and all below it."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="utf-8") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total * 1024 / 1e6


def family_cpu(pid):
    total = 0
    for p in family(pid):
        try:
            total += cpu(p)
        except OSError:
            pass
    return total


def quantile(values, q):
    values = sorted(values)
    return values[round(q * (len(values) - 1))] if values else float("nan")


class Worker:
    """`myna worker`, or LiveKit Agents: something that prints a line when it is registered."""

    def __init__(self, cmd, env, word):
        self.began = time.monotonic()
        self.p = subprocess.Popen(cmd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  process_group=0)
        self.lines, self.registered, self.jobs = [], None, {}
        for line in self.p.stdout:
            self.lines.append(line.decode("utf-8", "replace"))
            if word in self.lines[-1]:
                self.registered = time.monotonic() - self.began
                break
        if self.registered is None:
            raise RuntimeError("the worker did not register:\n" + "".join(self.lines[-20:]))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """Notes when each room's job came."""
        for line in self.p.stdout:
            at = time.time()
            self.lines.append(line.decode("utf-8", "replace"))
            m = re.search(r"job \S+ begins in room (\S+)", self.lines[-1])
            if m:
                self.jobs.setdefault(m.group(1), at)

    def end(self):
        for sign in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            if self.p.poll() is None:
                os.killpg(self.p.pid, sign)
                try:
                    self.p.wait(5)
                except subprocess.TimeoutExpired:
                    pass


def serve(server, worker, agent, rooms, seconds, *flags):
    """Lets `rooms` callers talk for so long; what was measured."""
    prefix = f"r{time.monotonic_ns()}"
    cmd = [rooms_callers.program(), "-url", server.url, "-key", livekit_server.KEY, "-secret", livekit_server.SECRET, "-agent", agent,
           "-question", QUESTION, "-rooms", str(rooms), "-seconds", str(seconds), "-prefix", prefix, *flags]
    r = {"published": [], "answer": [], "job": [], "unanswered": 0, "idle": pss(worker.p.pid)}
    p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    for line in p.stdout:
        m = json.loads(line)
        if m["is"] in ("published", "answer"):
            r[m["is"]].append(m["ms"])
        if m["is"] == "published":
            job = worker.jobs.get(f"{prefix}-{m['room']}")
            if job:
                r["job"].append(m["at"] - job * 1000)
        if m["is"] == "published" and len(r["published"]) == 1:
            time.sleep(1)  # its buffers are there; the callers wait two seconds
            r["first"] = pss(worker.p.pid)
        elif m["is"] == "unanswered":
            r["unanswered"] += 1
        elif m["is"] == "error":
            raise RuntimeError(f"callers: {m['why']}\n" + "".join(worker.lines[-10:]))
        elif m["is"] == "ready":
            time.sleep(0.5)
            before = [family_cpu(x) for x in (worker.p.pid, server.p.pid, p.pid)]
            began = time.monotonic()
        elif m["is"] == "done":
            length = time.monotonic() - began
            r["cpu"], r["server"], r["callers"] = ((family_cpu(x) - b) / length for x, b in
                                                   zip((worker.p.pid, server.p.pid, p.pid), before))
            r["all"] = pss(worker.p.pid)
    if p.wait():
        raise RuntimeError(f"the callers ended with {p.returncode}")
    note(f"{rooms} rooms, {length:.0f} s: worker {r['cpu']:.3f} core, server {r['server']:.3f}, callers {r['callers']:.3f}; "
         f"load of the machine {os.getloadavg()[0]:.1f}; {len(r['answer'])} answers, {r['unanswered']} questions without")
    return r


def row(name, value, unit, baseline, baseline_value, limit=None, least=None):
    """limit: more is a failure; least: less is."""
    r = {"bench": name, "value": round(value, 4), "unit": unit,
         "baseline": {"name": baseline, "value": round(baseline_value, 4)}, "ratio": round(baseline_value / value, 4) if value else 0}
    if limit is not None:
        r["limit"] = limit
    if least is not None:
        r["least"] = least
    print(json.dumps(r), flush=True)


def environment(server):
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env.update(LIVEKIT_URL=server.url, LIVEKIT_API_KEY=livekit_server.KEY, LIVEKIT_API_SECRET=livekit_server.SECRET)
    return env


def myna(build, server):
    cmd = [os.path.join(build, "src", "cli", "myna"), "worker", "--agent-name", "bench", "--log-level", "info"]
    for s in SETTINGS:
        cmd += ["--set", s]
    return Worker(cmd, environment(server), "registered as")


def joined(build, server):
    """From the start of `myna join` to the moment when somebody in the room is told of its track."""
    room = f"j{time.monotonic_ns()}"
    callers = subprocess.Popen([rooms_callers.program(), "-url", server.url, "-key", livekit_server.KEY, "-secret",
                                livekit_server.SECRET, "-question", QUESTION, "-seconds", "1", "-prefix", room, "-silent"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    time.sleep(1.5)  # they are in
    cmd = [os.path.join(build, "src", "cli", "myna"), "join", "--room", f"{room}-0", "--stay", "--quiet", "--no-probe"]
    for s in SETTINGS:
        cmd += ["--set", s]
    began = time.time()
    agent = subprocess.Popen(cmd, env=environment(server), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for line in callers.stdout:
            m = json.loads(line)
            if m["is"] == "published":
                return m["at"] - began * 1000
            if m["is"] == "error":
                raise RuntimeError(f"callers: {m['why']}")
        raise RuntimeError("the callers saw nobody come")
    finally:
        for p in (agent, callers):
            p.terminate()
            p.wait()


def peer(server, seconds):
    """LiveKit Agents at ten calls, and its answers at one."""
    def run(cmd, env, word, agent, rooms):
        w = Worker(cmd, env, word)
        try:
            time.sleep(5)  # its spare processes are there
            one = serve(server, w, agent, 1, 24)
            r = serve(server, w, agent, rooms, seconds)
        finally:
            w.end()
        r.update(p50=quantile(one["answer"], 0.5), dispatched=quantile(r["published"], 0.5), registered=w.registered * 1000)
        return r
    return rooms_peer.measure(run, environment(server))


def tell(a, r, quiet, starts, commands, told):
    n = a.rooms
    p50 = quantile(r["answer"], 0.5)
    row("rooms_cpu", r["cpu"], "core", f"{n} calls of {told['name']}", told["cpu"] * n, 0.4 * n / 50)
    row("rooms_calls_per_core", n / r["cpu"], "calls", told["name"], 1 / told["cpu"], least=round(15 / told["cpu"], 1))
    row("rooms_memory_call", (r["all"] - r["first"]) / max(n - 1, 1), "MB/call", told["name"], told["call_mb"], 1.5)
    row("rooms_memory", r["all"], "MB", "with one call", r["first"], 100)
    row("rooms_memory_share", r["all"] / n, "MB/call", f"{told['name']}, ten calls", told["total_mb"], told["total_mb"] / 50)
    row("rooms_answer_p50", p50, "ms", f"{told['name']}, one call", told["answer_ms"], min(620, 0.85 * told["answer_ms"]))
    row("rooms_answer_p95", quantile(r["answer"], 0.95), "ms", "p50", p50, 700)
    row("rooms_published", quantile(r["job"], 0.5), "ms", "from the dispatch on (the server waits 200 ms)", quantile(r["published"], 0.5), 80)
    row("rooms_dispatched", quantile(r["published"], 0.5), "ms", told["name"], told["dispatched_ms"], 280)
    row("rooms_joined", quantile(commands, 0.5), "ms", "from a job to its track", quantile(r["job"], 0.5), 80)
    row("rooms_registered", quantile(starts, 0.5), "ms", told["name"], told["registered_ms"], 80)
    if quiet:
        row("rooms_silent_cpu", quiet["cpu"], "core", "while they talk", r["cpu"], 0.15 * r["cpu"])


def ahead(on):
    """Of all else that runs here, where root may say so: what takes 20 ms is not to be cut into by a compiler."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR if on else os.SCHED_OTHER, os.sched_param(1 if on else 0))
    except OSError:
        note("starts and commands are not run in real time: what else runs on this machine is in them")


def begin(build, program):
    """Starts to registered, commands to track, in ms; with a server that is ahead of the rest as well."""
    ahead(True)
    server = livekit_server.Server(program).start()
    try:
        starts = []
        for _ in range(5):
            w = myna(build, server)
            starts.append(w.registered * 1000)
            w.end()
        return starts, [joined(build, server) for _ in range(7)]
    finally:
        server.end()
        ahead(False)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("build")
    a.add_argument("--rooms", type=int, default=50)
    a.add_argument("--seconds", type=int, default=40)
    a.add_argument("--no-silence", action="store_true")
    a.add_argument("--no-peer", action="store_true")
    a = a.parse_args()
    try:  # all that takes part goes before what else runs here: a starved process is late, not dear
        os.setpriority(os.PRIO_PROCESS, 0, -15)
        with open("/proc/self/autogroup", "w", encoding="utf-8") as f:  # among sessions the kernel weighs these alone
            f.write("-15")
    except OSError:
        note("the priority cannot be raised: what else runs on this machine makes answers late")
    program, why = livekit_server.build()
    if not program:
        sys.exit(why)
    rooms_callers.program()
    starts, commands = begin(a.build, program)
    server = livekit_server.Server(program).start()
    try:
        w = myna(a.build, server)
        r = serve(server, w, "bench", a.rooms, a.seconds)
        for line in [x.strip() for x in w.lines if " warn " in x or " error " in x][:5]:
            note(line)
        note(f"PSS: idle {r['idle']:.1f} MB, with one call {r['first']:.1f}, with {a.rooms} {r['all']:.1f}")
        quiet = None if a.no_silence else serve(server, w, "bench", a.rooms, a.seconds // 2, "-silent")
        w.end()
        told, why = (rooms_peer.TOLD, "LiveKit Agents is not run: figures of an earlier run") if a.no_peer else peer(server, a.seconds)
        if why:
            note(why)
    finally:
        server.end()
    tell(a, r, quiet, starts, commands, told)


if __name__ == "__main__":
    main()
