/* loopback.c - for tests, benchmarks and hosts: a person made of code at one end, a far side that
 * plays, buffers and reports like a sound card, a carrier or a broker at the other.
 *
 * All happens on one timer of 20 ms, drift-free: what the person said arrives (perhaps late, by the
 * delay line), the far side plays one frame, then draws anew. The far side's buffer is a ring of
 * frames; each remembers its segment, so that a report never speaks of the wrong one.
 */
#include "transport/loopback.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECES = 32,       /* of sound the person has yet to say */
    LINE_FRAMES = 256, /* delay line of the person's frames: 5.12 s */
    AHEAD_MAX_MS = 10000,
    REST_FRAMES = 20, /* of silence that may come together */
    REPORTS = 512,    /* words of the far side on their way */
};

struct piece {
    const int16_t *pcm;
    size_t n;
};

struct held { /* a frame of the person on its way */
    struct myna_frame frame;
    myna_us due;
};

struct drawn { /* a frame the far side holds */
    int16_t pcm[MYNA_OUT_SAMPLES];
    uint32_t segment;
};

struct report { /* the far side's word on its way to us */
    myna_us due;
    uint32_t segment;
    uint64_t samples;
    bool finished;
};

struct loopback {
    struct myna_transport base;
    struct myna_loopback_options opt;
    struct myna_loopback_counts counts;
    struct myna_timer tick, arrive;
    myna_us start, next;
    bool started, closed;
    bool roused;             /* ready() was called: sound waits */
    const char *drop_reason; /* the end is due at the next tick */
    char reason[64];

    struct piece pieces[PIECES];
    size_t n_pieces, piece_pos;

    struct held *line;
    size_t line_head, line_n;
    myna_us line_due, stalled_until;
    myna_us cut_at, cut_known, cut_until;
    struct myna_frame late[REST_FRAMES];
    size_t n_late;

    struct drawn *ring;
    size_t ring_cap, ring_head, ring_n;
    uint32_t playing; /* segment of the frame played last, and how much of it was played */
    uint64_t played;
    uint32_t flushed; /* 0: none waits to be played to its end */
    myna_us last_report;

    struct report reports[REPORTS];
    size_t report_head, report_n;

    int16_t *kept;
    size_t kept_n, kept_cap;
};

/* ---- what the person says */

static void speak(struct loopback *lb, struct myna_frame *f)
{
    size_t at = 0;

    while (at < MYNA_IN_SAMPLES && lb->n_pieces) {
        struct piece *p = &lb->pieces[0];
        size_t n = p->n - lb->piece_pos;

        if (n > MYNA_IN_SAMPLES - at)
            n = MYNA_IN_SAMPLES - at;
        memcpy(f->pcm + at, p->pcm + lb->piece_pos, n * sizeof *f->pcm);
        at += n;
        lb->piece_pos += n;
        if (lb->piece_pos == p->n) {
            lb->n_pieces--;
            memmove(lb->pieces, lb->pieces + 1, lb->n_pieces * sizeof *lb->pieces);
            lb->piece_pos = 0;
        }
    }
    if (lb->opt.source)
        lb->opt.source(lb->opt.arg, f->captured - lb->start, f);
}

static void deliver_due(struct loopback *lb, myna_us now)
{
    while (lb->line_n && lb->line[lb->line_head].due <= now && !lb->closed) {
        struct myna_frame *f = &lb->line[lb->line_head].frame;

        lb->line_head = (lb->line_head + 1) % LINE_FRAMES;
        lb->line_n--;
        myna_transport_frame(&lb->base, f);
    }
    if (lb->line_n)
        (void)!myna_timer_set(&lb->arrive, lb->line[lb->line_head].due);
}

static void arrive_fire(struct myna_timer *t)
{
    struct loopback *lb = t->arg;

    deliver_due(lb, myna_host_now(lb->base.host));
}

