// One caller's stay in one room: LiveKit's signalling in mode A, one Pion connection.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

type place struct{ url, key, secret string }

func (p place) token(identity string, grants map[string]any) string {
	b64 := base64.RawURLEncoding.EncodeToString
	claims, _ := json.Marshal(map[string]any{"iss": p.key, "sub": identity, "nbf": time.Now().Unix() - 10,
		"exp": time.Now().Unix() + 3600, "video": grants})
	head := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(claims)
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(head))
	return head + "." + b64(mac.Sum(nil))
}

// Asks the server's agent dispatch for an agent of that name.
func (p place) dispatch(room, agent string) error {
	body, _ := json.Marshal(map[string]string{"room": room, "agent_name": agent})
	req, err := http.NewRequest("POST", strings.Replace(p.url, "ws", "http", 1)+
		"/twirp/livekit.AgentDispatchService/CreateDispatch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.token("callers", map[string]any{"roomAdmin": true, "room": room}))
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		b, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("dispatch: %s %s", answer.Status, b)
	}
	return nil
}

type caller struct {
	name   string
	ws     *websocket.Conn
	mutex  sync.Mutex // of ws
	pc     *webrtc.PeerConnection
	track  *webrtc.TrackLocalStaticRTP
	offers uint64
	up     chan struct{} // connected
	agent  chan struct{} // an agent has published its track
	heard  func(at time.Time, packet *rtp.Packet)
	once   struct{ up, agent sync.Once }
	over   chan error
	left   bool
}

func (c *caller) send(m []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ws.WriteMessage(websocket.BinaryMessage, m)
}

func (c *caller) offer() error {
	d, err := c.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	done := webrtc.GatheringCompletePromise(c.pc)
	if err = c.pc.SetLocalDescription(d); err != nil {
		return err
	}
	<-done
	c.offers++
	c.send(description(c.pc.LocalDescription().SDP, c.offers))
	return nil
}

// One message of the server.
func (c *caller) take(b []byte, early *[]webrtc.ICECandidateInit) error {
	for _, f := range parse(b) {
		switch f.number {
		case saidJoin:
			parse(f.bytes).each(3, func(p field) { c.saw(p.bytes) })
		case saidUpdate:
			parse(f.bytes).each(1, func(p field) { c.saw(p.bytes) })
		case saidAnswer:
			d := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: parse(f.bytes).text(2)}
			if err := c.pc.SetRemoteDescription(d); err != nil {
				return err
			}
			for _, one := range *early {
				c.pc.AddICECandidate(one)
			}
			*early = nil
		case saidTrickle:
			var one webrtc.ICECandidateInit
			if json.Unmarshal([]byte(parse(f.bytes).text(1)), &one) != nil || one.Candidate == "" {
				continue
			}
			if c.pc.RemoteDescription() == nil {
				*early = append(*early, one)
			} else {
				c.pc.AddICECandidate(one)
			}
		case saidSections:
			for n := parse(f.bytes).number(1); n > 0; n-- {
				if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio,
					webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
					return err
				}
			}
			if err := c.offer(); err != nil {
				return err
			}
		case saidLeave:
			return fmt.Errorf("the server ends it, reason %d", parse(f.bytes).number(2))
		}
	}
	return nil
}

func (c *caller) saw(participant []byte) {
	if agentSpeaks(participant) {
		c.once.agent.Do(func() { close(c.agent) })
	}
}

func (c *caller) read() {
	var early []webrtc.ICECandidateInit
	for {
		_, b, err := c.ws.ReadMessage()
		if err == nil {
			err = c.take(b, &early)
		}
		if err != nil {
			c.over <- err
			return
		}
	}
}

func (c *caller) ping() {
	for {
		time.Sleep(5 * time.Second)
		c.mutex.Lock()
		left := c.left
		c.mutex.Unlock()
		if left {
			return
		}
		c.send(message(nil, askPing, number(nil, 1, uint64(time.Now().UnixMilli()))))
	}
}

func stack() (*webrtc.API, error) {
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetHandleUndeclaredSSRCWithoutAnswer(true) // sound may come before the answer that tells of it
	m, i := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1;usedtx=1"}, PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	if err := webrtc.ConfigureRTCPReports(i); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(i)), nil
}

// Comes into the room; returns when sound can go both ways. `heard` is called for each packet of others.
func join(api *webrtc.API, p place, room, name string, heard func(time.Time, *rtp.Packet)) (*caller, error) {
	c := &caller{name: name, up: make(chan struct{}), agent: make(chan struct{}), over: make(chan error, 4), heard: heard}
	grants := map[string]any{"roomJoin": true, "room": room, "canPublish": true, "canSubscribe": true}
	head := http.Header{"Authorization": {"Bearer " + p.token(name, grants)}}
	address := p.url + "/rtc/v1?join_request=" + url.QueryEscape(base64.URLEncoding.EncodeToString(joinRequest()))
	ws, _, err := websocket.DefaultDialer.Dial(address, head)
	if err != nil {
		return nil, err
	}
	c.ws = ws
	if c.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, err
	}
	c.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000,
		Channels: 2}, "mic", "caller")
	if err != nil {
		return nil, err
	}
	sender, err := c.pc.AddTransceiverFromTrack(c.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	go drain(sender.Sender())
	if _, err = c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return nil, err
	}
	for _, label := range []string{"_reliable", "_lossy"} {
		if _, err = c.pc.CreateDataChannel(label, nil); err != nil {
			return nil, err
		}
	}
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			c.once.up.Do(func() { close(c.up) })
		}
	})
	c.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			c.heard(time.Now(), packet)
		}
	})
	go c.read()
	go c.ping()
	c.send(addTrack("mic"))
	if err = c.offer(); err != nil {
		return nil, err
	}
	select {
	case <-c.up:
		return c, nil
	case err = <-c.over:
		return nil, err
	case <-time.After(15 * time.Second):
		return nil, fmt.Errorf("no way to the server")
	}
}

func drain(s *webrtc.RTPSender) {
	b := make([]byte, 1500)
	for {
		if _, _, err := s.Read(b); err != nil {
			return
		}
	}
}

func (c *caller) leave() {
	c.mutex.Lock()
	c.left = true
	c.mutex.Unlock()
	c.send(message(nil, askLeave, number(nil, 2, 1)))
	c.pc.Close()
	c.ws.Close()
}
