#!/usr/bin/env python3
"""wav2c.py IN.wav OUT.h - the samples of a mono 16-bit 24 kHz WAV as the body of a C array."""
import array
import sys
import wave

with wave.open(sys.argv[1]) as w:
    if (w.getframerate(), w.getnchannels(), w.getsampwidth()) != (24000, 1, 2):
        sys.exit(f"{sys.argv[1]}: want 24 kHz, mono, 16 bit")
    pcm = array.array("h", w.readframes(w.getnframes()))
if sys.byteorder == "big":
    pcm.byteswap()
with open(sys.argv[2], "w") as out:
    for i in range(0, len(pcm), 16):
        out.write(",".join(map(str, pcm[i : i + 16])) + ",\n")