static bool is_silent(const struct myna_frame *f)
{
    for (size_t i = 0; i < MYNA_IN_SAMPLES; i++)
        if (f->pcm[i])
            return false;
    return true;
}

static void end_rest(struct loopback *lb)
{
    lb->counts.late += lb->n_late;
    for (size_t i = 0; i < lb->n_late && !lb->closed; i++)
        myna_transport_frame(&lb->base, &lb->late[i]);
    lb->n_late = 0;
}

/* true: this frame of silence comes later, with others. */
static bool rests(struct loopback *lb, const struct myna_frame *f)
{
    if (lb->opt.rests && !lb->roused && is_silent(f) && myna_transport_idle(&lb->base)) {
        lb->late[lb->n_late++] = *f;
        if (lb->n_late == REST_FRAMES)
            end_rest(lb);
        return true;
    }
    end_rest(lb);
    return false;
}

static void hear_person(struct loopback *lb, myna_us now)
{
    struct myna_frame frame = {.captured = lb->next - MYNA_FRAME_US};

    speak(lb, &frame);
    if (rests(lb, &frame))
        return;
    if (lb->opt.loss_permille > 0 &&
        myna_host_random(lb->base.host) % 1000 < (uint32_t)lb->opt.loss_permille) {
        lb->counts.lost++;
        return;
    }
    if (!lb->line_n && !lb->opt.jitter && now >= lb->stalled_until) {
        myna_transport_frame(&lb->base, &frame);
        return;
    }
    if (lb->line_n == LINE_FRAMES) { /* captured audio drops its oldest */
        lb->line_head = (lb->line_head + 1) % LINE_FRAMES;
        lb->line_n--;
        lb->counts.lost++;
    }
    myna_us due = now;
    if (lb->opt.jitter > 0)
        due += myna_host_random(lb->base.host) % (uint64_t)(lb->opt.jitter + 1);
    if (due < lb->stalled_until)
        due = lb->stalled_until;
    if (due < lb->line_due)
        due = lb->line_due;
    lb->line_due = due;
    lb->line[(lb->line_head + lb->line_n++) % LINE_FRAMES] =
        (struct held){.frame = frame, .due = due};
    deliver_due(lb, now);
}

/* ---- what the far side plays */

static void keep(struct loopback *lb, const int16_t *pcm)
{
    if (lb->kept_n + MYNA_OUT_SAMPLES > lb->kept_cap)
        return;
    if (pcm)
        memcpy(lb->kept + lb->kept_n, pcm, MYNA_OUT_SAMPLES * sizeof *pcm);
    lb->kept_n += MYNA_OUT_SAMPLES; /* the rest of the store is zero from calloc */
}

static void send_report(struct loopback *lb, myna_us now, bool finished)
{
    if (lb->report_n == REPORTS)
        return; /* a report is cumulative: the next one says it too */
    lb->reports[(lb->report_head + lb->report_n++) % REPORTS] = (struct report){
        .due = now + lb->opt.report_delay,
        .segment = lb->playing,
        .samples = lb->played,
        .finished = finished,
    };
}

static void deliver_reports(struct loopback *lb, myna_us now)
{
    while (lb->report_n && lb->reports[lb->report_head].due <= now && !lb->closed) {
        struct report r = lb->reports[lb->report_head];

        lb->report_head = (lb->report_head + 1) % REPORTS;
        lb->report_n--;
        if (lb->base.heard == MYNA_HEARD_REPORTED && r.samples)
            myna_transport_heard(&lb->base, r.segment, r.samples);
        if (r.finished)
            myna_transport_finished(&lb->base, r.segment);
    }
}

/* Draws while there is sound and room; a far side that buffers is never sent silence. */
static void draw_ahead(struct loopback *lb)
{
    while (lb->ring_n < lb->ring_cap && !lb->flushed && !lb->closed) {
        struct drawn *d = &lb->ring[(lb->ring_head + lb->ring_n) % lb->ring_cap];

        if (!myna_transport_pull(&lb->base, d->pcm))
            break;
        d->segment = myna_transport_segment(&lb->base);
        lb->ring_n++;
    }
}

