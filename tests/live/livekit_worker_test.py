#!/usr/bin/env python3
"""`myna worker` in rooms of LiveKit's own server: jobs, draining, limits, its pages, and processes that are killed."""
import json
import os
import re
import signal
import sys
import time
import urllib.error

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import livekit_test as lk  # noqa: E402
from common import Limit, case, check, urlopen  # noqa: E402
from livekit_test import OFFLINE, QUESTION, Person, agent_of, ended, eventually, greeted, says, text_of  # noqa: E402


@case
def a_worker_takes_each_new_room_and_ends_with_its_person(w):
    m = w.worker()
    ann, who = greeted(w)
    ann.do("speak", wav=QUESTION)
    ann.wait("stream", who=who, text="7 times 8 is 56.", seconds=30)
    w.room = "second"
    bob = Person(w, "bob")
    other = agent_of(bob)
    check(other != who, "one agent for two rooms")
    bob.wait("stream", who=other, text="Hello there.")
    ann.leave()
    says(m, "is over")
    bob.do("chat", text="What is two plus two?")
    bob.wait("stream", who=other, text="2 plus 2 is 4.")


@case
def a_worker_drains_on_sigterm_and_its_call_is_in_the_log(w):
    w.env.update(XDG_DATA_HOME=w.here, MYNA_CALLS_ENABLED="true")
    m = w.worker()
    ann, who = greeted(w)
    m.send_signal(signal.SIGTERM)
    says(m, "no more jobs")
    w.room = "late"
    bob = Person(w, "bob")
    bob.wait("in")
    ann.do("chat", text="What is two plus two?")
    ann.wait("stream", who=who, text="2 plus 2 is 4.")
    check(not [x for x in bob.said.all if x["is"] == "track"], "a draining worker took a job")
    ann.leave()
    check(ended(m) == 0, text_of(m))
    code, calls = w.run("calls", "--json")
    check(code == 0, calls)
    one, = json.loads(calls)
    check(one["door"] == "worker" and one["callee"] == "demo" and one["duration_ms"] > 0, f"{one}")
    code, call = w.run("calls", one["id"])
    check(code == 0 and "What is two plus two?" in call and "2 plus 2 is 4." in call, call)


@case
def a_worker_of_a_name_takes_only_what_asks_for_it(w):
    w.worker("--agent-name", "receptionist")
    ann = Person(w)
    ann.wait("in")
    w.room = "desk"
    code, token = w.run("token", "--room", "desk", "--identity", "bob", "--agent", "receptionist")
    check(code == 0, token)
    bob = Person(w, "bob", token.strip())
    bob.wait("stream", who=agent_of(bob), text="Hello there.")
    check(not [x for x in ann.said.all if x["is"] in ("track", "came")], "it came where nobody asked for it")


@case
def a_full_worker_refuses_and_a_lost_line_is_taken_up_again(w):
    m = w.worker("--max-jobs", "1")
    ann, _ = greeted(w)
    w.room = "second"
    bob = Person(w, "bob")
    bob.wait("in")
    time.sleep(2)
    check(not [x for x in bob.said.all if x["is"] == "track"], "it took one too many")
    bob.kill()
    ann.leave()
    says(m, "is over")
    w.server.kill()
    time.sleep(1)
    w.server.start()
    says(m, "\nregistered as", 20, times=2)
    w.room = "third"
    greeted(w, "carl")


