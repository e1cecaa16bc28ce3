"""Completion in real shells: what a person gets who types and presses TAB."""
import os
import shutil
import subprocess

from endings import Terminal
from support import Myna, Skip, case, check, environment

# What is on the line, and what must be among the offers; None: files of the directory.
LINES = [
    ("", "console"),
    ("con", "console"),
    ("console --rec", "--record"),
    ("console --stt ", "moonshine"),
    ("console --vad s", "silero"),
    ("hear --set vad.silero.act", "vad.silero.activation_threshold="),
    ("models ", "fetch"),
    ("config --log-level d", "debug"),
    ("hear que", "question one.wav"),
    ("console --in que", "question one.wav"),
    ("replay --wav que", "question one.wav"),
]


def script(here, shell, name):
    p = subprocess.run([Myna.path, "__complete", shell], env=environment(here), capture_output=True, timeout=300)
    check(p.returncode == 0 and p.stdout, p.stderr.decode())
    path = os.path.join(here, name)
    with open(path, "wb") as f:
        f.write(p.stdout)
    open(os.path.join(here, "question one.wav"), "w").close()
    open(os.path.join(here, "other.txt"), "w").close()
    return path


def ask(here, *cmd):
    p = subprocess.run(cmd, cwd=here, env=dict(environment(here), TERM="xterm"), stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=300)
    check(not p.stderr.strip(), f"{cmd[0]} says: {p.stderr.decode()}")
    return p.stdout.decode()


def expect(shell, line, offers, want):
    check(want in offers, f"{shell}: 'myna {line}' offers {offers}, not {want!r}")
    words = line.split(" ")
    check(not words[-1] or all(o.startswith(words[-1]) for o in offers), f"{shell}: 'myna {line}' offers {offers}")


@case
def bash_completes_commands_flags_values_keys_and_files(here):
    if not shutil.which("bash"):
        raise Skip("no bash on this machine")
    path = script(here, "bash", "myna.bash")
    # compopt works only while somebody presses TAB
    helper = ('compopt() { :; }; source "$1"; COMP_WORDS=(myna "${@:2}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
              '_myna; printf "%s\\n" "${COMPREPLY[@]}"')
    for line, want in LINES:
        offers = ask(here, "bash", "--norc", "-c", helper, "bash", path, *line.split(" ")).splitlines()
        expect("bash", line, offers, want)


@case
def zsh_completes_commands_flags_values_keys_and_files(here):
    if not shutil.which("zsh"):
        raise Skip("no zsh on this machine")
    script(here, "zsh", "_myna")
    with open(os.path.join(here, ".zshrc"), "w", encoding="utf-8") as f:
        f.write("PS1='ready> ' LISTMAX=10000 fpath=($PWD $fpath)\nunsetopt prompt_sp prompt_cr\n"
                "autoload -Uz compinit && compinit -u -d ./dump\nmyna() { :; }\n")
    with Terminal(here, "-d", "-i", program=shutil.which("zsh"), env={"ZDOTDIR": here, "TERM": "dumb",
                                                                     "COLUMNS": "400", "LINES": "1000"}) as t:
        t.until("ready> ", 120)
        for line, want in LINES:
            t.seen = ""
            t.key(f"myna {line}\x04\x15".encode())  # ^D lists what it offers, ^U takes the line away
            t.key(b": $(( 6 * 7 ))end\n")
            t.until(r"6 \* 7[^$]*ready> ", 120)
            shown = t.seen.replace("\\", "").split(f"myna {line}", 1)[-1].split(": $((")[0]
            check(want in shown and "_arguments" not in shown, f"zsh: 'myna {line}' shows {t.seen!r}, not {want!r}")


@case
def fish_completes_commands_flags_values_keys_and_files(here):
    if not shutil.which("fish"):
        raise Skip("no fish on this machine")
    path = script(here, "fish", "myna.fish")
    for line, want in LINES:
        out = ask(here, "fish", "--no-config", "-c", f"source '{path}'; complete -C 'myna {line}'")
        offers = [o.split("\t")[0] for o in out.splitlines()]
        expect("fish", line, offers, want)
