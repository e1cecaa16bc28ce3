#!/bin/sh
# Makes the recordings that come with the project, with Flite's voice slt (Debian: flite). They are
# in the tree already; run this only to change their words.
#   data/question.wav  16 kHz, what is asked where there is no microphone
#   data/sorry.wav     24 kHz, spoken when a provider fails; the words stand in src/session/sorry.h
set -eu
cd "$(dirname "$0")/.."
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

speak() {
    flite -voice slt --setf duration_stretch=1.05 -t "$1" -o "$2"
}

speak "Hello. What is seven times eight?" "$temp/question.wav"
speak "I'm sorry, something went wrong on my side. Please try again." "$temp/sorry.wav"

# Quiet around it (a person waits, and a VAD needs a floor), and 16 to 24 kHz by windowed sinc.
python3 - "$temp" <<'PYTHON'
import array, math, sys, wave

def read(name):
    with wave.open(f"{sys.argv[1]}/{name}") as w:
        assert w.getframerate() == 16000 and w.getnchannels() == 1
        return array.array("h", w.readframes(w.getnframes()))

def write(name, rate, pcm):
    with wave.open(f"data/{name}", "w") as w:
        w.setparams((1, 2, rate, len(pcm), "NONE", ""))
        w.writeframes(array.array("h", pcm).tobytes())

def trim(pcm, floor=200):
    loud = [i for i, v in enumerate(pcm) if abs(v) > floor]
    return list(pcm[max(0, loud[0] - 320):loud[-1] + 1600])

def up_3_2(pcm, half=24):
    out = []
    for k in range(len(pcm) * 3 // 2):
        x = k * 2 / 3
        at, sum_ = int(x), 0.0
        for i in range(max(0, at - half + 1), min(len(pcm), at + half + 1)):
            d = x - i
            s = 1.0 if d == 0 else math.sin(math.pi * d) / (math.pi * d)
            sum_ += pcm[i] * s * (0.5 + 0.5 * math.cos(math.pi * d / (half + 1)))
        out.append(max(-32768, min(32767, round(sum_))))
    return out

write("question.wav", 16000, [0] * 16000 + trim(read("question.wav")) + [0] * 16000)
write("sorry.wav", 24000, up_3_2(trim(read("sorry.wav"))))
PYTHON
ls -l data
