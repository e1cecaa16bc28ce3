/* fake_session.h - stands where the session stands, so that a transport can be tested alone: it
 * defines the calls of transport.h that a transport makes and remembers what it was told.
 *
 * Included by one test program each; `world` is its only state.
 */
#ifndef FAKE_SESSION_H
#define FAKE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <myna/session.h>
#include <myna/transport.h>

#include "util/host.h"

static struct {
    struct myna_host host;
    struct myna_transport *t;

    int joined, frames, pulls, closes;
    myna_us first_pull, last_pull, last_frame, last_captured, closed_at;
    int late_frames;   /* handed over more than the frame's length after its capture */
    int16_t first_pcm; /* first sample of the frame handed over last */
    char reason[128];  /* of closed() */
    char fault[512];
    enum myna_err fault_err;

    int speak_from, speak_to; /* pulls that are answered with sound, [from,to) */
    bool ramp;                /* each sound frame holds its number instead of 1000 */

    enum myna_agent_state agent;
    enum myna_user_state user;
    void (*on_frame)(const struct myna_frame *f); /* scripts the rest of the conversation */

    bool idle; /* nobody speaks */

    uint32_t segment; /* being drawn */
    uint32_t heard_segment, finished_segment;
    uint64_t heard_samples;
    myna_us heard_at, finished_at;
    int heards, finisheds;
    myna_us rewound_to, rewound_at;
    int rewinds;
} world;

static inline void world_start(bool virtual_clock)
{
    struct myna_why why;

    memset(&world, 0, sizeof world);
    world.agent = MYNA_AGENT_LISTENING;
    world.segment = 1;
    world.host.loop = myna_loop_create(
        &(struct myna_loop_options){.virtual_clock = virtual_clock, .workers = 1}, &why);
    myna_rand_seed(&world.host.rand, 7);
}

static inline void world_end(void)
{
    if (world.t)
        world.t->cls->destroy(world.t);
    myna_loop_destroy(world.host.loop);
}

void myna_transport_joined(struct myna_transport *t, uint32_t who, const char *identity,
                           const char *name)
{
    (void)t, (void)who, (void)identity, (void)name;
    world.joined++;
}

void myna_transport_frame(struct myna_transport *t, const struct myna_frame *f)
{
    myna_us now = myna_host_now(t->host);

    world.frames++;
    world.last_frame = now;
    world.last_captured = f->captured;
    world.first_pcm = f->pcm[0];
    world.late_frames += now - f->captured != MYNA_FRAME_US;
    if (world.on_frame)
        world.on_frame(f);
}

bool myna_transport_pull(struct myna_transport *t, int16_t out[MYNA_OUT_SAMPLES])
{
    int n = world.pulls++;
    bool sound = n >= world.speak_from && n < world.speak_to;

    if (!n)
        world.first_pull = myna_host_now(t->host);
    world.last_pull = myna_host_now(t->host);
    memset(out, 0, MYNA_OUT_SAMPLES * sizeof *out);
    for (int i = 0; sound && i < MYNA_OUT_SAMPLES; i++)
        out[i] = world.ramp ? (int16_t)n : 1000;
    return sound;
}

bool myna_transport_idle(const struct myna_transport *t)
{
    (void)t;
    return world.idle;
}

uint32_t myna_transport_segment(const struct myna_transport *t)
{
    (void)t;
    return world.segment;
}

void myna_transport_heard(struct myna_transport *t, uint32_t segment, uint64_t samples)
{
    world.heards++;
    world.heard_segment = segment;
    world.heard_samples = samples;
    world.heard_at = myna_host_now(t->host);
}

void myna_transport_rewind(struct myna_transport *t, myna_us since)
{
    world.rewinds++;
    world.rewound_to = since;
    world.rewound_at = myna_host_now(t->host);
}

void myna_transport_finished(struct myna_transport *t, uint32_t segment)
{
    world.finisheds++;
    world.finished_segment = segment;
    world.finished_at = myna_host_now(t->host);
}

void myna_transport_closed(struct myna_transport *t, const char *reason,
                           const struct myna_fault *fault)
{
    world.closes++;
    world.closed_at = myna_host_now(t->host);
    strncpy(world.reason, reason ? reason : "", sizeof world.reason - 1);
    if (fault) {
        world.fault_err = fault->err;
        strncpy(world.fault, fault->message, sizeof world.fault - 1);
    }
}

enum myna_agent_state myna_session_agent_state(const struct myna_session *s)
{
    (void)s;
    return world.agent;
}

enum myna_user_state myna_session_user_state(const struct myna_session *s)
{
    (void)s;
    return world.user;
}

/* What these transports never say; the table of all of them is linked in, and others do. */
void myna_transport_left(struct myna_transport *t, uint32_t who, const char *reason)
{
    (void)t, (void)who, (void)reason;
}

void myna_transport_text_in(struct myna_transport *t, uint32_t who, const char *text)
{
    (void)t, (void)who, (void)text;
}

void myna_transport_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                            struct myna_view body)
{
    (void)t, (void)who, (void)topic, (void)body;
}

void myna_transport_attribute_in(struct myna_transport *t, uint32_t who, const char *key,
                                 const char *value)
{
    (void)t, (void)who, (void)key, (void)value;
}

void myna_transport_fault(struct myna_transport *t, uint32_t who, const struct myna_fault *fault)
{
    (void)t, (void)who, (void)fault;
}

void myna_transport_dtmf_in(struct myna_transport *t, uint32_t who, char digit)
{
    (void)t, (void)who, (void)digit;
}

#endif
