#!/usr/bin/env python3
"""A person in a LiveKit room, by LiveKit's own SDK. Runs in the SDK's environment.

    livekit_person.py URL TOKEN RECORDING.wav

Commands come as lines of JSON: {"do": "speak", "wav": FILE}, {"do": "chat", "text": …},
{"do": "data", "topic": …, "text": …}, {"do": "call", "to": …, "method": …, "text": …},
{"do": "mute"}, {"do": "unmute"}, {"do": "unpublish"}, {"do": "publish"},
{"do": "republish"}, {"do": "text"|"bytes", "topic": …, "n": N},
{"do": "attribute", "key": …, "value": …}, {"do": "streams", "n": N, "topic": …, "seconds": S}, {"do": "flood", "seconds": S, "least": N},
{"do": "camera", "name": …, "colours": four of RGB, "width": W, "height": H, "simulcast": bool}, {"do": "stall"}
(all cameras), {"do": "leave"}. It has the methods "upper", "slow" and "fail", and takes streams on "notes" and "files". What
happens goes out as lines of JSON with "t", seconds since the start. What the agent says is recorded, 24 kHz.

Sound goes in and comes out in tenths of a second: ten times as many pieces would be most of what this program costs, and
on a busy machine it would not keep up with them.
"""
import asyncio
import json
import sys
import time
import wave

from livekit import rtc

RATE = 16000
PIECE = RATE // 10
BEGAN = time.monotonic()


def tell(what, **more):
    print(json.dumps({"t": round(time.monotonic() - BEGAN, 3), "is": what, **more}), flush=True)


