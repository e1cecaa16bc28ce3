// The few messages of LiveKit's wire that a caller needs, by field number (livekit_rtc.proto).
package main

import "google.golang.org/protobuf/encoding/protowire"

type fields []field

type field struct {
	number   protowire.Number
	number64 uint64
	bytes    []byte
}

func text(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func message(b []byte, n protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), m)
}

func number(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

// What cannot be read ends the list: the server is trusted here.
func parse(b []byte) (all fields) {
	for len(b) > 0 {
		n, kind, used := protowire.ConsumeTag(b)
		if used < 0 {
			return
		}
		b = b[used:]
		f := field{number: n}
		switch kind {
		case protowire.VarintType:
			f.number64, used = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.bytes, used = protowire.ConsumeBytes(b)
		default:
			used = protowire.ConsumeFieldValue(n, kind, b)
		}
		if used < 0 {
			return
		}
		b = b[used:]
		all = append(all, f)
	}
	return
}

func (all fields) each(n protowire.Number, do func(field)) {
	for _, f := range all {
		if f.number == n {
			do(f)
		}
	}
}

func (all fields) text(n protowire.Number) (s string) {
	all.each(n, func(f field) { s = string(f.bytes) })
	return
}

func (all fields) number(n protowire.Number) (v uint64) {
	all.each(n, func(f field) { v = f.number64 })
	return
}

// SignalRequest and SignalResponse: numbers of their oneofs.
const (
	askOffer, askTrickle, askAddTrack, askLeave, askPing     = 1, 3, 4, 8, 16
	saidJoin, saidAnswer, saidTrickle, saidUpdate, saidLeave = 1, 2, 4, 5, 8
	saidSections                                             = 25
	kindAgent, sourceMicrophone, protocolVersion, sdkCPP     = 4, 2, 17, 10
)

// JoinRequest of mode A in its wrapping: everything is subscribed by itself.
func joinRequest() []byte {
	info := number(nil, 1, sdkCPP)
	info = number(info, 3, protocolVersion)
	join := message(nil, 1, info)
	join = message(join, 2, number(nil, 1, 1))
	return message(nil, 2, join)
}

func addTrack(cid string) []byte {
	m := text(nil, 1, cid)
	m = text(m, 2, "voice")
	m = number(m, 8, sourceMicrophone)
	m = number(m, 13, 1) // no RED: one packet, one frame
	return message(nil, askAddTrack, m)
}

func description(sdp string, id uint64) []byte {
	m := text(nil, 1, "offer")
	m = text(m, 2, sdp)
	return message(nil, askOffer, number(m, 3, id))
}

// Whether this ParticipantInfo is an agent with a track.
func agentSpeaks(info []byte) bool {
	p := parse(info)
	tracks := 0
	p.each(4, func(field) { tracks++ })
	return p.number(14) == kindAgent && tracks > 0
}
