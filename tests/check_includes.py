#!/usr/bin/env python3
"""Reads the #include lines of src/ and names what breaks the shape of the source (CONTRIBUTING.md):
an arrow between rooms that points back, a third-party header outside its one file, a call that has a safer one of ours,
a file that is too long, a word that says "unfinished", a path or host that belongs to one machine.

Prints TAP, one line a rule. `check_includes.py --self-test` proves that each rule bites.
"""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

# room: rooms whose headers it may include, beside its own, util/ and <myna/...>.
ARROWS = {
    "util": set(),
    "config": set(),
    "audio": set(),
    "models": {"config"},
    "turn": {"audio"},
    "stt": {"audio", "turn"},
    "llm": set(),
    "tts": {"audio", "llm"},
    "playout": {"audio", "tts"},
    "recorder": {"audio", "config"},
    "transport": {"audio"},
    "console": {"audio", "transport"},
    "discover": {"llm"},
    "doctor": {"discover", "llm", "rtc", "tools", "transport"},
    "store": set(),
    # a provider knows its stage's helpers, the sound and where models lie
    "providers": {"audio", "turn", "stt", "llm", "tts", "models"},
    "video": set(),
    "rtc": {"audio", "video"},
    "trace": set(),
    "tools": {"llm"},
    "livekit": {"audio", "rtc", "transport"},
    "gateway": {"livekit", "transport", "video"},
    "session": None,  # wires everything
    "cli": set(),  # <myna/...> alone, see below
}

# The table of all classes names them all.
TABLES = {"src/providers/registry.c": {"transport"}}
# Made by the build.
GENERATED = {"session/sorry_pcm.h", "livekit/livekit.pb-c.h"}

# third-party header: the files of src/ that may include it. One library, one place.
THIRD_PARTY = {
    "uv.h": ["util/loop_uv.c"],
    "curl/*": ["util/http_curl_calls.h"],
    "sndfile.h": ["audio/wav.c"],
    "speex/speex_resampler.h": ["audio/resample.c"],
    "speex/speex_echo.h": ["audio/echo.c"],
    "speex/speex_preprocess.h": ["audio/echo.c"],
    "opus*": ["audio/*opus*.c", "audio/ogg.c"],
    "ogg/*": ["audio/*ogg*.c", "audio/decode*.c"],
    "mpg123.h": ["audio/decode_mp3.c"],
    "vpx/*": ["video/vpx.c"],
    "turbojpeg.h": ["video/jpeg.c"],
    "nice/*": ["rtc/nice_calls.h"],
    "srtp2/*": ["rtc/srtp.c"],
    "usrsctp.h": ["rtc/sctp_usrsctp.c"],
    "protobuf-c/*": ["livekit/pb*.c", "livekit/pb*.h"],
    "yaml.h": ["config/yaml.c"],
    "portaudio.h": ["transport/portaudio_calls.h"],
    "flite/*": ["providers/flite.c", "providers/flite_*.c"],
    "hyphen.h": ["tts/hyphen*.c"],
    "zlib.h": ["*/*.c"],
    "sqlite3.h": ["store/db.c"],
    "openssl/*": ["models/*.c", "util/crypto.c", "util/gcm.c", "rtc/*_openssl.c"],
    "archive*.h": ["models/*.c"],
    "jansson.h": ["*"],  # wherever JSON is handled
}

STANDARD = set(
    """assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h limits.h locale.h math.h setjmp.h
    signal.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h tgmath.h
    threads.h time.h uchar.h wchar.h wctype.h dirent.h dlfcn.h fcntl.h fnmatch.h ftw.h getopt.h glob.h
    langinfo.h libgen.h poll.h pthread.h pwd.h sched.h semaphore.h spawn.h termios.h unistd.h wordexp.h
    netdb.h immintrin.h arm_neon.h cpuid.h execinfo.h malloc.h ucontext.h""".split()
)
SYSTEM = ("sys/", "linux/", "netinet/", "arpa/", "net/", "asm/")

