// The Pion side of rtc_cases.py: one PeerConnection on a leash.
//
//	pion_peer offer|answer
//
// Lines of JSON as in rtc_peer.c. What it hears it says back, packet by packet; text is answered
// with "pion: " before it. {"restart": true} makes a new offer with an ICE restart.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"
)

var mutex sync.Mutex

func put(m map[string]any) {
	b, _ := json.Marshal(m)
	mutex.Lock()
	fmt.Println(string(b))
	mutex.Unlock()
}

func must(err error) {
	if err != nil {
		put(map[string]any{"error": err.Error()})
		os.Exit(1)
	}
}

func meet(pc *webrtc.PeerConnection, ch *webrtc.DataChannel, last **webrtc.DataChannel) {
	ch.OnOpen(func() {
		*last = ch
		put(map[string]any{"channel": "open", "label": ch.Label(), "id": *ch.ID()})
	})
	ch.OnClose(func() { put(map[string]any{"channel": "closed", "label": ch.Label()}) })
	ch.OnMessage(func(m webrtc.DataChannelMessage) {
		if !m.IsString {
			put(map[string]any{"bytes": len(m.Data)})
			must(ch.Send(m.Data))
			return
		}
		put(map[string]any{"message": string(m.Data)})
		if !strings.HasPrefix(string(m.Data), "echo:") {
			must(ch.SendText("pion: " + string(m.Data)))
		}
	})
}

func describe(pc *webrtc.PeerConnection, d webrtc.SessionDescription) {
	done := webrtc.GatheringCompletePromise(pc)
	must(pc.SetLocalDescription(d))
	<-done
	put(map[string]any{"sdp": pc.LocalDescription().SDP})
}

func main() {
	offers := os.Args[1] == "offer"
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	media := webrtc.MediaEngine{}
	must(media.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(&media)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "voice", "pion")
	must(err)
	sender, err := pc.AddTrack(track)
	must(err)
	go func() {
		reports := 0
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			if reports += len(packets); reports < 4 {
				put(map[string]any{"rtcp": fmt.Sprintf("%T", packets[0])})
			}
		}
	}()
	var last *webrtc.DataChannel
	pc.OnDataChannel(func(ch *webrtc.DataChannel) { meet(pc, ch, &last) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { put(map[string]any{"state": s.String()}) })
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		put(map[string]any{"track": remote.StreamID() + " " + remote.ID(), "codec": remote.Codec().MimeType})
		for n := 1; ; n++ {
			p, _, err := remote.ReadRTP()
			if err != nil {
				return
			}
			p.Extension, p.Extensions = false, nil
			must(track.WriteRTP(p))
			if n%50 == 0 {
				put(map[string]any{"packets": n})
			}
		}
	})
	if offers {
		ch, err := pc.CreateDataChannel("chat", nil)
		must(err)
		meet(pc, ch, &last)
		offer, err := pc.CreateOffer(nil)
		must(err)
		describe(pc, offer)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	for in.Scan() {
		var m struct {
			Sdp, Send string
			Restart   bool
		}
		must(json.Unmarshal(in.Bytes(), &m))
		if m.Sdp != "" && offers {
			must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.Sdp}))
		} else if m.Sdp != "" {
			must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: m.Sdp}))
			answer, err := pc.CreateAnswer(nil)
			must(err)
			describe(pc, answer)
		}
		if m.Restart {
			offer, err := pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
			must(err)
			describe(pc, offer)
		}
		if m.Send != "" {
			must(last.SendText(m.Send))
		}
	}
	pc.Close()
}
