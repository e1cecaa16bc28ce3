#!/usr/bin/env python3
"""Everything that `make check` runs, in one place: each step below is one function.

    tests/check.py                 all steps
    tests/check.py asan speech     some of them
    tests/check.py --list          their names

A step gives results; what fails prints its whole output at once. The end names everything that was
skipped and why, and the last line counts: `N passed, N failed, N skipped`. Nothing is installed here;
build trees are build-*, other peers live in ${XDG_CACHE_HOME:-~/.cache}/myna-peers.

Conversations with other programs mostly wait, compilers and virtual clocks hardly care when they run: from the
step `models` on, two rows of conversations go side by side, and beside them all else, which gives way, compilers
more (nice 15) than tests (nice 5). CHECK_LANES=1 runs one step after the other.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(TOP)
sys.path.insert(0, os.path.join(TOP, "tests"))

PASS, FAIL, SKIP = "passed", "failed", "skipped"
GIVE_WAY = ["nice", "-n", "10"]  # more than what runs beside
# Half the time of a compiler; still lines in what a sanitizer tells. All that more optimising warns of, `release` sees.
QUICK = ["-Doptimization=1", "-Dc_args=-g1"]
TAP = re.compile(r"^\s*(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")


def run(cmd, timeout=900, env=None, cwd=None):
    """(return code, output); a missing program or a time-out is a failure with a sentence."""
    try:
        p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                           timeout=timeout, env=env, cwd=cwd)
        return p.returncode, p.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode("utf-8", "replace") + f"\n{cmd[0]}: no end after {timeout} s"
    except OSError as e:
        return 127, str(e)


def from_tap(who, code, out):
    """Each line of TAP is a result; a program that died without one is a failure itself."""
    results = []
    for line in out.splitlines():
        m = TAP.match(line)
        if not m:
            continue
        name, skip, why = m.group(2).partition("# SKIP")
        silent = skip and not why.strip()
        state = FAIL if m.group(1) == "not ok" or silent else SKIP if skip else PASS
        results.append((state, f"{who}: {name.strip()}", "skipped without a reason" if silent else why.strip() if skip else ""))
    if code and not any(r[0] == FAIL for r in results):
        results.append((FAIL, f"{who}: ended with {code}", out))
    elif not results:
        results.append((FAIL, f"{who}: ran no test", out))
    elif any(r[0] == FAIL for r in results):
        results.append((None, who, out))  # the output, told once
    return results


def tree(name, cc, *options):
    """Makes and builds one build tree; returns None or the output of the failure."""
    env = dict(os.environ, CC=cc)
    if not os.path.exists(f"{name}/build.ninja"):
        code, out = run(["meson", "setup", name, *options], env=env)
        if code:
            shutil.rmtree(name, ignore_errors=True)
            return out + "\nIs a package missing? tools/install-deps.sh --test lists and installs them."
    code, out = run([*GIVE_WAY, "ninja", "-C", name], timeout=1800)
    return out if code else None


def meson_tests(name, *arguments):
    """Runs the tests of one build tree; counts every TAP line."""
    log = f"{name}/meson-logs/testlog.json"
    if os.path.exists(log):
        os.remove(log)
    code, out = run(["meson", "test", "-C", name, "--no-rebuild", "--print-errorlogs", *arguments], timeout=1800)
    if not os.path.exists(log):
        return [(FAIL, f"{name}: meson test", out)]
    results = []
    with open(log, encoding="utf-8") as f:
        for line in f:
            t = json.loads(line)
            who = f"{name} {t['name'].split(' / ')[-1]}"
            text = (t.get("stdout") or "") + (t.get("stderr") or "")
            bad = t["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")
            if TAP.search(text) is None and not re.search(r"^ok ", text, re.M):
                said = text.strip().splitlines() if t["result"] == "SKIP" else []
                state = FAIL if bad or t["result"] == "SKIP" and not said else SKIP if said else PASS
                results.append((state, who, text if bad else said[-1] if said else "skipped without a reason" if state == FAIL else ""))
            else:
                results += from_tap(who, 1 if bad else 0, text)
    if not results:
        results.append((FAIL, f"{name}: no test ran", out))
    return results


# ------------------------------------------------------------------ steps


def step_includes():
    code, out = run([sys.executable, "tests/check_includes.py"])
    results = from_tap("includes", code, out)
    for what in ("traps", "patience"):
        results += from_tap(what, *run([sys.executable, f"tests/check_{what}.py"]))
    return results


def step_format():
    code, out = run(["clang-format", "--version"])
    if code:
        return [(SKIP, "format", "no clang-format on this machine")]
    if not re.search(r"version 14\.", out):
        return [(SKIP, "format", "clang-format 14 decides; here is " + out.strip())]
    names = sorted(n for pattern in ("src", "include", "tests", "examples") for n in
                   glob.glob(f"{pattern}/**/*.[ch]", recursive=True))
    code, out = run(["clang-format", "--dry-run", "-Werror", *names])
    return [(FAIL if code else PASS, f"format: {len(names)} files are as .clang-format says", out)]


def step_headers():
    """Each public header stands alone, in C17 and in C++17, without a warning."""
    results = []
    for lang, cc, std in (("C", "gcc", "c17"), ("C++", "g++", "c++17")):
        if not shutil.which(cc):
            results.append((SKIP, f"public headers as {lang}", f"no {cc} on this machine"))
            continue
        bad = ""
        for h in sorted(glob.glob("include/myna/*.h")):
            with tempfile.NamedTemporaryFile("w", suffix=".c" if lang == "C" else ".cc") as f:
                f.write(f"#include <myna/{os.path.basename(h)}>\n#include <myna/{os.path.basename(h)}>\nint main()\n{{\n}}\n"
                        .replace("main()", "main(void)" if lang == "C" else "main()"))
                f.flush()
                code, out = run([cc, f"-std={std}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                                 "-Iinclude", f.name])
                bad += out if code else ""
        results.append((FAIL if bad else PASS, f"public headers stand alone in {lang}", bad))
    return results


def step_release():
    """gcc, optimised, warnings as errors; the tree that speech and bench use."""
    out = tree("build-release", "gcc", "--buildtype=release", "-Dwerror=true")
    return [(FAIL if out else PASS, "gcc release build without a warning", out)]


def step_symbols():
    """What the linker sees starts with myna_; what the library exports is declared in a public header."""
    archive, shared = "build-release/libmyna.a", "build-release/libmyna.so"
    if not os.path.exists(archive):
        return [(SKIP, "symbols", "needs the step 'release'")]
    _, out = run(["nm", "-g", "--defined-only", archive])
    foreign = sorted({s[-1] for s in (l.split() for l in out.splitlines()) if len(s) == 3 and
                      not s[-1].startswith(("myna_", "_GLOBAL__"))})
    _, out = run(["nm", "-D", "--defined-only", shared])
    exported = {s[-1] for s in (l.split() for l in out.splitlines()) if len(s) == 3}
    public = ""
    for h in glob.glob("include/myna/*.h"):
        with open(h, encoding="utf-8") as f:
            public += f.read()
    extra = sorted(s for s in exported if not re.search(rf"\b{s}\b", public))
    declared = set(re.findall(r"MYNA_API[^;{]*?\b(myna_\w+)\s*\(", public))
    # speech-to-speech is a contract without a session that takes one yet
    gone = sorted(s for s in declared - exported if not s.startswith("myna_rt_"))
    return [
        (FAIL if foreign or not exported else PASS, "every symbol of the library starts with myna_", "\n".join(foreign)),
        (FAIL if extra else PASS, "the shared library exports only what the headers declare", "\n".join(extra)),
        (FAIL if gone else PASS, "every call that the headers declare is there", "\n".join(gone)),
    ]


def step_models():
    """Fetches the speech models once; without them the speech tests are skipped and say so."""
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, "models", "needs the step 'release'")]
    code, out = run([myna, "models", "fetch"], timeout=900)
    if code:
        return [(SKIP, "models", "could not be fetched: " + (out.strip().splitlines() or ["no word why"])[-1])]
    return [(PASS, "models: all are here and have the right hash", "")]


def step_asan():
    """Address and undefined-behaviour sanitizers; all unit, sim, fuzz-corpus and example tests."""
    out = tree("build-asan", "gcc", "-Db_sanitize=address,undefined", "-Db_lundef=false", *QUICK)
    if out:
        return [(FAIL, "build with address and undefined-behaviour sanitizers", out)]
    return meson_tests("build-asan", "--timeout-multiplier", "3")


def step_tsan():
    """clang, warnings as errors, thread sanitizer; what runs threads or whole sessions."""
    if not shutil.which("clang"):
        return [(SKIP, "clang build and thread sanitizer", "no clang on this machine")]
    out = tree("build-tsan", "clang", "-Db_sanitize=thread", "-Db_lundef=false", "-Dwerror=true", *QUICK)
    if out:
        return [(FAIL, "clang build without a warning", out)]
    results = [(PASS, "clang build without a warning", "")]
    suites = [a for s in ("util", "session", "recorder", "stt", "providers", "sim") for a in ("--suite", s)]
    # sherpa-onnx is not built for this sanitizer: what needs the models stays out
    return results + meson_tests("build-tsan", "--timeout-multiplier", "4", *suites, "--no-suite", "speech")


def step_cppcheck():
    if not shutil.which("cppcheck"):
        return [(SKIP, "cppcheck", "no cppcheck on this machine")]
    code, out = run([*GIVE_WAY, "cppcheck", "--quiet", "-j", str(os.cpu_count() or 1), "--std=c11", "--error-exitcode=1",
                     "--enable=warning,performance,portability", "--inline-suppr", "--suppress=missingInclude",
                     "--suppress=normalCheckLevelMaxBranches", "-D_GNU_SOURCE",
                     "-Djson_array_foreach(a,i,v)=for((i)=0;(v)=json_array_get((a),(i));(i)++)",
                     "-Djson_object_foreach(o,k,v)=for((k)=0;(v)=json_object_get((o),(k));)", "-Iinclude", "-Isrc", "src", "examples"])
    return [(FAIL if code else PASS, "cppcheck finds nothing", out)]


def step_install():
    """What `make install` lays down is enough to build and run a program against, by pkg-config."""
    if not os.path.exists("build-release/libmyna.so"):
        return [(SKIP, "install", "needs the step 'release'")]
    with tempfile.TemporaryDirectory(prefix="myna install ") as root:
        code, out = run(["meson", "install", "-C", "build-release", "--no-rebuild", "--destdir", root])
        if code:
            return [(FAIL, "install", out)]
        pc = glob.glob(f"{root}/**/myna.pc", recursive=True)
        if not pc:
            return [(FAIL, "install: myna.pc is there", out)]
        libdir = os.path.dirname(os.path.dirname(pc[0]))
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc[0]), LD_LIBRARY_PATH=libdir)
        results = []
        for source in sorted(glob.glob("examples/*.c")):
            exe = os.path.join(root, "example")
            code, out = run(["gcc", source, "-o", exe, "-I" + glob.glob(f"{root}/**/include", recursive=True)[0],
                             "-L" + libdir, "-lmyna"], env=env)
            results.append((FAIL if code else PASS, f"{source} builds against the installed library", out))
        man = glob.glob(f"{root}/**/myna.1*", recursive=True)
        results.append((PASS if man else FAIL, "the manual page is installed", ""))
        return results


def step_cli():
    """The command line from outside: calls over files, bad input, Ctrl-C, kill -9, completion."""
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, "cli", "needs the step 'release'")]
    code, out = run([sys.executable, "tests/cli/cli_test.py", myna], timeout=1200)
    return from_tap("cli", code, out)


def step_speech():
    code, out = run([sys.executable, "tests/speech/speech_test.py", "build-release/src/cli/myna"], timeout=1800)
    return from_tap("speech", code, out)


def live_files(who, files):
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, who, "needs the step 'release'")]
    code, out = run([sys.executable, "tests/live/run.py", myna, "--files", ",".join(sorted(files))], timeout=3600)
    return from_tap(who, code, out)


AGENTS = {"agents", "desk", "fault", "hermes", "llm", "mcp"}


def step_agents():
    """Agents, models and tool servers that we did not write; those that cannot be had are skipped by name."""
    return live_files("agents", AGENTS)


def step_live():
    """Other programs that we did not write: speech servers, WebRTC stacks, collectors; skipped likewise."""
    files = {os.path.basename(p)[:-len("_cases.py")] for p in glob.glob("tests/live/*_cases.py")}
    return live_files("live", files - AGENTS)


def step_peers():
    """Installs what livekit, gateway, agents and live talk to, while all else is built."""
    code, out = run([*GIVE_WAY, sys.executable, "tests/live/install.py"], timeout=1800)
    results = [(FAIL, "peers: they can be installed", out)] if code else []
    for line in out.splitlines():
        name, told, why = line.partition(": ")
        if told:
            results.append((PASS if why == "here" else SKIP, f"peers: {name}", why))
    return results


def step_gateway():
    """The voice gateway in rooms of the same server; skipped by name where it cannot be had."""
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, "gateway", "needs the step 'release'")]
    code, out = run([sys.executable, "tests/live/gateway_test.py", myna], timeout=3600)
    return from_tap("gateway", code, out)


def step_livekit():
    """Rooms of LiveKit's own server with LiveKit's own SDK in them; skipped by name where one cannot be had."""
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, "livekit", "needs the step 'release'")]
    results = []
    for part in ("", "_worker", "_words", "_switches", "_sealed", "_refusals", "_lite", "_browser"):
        code, out = run([sys.executable, f"tests/live/livekit{part}_test.py", myna], timeout=3600)
        results += from_tap("livekit" + part, code, out)
    return results


def step_wire():
    """Rooms over a wire that loses, delays and breaks; skipped where no network namespace is given. Ten minutes, three of
    them where $CHECK_UNTIL is set: long outages, and the words that get lost with the packets, are skipped by name then."""
    myna = "build-release/src/cli/myna"
    if not os.path.exists(myna):
        return [(SKIP, "wire", "needs the step 'release'")]
    code, out = run([sys.executable, "tests/live/netfault_test.py", myna], timeout=3600)
    return from_tap("wire", code, out)


FIRST = [
    ("includes", step_includes),
    ("format", step_format),
    ("headers", step_headers),
    ("release", step_release),
    ("symbols", step_symbols),
    ("install", step_install),
    ("models", step_models),
]
PATIENT = [
    ("cli", step_cli),
    ("asan", step_asan),
    ("speech", step_speech),
    ("cppcheck", step_cppcheck),
    ("tsan", step_tsan),
]
ROOMS = [
    ("gateway", step_gateway),
    ("wire", step_wire),
    ("live", step_live),
]
OTHERS = [
    ("livekit", step_livekit),
    ("agents", step_agents),
]
AHEAD = [("peers", step_peers)]
STEPS = FIRST + PATIENT + ROOMS + OTHERS + AHEAD


class Report:
    """Counts results and prints a step as one piece, whichever lane it ran in."""

    def __init__(self):
        self.count = {PASS: 0, FAIL: 0, SKIP: 0}
        self.failed, self.skipped, self.start, self.lock = [], [], time.monotonic(), threading.Lock()

    def add(self, name, step, results, seconds):
        with self.lock:
            n = {PASS: 0, FAIL: 0, SKIP: 0}
            print(f"== {name}: {(step.__doc__ or name).strip().splitlines()[0]}")
            for state, what, text in results:
                if state is None:
                    print(f"---- output of {what}\n{text.rstrip()}\n----")
                    continue
                n[state] += 1
                if state == FAIL:
                    self.failed.append(what)
                    print(f"FAILED {what}\n{text}".rstrip())
                elif state == SKIP:
                    self.skipped.append((what, text))
            for state in n:
                self.count[state] += n[state]
            print(f"   {n[PASS]} passed, {n[FAIL]} failed, {n[SKIP]} skipped in {seconds:.0f} s "
                  f"({(time.monotonic() - self.start) / 60:.1f} min since the start)", flush=True)

    def end(self):
        for what, why in self.skipped:
            print(f"skipped {what}: {why}")
        for what in self.failed:
            print(f"failed {what}")
        print(f"{self.count[PASS]} passed, {self.count[FAIL]} failed, {self.count[SKIP]} skipped")
        return 1 if self.count[FAIL] else 0


def lane(report, steps):
    for name, step in steps:
        began = time.monotonic()
        try:
            results = step()
        except Exception as e:  # noqa: BLE001 - a step that breaks is a failure, and the next one runs
            results = [(FAIL, f"{name}: the step itself broke", repr(e))]
        report.add(name, step, results, time.monotonic() - began)


def patient_lane(report, steps):
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)  # of this thread and what it starts
    lane(report, steps)


def main():
    names = [n for n, _ in STEPS]
    if "--list" in sys.argv[1:]:
        print("\n".join(names))
        return 0
    wanted = sys.argv[1:] or names
    for w in wanted:
        if w not in names:
            print(f"check.py: no step '{w}'; there are: {', '.join(names)}", file=sys.stderr)
            return 2
    ahead, first, *lanes = ([s for s in part if s[0] in wanted] for part in (AHEAD, FIRST, PATIENT, ROOMS, OTHERS))
    report = Report()
    if os.environ.get("CHECK_LANES") == "1":
        lane(report, sum([ahead, first, *lanes], []))
        return report.end()
    beside = [threading.Thread(target=lane, args=(report, ahead))]
    beside[0].start()
    lane(report, first)
    for target, steps in zip((patient_lane if any(lanes[1:]) else lane, lane, lane), lanes):
        beside.append(threading.Thread(target=target, args=(report, steps)))
        beside[-1].start()
    for t in beside:
        t.join()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
