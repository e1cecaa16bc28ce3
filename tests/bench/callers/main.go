// Callers for `make bench BENCH=rooms`: each sits in a room of its own, asks the same question every
// few seconds and listens.
//
//	callers -url ws://… -key K -secret S -agent NAME -question FILE.wav -rooms N -seconds S
//
// Prints lines of JSON: {"is":"published","room":0,"ms":12.3,"at":1.7e12} from the dispatch to the agent's track,
// {"is":"answer","room":0,"ms":561.2} from the end of the question's last loud sample, as it was sent,
// to the first loud packet that comes back; "ready" when everybody is answered to; "done" at the end.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

var printing sync.Mutex

func tell(what string, more map[string]any) {
	m := map[string]any{"is": what}
	for k, v := range more {
		m[k] = v
	}
	b, _ := json.Marshal(m)
	printing.Lock()
	fmt.Println(string(b))
	printing.Unlock()
}

func must(err error) {
	if err != nil {
		tell("error", map[string]any{"why": err.Error()})
		os.Exit(1)
	}
}

// What one caller waits for.
type ear struct {
	room  int
	d     *decoder
	mutex sync.Mutex
	asked time.Time // end of the last loud sample; zero: nothing is to be answered
}

func (e *ear) hear(at time.Time, p *rtp.Packet) {
	if !e.d.loud(p.Payload) {
		return
	}
	e.mutex.Lock()
	asked := e.asked
	if !asked.IsZero() && at.After(asked) {
		e.asked = time.Time{}
	}
	e.mutex.Unlock()
	if !asked.IsZero() && at.After(asked) {
		tell("answer", map[string]any{"room": e.room, "ms": float64(at.Sub(asked).Microseconds()) / 1000})
	}
}

// Speaks round after round from `at` on until `end`.
func speak(c *caller, e *ear, r *round, at, end time.Time, talks bool) {
	var seq uint16
	var ts uint32
	marker := true
	for n := 0; at.Before(end); n, at, ts = n+1, at.Add(20*time.Millisecond), ts+960 {
		time.Sleep(time.Until(at))
		i := n % len(r.packets)
		if i == 0 && talks {
			// Sample k of the round is spoken k/rate after its first; a packet goes when its 20 ms are over.
			e.mutex.Lock()
			if !e.asked.IsZero() {
				tell("unanswered", map[string]any{"room": e.room})
			}
			e.asked = at.Add(time.Duration(r.end)*time.Second/rate - 20*time.Millisecond)
			e.mutex.Unlock()
		}
		payload := r.packets[i]
		if len(payload) <= 2 {
			marker = true
			continue
		}
		seq++
		c.track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: marker, SequenceNumber: seq, Timestamp: ts}, Payload: payload})
		marker = false
	}
}

func main() {
	var p place
	flag.StringVar(&p.url, "url", "ws://127.0.0.1:7880", "")
	flag.StringVar(&p.key, "key", "devkey", "")
	flag.StringVar(&p.secret, "secret", "", "")
	agent := flag.String("agent", "", "dispatched into each room; empty: somebody comes by himself")
	question := flag.String("question", "", "")
	rooms := flag.Int("rooms", 1, "")
	prefix := flag.String("prefix", "bench", "names of the rooms")
	seconds := flag.Int("seconds", 40, "how long they talk once all are in")
	every := flag.Float64("every", 8, "seconds from question to question")
	silent := flag.Bool("silent", false, "nobody asks anything")
	flag.Parse()
	pcm, err := readWAV(*question)
	must(err)
	if *silent {
		pcm = nil
	}
	r, err := makeRound(pcm, *every)
	must(err)
	api, err := stack()
	must(err)
	var all []*caller
	var ears []*ear
	for i := 0; i < *rooms; i++ {
		c, e := enter(api, p, fmt.Sprintf("%s-%d", *prefix, i), *agent, i)
		all, ears = append(all, c), append(ears, e)
	}
	tell("ready", map[string]any{"rooms": *rooms, "question_s": float64(r.end) / rate})
	begin := time.Now().Add(500 * time.Millisecond)
	end := begin.Add(time.Duration(*seconds) * time.Second)
	var done sync.WaitGroup
	for i := range all {
		done.Add(1)
		go func() {
			defer done.Done()
			// Spread over the whole round, and not all in the same 20 ms.
			at := begin.Add(time.Duration(*every * float64(time.Second) * float64(i) / float64(*rooms)))
			speak(all[i], ears[i], r, at, end, !*silent)
		}()
	}
	done.Wait()
	tell("done", nil)
	for _, c := range all {
		c.leave()
	}
}

// Comes in, sends for the agent, waits until its track is there.
func enter(api *webrtc.API, p place, room, agent string, i int) (*caller, *ear) {
	d, err := newDecoder()
	must(err)
	e := &ear{room: i, d: d}
	c, err := join(api, p, room, fmt.Sprintf("caller-%d", i), e.hear)
	must(err)
	began := time.Now()
	if agent != "" {
		must(p.dispatch(room, agent))
	}
	select {
	case <-c.agent:
		now := time.Now()
		tell("published", map[string]any{"room": i, "ms": float64(now.Sub(began).Microseconds()) / 1000,
			"at": float64(now.UnixMicro()) / 1000})
		if i == 0 {
			time.Sleep(2 * time.Second) // what one call costs is looked at
		}
	case err = <-c.over:
		must(err)
	case <-time.After(20 * time.Second):
		must(fmt.Errorf("no agent came into %s", room))
	}
	return c, e
}
