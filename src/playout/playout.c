/* playout.c - a ring of samples, and a ledger of what left it.
 *
 * The session writes into the ring at the voice's pace; the transport draws from it at its own.
 * Whether a drawn sample has been *heard* depends on the transport (enum myna_heard), and that is
 * the only difference between the three kinds:
 *
 *   AT_PULL    each drawn frame is noted with the moment it reaches the ear (pull + latency) until
 *              that moment has passed: position is exact to the sample, late or early callers do
 *              not change it;
 *   REPORTED   position is what the transport said last;
 *   HANDSHAKE  the far side plays what it holds without a break, so `drained_at` (when it will have
 *              played everything) gives the estimate; its word at the end is the truth.
 *
 * AT_PULL a line may turn out to have been dead for seconds. So the ring can be longer than what
 * may wait in it: behind the oldest sample that waits lies what was drawn last, and rewind() walks
 * back over it. `given` knows when each frame of it was drawn, and for which segment.
 *
 * A segment walks forward through `phase`; advance() alone decides its next step, close_segment()
 * alone ends it. Events are collected while state is changed and told when it is whole again, so a
 * handler may call anything, also begin().
 */
#include "playout/playout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_CAPACITY_MS = 400,
    SAMPLES_PER_MS = MYNA_OUT_RATE_HZ / 1000,
    MAX_TELLS = 4,
};

/* So long after it must have played the last sound a far side may keep silent about it. */
#define WORD_LIMIT (5 * MYNA_S)

enum phase {
    IDLE,    /* no segment */
    OPEN,    /* sound may still be written */
    ENDED,   /* no more is written, some waits to be pulled */
    DRAINED, /* all was pulled, not all was heard */
};

struct drawn {  /* AT_PULL: sound on its way to the ear */
    myna_us at; /* its first sample is heard */
    uint32_t n;
};

struct given {  /* AT_PULL: sound that may be put back */
    myna_us at; /* it was drawn */
    uint32_t n, segment;
};

struct tells { /* events of one call, in order */
    struct myna_playout_event ev[MAX_TELLS];
    int n;
};

struct myna_playout {
    struct myna_playout_options opt;

    int16_t *ring;
    size_t size, capacity; /* samples: of the ring; that may wait in it */
    size_t head, count;    /* head is the oldest that waits */
    size_t again;          /* wait before them: of segments that are over, put back */
    size_t keeps, kept;    /* behind head: at most, now */
    bool refused;          /* write() took less than given: ROOM is owed */
    bool paused;

    enum phase phase;
    uint32_t segment;
    uint64_t pulled;   /* samples of the segment that left the ring */
    bool started;      /* STARTED was told */
    bool dry;          /* in a gap */
    myna_us first_at;  /* the first sample is heard; once pulled > 0 */
    myna_us last_at;   /* AT_PULL: the last sample pulled so far has been heard */
    myna_us ended_at;  /* end() was called */
    uint64_t reported; /* REPORTED: what the transport said */
    myna_us reported_at;
    bool confirmed;     /* finished() was called */
    myna_us drained_at; /* not AT_PULL: the far side will have played all it holds */

    struct drawn *drawn; /* AT_PULL; a ring */
    size_t drawn_capacity, drawn_head, drawn_count;
    uint64_t passed; /* samples that left `drawn`: heard for certain */

    struct given *given; /* of what is kept; a ring */
    size_t given_capacity, given_head, given_count;

    uint64_t underruns;
};

/* ------------------------------------------------------------------ time and samples */

static uint64_t samples_in(myna_us us)
{
    return us <= 0 ? 0 : (uint64_t)us * SAMPLES_PER_MS / 1000;
}

