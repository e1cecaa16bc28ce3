/* receive_play.c - from the packets of a remote voice to its frames.
 *
 * The clock of everything is `next`: the time stamp (48 kHz ticks, unwrapped) that the next decoded
 * sound must have. Decoded sound waits in `pcm` (16 kHz) until 320 samples are together. What to do
 * when a frame is asked for and `pcm` is short:
 *
 *   PLAYING
 *     the packet at `next` is there     decode it; one that says silence: fade, RESTING
 *     a later one is there, lost some   recover from its FEC, or make up, on to it
 *     a later one, nothing lost         the sender paused: fade, RESTING
 *     nothing there                     make up without moving `next`, so that what comes late is
 *                                       still played; after 100 ms of that: RESTING
 *   RESTING
 *     the first packet is due           PLAYING from its time stamp on
 *     else                              silence
 *
 * "Delay" is how long after its earliest possible arrival (delay.h) a sample is played. It grows
 * when something comes late, and adapt() brings it back to where delay.h wants it.
 */
#include <string.h>

#include "rtc/receive_inside.h"

enum {
    PER_SAMPLE = 3,    /* ticks of a sample at 16 kHz */
    FADE_FRAMES = 5,   /* frames that are made up in a row; the first at full level */
    STRETCH_EVERY = 3, /* frames */
    HURRY = 5,         /* frames too much: stretch in each */
};

static bool is_silence(const struct myna_jitter_packet *p)
{
    return myna_receive_i_says_silence((struct myna_view){p->data, p->len});
}

static void append_silence(struct myna_receive *r, size_t n)
{
    memset(r->pcm + r->n_pcm, 0, n * sizeof *r->pcm);
    r->n_pcm += n;
    r->n_silent += n;
    r->n_made_up = 0;
}

static void appended(struct myna_receive *r, size_t n, bool made_up)
{
    r->n_pcm += n;
    r->n_silent = 0;
    r->n_made_up = made_up ? r->n_made_up + n : 0;
}

/* 20 ms out of what was before, from level `from` to `to` (of FADE_FRAMES - 1). */
static void make_up(struct myna_receive *r, int from, int to)
{
    int16_t *pcm = r->pcm + r->n_pcm;
    int whole = (FADE_FRAMES - 1) * MYNA_IN_SAMPLES;

    if (myna_opus_conceal(r->decoder, pcm, MYNA_IN_SAMPLES) != MYNA_IN_SAMPLES) {
        append_silence(r, MYNA_IN_SAMPLES);
        return;
    }
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        pcm[i] = (int16_t)(pcm[i] * (from * MYNA_IN_SAMPLES + (to - from) * i) / whole);
    appended(r, MYNA_IN_SAMPLES, true);
}

/* Level after `n` made up frames: the first stays, then it sinks. */
static int level_after(int n)
{
    return n <= 1 ? FADE_FRAMES - 1 : n >= FADE_FRAMES ? 0 : FADE_FRAMES - n;
}

static void make_up_next(struct myna_receive *r)
{
    make_up(r, level_after(r->made_up), level_after(r->made_up + 1));
    r->made_up++;
}

/* The sender pauses: what sounds dies away within a frame. */
static void rest(struct myna_receive *r)
{
    if (r->made_up < FADE_FRAMES)
        make_up(r, level_after(r->made_up), 0);
    r->mode = RESTING;
    r->stalled = 0;
    r->made_up = 0;
}

static void take_first(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    r->taken = true;
    r->next = p->ticks + p->length;
    r->last_seq = p->seq;
    r->stalled = 0;
    myna_jitter_drop_first(r->jitter);
}

static void decode(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    size_t n =
        myna_opus_decode(r->decoder, (struct myna_view){p->data, p->len}, r->pcm + r->n_pcm, MOST);

    r->quiet = myna_stretch_is_quiet(r->pcm + r->n_pcm, n);
    if (n)
        appended(r, n, false);
    else
        append_silence(r, p->length / PER_SAMPLE);
    r->made_up = 0;
    r->stats.recovered += p->redundant;
}

