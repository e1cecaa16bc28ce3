/* keyframe.c - see keyframe.h.
 *
 * A frame is known by its time stamp. It opens with its first packet to come, which need not be the
 * one that says what kind of frame it is; once that one shows an ordinary frame, its time stamp is
 * `dull` and the rest of it passes by. It ends with the marker, or where the next frame begins.
 */
#include "rtc/keyframe.h"

#include <stdlib.h>
#include <string.h>

#include "rtc/arrivals.h"
#include "rtc/vp8_rtp.h"
#include "util/buf.h"
#include "video/vp8.h"

#define PATIENCE_KEY     (500 * MYNA_MS) /* for what is missing of a key frame */
#define PATIENCE_UNKNOWN (150 * MYNA_MS) /* for the packet that says what it is */

enum {
    BLANK = 16, /* pixels: LiveKit ends a stream with a frame of 8 x 8 */
    EMPTY = 0xffff
};

struct piece {
    uint16_t seq;
    uint32_t at, len;
};

struct myna_keyframe {
    struct myna_arrivals arrivals;
    bool open, has_start, has_end, has_dull;
    uint32_t ts, dull_ts;
    uint16_t start, end;
    myna_us began;
    struct piece pieces[MYNA_KEYFRAME_PACKETS]; /* as they came */
    uint16_t order[MYNA_KEYFRAME_PACKETS];      /* as they belong */
    size_t n;
    struct myna_buf held, whole;
};

struct myna_keyframe *myna_keyframe_create(void)
{
    struct myna_keyframe *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    myna_buf_init(&k->held, MYNA_KEYFRAME_BYTES);
    myna_buf_init(&k->whole, MYNA_KEYFRAME_BYTES);
    return k;
}

void myna_keyframe_destroy(struct myna_keyframe *k)
{
    if (!k)
        return;
    myna_buf_fini(&k->held);
    myna_buf_fini(&k->whole);
    free(k);
}

static void shut(struct myna_keyframe *k)
{
    k->open = k->has_start = k->has_end = false;
    k->n = 0;
    myna_buf_clear(&k->held);
}

static void pass_by(struct myna_keyframe *k)
{
    k->has_dull = true;
    k->dull_ts = k->ts;
    shut(k);
}

void myna_keyframe_clear(struct myna_keyframe *k)
{
    shut(k);
    k->has_dull = false;
    myna_arrivals_clear(&k->arrivals);
    myna_buf_fini(&k->held); /* between two requests there may be hours */
    myna_buf_fini(&k->whole);
    myna_buf_init(&k->held, MYNA_KEYFRAME_BYTES);
    myna_buf_init(&k->whole, MYNA_KEYFRAME_BYTES);
}

static bool has(const struct myna_keyframe *k, uint16_t seq)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->pieces[i].seq == seq)
            return true;
    return false;
}

/* ---- is it whole? */

static bool in_order(struct myna_keyframe *k)
{
    size_t want = (size_t)(uint16_t)(k->end - k->start) + 1, n = 0;

    if (!k->has_start || !k->has_end || want > MYNA_KEYFRAME_PACKETS || k->n < want)
        return false;
    memset(k->order, 0xff, want * sizeof k->order[0]);
    for (size_t i = 0; i < k->n; i++) {
        size_t place = (uint16_t)(k->pieces[i].seq - k->start);

        if (place >= want || k->order[place] != EMPTY) /* numbers may go round within a frame */
            continue;
        k->order[place] = (uint16_t)i;
        n++;
    }
    return n == want;
}

static bool put_together(struct myna_keyframe *k, struct myna_keyframe_whole *whole)
{
    struct myna_keyframe_whole w = {.began = k->began};

    if (!k->open || !in_order(k))
        return false;
    myna_buf_clear(&k->whole);
    for (size_t i = 0; i <= (uint16_t)(k->end - k->start); i++) {
        const struct piece *p = &k->pieces[k->order[i]];

        myna_buf_put(&k->whole, k->held.ptr + p->at, p->len);
    }
    pass_by(k);
    w.bytes = myna_buf_view(&k->whole);
    if (k->whole.err || !myna_vp8_key(w.bytes, &w.width, &w.height) ||
        (w.width <= BLANK && w.height <= BLANK))
        return false;
    *whole = w;
    return true;
}