static myna_us time_of(uint64_t samples) /* rounded up: at that time the last one has been heard */
{
    return (myna_us)((samples * 1000 + SAMPLES_PER_MS - 1) / SAMPLES_PER_MS);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static myna_us max_us(myna_us a, myna_us b)
{
    return a > b ? a : b;
}

static void tell(const struct myna_playout *po, struct tells *t, enum myna_playout_event_type type,
                 myna_us at)
{
    assert(t->n < MAX_TELLS);
    t->ev[t->n++] = (struct myna_playout_event){.type = type, .segment = po->segment, .at = at};
}

static void send(struct myna_playout *po, const struct tells *t)
{
    for (int i = 0; i < t->n; i++)
        po->opt.event(po->opt.arg, &t->ev[i]);
}

/* ------------------------------------------------------------------ what was heard */

static void drawn_pop(struct myna_playout *po)
{
    po->passed += po->drawn[po->drawn_head].n;
    po->drawn_head = (po->drawn_head + 1) % po->drawn_capacity;
    po->drawn_count--;
}

/* The ledger has room for the latency and a full ring drawn at once; a transport that draws even
 * more ahead than that has its oldest frame taken as heard. */
static void drawn_push(struct myna_playout *po, myna_us now, uint32_t n)
{
    myna_us at = now + po->opt.latency;

    while (po->drawn_count && po->drawn[po->drawn_head].at + MYNA_FRAME_US <= now)
        drawn_pop(po);
    if (po->drawn_count == po->drawn_capacity)
        drawn_pop(po);
    po->drawn[(po->drawn_head + po->drawn_count) % po->drawn_capacity] = (struct drawn){at, n};
    po->drawn_count++;
    po->last_at = max_us(po->last_at, at + time_of(n));
}

static void given_push(struct myna_playout *po, myna_us now, uint32_t n, uint32_t segment)
{
    if (!po->given_capacity)
        return;
    if (po->given_count == po->given_capacity) {
        po->given_head = (po->given_head + 1) % po->given_capacity;
        po->given_count--;
    }
    po->given[(po->given_head + po->given_count++) % po->given_capacity] =
        (struct given){now, n, segment};
}

static uint64_t heard_at_pull(const struct myna_playout *po, myna_us now)
{
    uint64_t heard = po->passed;

    for (size_t i = 0; i < po->drawn_count; i++) {
        const struct drawn *d = &po->drawn[(po->drawn_head + i) % po->drawn_capacity];

        if (d->at >= now)
            break;
        heard += min_u64(samples_in(now - d->at), d->n);
    }
    return heard;
}

static uint64_t heard_so_far(const struct myna_playout *po, myna_us now)
{
    switch (po->opt.heard) {
    case MYNA_HEARD_AT_PULL:
        return heard_at_pull(po, now);
    case MYNA_HEARD_REPORTED:
        return po->reported;
    case MYNA_HEARD_HANDSHAKE:
        /* what it still holds is played one after the other */
        return po->pulled - min_u64(po->pulled, samples_in(po->drained_at - now));
    }
    return 0;
}

/* REPORTED, HANDSHAKE, all was pulled: nobody waits longer for the far side's word. */
static myna_us word_by(const struct myna_playout *po)
{
    return max_us(max_us(po->drained_at, po->ended_at), po->reported_at) + WORD_LIMIT;
}

static bool heard_all(const struct myna_playout *po, myna_us now)
{
    switch (po->opt.heard) {
    case MYNA_HEARD_AT_PULL:
        return po->last_at <= now;
    case MYNA_HEARD_REPORTED:
        return po->confirmed || po->reported == po->pulled || word_by(po) <= now;
    case MYNA_HEARD_HANDSHAKE:
        return po->confirmed || word_by(po) <= now;
    }
    return false;
}

/* ------------------------------------------------------------------ the walk of a segment */

static void close_segment(struct myna_playout *po, struct tells *t, myna_us at, uint64_t position,
                          bool interrupted)
{
    tell(po, t, MYNA_PLAYOUT_FINISHED, at);
    t->ev[t->n - 1].position = position;
    t->ev[t->n - 1].interrupted = interrupted;
    po->phase = IDLE;
    po->count = 0;
    po->refused = false;
}

static void advance(struct myna_playout *po, struct tells *t, myna_us now)
{
    bool at_pull = po->opt.heard == MYNA_HEARD_AT_PULL;

    if (po->phase == IDLE)
        return;
    if (po->pulled && !po->started && po->first_at <= now) {
        po->started = true;
        tell(po, t, MYNA_PLAYOUT_STARTED, po->first_at);
    }
    if (po->phase == ENDED && po->count == 0) {
        po->phase = DRAINED;
        if (!at_pull && po->pulled)
            tell(po, t, MYNA_PLAYOUT_FLUSH, now);
    }
    if (po->phase != DRAINED)
        return;
    if (po->pulled == 0)
        close_segment(po, t, now, 0, false);
    else if (heard_all(po, now))
        close_segment(po, t, at_pull ? max_us(po->last_at, po->ended_at) : now, po->pulled, false);
}

/* ------------------------------------------------------------------ life */

struct myna_playout *myna_playout_create(const struct myna_playout_options *opt)
{
    struct myna_playout *po = calloc(1, sizeof *po);
    int capacity_ms = opt->capacity_ms > 0 ? opt->capacity_ms : DEFAULT_CAPACITY_MS;

    assert(opt->event && opt->latency >= 0);
    if (!po)
        return NULL;
    if (capacity_ms < MYNA_FRAME_MS)
        capacity_ms = MYNA_FRAME_MS;
    po->opt = *opt;
    po->capacity = (size_t)capacity_ms * SAMPLES_PER_MS;
    if (opt->heard == MYNA_HEARD_AT_PULL) {
        po->given_capacity = (size_t)(opt->rewinds / MYNA_FRAME_US);
        po->keeps = po->given_capacity * MYNA_OUT_SAMPLES;
    }
    po->size = po->capacity + po->keeps;
    po->ring = calloc(po->size, sizeof *po->ring);
    po->given = po->keeps ? calloc(po->given_capacity, sizeof *po->given) : NULL;
    po->drawn_capacity =
        (size_t)(opt->latency / MYNA_FRAME_US) + po->capacity / MYNA_OUT_SAMPLES + 4;
    po->drawn = calloc(po->drawn_capacity, sizeof *po->drawn);
    if (!po->ring || !po->drawn || (!po->given && po->keeps)) {
        myna_playout_destroy(po);
        return NULL;
    }
    return po;
}

void myna_playout_destroy(struct myna_playout *po)
{
    if (!po)
        return;
    free(po->given);
    free(po->drawn);
    free(po->ring);
    free(po);
}

uint32_t myna_playout_begin(struct myna_playout *po)
{
    if (po->phase != IDLE)
        return 0;
    po->segment = po->segment == UINT32_MAX ? 1 : po->segment + 1;
    po->phase = OPEN;
    po->count = 0;
    po->refused = po->started = po->dry = po->confirmed = false;
    po->pulled = po->reported = po->passed = 0;
    po->first_at = po->last_at = po->ended_at = po->drained_at = po->reported_at = 0;
    po->drawn_head = po->drawn_count = 0;
    return po->segment;
}

size_t myna_playout_room(const struct myna_playout *po)
{
    return po->phase == OPEN && po->count < po->capacity ? po->capacity - po->count : 0;
}

size_t myna_playout_write(struct myna_playout *po, const int16_t *pcm, size_t n)
{
    size_t take = (size_t)min_u64(n, myna_playout_room(po));
    size_t tail = (po->head + po->again + po->count) % po->size;
    size_t first = (size_t)min_u64(take, po->size - tail);

    if (take) {
        memcpy(po->ring + tail, pcm, first * sizeof *pcm);
        memcpy(po->ring, pcm + first, (take - first) * sizeof *pcm);
        po->count += take;
        po->kept = (size_t)min_u64(po->kept, po->size - po->again - po->count);
    }
    po->refused = po->phase == OPEN && take < n;
    return take;
}

void myna_playout_end(struct myna_playout *po, myna_us now)
{
    struct tells t = {.n = 0};

    if (po->phase != OPEN)
        return;
    po->phase = ENDED;
    po->ended_at = now;
    advance(po, &t, now);
    send(po, &t);
}

void myna_playout_cut(struct myna_playout *po, myna_us now)
{
    struct tells t = {.n = 0};

    po->paused = false;
    po->again = po->kept = po->given_count = 0;
    advance(po, &t, now); /* it may be over already, the owner's timer being late */
    if (po->phase != IDLE) {
        if (po->opt.heard != MYNA_HEARD_AT_PULL && po->pulled)
            tell(po, &t, MYNA_PLAYOUT_CLEAR, now);
        close_segment(po, &t, now, heard_so_far(po, now), true);
    }
    send(po, &t);
}

void myna_playout_pause(struct myna_playout *po, myna_us now)
{
    (void)now;
    po->paused = true;
}

void myna_playout_resume(struct myna_playout *po, myna_us now)
{
    (void)now;
    po->paused = false;
}

bool myna_playout_paused(const struct myna_playout *po)
{
    return po->paused;
}

/* ------------------------------------------------------------------ the transport's side */

/* Only whole frames leave an open segment, so that a gap falls between frames and its last piece is
 * padded once. */
static size_t ready(const struct myna_playout *po)
{
    if (po->phase == IDLE || (po->phase == OPEN && po->count < MYNA_OUT_SAMPLES))
        return 0;
    return (size_t)min_u64(po->count, MYNA_OUT_SAMPLES);
}

/* From those that *wait: `again` or `count`. */
static void take(struct myna_playout *po, int16_t *out, size_t n, size_t *wait)
{
    size_t first = (size_t)min_u64(n, po->size - po->head);

    memcpy(out, po->ring + po->head, first * sizeof *out);
    memcpy(out + first, po->ring, (n - first) * sizeof *out);
    memset(out + n, 0, (MYNA_OUT_SAMPLES - n) * sizeof *out);
    po->head = (po->head + n) % po->size;
    *wait -= n;
    po->kept = (size_t)min_u64(po->kept + n, po->keeps);
}

static bool pull_again(struct myna_playout *po, myna_us now, int16_t out[MYNA_OUT_SAMPLES])
{
    size_t n = (size_t)min_u64(po->again, MYNA_OUT_SAMPLES);

    take(po, out, n, &po->again);
    given_push(po, now, (uint32_t)n, 0);
    return true;
}

bool myna_playout_pull(struct myna_playout *po, myna_us now, int16_t out[MYNA_OUT_SAMPLES])
{
    struct tells t = {.n = 0};
    size_t n = po->paused ? 0 : ready(po);

    if (po->again && !po->paused)
        return pull_again(po, now, out);
    if (n == 0) {
        memset(out, 0, MYNA_OUT_SAMPLES * sizeof *out);
        /* A far side that buffers draws ahead: its dry pull is no gap. */
        if (!po->paused && po->phase == OPEN && po->pulled && !po->dry &&
            po->opt.heard == MYNA_HEARD_AT_PULL) {
            po->dry = true;
            po->underruns++;
        }
        advance(po, &t, now);
        send(po, &t);
        return false;
    }
    take(po, out, n, &po->count);
    po->dry = false;
    if (po->pulled == 0)
        po->first_at = po->opt.heard == MYNA_HEARD_AT_PULL ? now + po->opt.latency : now;
    po->pulled += n;
    if (po->opt.heard == MYNA_HEARD_AT_PULL) {
        drawn_push(po, now, (uint32_t)n);
        given_push(po, now, (uint32_t)n, po->segment);
    } else {
        po->drained_at = max_us(po->drained_at, now) + time_of(n);
    }

    advance(po, &t, now);
    if (po->refused && myna_playout_room(po) >= MYNA_OUT_SAMPLES) {
        po->refused = false;
        tell(po, &t, MYNA_PLAYOUT_ROOM, now);
    }
    send(po, &t);
    return true;
}

bool myna_playout_rewind(struct myna_playout *po, myna_us now, myna_us since)
{
    size_t mine = 0, others = 0;

    while (po->given_count) {
        const struct given *g =
            &po->given[(po->given_head + po->given_count - 1) % po->given_capacity];

        if (g->at <= since || mine + others + g->n > po->kept ||
            po->again + mine + others + g->n > po->keeps)
            break;
        if (po->phase != IDLE && g->segment == po->segment)
            mine += g->n;
        else
            others += g->n;
        po->given_count--;
    }
    po->head = (po->head + po->size - mine - others) % po->size;
    po->kept -= mine + others;
    po->count += mine;
    po->again += others;
    if (!mine)
        return false;
    po->pulled -= mine;
    po->passed = po->pulled; /* all before that was heard */
    po->drawn_count = 0;
    po->last_at = now;
    if (po->phase == DRAINED)
        po->phase = ENDED;
    return true;
}

void myna_playout_forget(struct myna_playout *po)
{
    if (po->phase != IDLE)
        return;
    po->again = po->kept = po->given_count = 0;
}

void myna_playout_heard(struct myna_playout *po, myna_us now, uint32_t segment, uint64_t samples)
{
    struct tells t = {.n = 0};

    if (po->phase == IDLE || segment != po->segment || po->opt.heard != MYNA_HEARD_REPORTED)
        return;
    samples = min_u64(samples, po->pulled); /* the far side may be wrong, never ahead of us */
    if (samples > po->reported) {
        po->reported = samples;
        po->reported_at = now;
    }
    advance(po, &t, now);
    send(po, &t);
}

void myna_playout_finished(struct myna_playout *po, myna_us now, uint32_t segment)
{
    struct tells t = {.n = 0};

    /* A finish that nobody asked for (before our flush, of a segment that was cut) is no finish. */
    if (po->phase != DRAINED || segment != po->segment || po->opt.heard == MYNA_HEARD_AT_PULL)
        return;
    po->confirmed = true;
    advance(po, &t, now);
    send(po, &t);
}

/* ------------------------------------------------------------------ questions */

uint64_t myna_playout_position(const struct myna_playout *po, myna_us now)
{
    return po->phase == IDLE ? 0 : heard_so_far(po, now);
}

uint64_t myna_playout_drawn(const struct myna_playout *po)
{
    return po->phase == IDLE ? 0 : po->pulled;
}

myna_us myna_playout_heard_by(const struct myna_playout *po)
{
    if (po->phase == IDLE || po->opt.heard != MYNA_HEARD_AT_PULL || !po->last_at)
        return MYNA_NEVER;
    return po->last_at;
}

bool myna_playout_active(const struct myna_playout *po)
{
    return po->phase != IDLE;
}

bool myna_playout_waiting(const struct myna_playout *po)
{
    return po->again > 0 || ready(po) > 0;
}

uint64_t myna_playout_underruns(const struct myna_playout *po)
{
    return po->underruns;
}

myna_us myna_playout_deadline(const struct myna_playout *po)
{
    if (po->phase == IDLE || po->pulled == 0)
        return MYNA_NEVER;
    if (po->opt.heard != MYNA_HEARD_AT_PULL)
        return po->phase == DRAINED ? word_by(po) : MYNA_NEVER;
    if (!po->started)
        return po->first_at;
    return po->phase == DRAINED ? po->last_at : MYNA_NEVER;
}

void myna_playout_expire(struct myna_playout *po, myna_us now)
{
    struct tells t = {.n = 0};

    advance(po, &t, now);
    send(po, &t);
}