/* A later packet waits. */
static void cross_gap(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    int64_t gap = p->ticks - r->next, heard = r->stalled < gap ? r->stalled : gap;
    struct myna_view v = {p->data, p->len};

    r->next += heard; /* part of it was heard as a stall */
    r->stalled = 0;
    gap -= heard;
    if (gap < TICKS / 4) {
        r->next = p->ticks; /* nothing worth making up */
    } else if (p->seq == (uint16_t)(r->last_seq + 1) || r->made_up >= FADE_FRAMES) {
        rest(r);
    } else if (gap < 2 * TICKS && p->length == TICKS && myna_opus_has_fec(v) &&
               myna_opus_recover(r->decoder, v, r->pcm + r->n_pcm, MYNA_IN_SAMPLES) ==
                   MYNA_IN_SAMPLES) {
        appended(r, MYNA_IN_SAMPLES, false);
        r->stats.recovered++;
        r->next += TICKS;
    } else {
        make_up_next(r);
        r->next += TICKS;
    }
}

/* Behind what was quiet there is nothing to go on with: that is how a pause with comfort noise
 * looks, one packet in 400 ms. */
static void stall(struct myna_receive *r)
{
    if (r->made_up >= FADE_FRAMES || r->quiet) {
        rest(r);
        return;
    }
    make_up_next(r);
    r->stalled += TICKS;
}

static void play(struct myna_receive *r)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    if (!p) {
        stall(r);
    } else if (p->ticks > r->next) {
        cross_gap(r, p);
    } else if (is_silence(p)) {
        take_first(r, p);
        rest(r);
    } else {
        decode(r, p);
        take_first(r, p);
    }
}

/* Is it the first packet's turn? After a long gap nobody knows yet whether it is late (delay.h):
 * then it waits from its arrival on. */
static bool is_due(const struct myna_receive *r, myna_us now, const struct myna_jitter_packet *p)
{
    myna_us from = r->delay.burst ? p->arrived : myna_delay_due(&r->delay, p->ticks);

    return now - from >= r->delay.target - MYNA_FRAME_US / 2;
}

/* Signs of silence with nothing missing before them have no turn to wait for; where sound must wait
 * longer than they are apart there would always be one that does. */
static void take_waiting_noise(struct myna_receive *r)
{
    const struct myna_jitter_packet *p;

    while (r->taken && (p = myna_jitter_first(r->jitter)) &&
           p->seq == (uint16_t)(r->last_seq + 1) &&
           myna_receive_i_is_noise((struct myna_view){p->data, p->len}, p->ticks - r->next)) {
        myna_receive_i_decode_unheard(r, (struct myna_view){p->data, p->len});
        take_first(r, p);
    }
}

/* No more than is wanted: what is left over would be handed on for ever. */
static void doze(struct myna_receive *r, myna_us now, size_t want)
{
    const struct myna_jitter_packet *p;

    take_waiting_noise(r);
    p = myna_jitter_first(r->jitter);
    if (!p || !is_due(r, now, p)) {
        append_silence(r, want - r->n_pcm);
    } else if (is_silence(p)) {
        take_first(r, p);
    } else {
        myna_receive_i_catch_up(r);
        r->next = p->ticks;
        r->mode = PLAYING;
    }
}

static void fill(struct myna_receive *r, myna_us now, size_t want)
{
    while (r->n_pcm < want) {
        const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

        if (p && p->ticks + (int64_t)p->length <= r->next)
            myna_jitter_drop_first(r->jitter); /* made up in the meantime */
        else if (r->mode == PLAYING)
            play(r);
        else
            doze(r, now, want);
    }
}

/* More than may ever wait: a burst after an outage. The oldest is worth least. */
static void drop_surplus(struct myna_receive *r)
{
    const struct myna_jitter_packet *first;

    while ((first = myna_jitter_first(r->jitter)) && myna_jitter_count(r->jitter) > 1) {
        const struct myna_jitter_packet *last = myna_jitter_last(r->jitter);

        if (last->ticks + (int64_t)last->length - first->ticks <= (int64_t)r->jitter_max_ms * 48)
            return;
        r->stats.late++;
        take_first(r, first);
    }
}

