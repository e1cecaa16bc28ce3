/* pair.h - two connections in one loop that hand each other their descriptions and candidates, for
 * tests that live in that loop. */
#ifndef TESTS_RTC_PAIR_H
#define TESTS_RTC_PAIR_H

#include <math.h>
#include <string.h>

#include "check.h"

#include "rtc/rtc.h"
#include "util/grave.h"
#include "util/host.h"

enum { PAIR_PATIENCE_S = 60, PAIR_AMPLITUDE = 8000 };

struct side {
    struct pair *pair;
    struct side *peer;
    struct myna_rtc *rtc;
    struct myna_rtc_audio *audio;     /* that it sends on */
    struct myna_rtc_channel *channel; /* the last that opened */
    double tone_hz, phase;            /* 0: says nothing */
    bool silent;                      /* sends silence, not sound */
    bool rests;                       /* and needs no tick */
    int n_ticks;
    myna_us quiet;   /* the longest at a tick since the last packet */
    char track[128]; /* "stream track" of the last event; "gone" */
    int n_tracks, n_frames, n_loud, n_candidates, n_ends, n_open, n_drained, n_closed, n_messages;
    double heard_hz, heard_rms; /* of the last ten loud frames */
    int crossings, block;
    double energy;
    int16_t before;
    char label[64], message[64], why[256];
    size_t message_len;
    uint32_t message_sum;
    bool is_text, hold_candidates;
    enum myna_rtc_state state;
    int states[8];
    void (*on_message)(struct side *s);
};

struct pair {
    struct myna_host host;
    struct side a, b; /* a offers */
    struct myna_why why;
};

static inline void pair_hear(struct side *s, const struct myna_frame *f)
{
    double energy = 0;

    s->n_frames++;
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        energy += (double)f->pcm[i] * f->pcm[i];
    if (energy / MYNA_IN_SAMPLES < 500.0 * 500.0)
        return;
    if (f->flags & MYNA_FRAME_CONCEALED) { /* a busy machine; its pitch is nobody's */
        s->n_loud++;
        s->crossings = s->block = 0;
        s->energy = 0;
        return;
    }
    for (int i = 0; i < MYNA_IN_SAMPLES; i++) {
        s->crossings += (s->before < 0) != (f->pcm[i] < 0);
        s->before = f->pcm[i];
    }
    s->energy += energy;
    s->n_loud++;
    if (++s->block == 10) {
        s->heard_hz = s->crossings / 2.0 / 0.2;
        s->heard_rms = sqrt(s->energy / (10 * MYNA_IN_SAMPLES));
        s->crossings = s->block = 0;
        s->energy = 0;
    }
}

static inline void pair_on_state(void *arg, enum myna_rtc_state state, const char *why)
{
    struct side *s = arg;

    s->state = state;
    s->states[state]++;
    snprintf(s->why, sizeof s->why, "%s", why);
}

static inline void pair_on_candidate(void *arg, const char *text, const char *mid, int index)
{
    struct side *s = arg;

    (void)mid;
    (void)index;
    s->n_candidates += text != NULL;
    s->n_ends += text == NULL;
    if (s->peer->rtc && !s->hold_candidates)
        CHECK_EQ(myna_rtc_add_candidate(s->peer->rtc, text, &s->pair->why), MYNA_OK);
}

static inline void pair_on_track(void *arg, struct myna_rtc_audio *a, const char *stream,
                                 const char *track)
{
    struct side *s = arg;

    (void)a;
    s->n_tracks++;
    if (stream)
        snprintf(s->track, sizeof s->track, "%.60s %.60s", stream, track);
    else
        snprintf(s->track, sizeof s->track, "gone");
}

static inline void pair_on_frame(void *arg, struct myna_rtc_audio *a, const struct myna_frame *f)
{
    (void)a;
    pair_hear(arg, f);
}

static inline void pair_on_tick(void *arg, myna_us now)
{
    struct side *s = arg;
    int16_t pcm[MYNA_OUT_SAMPLES];

    s->n_ticks++;
    if (myna_rtc_arrived(s->rtc) && now - myna_rtc_arrived(s->rtc) > s->quiet)
        s->quiet = now - myna_rtc_arrived(s->rtc);
    if (s->rests)
        myna_rtc_rest(s->rtc);
    if (!s->audio || (s->tone_hz <= 0 && !s->silent))
        return;
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
        pcm[i] = (int16_t)(PAIR_AMPLITUDE * sin(s->phase));
        s->phase += 2 * 3.14159265358979 * s->tone_hz / MYNA_OUT_RATE_HZ;
    }
    myna_rtc_audio_send(s->audio, s->silent ? NULL : pcm);
}

static inline void pair_on_channel(void *arg, struct myna_rtc_channel *ch,
                                   enum myna_rtc_channel_event event)
{
    struct side *s = arg;