static void play_buffered(struct loopback *lb, myna_us now)
{
    if (lb->ring_n) {
        struct drawn *d = &lb->ring[lb->ring_head];

        if (d->segment != lb->playing) {
            lb->playing = d->segment;
            lb->played = 0;
            lb->last_report = now;
        }
        keep(lb, d->pcm);
        lb->played += MYNA_OUT_SAMPLES;
        lb->counts.sound_frames++;
        lb->ring_head = (lb->ring_head + 1) % lb->ring_cap;
        lb->ring_n--;
        if (now - lb->last_report >= lb->opt.report_every_ms * MYNA_MS) {
            lb->last_report = now;
            send_report(lb, now, false);
        }
    } else {
        keep(lb, NULL);
    }
    if (lb->flushed && !lb->ring_n) {
        if (lb->playing != lb->flushed) { /* a segment without a sound */
            lb->playing = lb->flushed;
            lb->played = 0;
        }
        lb->flushed = 0;
        send_report(lb, now, true);
    }
}

/* Into a line that is dead. */
static void play_in_vain(struct loopback *lb, myna_us now)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    keep(lb, NULL);
    if (now < lb->cut_known) {
        (void)myna_transport_pull(&lb->base, pcm);
    } else if (lb->cut_at != MYNA_NEVER) {
        myna_transport_rewind(&lb->base, lb->cut_at);
        lb->cut_at = MYNA_NEVER;
    }
}

static void play(struct loopback *lb, myna_us now)
{
    if (lb->base.heard != MYNA_HEARD_AT_PULL) {
        play_buffered(lb, now);
        draw_ahead(lb);
        return;
    }
    int16_t pcm[MYNA_OUT_SAMPLES];
    bool sound;

    if (lb->n_late && !lb->roused) {
        keep(lb, NULL);
        return;
    }
    end_rest(lb);
    if (now < lb->cut_until) {
        play_in_vain(lb, now);
        return;
    }
    sound = myna_transport_pull(&lb->base, pcm);
    lb->roused = false;
    lb->counts.sound_frames += sound;
    keep(lb, pcm); /* silence, or background sounds */
}

/* ---- the tick */

static void end_call(struct loopback *lb)
{
    if (lb->closed)
        return;
    lb->closed = true;
    myna_timer_clear(&lb->tick);
    myna_timer_clear(&lb->arrive);
    myna_transport_closed(&lb->base, lb->drop_reason, NULL);
}

static void tick_fire(struct myna_timer *t)
{
    struct loopback *lb = t->arg;
    myna_us now = myna_host_now(lb->base.host);

    if (lb->drop_reason) {
        end_call(lb);
        return;
    }
    bool first = !lb->counts.ticks++;
    if (first)
        myna_transport_joined(&lb->base, 0, "loopback", "loopback");
    if (!first && !lb->opt.no_input)
        hear_person(lb, now);
    if (!lb->drop_reason)
        play(lb, now);
    deliver_reports(lb, now);
    if (lb->closed || lb->drop_reason)
        return; /* hangup() has set the timer already */
    lb->next += MYNA_FRAME_US;
    (void)!myna_timer_set(&lb->tick, lb->next);
}

/* ---- the class */

static struct loopback *self(struct myna_transport *t)
{
    return (struct loopback *)t;
}

static enum myna_err lb_start(struct myna_transport *t, struct myna_why *why)
{
    struct loopback *lb = self(t);

    lb->start = lb->next = myna_host_now(t->host);
    lb->started = true;
    enum myna_err err = myna_timer_set(&lb->tick, lb->next);
    return err ? myna_fail(why, err, "loopback: no timer for the call") : MYNA_OK;
}

