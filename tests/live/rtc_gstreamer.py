"""The GStreamer side of rtc_cases.py: one webrtcbin on a leash, run by the system's Python.

    rtc_gstreamer.py offer|answer|there

Lines of JSON as in rtc_peer.c. It says 1000 Hz, counts zero crossings of what it hears, and answers each text message
with "gstreamer: " before it. `there` only tells whether all that it needs is installed.
"""
import array
import json
import math
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = ("webrtcbin name=rtc bundle-policy=max-bundle audiotestsrc is-live=true wave=sine freq=1000 volume=0.24414 ! "
            "audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay pt=111 ! "
            "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! rtc.")
HEARD = "rtpopusdepay ! opusdec ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! appsink name=out"


def put(**line):
    print(json.dumps(line), flush=True)


class Peer:
    def __init__(self, offers):
        self.offers, self.channel, self.told, self.kept = offers, None, False, []
        self.samples = array.array("h")
        self.pipe = Gst.parse_launch(PIPELINE)
        self.rtc = self.pipe.get_by_name("rtc")
        self.ice = self.rtc.get_property("ice-agent")  # kept, or the bindings free it under the element
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        self.rtc.connect("pad-added", self.on_pad)
        self.rtc.connect("on-data-channel", lambda _, ch: self.meet(ch))
        self.rtc.connect("notify::ice-gathering-state", lambda *_: GLib.idle_add(self.tell_sdp))
        self.rtc.connect("notify::connection-state", self.on_state)
        self.pipe.set_state(Gst.State.PLAYING if offers else Gst.State.READY)
        if offers:
            ch = self.rtc.emit("create-data-channel", "chat", None)
            self.meet(ch)
            self.rtc.emit("create-offer", None, self.promise(self.on_offer))

    def promise(self, then):
        p = Gst.Promise.new_with_change_func(lambda p: GLib.idle_add(then, p))
        self.kept.append(p)
        return p

    def on_state(self, *_):
        put(state=self.rtc.get_property("connection-state").value_nick)

    def on_offer(self, p):
        self.kept.append(p.get_reply())
        self.rtc.emit("set-local-description", self.kept[-1].get_value("offer"), None)

    def on_answer(self, p):
        self.kept.append(p.get_reply())
        self.rtc.emit("set-local-description", self.kept[-1].get_value("answer"), None)

    def tell_sdp(self):
        d = self.rtc.get_property("local-description")
        if not self.told and d and self.rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.told = True
            put(sdp=d.sdp.as_text())

    def take_sdp(self, text):
        _, msg = GstSdp.SDPMessage.new_from_text(text)
        kind = GstWebRTC.WebRTCSDPType.ANSWER if self.offers else GstWebRTC.WebRTCSDPType.OFFER
        d = GstWebRTC.WebRTCSessionDescription.new(kind, msg)
        self.kept += [msg, d]
        if self.offers:
            self.rtc.emit("set-remote-description", d, None)
            return
        self.pipe.set_state(Gst.State.PLAYING)
        self.rtc.emit("set-remote-description", d, self.promise(
            lambda _: self.rtc.emit("create-answer", None, self.promise(self.on_answer))))

    def meet(self, ch):
        self.channel = ch
        ch.connect("on-message-string", self.on_text)
        ch.connect("on-open", lambda c: put(channel="open", label=c.get_property("label"), id=c.get_property("id")))

    def on_text(self, ch, text):
        put(message=text)
        if text and not text.startswith("echo:"):
            ch.emit("send-string", "gstreamer: " + text)

    def on_pad(self, _, pad):
        if pad.get_property("direction") != Gst.PadDirection.SRC:
            return
        part = Gst.parse_bin_from_description(HEARD, True)
        out = part.get_by_name("out")
        out.set_property("emit-signals", True)
        out.connect("new-sample", self.on_sample)
        self.pipe.add(part)
        part.sync_state_with_parent()
        pad.link(part.get_static_pad("sink"))

    def on_sample(self, out):
        buf = out.emit("pull-sample").get_buffer()
        self.samples.frombytes(buf.extract_dup(0, buf.get_size()))
        while len(self.samples) >= 24000:
            block, self.samples = self.samples[:24000], self.samples[24000:]
            put(hz=sum((a < 0) != (b < 0) for a, b in zip(block, block[1:])) / 2 / 0.5,
                rms=math.sqrt(sum(x * x for x in block) / len(block)))
        return Gst.FlowReturn.OK

    def on_line(self, source, condition, loop):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        m = json.loads(line)
        if "sdp" in m:
            self.take_sdp(m["sdp"])
        if "send" in m:
            self.channel.emit("send-string", m["send"])
        return True


def main():
    Gst.init(None)
    missing = [e for e in ("webrtcbin", "opusenc", "rtpopuspay", "opusdec", "rtpopusdepay", "nicesrc", "sctpenc", "dtlsenc", "srtpenc")
               if not Gst.ElementFactory.find(e)]
    if sys.argv[1] == "there":
        print(" ".join(missing))
        return bool(missing)
    peer, loop = Peer(sys.argv[1] == "offer"), GLib.MainLoop()
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, peer.on_line, loop)
    loop.run()
    peer.pipe.set_state(Gst.State.NULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