/* ---- packets */

static bool is_key(const struct myna_vp8_piece *piece)
{
    return piece->begins && !(piece->data.ptr[0] & 1);
}

/* A packet of a later frame than the one that is open. true: it takes its place. */
static bool supersedes(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p,
                       const struct myna_vp8_piece *piece)
{
    myna_us patience = k->has_start ? PATIENCE_KEY : PATIENCE_UNKNOWN;

    if (!k->has_end && piece->begins && has(k, (uint16_t)(p->seq - 1))) {
        k->has_end = true;
        k->end = (uint16_t)(p->seq - 1);
        if (in_order(k))
            return false;
    }
    return is_key(piece) || now - k->began > patience;
}

static void keep(struct myna_keyframe *k, const struct myna_rtp *p,
                 const struct myna_vp8_piece *piece)
{
    struct piece *slot = &k->pieces[k->n];

    if (k->n == MYNA_KEYFRAME_PACKETS || k->held.len > UINT32_MAX - piece->data.len) {
        pass_by(k);
        return;
    }
    *slot = (struct piece){
        .seq = p->seq, .at = (uint32_t)k->held.len, .len = (uint32_t)piece->data.len};
    if (myna_buf_put(&k->held, piece->data.ptr, piece->data.len)) {
        pass_by(k); /* longer than is taken */
        return;
    }
    k->n++;
    if (is_key(piece)) {
        k->has_start = true;
        k->start = p->seq;
    }
    if (p->marker) {
        k->has_end = true;
        k->end = p->seq;
    }
}

/* Is the packet of the frame that is open now? */
static bool belongs(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p,
                    const struct myna_vp8_piece *piece)
{
    if (k->has_dull && myna_ts_diff(p->ts, k->dull_ts) <= 0)
        return false;
    if (k->open && p->ts != k->ts) {
        if (myna_ts_diff(p->ts, k->ts) < 0 || !supersedes(k, now, p, piece))
            return false;
        shut(k);
    }
    if (!k->open) {
        k->open = true;
        k->ts = p->ts;
        k->began = now;
    }
    if (piece->begins && !is_key(piece)) {
        pass_by(k);
        return false;
    }
    return true;
}

static bool is_new(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p)
{
    uint32_t ts_48k = (uint32_t)((uint64_t)p->ts * 8 / 15);
    enum myna_arrival how = myna_arrivals_packet(&k->arrivals, now, p->seq, ts_48k);

    if (how == MYNA_ARRIVAL_RESTART) {
        myna_arrivals_clear(&k->arrivals);
        shut(k);
        k->has_dull = false;
        how = myna_arrivals_packet(&k->arrivals, now, p->seq, ts_48k);
    }
    return how != MYNA_ARRIVAL_AGAIN && how != MYNA_ARRIVAL_STRAY;
}

bool myna_keyframe_packet(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p,
                          struct myna_keyframe_whole *whole)
{
    struct myna_vp8_piece piece;

    if (!is_new(k, now, p) || !myna_vp8_piece_parse(&piece, p->payload)) /* or padding */
        return false;
    if (belongs(k, now, p, &piece))
        keep(k, p, &piece);
    return put_together(k, whole);
}

size_t myna_keyframe_nacks(struct myna_keyframe *k, myna_us now, myna_us rtt, uint16_t *into,
                           size_t max)
{
    myna_us again = rtt < 0 ? 100 * MYNA_MS : rtt / 2 + 10 * MYNA_MS; /* as for sound */

    if (!k->open) /* of frames that passed by nothing is missed */
        return 0;
    return myna_missing_ask(&k->arrivals.missing, now, again,
                            k->has_start ? k->start : (uint16_t)(k->pieces[0].seq - 64), into, max);
}

bool myna_keyframe_report(struct myna_keyframe *k, myna_us now, struct myna_rtcp_block *into)
{
    if (!myna_arrivals_report(&k->arrivals, now, into))
        return false;
    into->jitter = into->jitter * 15 / 8; /* 90 kHz */
    return true;
}
