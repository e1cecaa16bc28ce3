// Sound: a WAV, the packets of one round of question and silence, and how loud a packet is.
package main

/*
#cgo pkg-config: opus
#include <opus.h>

static int dtx(OpusEncoder *e) { return opus_encoder_ctl(e, OPUS_SET_DTX(1)); }
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"os"
)

const (
	rate  = 16000
	frame = rate / 50
	loud  = 0.01 * 0.01 * 32768 * 32768 // -40 dBFS, mean of the squares of 5 ms
	block = rate / 200
)

// Samples of a mono 16 kHz WAV of 16 bits.
func readWAV(path string) ([]int16, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 44 || string(b[8:12]) != "WAVE" || binary.LittleEndian.Uint32(b[24:]) != rate || b[22] != 1 || b[34] != 16 {
		return nil, fmt.Errorf("%s is no mono WAV of 16 kHz and 16 bits", path)
	}
	for at := 12; at+8 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) == "data" {
			b = b[at+8 : min(at+8+size, len(b))]
			break
		}
		at += 8 + size
	}
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm, nil
}

func isLoud(pcm []int16) bool {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return len(pcm) > 0 && sum/float64(len(pcm)) > loud
}

// First and last block that is loud: [from, to) in samples.
func loudPart(pcm []int16) (from, to int) {
	from = -1
	for at := 0; at+block <= len(pcm); at += block {
		if isLoud(pcm[at : at+block]) {
			if from < 0 {
				from = at
			}
			to = at + block
		}
	}
	return max(from, 0), to
}

// A round: one question, then silence. Packets of one or two bytes are not sent (DTX).
type round struct {
	packets [][]byte
	end     int // samples from the beginning to the end of what is loud
}

func makeRound(question []int16, seconds float64) (*round, error) {
	from, to := loudPart(question)
	question = question[from:to]
	frames := int(seconds * 50)
	if len(question) > frames*frame {
		return nil, fmt.Errorf("the question is longer than %v s", seconds)
	}
	pcm := make([]int16, frames*frame)
	copy(pcm, question)
	var err C.int
	e := C.opus_encoder_create(rate, 1, C.OPUS_APPLICATION_VOIP, &err)
	if err != 0 {
		return nil, fmt.Errorf("Opus: %d", int(err))
	}
	defer C.opus_encoder_destroy(e)
	C.dtx(e)
	r := &round{end: len(question)}
	for i := 0; i < 2*frames; i++ { // the second time it begins as it will go on
		out := make([]byte, 1276)
		at := (i % frames) * frame
		n := C.opus_encode(e, (*C.opus_int16)(&pcm[at]), frame, (*C.uchar)(&out[0]), C.opus_int32(len(out)))
		if n < 0 {
			return nil, fmt.Errorf("Opus: %d", int(n))
		}
		if i >= frames {
			r.packets = append(r.packets, out[:n])
		}
	}
	return r, nil
}

type decoder struct{ d *C.OpusDecoder }

func newDecoder() (*decoder, error) {
	var err C.int
	d := C.opus_decoder_create(rate, 1, &err)
	if err != 0 {
		return nil, fmt.Errorf("Opus: %d", int(err))
	}
	return &decoder{d}, nil
}

// Whether anything in the packet is loud.
func (d *decoder) loud(packet []byte) bool {
	var pcm [6 * frame]int16
	if len(packet) < 8 { // silence: no need to look
		return false
	}
	n := int(C.opus_decode(d.d, (*C.uchar)(&packet[0]), C.opus_int32(len(packet)), (*C.opus_int16)(&pcm[0]), C.int(len(pcm)), 0))
	for at := 0; at+block <= n; at += block {
		if isLoud(pcm[at : at+block]) {
			return true
		}
	}
	return false
}