static myna_us delay_now(const struct myna_receive *r, myna_us now)
{
    return now - myna_delay_due(&r->delay, r->next - (int64_t)r->n_pcm * PER_SAMPLE);
}

/* Sound may be decoded ahead of its turn only when it is there. */
static bool is_ready(const struct myna_receive *r)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    return r->mode == PLAYING && p && p->ticks <= r->next && !is_silence(p);
}

static void shorten(struct myna_receive *r, myna_us now, bool hurry)
{
    if (myna_stretch_is_quiet(r->pcm, MYNA_IN_SAMPLES)) {
        r->n_pcm -= MYNA_IN_SAMPLES;
        memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, r->n_pcm * sizeof *r->pcm);
        r->stats.stretched++;
    } else if (hurry || r->since_stretch >= STRETCH_EVERY) {
        fill(r, now, MYNA_STRETCH_NEEDS);
        if (myna_stretch_shorten(r->pcm, &r->n_pcm)) {
            r->stats.stretched++;
            r->since_stretch = 0;
        }
    }
    fill(r, now, MYNA_IN_SAMPLES);
}

static void lengthen(struct myna_receive *r, myna_us now)
{
    fill(r, now, MYNA_STRETCH_NEEDS);
    if (myna_stretch_lengthen(r->pcm, &r->n_pcm)) {
        r->stats.stretched++;
        r->since_stretch = 0;
    }
}

/* Brings the delay nearer to its target: in silence at once, in speech by a period at a time. Where
 * nothing waits there is nothing to stretch: then a frame is made up now and then, and what comes
 * meanwhile waits. */
static void adapt(struct myna_receive *r, myna_us now)
{
    myna_us over = delay_now(r, now) - r->delay.target;

    r->since_stretch++;
    if (r->delay.burst)
        return;
    if (!is_ready(r)) {
        if (over < -MYNA_FRAME_US && r->since_stretch >= STRETCH_EVERY && r->made_up == 0 &&
            !myna_jitter_count(r->jitter)) {
            make_up_next(r);
            r->since_stretch = 0;
        }
        return;
    }
    if (over > MYNA_FRAME_US)
        shorten(r, now, over > HURRY * MYNA_FRAME_US);
    else if (over < -MYNA_FRAME_US / 2 && r->since_stretch >= STRETCH_EVERY)
        lengthen(r, now);
}

static void hand_out(struct myna_receive *r, struct myna_frame *into)
{
    size_t rest_of_it = r->n_pcm - MYNA_IN_SAMPLES;

    memcpy(into->pcm, r->pcm, sizeof into->pcm);
    into->flags = 0;
    if (r->n_silent >= r->n_pcm)
        into->flags |= MYNA_FRAME_SILENT;
    if (r->n_made_up > rest_of_it) { /* part of this frame at least */
        into->flags |= MYNA_FRAME_CONCEALED;
        r->stats.concealed++;
    }
    memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, rest_of_it * sizeof *r->pcm);
    r->n_pcm = rest_of_it;
    if (r->n_silent > rest_of_it)
        r->n_silent = rest_of_it;
    if (r->n_made_up > rest_of_it)
        r->n_made_up = rest_of_it;
}

void myna_receive_frame(struct myna_receive *r, myna_us now, struct myna_frame *into)
{
    myna_us delay = r->delay.target, captured;

    into->who = 0;
    r->stats.frames++;
    drop_surplus(r);
    fill(r, now, MYNA_IN_SAMPLES);
    if (r->mode == PLAYING) {
        adapt(r, now);
        delay = delay_now(r, now);
        r->stats.delay = delay;
    }
    hand_out(r, into);
    /* A packet leaves when its last sample is captured: one frame before it may arrive. */
    captured = now - delay - MYNA_FRAME_US;
    if (captured <= r->last_captured)
        captured = r->last_captured + 1;
    into->captured = r->last_captured = captured;
}