static void end_soon(struct loopback *lb, const char *reason)
{
    if (lb->closed || lb->drop_reason)
        return;
    strncpy(lb->reason, reason ? reason : "hangup", sizeof lb->reason - 1);
    lb->drop_reason = lb->reason;
    (void)!myna_timer_set(&lb->tick, myna_host_now(lb->base.host));
}

static void lb_hangup(struct myna_transport *t, const char *reason)
{
    end_soon(self(t), reason);
}

static void lb_destroy(struct myna_transport *t)
{
    struct loopback *lb = self(t);

    if (!lb)
        return;
    myna_timer_clear(&lb->tick);
    myna_timer_clear(&lb->arrive);
    free(lb->line);
    free(lb->ring);
    free(lb->kept);
    free(lb);
}

static void lb_ready(struct myna_transport *t)
{
    self(t)->counts.readies++; /* the next tick draws: at most 20 ms later */
    self(t)->roused = true;
}

static void lb_flush(struct myna_transport *t, uint32_t segment)
{
    struct loopback *lb = self(t);

    lb->counts.flushes++;
    lb->flushed = segment;
}

static void lb_clear(struct myna_transport *t, uint32_t segment)
{
    struct loopback *lb = self(t);

    (void)segment; /* there is only one at a time */
    lb->counts.clears++;
    lb->flushed = 0;
    lb->ring_n = 0;
    for (size_t i = 0; i < lb->report_n; i++) /* a cleared segment is not "finished" any more */
        lb->reports[(lb->report_head + i) % REPORTS].finished = false;
}

static enum myna_err lb_text(struct myna_transport *t, uint32_t who, const char *stream_id,
                             const char *text, bool from_user, bool is_final)
{
    struct loopback *lb = self(t);

    if (lb->opt.on_text)
        lb->opt.on_text(lb->opt.arg, who, stream_id, text, from_user, is_final);
    return MYNA_OK;
}

static enum myna_err lb_data(struct myna_transport *t, const char *topic, struct myna_view body,
                             uint32_t to_who, enum myna_delivery how)
{
    struct loopback *lb = self(t);

    (void)how;
    if (lb->opt.on_data)
        lb->opt.on_data(lb->opt.arg, topic, body, to_who);
    return MYNA_OK;
}

static enum myna_err lb_attribute(struct myna_transport *t, const char *key, const char *value)
{
    struct loopback *lb = self(t);

    if (lb->opt.on_attribute)
        lb->opt.on_attribute(lb->opt.arg, key, value);
    return MYNA_OK;
}

static enum myna_err lb_dtmf(struct myna_transport *t, const char *digits)
{
    struct loopback *lb = self(t);

    if (lb->opt.on_dtmf)
        lb->opt.on_dtmf(lb->opt.arg, digits);
    return MYNA_OK;
}

static enum myna_err lb_create(struct myna_transport **out, struct myna_host *host,
                               const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_loopback_options opt = {.heard = MYNA_HEARD_AT_PULL};

    (void)cfg;
    return myna_loopback_create(out, host, &opt, why);
}

const struct myna_transport_class myna_transport_loopback = {
    .name = "loopback",
    .summary = "nobody at the other end: silence in, sound thrown away",
    .create = lb_create,
    .start = lb_start,
    .hangup = lb_hangup,
    .destroy = lb_destroy,
    .ready = lb_ready,
    .flush = lb_flush,
    .clear = lb_clear,
    .text = lb_text,
    .data = lb_data,
    .attribute = lb_attribute,
    .dtmf = lb_dtmf,
};

/* ---- what tests call */

static bool options_ok(struct myna_loopback_options *o)
{
    if (!o->ahead_ms)
        o->ahead_ms = 200;
    if (!o->report_every_ms)
        o->report_every_ms = 100;
    return o->ahead_ms >= MYNA_FRAME_MS && o->ahead_ms <= AHEAD_MAX_MS &&
           o->report_every_ms >= MYNA_FRAME_MS && o->keep_ms >= 0 && o->latency >= 0 &&
           o->rewinds >= 0 && o->report_delay >= 0 && o->jitter >= 0 && o->loss_permille >= 0 &&
           o->loss_permille <= 1000;
}