    s->n_open += event == MYNA_RTC_CHANNEL_OPEN;
    s->n_drained += event == MYNA_RTC_CHANNEL_DRAINED;
    s->n_closed += event == MYNA_RTC_CHANNEL_CLOSED;
    snprintf(s->label, sizeof s->label, "%s", myna_rtc_channel_label(ch));
    s->channel = event == MYNA_RTC_CHANNEL_CLOSED ? NULL : ch;
}

static inline void pair_on_message(void *arg, struct myna_rtc_channel *ch, struct myna_view body,
                                   bool is_text)
{
    struct side *s = arg;

    (void)ch;
    s->n_messages++;
    s->message_len = body.len;
    s->is_text = is_text;
    snprintf(s->message, sizeof s->message, "%.*s", (int)(body.len < 60 ? body.len : 60),
             (const char *)body.ptr);
    s->message_sum = 0;
    for (size_t i = 0; i < body.len; i++)
        s->message_sum = s->message_sum * 31 + body.ptr[i];
    if (s->on_message)
        s->on_message(s);
}

static inline void pair_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "# %s\n", line);
}

static inline void pair_side(struct pair *p, struct side *s, struct side *peer,
                             const struct myna_rtc_options *opt)
{
    static const struct myna_rtc_events events = {.state = pair_on_state,
                                                  .candidate = pair_on_candidate,
                                                  .track = pair_on_track,
                                                  .frame = pair_on_frame,
                                                  .tick = pair_on_tick,
                                                  .channel = pair_on_channel,
                                                  .message = pair_on_message};

    s->pair = p;
    s->peer = peer;
    CHECK_EQ(myna_rtc_create(&s->rtc, opt, &events, s, &p->why), MYNA_OK);
}

/* A channel of a's that loses nothing. */
static inline struct myna_rtc_channel *pair_open_channel(struct pair *p, const char *label)
{
    struct myna_rtc_channel_options opt = {.label = label, .ordered = true, .max_retransmits = -1};
    struct myna_rtc_channel *ch;

    CHECK_EQ(myna_rtc_open_channel(p->a.rtc, &opt, &ch, &p->why), MYNA_OK);
    return ch;
}

static inline void pair_open_with(struct pair *p, struct myna_rtc_options opt)
{
    memset(p, 0, sizeof *p);
    p->host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &p->why);
    CHECK(p->host.loop);
    p->host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = pair_log});
    myna_rand_seed(&p->host.rand, 7);
    opt.host = &p->host;
    if (!opt.only_address)
        opt.only_address = "127.0.0.1";
    pair_side(p, &p->a, &p->b, &opt);
    pair_side(p, &p->b, &p->a, &opt);
}

static inline void pair_open(struct pair *p)
{
    pair_open_with(p, (struct myna_rtc_options){0});
}

static inline void pair_negotiate(struct pair *p, unsigned flags)
{
    const char *offer, *answer;

    CHECK_EQ(myna_rtc_offer(p->a.rtc, flags, &offer, &p->why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p->b.rtc, offer, &answer, &p->why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p->a.rtc, answer, &p->why), MYNA_OK);
}

/* The text without the lines that begin so. */
static inline void pair_without(const char *sdp, const char *begin, char *into, size_t cap)
{
    size_t n = 0;

    while (*sdp) {
        size_t line = strcspn(sdp, "\n") + 1;

        if (strncmp(sdp, begin, strlen(begin)) != 0) {
            CHECK(n + line < cap);
            memcpy(into + n, sdp, line);
            n += line;
        }
        sdp += line;
    }
    into[n] = '\0';
}

static inline void pair_turn(struct pair *p)
{
    myna_loop_run_until(p->host.loop, myna_loop_now(p->host.loop) + 5 * MYNA_MS);
}

/* Runs the loop until `cond` holds. */
#define pair_until(p, cond)                                                                        \
    do {                                                                                           \
        myna_us pair_end = myna_loop_now((p)->host.loop) + PAIR_PATIENCE_S * MYNA_S;               \
        while (!(cond) && myna_loop_now((p)->host.loop) < pair_end)                                \
            pair_turn(p);                                                                          \
        CHECK(cond);                                                                               \
    } while (0)

/* What a busy machine disturbed is passed over: until ten frames in a row sound as they should. */
static inline void pair_until_hears(struct pair *p, const struct side *s, double hz)
{
    pair_until(p, fabs(s->heard_hz - hz) <= 15);
}

static inline void pair_close(struct pair *p)
{
    myna_rtc_destroy(p->a.rtc);
    myna_rtc_destroy(p->b.rtc);
    myna_host_bury_all(&p->host);
    myna_loop_drain(p->host.loop);
    myna_log_destroy(p->host.log);
    myna_loop_destroy(p->host.loop);
}

#endif
