/* playout.h - speech waiting to be heard: paces to the transport, knows what was heard to the
 * sample, pauses, resumes, cuts short.
 *
 * One segment at a time: begin() → write()… → end(); it is over when FINISHED is told, then the
 * next may begin. The transport draws 20 ms at a time (pull). How "heard" is known: transport.h,
 * enum myna_heard. A segment whose sound runs dry before end() is silent meanwhile; such gaps do
 * not count as heard and are counted (underruns; AT_PULL only, a far side that buffers has its
 * own). From an open segment only whole frames are drawn; the last one is padded with silence.
 *
 * Pure: no I/O, no threads, no allocation after create. Events are told from inside the calls, last
 * thing they do; the handler may call back into playout. Positions: samples at 24 kHz from the
 * segment's start.
 */
#ifndef MYNA_PLAYOUT_PLAYOUT_H
#define MYNA_PLAYOUT_PLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/frame.h>
#include <myna/transport.h> /* enum myna_heard */

struct myna_playout;

enum myna_playout_event_type {
    MYNA_PLAYOUT_STARTED,  /* first sample is heard at `at` (AT_PULL: pull + latency; told when due)
                            */
    MYNA_PLAYOUT_FINISHED, /* position = heard; interrupted = cut short. Told exactly once a
                              segment, also when nothing of it was heard (position 0) */
    MYNA_PLAYOUT_ROOM, /* at least one frame can be written again after write() took less than given
                        */
    MYNA_PLAYOUT_FLUSH, /* HANDSHAKE, REPORTED: all sound was pulled; tell the transport to flush.
                           No answer 5 s after it must have been played: taken as heard */
    MYNA_PLAYOUT_CLEAR, /* HANDSHAKE, REPORTED: cut; tell the transport to drop what it holds */
};

struct myna_playout_event {
    enum myna_playout_event_type type;
    uint32_t segment;
    myna_us at;
    uint64_t position; /* samples heard */
    bool interrupted;
};

struct myna_playout_options {
    int capacity_ms; /* of sound that may wait; 0: 400 */
    enum myna_heard heard;
    myna_us latency; /* AT_PULL */
    myna_us rewinds; /* AT_PULL: so much of what was drawn is kept for rewind() */
    void (*event)(void *arg, const struct myna_playout_event *ev);
    void *arg;
};

struct myna_playout *myna_playout_create(const struct myna_playout_options *opt);
void myna_playout_destroy(struct myna_playout *po); /* NULL is fine; tells nothing */

/* Segment number (1, 2, …); 0 when one is still open. */
uint32_t myna_playout_begin(struct myna_playout *po);
size_t myna_playout_room(const struct myna_playout *po);                          /* samples */
size_t myna_playout_write(struct myna_playout *po, const int16_t *pcm, size_t n); /* taken */
void myna_playout_end(struct myna_playout *po, myna_us now); /* no more sound for this segment */
void myna_playout_cut(struct myna_playout *po,
                      myna_us now); /* drop the rest: FINISHED, interrupted */
/* Paused: pulls are silent, the queue stays. What was pulled before is still heard. A pause
 * outlives a segment that finishes by itself meanwhile; resume() or cut() ends it, cut() also
 * between segments. */
void myna_playout_pause(struct myna_playout *po, myna_us now);
void myna_playout_resume(struct myna_playout *po, myna_us now);
bool myna_playout_paused(const struct myna_playout *po);

bool myna_playout_pull(struct myna_playout *po, myna_us now, int16_t out[MYNA_OUT_SAMPLES]);
/* AT_PULL: what was drawn after `since` did not arrive. As far as it is kept, it waits once more in
 * front of all else, and its segment stays open until it was heard. What belongs to segments that
 * are over is drawn again, too, and counts for none. A cut forgets all of it.
 * True: sound of the open segment was put back. */
bool myna_playout_rewind(struct myna_playout *po, myna_us now, myna_us since);
/* What is over is not drawn again. */
void myna_playout_forget(struct myna_playout *po);
void myna_playout_heard(struct myna_playout *po, myna_us now, uint32_t segment, uint64_t samples);
void myna_playout_finished(struct myna_playout *po, myna_us now, uint32_t segment);

/* Heard of the open segment at `now`, in samples; HANDSHAKE estimates by time since the first pull.
 */
uint64_t myna_playout_position(const struct myna_playout *po, myna_us now);
uint64_t myna_playout_drawn(const struct myna_playout *po); /* of the open segment, in samples */
/* AT_PULL: all that was drawn of the open segment has been heard at that time; else MYNA_NEVER. */
myna_us myna_playout_heard_by(const struct myna_playout *po);
bool myna_playout_active(const struct myna_playout *po); /* a segment is open */
/* Sound to be pulled, now or when the pause is over. */
bool myna_playout_waiting(const struct myna_playout *po);
uint64_t myna_playout_underruns(const struct myna_playout *po);

myna_us
myna_playout_deadline(const struct myna_playout *po); /* MYNA_NEVER when nothing is pending */
void myna_playout_expire(struct myna_playout *po, myna_us now);

#endif