enum myna_err myna_loopback_create(struct myna_transport **out, struct myna_host *host,
                                   const struct myna_loopback_options *opt, struct myna_why *why)
{
    struct loopback *lb = calloc(1, sizeof *lb);

    if (!lb)
        return myna_fail(why, MYNA_ENOMEM, "loopback: memory is short");
    lb->opt = *opt;
    myna_host_timer_init(host, &lb->tick, tick_fire, lb);
    myna_host_timer_init(host, &lb->arrive, arrive_fire, lb);
    if (!options_ok(&lb->opt)) {
        lb_destroy(&lb->base);
        return myna_fail(why, MYNA_EINVAL, "loopback: an option is out of its range");
    }
    lb->base = (struct myna_transport){
        .cls = &myna_transport_loopback,
        .host = host,
        .caps = MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT | opt->more_caps |
                (opt->cannot_pause ? 0u : (uint32_t)MYNA_TRANSPORT_PAUSE),
        .heard = opt->heard,
        .latency = opt->heard == MYNA_HEARD_AT_PULL ? opt->latency : 0,
        .rewinds = opt->heard == MYNA_HEARD_AT_PULL ? opt->rewinds : 0,
    };
    lb->kept_cap = (size_t)opt->keep_ms * (MYNA_OUT_RATE_HZ / 1000);
    lb->ring_cap = (size_t)lb->opt.ahead_ms / MYNA_FRAME_MS;
    lb->line = calloc(LINE_FRAMES, sizeof *lb->line);
    lb->ring = opt->heard == MYNA_HEARD_AT_PULL ? NULL : calloc(lb->ring_cap, sizeof *lb->ring);
    lb->kept = lb->kept_cap ? calloc(lb->kept_cap, sizeof *lb->kept) : NULL;
    if (!lb->line || (!lb->ring && opt->heard != MYNA_HEARD_AT_PULL) ||
        (!lb->kept && lb->kept_cap)) {
        lb_destroy(&lb->base);
        return myna_fail(why, MYNA_ENOMEM, "loopback: memory is short");
    }
    *out = &lb->base;
    return MYNA_OK;
}

enum myna_err myna_loopback_play(struct myna_transport *t, const int16_t *pcm, size_t n)
{
    struct loopback *lb = self(t);

    if (!n)
        return MYNA_OK;
    if (lb->n_pieces == PIECES)
        return MYNA_EAGAIN;
    lb->pieces[lb->n_pieces++] = (struct piece){pcm, n};
    return MYNA_OK;
}

void myna_loopback_stall(struct myna_transport *t, myna_us how_long)
{
    self(t)->stalled_until = myna_host_now(t->host) + how_long;
}

void myna_loopback_cut(struct myna_transport *t, myna_us how_long, myna_us known_after)
{
    struct loopback *lb = self(t);

    lb->cut_at = myna_host_now(t->host);
    lb->cut_known = lb->cut_at + known_after;
    lb->cut_until = lb->cut_at + how_long;
}

void myna_loopback_drop(struct myna_transport *t, const char *reason)
{
    struct loopback *lb = self(t);

    end_soon(lb, reason);
}

const int16_t *myna_loopback_heard(const struct myna_transport *t, size_t *n)
{
    const struct loopback *lb = (const struct loopback *)t;

    *n = lb->kept_n;
    return lb->kept;
}

struct myna_loopback_counts myna_loopback_counts(const struct myna_transport *t)
{
    return ((const struct loopback *)t)->counts;
}

bool myna_loopback_is_closed(const struct myna_transport *t)
{
    return ((const struct loopback *)t)->closed;
}