MAX_LINES = 800
# Written in pieces, so that these lines do not find themselves.
UNFINISHED = re.compile("|".join(["TO" "DO", "FIX" "ME", "X" "XX", "not " "implemented", "un" "implemented"]))
HOSTS = re.compile(
    "|".join(
        [r"registry\.npm" r"js\.org", r"py" r"pi\.org", r"python" r"hosted\.org", r"proxy\.golang" r"\.org", r"deb\.debian" r"\.org"]
    )
)
PATHS = re.compile("/(" + "|".join(["wo" "rk", "fa" "rm", "ro" "ot", "tmp/bash" "_jobs"]) + ")/")
# jansson's readers write past their buffer when memory is short; src/util/json_load.h has ours.
READERS = re.compile(r"\bjson_load(s|b|f|fd|_file|_callback)\s*\(")
# The program may read JSON as the library does; nothing else of util is for it.
CLI_MAY = {"util/json_load.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def room_of(path):
    """src/audio/wav.c -> audio; include/myna/x.h -> None"""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def files(top):
    out = subprocess.run(["git", "-C", top, "ls-files", "-z"], capture_output=True, text=True)
    if out.returncode == 0 and out.stdout:
        return [f for f in out.stdout.split("\0") if f and os.path.isfile(os.path.join(top, f))]
    found = []
    for where, _, names in os.walk(top):
        found += [os.path.relpath(os.path.join(where, n), top) for n in names]
    return found


def text_of(top, path):
    try:
        with open(os.path.join(top, path), encoding="utf-8") as f:
            return f.read()
    except (UnicodeDecodeError, OSError):
        return None


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check(top):
    """Returns {rule: [finding, ...]}; an empty list is a rule that holds."""
    every = files(top)
    code = [f for f in every if f.endswith((".c", ".h")) and f.startswith(("src/", "include/"))]
    here = set(every)
    rooms = {room_of(f) for f in code} - {None}
    arrows, third, unknown, readers, length, words, hosts, paths = [], [], [], [], [], [], [], []
    for f in code:
        text = text_of(top, f)
        room = room_of(f)
        n = text.count("\n")
        if n > MAX_LINES:
            length.append(f"{f}: {n} lines, at most {MAX_LINES}: look for the seam")
        for m in READERS.finditer(text):
            readers.append(f"{f}:{line_of(text, m.start())}: use myna_{m.group(0)}…) of util/json_load.h")
        for m in UNFINISHED.finditer(text):
            words.append(f"{f}:{line_of(text, m.start())}: '{m.group(0)}'")
        if room and room not in ARROWS:
            arrows.append(f"{f}: room '{room}' is not in the table of tests/check_includes.py")
            continue
        for m in INCLUDE.finditer(text):
            name = m.group(2)
            at = f"{f}:{line_of(text, m.start())}"
            if name.startswith("myna/"):
                if "include/" + name not in here:
                    arrows.append(f"{at}: <{name}> is not a public header")
                continue
            if f.startswith("include/"):
                if name not in STANDARD:
                    third.append(f"{at}: a public header includes <{name}>; only C's own and <myna/...>")
                continue
            first = name.split("/")[0]
            local = os.path.normpath(os.path.join(os.path.dirname(f), name))
            if "/" in name and "src/" + name in here and first in rooms:
                target = first
            elif local in here:
                target = room_of(local)
            elif name in STANDARD or name in GENERATED or name.startswith(SYSTEM):
                continue
            else:
                rule = next((k for k in THIRD_PARTY if fnmatch.fnmatch(name, k)), None)
                if rule is None:
                    unknown.append(f"{at}: <{name}> is in no table of tests/check_includes.py")
                elif not any(fnmatch.fnmatch(f[4:], g) for g in THIRD_PARTY[rule]):
                    third.append(f"{at}: <{name}> belongs in {' or '.join(THIRD_PARTY[rule])} alone")
                continue
            if target == room or ARROWS[room] is None:
                continue
            if room == "cli" and name in CLI_MAY:
                continue
            if room == "cli":
                arrows.append(f"{at}: cli -> {target}: the program uses <myna/...> alone")
            elif target != "util" and target not in ARROWS[room] | TABLES.get(f, set()):
                arrows.append(f"{at}: {room} -> {target} points back or sideways")
    for f in every:
        text = text_of(top, f) if not f.endswith((".wav", ".flight", ".svg")) else None
        if text is None:
            continue
        hosts += [f"{f}:{line_of(text, m.start())}: host of a package registry" for m in HOSTS.finditer(text)]
        paths += [f"{f}:{line_of(text, m.start())}: '{m.group(0)}' is a path of one machine" for m in PATHS.finditer(text)]
    return {
        "arrows between rooms go one way": arrows,
        "a third-party header appears in its one place": third,
        "every header is known": unknown,
        "JSON is read by util/json_load.h alone": readers,
        f"no file of src/ and include/ is longer than {MAX_LINES} lines": length,
        "nothing calls itself unfinished": words,
        "no host name of a package registry": hosts,
        "no path of one machine": paths,
    }


def self_test():
    bad = {
        "src/util/a.c": '#include "session/s.h"\n',
        "src/session/s.h": "\n",
        "src/audio/wav2.c": "#include <sndfile.h>\n",
        "src/audio/x.c": "#include <sensible.h>\n",
        "src/audio/j.c": "json_t *o = json_loads(text, 0, NULL);\n",
        "src/audio/long.c": "\n" * (MAX_LINES + 1),
        "src/audio/y.c": "/* TO" + "DO */\n",
        "docs/a.md": "see py" + "pi.org\n",
        "docs/b.md": "in /wo" + "rk/main\n",
    }
    good = {
        "src/session/a.c": '#include <stdio.h>\n#include "util/u.h"\n',
        "src/util/u.h": "#include <stddef.h>\n",
        "src/util/json_load.h": "json_t *myna_json_loads(const char *text, size_t flags, json_error_t *why);\n",
        "src/cli/c.c": '#include "util/json_load.h"\n',
        "src/audio/wav.c": "#include <sndfile.h>\n#include <sys/stat.h>\n",
    }
    for tree, want in ((bad, 1), (good, 0)):
        with tempfile.TemporaryDirectory() as top:
            for f, text in tree.items():
                os.makedirs(os.path.dirname(os.path.join(top, f)), exist_ok=True)
                with open(os.path.join(top, f), "w", encoding="utf-8") as out:
                    out.write(text)
            for rule, found in check(top).items():
                if len(found) != want:
                    print(f"# {rule}: {len(found)} findings in the made-up tree, want {want}: {found}")
                    return False
    return True


def main():
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    results = [("each rule of this script bites", [] if self_test() else ["see above"])]
    results += list(check(top).items())
    for n, (rule, found) in enumerate(results, 1):
        for f in found[:20]:
            print(f"# {f}")
        if len(found) > 20:
            print(f"# and {len(found) - 20} more")
        print(f"{'not ok' if found else 'ok'} {n} - {rule}")
    print(f"1..{len(results)}")
    return 1 if any(found for _, found in results) else 0


if __name__ == "__main__":
    sys.exit(main())
