"""The aiortc side of rtc_cases.py: one RTCPeerConnection on a leash, run inside its own environment.

    rtc_aiortc.py offer|answer

Lines of JSON as in rtc_peer.c. It says 1000 Hz, counts zero crossings of what it hears, and answers
each text message with "aiortc: " before it.
"""
import asyncio
import fractions
import json
import sys
import time

import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame


class Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self):
        super().__init__()
        self.n = 0
        self.begin = None

    async def recv(self):
        self.begin = self.begin or time.time()
        wait = self.begin + self.n / 48000 - time.time()
        if wait > 0:
            await asyncio.sleep(wait)
        t = (numpy.arange(960) + self.n) / 48000
        pcm = (8000 * numpy.sin(2 * numpy.pi * 1000 * t)).astype(numpy.int16)
        frame = AudioFrame.from_ndarray(numpy.repeat(pcm, 2)[None], "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.n, fractions.Fraction(1, 48000)
        self.n += 960
        return frame


def put(**line):
    print(json.dumps(line), flush=True)


async def listen(track):
    samples = numpy.zeros(0)
    while True:
        frame = await track.recv()
        pcm = frame.to_ndarray().reshape(-1)[::2]  # stereo, interleaved
        samples = numpy.concatenate([samples, pcm.astype(float)])
        if len(samples) >= 24000:
            rms = float(numpy.sqrt(numpy.mean(samples ** 2)))
            hz = float(numpy.sum(numpy.diff(numpy.signbit(samples))) / 2 / (len(samples) / 48000))
            put(hz=hz, rms=rms)
            samples = numpy.zeros(0)


async def main():
    pc = RTCPeerConnection()
    pc.addTrack(Tone())
    channels = []

    def meet(channel):
        channels.append(channel)

        @channel.on("message")
        def on_message(m):
            put(message=m if isinstance(m, str) else len(m))
            if isinstance(m, str) and not m.startswith("echo:"):
                channel.send("aiortc: " + m)

        put(channel="open", label=channel.label, id=channel.id)

    @pc.on("datachannel")
    def on_datachannel(channel):
        meet(channel)

    @pc.on("track")
    def on_track(track):
        asyncio.ensure_future(listen(track))

    @pc.on("connectionstatechange")
    def on_state():
        put(state=pc.connectionState)

    if sys.argv[1] == "offer":
        ch = pc.createDataChannel("chat")
        ch.on("open", lambda: meet(ch))
        await pc.setLocalDescription(await pc.createOffer())
        put(sdp=pc.localDescription.sdp)
    loop = asyncio.get_event_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            break
        m = json.loads(line)
        if "sdp" in m:
            kind = "answer" if sys.argv[1] == "offer" else "offer"
            await pc.setRemoteDescription(RTCSessionDescription(m["sdp"], kind))
            if kind == "offer":
                await pc.setLocalDescription(await pc.createAnswer())
                put(sdp=pc.localDescription.sdp)
        if "send" in m:
            channels[-1].send(m["send"])
        if "bytes" in m:
            channels[-1].send(bytes(m["bytes"]))
    await pc.close()


asyncio.run(main())