def page(port, path):
    """(status, text) of a worker's page."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


@case
def the_pages_of_a_worker_tell_whether_it_has_a_line_and_how_many_jobs(w):
    m = w.worker("--agent-name", "desk")
    check(page(m.health, "/") == (200, "OK"), "no OK")
    check(json.loads(page(m.health, "/worker")[1])["active_jobs"] == 0, "a job out of nothing")
    code, token = w.run("token", "--room", "desk", "--identity", "bob", "--agent", "desk")
    check(code == 0, token)
    bob = Person(w, "bob", token.strip())
    bob.wait("stream", who=agent_of(bob), text="Hello there.")
    told = json.loads(page(m.health, "/worker")[1])
    check(told["active_jobs"] == 1 and told["agent_name"] == "desk" and told["worker_type"] == "JT_ROOM", f"{told}")
    check(page(m.health, "/other") == (404, "not found"), "another page")
    code, token = w.run("token", "--room", "desk", "--identity", "eve")
    check(code == 0, token)
    eve = Person(w, "eve", token.strip())
    attributes = eve.wait("in")["attributes"].get(agent_of(bob), {})
    check(attributes.get("lk.agent.name") == "desk", f"the agent's attributes are {attributes}")
    w.server.kill()
    eventually("503 without a server", lambda: page(m.health, "/") == (503, "not connected to livekit"))
    w.server.start()
    eventually("200 again", lambda: page(m.health, "/")[0] == 200, 20)


def answers(port):
    try:
        return page(port, "/")[0] == 200
    except OSError:
        return False


def processes_of(m):
    """Numbers of the processes that a supervisor has started last, by its own words."""
    with open(m.log, encoding="utf-8", errors="replace") as f:
        return dict((int(i), int(pid)) for i, pid in re.findall(r"process (\d) runs as (\d+)", f.read()))


def killed(m, n):
    """Kills process n of a supervisor, and waits for the one in its place."""
    before = processes_of(m)
    os.kill(before[n], signal.SIGKILL)
    eventually("the dead one is replaced", lambda: processes_of(m)[n] != before[n], 20)
    after = processes_of(m)
    check({k: v for k, v in before.items() if k != n} == {k: v for k, v in after.items() if k != n}, f"{before} -> {after}")
    check("was killed (signal 9)" in text_of(m), text_of(m))


def another_agent_of(person, old, seconds=15):
    """The one that comes in the place of `old`."""
    return person.said.wait(lambda x: x["is"] == "track" and x["who"].startswith("agent-AJ_") and x["who"] != old, seconds,
                            "another agent")["who"]


@case
def of_two_processes_one_is_killed_its_talk_goes_to_another_and_the_other_never_notices(w):
    m = w.worker("--workers", "2")
    eventually("both are registered", lambda: all(answers(m.health + n) for n in (0, 1)))
    rooms = {}  # by process
    for i in range(20):  # until both have one; of two with the same load the server draws lots
        had = [json.loads(page(m.health + n, "/worker")[1])["active_jobs"] for n in (0, 1)]
        w.room = f"room{i}"
        p = Person(w, f"p{i}")
        p.agent = agent_of(p)
        p.wait("stream", who=p.agent, text="Hello there.")
        have = [json.loads(page(m.health + n, "/worker")[1])["active_jobs"] for n in (0, 1)]
        rooms[0 if have[0] > had[0] else 1] = p
        if len(rooms) == 2:
            break
    check(len(rooms) == 2, "one process got every room")
    victim, other = rooms[0], rooms[1]
    limit = Limit(10)
    killed(m, 0)
    # A dead agent is seen for 20 s by itself. This one is put out, and another one greets.
    victim.wait("went", who=victim.agent, seconds=10)
    new = another_agent_of(victim, victim.agent)
    victim.wait("stream", who=new, text="Hello there.")
    print(f"# another agent was heard of {limit.took():.1f} s after the death of the first")
    check(not limit.over(), f"that took more than {limit}")
    victim.do("speak", wav=QUESTION)
    victim.wait("stream", who=new, text="7 times 8 is 56.", seconds=30)
    other.do("chat", text="What is two plus two?")
    other.wait_text("stream", "is 4", seconds=20)
    check(not [x for x in other.said.all if x["is"] in ("went", "disconnected")], "the other room noticed")
    says(m, "another worker takes the place of job")
    after = processes_of(m)
    for p in w.people:
        p.kill()
    m.send_signal(signal.SIGTERM)
    check(ended(m, 90) == 0, text_of(m))
    for pid in after.values():
        check(not os.path.exists(f"/proc/{pid}"), "a process is left behind")


@case
def a_lost_talk_waits_until_a_process_is_there_and_keeps_what_its_dispatch_said(w):
    m = w.worker("--workers", "1", "--agent-name", "desk")
    w.room = "desk"
    bob = Person(w, "bob")
    bob.wait("in")
    w.api("AgentDispatchService", "CreateDispatch", {"room": "desk", "agent_name": "desk", "metadata": "table four"})
    old = agent_of(bob)
    bob.wait("stream", who=old, text="Hello there.")
    killed(m, 0)
    new = another_agent_of(bob, old, 25)
    bob.wait("stream", who=new, text="Hello there.")
    all_of = w.api("AgentDispatchService", "ListDispatch", {"room": "desk"})["agent_dispatches"]
    all_of = [d for d in all_of if d["agent_name"] == "desk"]
    check(len(all_of) == 2 and all(d["metadata"] == "table four" for d in all_of), f"{all_of}")
    killed(m, 0)
    eventually("a third agent", lambda: len({x["who"] for x in bob.said.all if x["is"] == "track"}) == 3, 25)
    killed(m, 0)  # the third death in that room: perhaps it is the room
    says(m, "is given to no other", 40)


def has_left(w, identity):
    code, out = w.run("rooms", "participants", w.room)
    check(code == 0 or "does not exist" in out, f"exit {code}: {out}")
    return not re.search(rf"^{identity} ", out, re.M)


@case
def a_lost_talk_that_nobody_waits_for_is_given_to_nobody(w):
    m = w.worker("--workers", "1")
    ann, _ = greeted(w)
    pid = processes_of(m)[0]
    os.kill(pid, signal.SIGSTOP)  # it does not see her leave
    ann.leave()
    eventually("she has left", lambda: has_left(w, "ann"))
    os.kill(pid, signal.SIGKILL)
    says(m, "nobody is there any more")


@case
def several_processes_that_cannot_work_end_with_the_reason(w):
    code, out = w.run("worker", "--workers", "3", "--set", "transport.livekit.api_secret=" + "x" * 36, "--no-probe",
                      "--set", "worker.health=off", *[a for s in OFFLINE for a in ("--set", s)])
    check(code == 1 and "API key and secret" in out, f"exit {code}: {out[-600:]}")
    code, out = w.run("worker", "--workers", "many")
    check(code == 2 and "1 to 64" in out, f"exit {code}: {out[-600:]}")


if __name__ == "__main__":
    sys.exit(lk.main(__name__))