class Person:
    def __init__(self, path):
        self.room = rtc.Room()
        self.source = rtc.AudioSource(RATE, 1)
        self.track = rtc.LocalAudioTrack.create_audio_track("mic", self.source)
        self.to_say = b""
        self.out = wave.open(path, "wb")
        self.recorded = {}
        self.out.setnchannels(1)
        self.out.setsampwidth(2)
        self.out.setframerate(24000)
        self.tasks = set()
        self.filming = set()

    def later(self, work):
        t = asyncio.ensure_future(work)
        self.tasks.add(t)
        t.add_done_callback(self.tasks.discard)

    async def record(self, track, who):
        """Until they have a newer one: the SDK goes on with silence of a track that is gone."""
        self.recorded[who] = track
        async for ev in rtc.AudioStream(track, sample_rate=24000, num_channels=1, frame_size_ms=100):
            if self.recorded[who] is not track:
                break
            self.out.writeframes(bytes(ev.frame.data))

    @staticmethod
    async def watch(track, who):
        """With "levels": when somebody's sound begins, and, a quarter of a second later, when it was over."""
        last = None
        async for ev in rtc.AudioStream(track, sample_rate=8000, num_channels=1, frame_size_ms=50):
            now = time.monotonic() - BEGAN
            if max(map(abs, ev.frame.data)) > 500:
                if last is None:
                    tell("sounds", who=who, t=round(now, 3))
                last = now
            elif last is not None and now - last > 0.25:
                tell("silent", who=who, t=round(last, 3))
                last = None

    async def microphone(self):
        """A tenth of a second after the other, silence where nothing is to be said. The SDK has a second of it in its queue:
        what was asked is said once as much has gone in behind it."""
        behind = None
        while True:
            piece, self.to_say = self.to_say[:2 * PIECE], self.to_say[2 * PIECE:]
            if piece:
                behind = 0
                if not self.to_say:
                    tell("asked")
            elif behind is not None:
                behind += 1
                if behind == 10:
                    tell("said")
            await self.source.capture_frame(rtc.AudioFrame(piece.ljust(2 * PIECE, b"\0"), RATE, 1, PIECE))

    async def film(self, name, width, height, colours, simulcast):
        """A camera that sees four fields of plain colour, 15 times a second; a busy machine gets fewer, not smaller ones."""
        source = rtc.VideoSource(width, height)
        track = rtc.LocalVideoTrack.create_video_track(name, source)
        await self.room.local_participant.publish_track(track, rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA, simulcast=simulcast, video_codec=rtc.VideoCodec.VP8,
            degradation_preference=rtc.DegradationPreference.MAINTAIN_RESOLUTION))
        left, right = width // 2, width - width // 2
        rows = [bytes((*a, 255)) * left + bytes((*b, 255)) * right for a, b in (colours[:2], colours[2:])]
        frame = rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA,
                               rows[0] * (height // 2) + rows[1] * (height - height // 2))
        self.filming.add(name)
        tell("filming", name=name, track=track.sid)
        while name in self.filming:
            source.capture_frame(frame)
            await asyncio.sleep(1 / 15)
        tell("stalled", name=name)

    def on_text(self, reader, identity):
        async def read():
            a = reader.info.attributes
            tell("stream", who=identity, topic=reader.info.topic, text=await reader.read_all(),
                 segment=a.get("lk.segment_id"), final=a.get("lk.transcription_final"),
                 track=a.get("lk.transcribed_track_id"))
        self.later(read())

    def on_note(self, reader, identity):
        async def read():
            text = await reader.read_all()
            tell("note", who=identity, n=len(text), text=text[:100])
        self.later(read())

    def on_file(self, reader, identity):
        async def read():
            body = b""
            async for piece in reader:
                body += piece
            tell("file", who=identity, name=reader.info.name, n=len(body), sum=sum(body))
        self.later(read())

    def methods(self):
        @self.room.local_participant.register_rpc_method("upper")
        async def upper(call):
            return call.payload.upper()

        @self.room.local_participant.register_rpc_method("slow")
        async def slow(call):
            await asyncio.sleep(30)
            return ""

        @self.room.local_participant.register_rpc_method("fail")
        async def fail(call):
            raise rtc.RpcError(1500, "not today")

    def handlers(self):
        on = self.room.on
        on("participant_connected", lambda p: (tell("came", who=p.identity, kind=int(p.kind)),
                                               tell("name", who=p.identity, name=p.name)))
        on("participant_name_changed", lambda p, old, new: tell("name", who=p.identity, name=new))
        on("participant_disconnected", lambda p: tell("went", who=p.identity, reason=int(p.disconnect_reason or 0)))
        on("participant_attributes_changed", lambda c, p: tell("attributes", who=p.identity, changed=dict(c)))
        on("connection_quality_changed", lambda p, q: tell("quality", who=p.identity, level=int(q)))
        on("active_speakers_changed", lambda s: tell("speakers", who=[x.identity for x in s]))
        on("transcription_received", lambda segs, p, pub: tell(
            "legacy", who=p.identity if p else None, track=pub.sid if pub else None,
            text=segs[0].text, final=segs[0].final, id=segs[0].id))
        on("data_received", lambda d: tell("data", topic=d.topic, text=d.data.decode("utf-8", "replace"),
                                           who=d.participant.identity if d.participant else None))
        on("disconnected", lambda *a: tell("disconnected"))
        on("reconnected", lambda *a: tell("reconnected"))

        def subscribed(track, pub, p):
            tell("track", who=p.identity, name=pub.name, source=int(pub.source))
            if track.kind == rtc.TrackKind.KIND_AUDIO:
                if p.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
                    self.later(self.record(track, p.identity))
                if "levels" in sys.argv:
                    self.later(self.watch(track, p.identity))
        on("track_subscribed", subscribed)
        self.room.register_text_stream_handler("lk.transcription", self.on_text)
        self.room.register_text_stream_handler("notes", self.on_note)
        self.room.register_byte_stream_handler("files", self.on_file)
        on("track_muted", lambda p, pub: tell("muted", who=p.identity))
        on("track_unmuted", lambda p, pub: tell("unmuted", who=p.identity))

    async def flood(self, least, topic, seconds):
        """Streams that are opened and never closed, until the time is over and so many have been."""
        end, n = time.monotonic() + seconds, 0
        while time.monotonic() < end or n < least:
            await self.room.local_participant.stream_text(topic=topic)
            n += 1
            if n % 100 == 0:
                await asyncio.sleep(0)
        tell("flooded", messages=n)

    async def attack(self, seconds, least):
        """Messages as fast as they go, megabytes of attributes, many chats, until the time is over and so many have gone."""
        me, end, n = self.room.local_participant, time.monotonic() + seconds, 0
        while time.monotonic() < end or n < least:
            n += 1
            await me.publish_data(bytes(14000), topic="flood", reliable=n % 2 == 0)
            if n % 50 == 0:
                await me.send_text("What is two plus two?", topic="lk.chat")
            if n % 100 == 0:
                await me.set_attributes({f"k{i}": str(n) * 4000 for i in range(90)})
            await asyncio.sleep(0)
        tell("flooded", messages=n)

    async def do(self, c):
        me = self.room.local_participant
        if c["do"] == "speak":
            with wave.open(c["wav"]) as w:
                assert w.getframerate() == RATE and w.getnchannels() == 1
                self.to_say = w.readframes(w.getnframes())
            tell("asking")
        elif c["do"] == "camera":
            self.later(self.film(c.get("name", "camera"), c.get("width", 640), c.get("height", 480), c["colours"],
                                 c.get("simulcast", True)))
        elif c["do"] == "stall":
            self.filming.clear()
        elif c["do"] == "chat":
            await me.send_text(c["text"], topic="lk.chat")
        elif c["do"] == "data":
            await me.publish_data(c["text"].encode(), topic=c["topic"], reliable=True)
        elif c["do"] == "call":
            try:
                answer = await me.perform_rpc(destination_identity=c["to"], method=c["method"],
                                              payload=c["text"] * c.get("times", 1), response_timeout=15)
                tell("answered", text=answer[:20000], n=len(answer))
            except rtc.RpcError as e:
                tell("refused", code=e.code, text=e.message)
        elif c["do"] == "mute":
            self.track.mute()
        elif c["do"] == "unmute":
            self.track.unmute()
        elif c["do"] == "ratchet":
            keys = self.room.e2ee_manager.key_provider
            before = keys.export_shared_key(0)
            keys.ratchet_shared_key(0)
            tell("ratcheted", changed=before != keys.export_shared_key(0))
        elif c["do"] == "flood":
            await self.attack(c["seconds"], c["least"])
        elif c["do"] == "unpublish":
            await me.unpublish_track(self.track.sid)
        elif c["do"] in ("publish", "republish"):
            if c["do"] == "republish":
                await me.unpublish_track(self.track.sid)
            self.track = rtc.LocalAudioTrack.create_audio_track("mic2", self.source)
            await me.publish_track(self.track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
            tell("mic", track=self.track.sid)
            tell("republished")
        elif c["do"] == "text":
            await me.send_text("ä" * c["n"], topic=c["topic"])
        elif c["do"] == "bytes":
            writer = await me.stream_bytes("person.bin", total_size=c["n"], topic=c["topic"])
            await writer.write(bytes(i * 7 % 256 for i in range(c["n"])))
            await writer.aclose()
        elif c["do"] == "attribute":
            await me.set_attributes({c["key"]: c["value"]})
        elif c["do"] == "streams":
            await self.flood(c["n"], c["topic"], c.get("seconds", 0))

    @staticmethod
    def options():
        """`key=K`: sound and words are sealed end to end; `key=K@3`: under that number.

        By itself the SDK makes sixteen keys, a third of a second of work, of each frame that its own does not open, and
        answers nothing meanwhile: the greeting of somebody with another key kept it from its own microphone for a minute
        where the machine had other work. Nobody here turns the key on but the person."""
        key = [a[4:] for a in sys.argv if a.startswith("key=")]
        if not key:
            return rtc.RoomOptions()
        return rtc.RoomOptions(encryption=rtc.E2EEOptions(
            key_provider_options=rtc.KeyProviderOptions(shared_key=key[0].partition("@")[0].encode(), ratchet_window_size=0)))

    def set_key(self):
        """The SDK takes its first key as number 0."""
        for a in sys.argv:
            if a.startswith("key=") and "@" in a:
                key, _, number = a[4:].partition("@")
                self.room.e2ee_manager.key_provider.set_shared_key(key.encode(), int(number))
                for c in self.room.e2ee_manager.frame_cryptors():
                    c.set_key_index(int(number))

    async def run(self, url, token):
        self.handlers()
        await self.room.connect(url, token, self.options())
        self.methods()
        for p in self.room.remote_participants.values():
            tell("name", who=p.identity, name=p.name)
        tell("in", people={p.identity: int(p.kind) for p in self.room.remote_participants.values()},
             attributes={p.identity: dict(p.attributes) for p in self.room.remote_participants.values()})
        await self.room.local_participant.publish_track(
            self.track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, red="plain" not in sys.argv))
        tell("mic", track=self.track.sid)
        self.set_key()
        self.later(self.microphone())
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            c = json.loads(line)
            if c["do"] == "leave":
                break
            await self.do(c)
        await self.room.disconnect()
        self.out.close()
        tell("left")


async def main():
    await Person(sys.argv[3]).run(sys.argv[1], sys.argv[2])  # made inside the loop: the SDK keeps it


asyncio.run(main())
