/* loopback.h - a transport without a world: for tests, benchmarks and hosts that bring their own
 * sound.
 *
 * Every 20 ms of the loop's clock it hands over one frame of the person (from `source`, from
 * myna_loopback_play(), else silence), captured 20 ms before, then draws what is to be heard:
 *
 *   AT_PULL     one frame a tick, heard `latency` later;
 *   REPORTED    draws up to `ahead_ms`, plays one frame a tick at a pretended far side, and reports
 *               positions every `report_every_ms`, `report_delay` late;
 *   HANDSHAKE   the same without positions; answers flush() when all was played, `report_delay`
 *               late.
 *
 * What the far side played is kept sample by sample on the time line of the call (silence
 * included), up to `keep_ms`. The network may be bad: loss, jitter, stalls, by the host's chance.
 * A test may call the myna_transport_…() functions on it besides.
 *
 * Thread: the loop's. No allocation after create.
 */
#ifndef MYNA_TRANSPORT_LOOPBACK_H
#define MYNA_TRANSPORT_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/transport.h>

struct myna_loopback_options {
    enum myna_heard heard;
    myna_us latency;      /* AT_PULL */
    myna_us rewinds;      /* AT_PULL: for myna_loopback_cut() */
    int ahead_ms;         /* REPORTED, HANDSHAKE: drawn ahead of playing; 0: 200, at most 10 s */
    int report_every_ms;  /* REPORTED; 0: 100; at least 20 */
    myna_us report_delay; /* how late the far side's word arrives; rounded up to 20 ms */
    bool cannot_pause;    /* leave MYNA_TRANSPORT_PAUSE out */
    uint32_t more_caps;   /* TEXT, DATA, DTMF as a test wants them */
    bool rests;           /* AT_PULL: while the session idles, silence arrives in pieces of 400 ms
                             and nothing is drawn until ready() */
    bool no_input;        /* hand over no frames at all: the test pushes them itself */
    int keep_ms;          /* of heard sound to keep; 0: nothing is kept */
    int loss_permille;    /* frames of the person that never arrive */
    myna_us jitter;       /* frames of the person arrive up to this late, in order */
    /* Fills one frame of the person (zeroed before); `captured` counts from start(). NULL: silence
     * and what myna_loopback_play() was given. Media tick. */
    void (*source)(void *arg, myna_us captured, struct myna_frame *f);
    /* What the session sends; each may be NULL. */
    void (*on_text)(void *arg, uint32_t who, const char *stream_id, const char *text,
                    bool from_user, bool is_final);
    void (*on_data)(void *arg, const char *topic, struct myna_view body, uint32_t to_who);
    void (*on_attribute)(void *arg, const char *key, const char *value);
    void (*on_dtmf)(void *arg, const char *digits);
    void *arg;
};

MYNA_MUST enum myna_err myna_loopback_create(struct myna_transport **out, struct myna_host *host,
                                             const struct myna_loopback_options *opt,
                                             struct myna_why *why);

/* The person says this next (16 kHz mono); follows what still plays. Kept by the caller until
 * played. MYNA_EAGAIN: 32 pieces wait already. */
MYNA_MUST enum myna_err myna_loopback_play(struct myna_transport *t, const int16_t *pcm, size_t n);
/* Nothing arrives from the person for so long; then all of it at once, at most 5 s. */
void myna_loopback_stall(struct myna_transport *t, myna_us how_long);
/* AT_PULL. For so long nothing that is drawn arrives. Once that is known nothing is drawn any more,
 * and what was drawn meanwhile is taken back. */
void myna_loopback_cut(struct myna_transport *t, myna_us how_long, myna_us known_after);
/* The far side hangs up (told at the next tick). */
void myna_loopback_drop(struct myna_transport *t, const char *reason);

/* What was played, from the start of the call; borrowed until destroy. */
const int16_t *myna_loopback_heard(const struct myna_transport *t, size_t *n);
/* Frames played that held sound, calls of clear(), of flush(), of ready(). */
struct myna_loopback_counts {
    uint64_t ticks, sound_frames, flushes, clears, readies, lost, late; /* late: frames in pieces */
};
struct myna_loopback_counts myna_loopback_counts(const struct myna_transport *t);
bool myna_loopback_is_closed(const struct myna_transport *t);

/* Class "loopback" (AT_PULL, silence from the person): sessions that nobody talks in. */
extern const struct myna_transport_class myna_transport_loopback;

#endif
