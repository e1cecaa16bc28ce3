/* sound.c - two tracks become one stereo file.
 *
 * Each track counts its samples since the call's start at its own rate (16 and 24 kHz), so that
 * "where is it now" is plain arithmetic. A frame whose place is later than the track's end by more
 * than clocks and schedulers explain is a gap and is filled with silence; smaller differences are
 * jitter and the frame simply follows. What a transport draws ahead of time makes the right track
 * run ahead; silence it draws meanwhile is then not written.
 *
 * The file gets the part that both tracks have reached. A track that nobody feeds is filled up half
 * a second behind the clock.
 */
#include "recorder/sound.h"

#include <stdlib.h>
#include <string.h>

#include "audio/ogg.h"
#include "audio/resample.h"
#include "util/buf.h"

#define FILE_RATE_HZ 48000
#define JITTER       (60 * MYNA_MS)
#define LATE         (500 * MYNA_MS) /* a frame may be that late and still find its place */
#define AHEAD_MAX    (30 * MYNA_S)   /* what one track may wait for the other, in memory */
#define BLOCK        960             /* 20 ms of the file */

struct track {
    uint32_t rate_hz;
    int64_t pos; /* samples at rate_hz since t0 that went in */
    bool running;
    struct myna_resample *up;
    struct myna_buf ready; /* int16 at 48 kHz */
};

struct myna_sound {
    struct myna_ogg *ogg;
    myna_us t0;
    struct track left, right;
    uint32_t who; /* whose frames are heard on the left */
    myna_us heard_at;
    bool anyone;
};

static enum myna_err no_memory(struct myna_why *why)
{
    return myna_fail(why, MYNA_ENOMEM, "no memory for the sound of the recording");
}

static enum myna_err track_init(struct track *t, uint32_t rate_hz)
{
    t->rate_hz = rate_hz;
    myna_buf_init(&t->ready, (size_t)(2 * AHEAD_MAX / MYNA_S) * FILE_RATE_HZ * sizeof(int16_t));
    t->up = myna_resample_create(rate_hz, FILE_RATE_HZ);
    return t->up ? MYNA_OK : MYNA_ENOMEM;
}

static void track_fini(struct track *t)
{
    myna_resample_destroy(t->up);
    myna_buf_fini(&t->ready);
}

/* At most MYNA_OUT_SAMPLES at once. */
static enum myna_err track_put(struct track *t, const int16_t *pcm, size_t n)
{
    int16_t out[MYNA_OUT_SAMPLES * 3 + 1024]; /* 16 to 48 kHz, and what the filter held back */
    size_t made = myna_resample_run(t->up, pcm, n, out);

    t->pos += (int64_t)n;
    return myna_buf_put(&t->ready, out, made * sizeof *out);
}

static enum myna_err track_silence(struct track *t, int64_t until)
{
    static const int16_t zeros[MYNA_IN_SAMPLES];
    enum myna_err err = MYNA_OK;

    while (t->pos < until && !err) {
        int64_t n = until - t->pos;

        err = track_put(t, zeros, (size_t)(n < MYNA_IN_SAMPLES ? n : MYNA_IN_SAMPLES));
    }
    return err;
}

static int64_t samples(const struct myna_sound *so, const struct track *t, myna_us at)
{
    return at > so->t0 ? (at - so->t0) * t->rate_hz / MYNA_S : 0;
}

/* What both have, as stereo. */
static enum myna_err write_pairs(struct myna_sound *so, struct myna_why *why)
{
    struct myna_buf *l = &so->left.ready, *r = &so->right.ready;
    size_t n = (l->len < r->len ? l->len : r->len) / sizeof(int16_t), at = 0;
    enum myna_err err = MYNA_OK;

    while (at < n && !err) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;
        int16_t pair[2 * BLOCK];

        for (size_t i = 0; i < some; i++) {
            memcpy(&pair[2 * i], l->ptr + (at + i) * sizeof(int16_t), sizeof(int16_t));
            memcpy(&pair[2 * i + 1], r->ptr + (at + i) * sizeof(int16_t), sizeof(int16_t));
        }
        err = myna_ogg_write(so->ogg, pair, some, why);
        at += some;
    }
    myna_buf_drop(l, at * sizeof(int16_t));
    myna_buf_drop(r, at * sizeof(int16_t));
    return err;
}

/* Silence in pieces, so that a long gap does not wait in memory. */
static enum myna_err fill(struct myna_sound *so, struct track *t, int64_t until,
                          struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    while (t->pos < until && !err) {
        int64_t next = t->pos + t->rate_hz;

        if (track_silence(t, next < until ? next : until))
            return no_memory(why);
        err = write_pairs(so, why);
    }
    return err;
}

enum myna_err myna_sound_open(const char *path, myna_us t0, struct myna_sound **out,
                              struct myna_why *why)
{
    struct myna_sound *so = calloc(1, sizeof *so);
    enum myna_err err;

    if (!so)
        return no_memory(why);
    so->t0 = t0;
    if (track_init(&so->left, MYNA_IN_RATE_HZ) || track_init(&so->right, MYNA_OUT_RATE_HZ)) {
        err = no_memory(why);
        goto fail;
    }
    err = myna_ogg_open(path, FILE_RATE_HZ, 2, &so->ogg, why);
    if (err)
        goto fail;
    *out = so;
    return MYNA_OK;
fail:
    track_fini(&so->left);
    track_fini(&so->right);
    free(so);
    return err;
}

static myna_us reached(const struct myna_sound *so, const struct track *t)
{
    return so->t0 + t->pos * MYNA_S / t->rate_hz;
}

/* Both sides by turns: what one has alone waits in memory, and a line may be away for minutes. */
static enum myna_err fill_both(struct myna_sound *so, myna_us until, struct myna_why *why)
{
    myna_us left = reached(so, &so->left), right = reached(so, &so->right);
    enum myna_err err = MYNA_OK;

    for (myna_us at = left < right ? left : right; at < until && !err;) {
        at = until - at > MYNA_S ? at + MYNA_S : until;
        err = fill(so, &so->left, samples(so, &so->left, at), why);
        if (!err)
            err = fill(so, &so->right, samples(so, &so->right, at), why);
    }
    return err;
}

enum myna_err myna_sound_time(struct myna_sound *so, myna_us now, struct myna_why *why)
{
    return fill_both(so, now - LATE, why);
}

/* Brings the track to where the frame belongs. */
static enum myna_err seek(struct myna_sound *so, struct track *t, int64_t at, struct myna_why *why)
{
    int64_t jitter = t->running ? JITTER * t->rate_hz / MYNA_S : 0;

    t->running = true;
    return at - t->pos > jitter ? fill(so, t, at, why) : MYNA_OK;
}

/* One person at a time: another one is heard when the first has been quiet for a second. */
static bool listen_to(struct myna_sound *so, uint32_t who, myna_us now)
{
    if (so->anyone && who != so->who && now - so->heard_at < MYNA_S)
        return false;
    so->anyone = true;
    so->who = who;
    so->heard_at = now;
    return true;
}

enum myna_err myna_sound_in(struct myna_sound *so, myna_us now, myna_us captured, uint32_t who,
                            const int16_t pcm[MYNA_IN_SAMPLES], struct myna_why *why)
{
    struct track *t = &so->left;
    enum myna_err err = myna_sound_time(so, now, why);

    if (err || !listen_to(so, who, now))
        return err;
    if (captured > now || captured < now - LATE) /* a clock of its own: trust ours */
        captured = now - MYNA_FRAME_US;
    err = seek(so, t, samples(so, t, captured), why);
    if (err)
        return err;
    if (t->pos - samples(so, t, captured) > LATE * t->rate_hz / MYNA_S)
        return MYNA_OK; /* a device that runs fast: a frame less */
    if (track_put(t, pcm, MYNA_IN_SAMPLES))
        return no_memory(why);
    return write_pairs(so, why);
}

enum myna_err myna_sound_out(struct myna_sound *so, myna_us now, const int16_t *pcm,
                             struct myna_why *why)
{
    static const int16_t silence[MYNA_OUT_SAMPLES];
    struct track *t = &so->right;
    int64_t at = samples(so, t, now);
    enum myna_err err = myna_sound_time(so, now, why);

    if (!err)
        err = seek(so, t, at, why);
    if (err)
        return err;
    if (!pcm && t->pos - at > JITTER * t->rate_hz / MYNA_S)
        return MYNA_OK;
    if (t->pos - at > AHEAD_MAX / MYNA_S * t->rate_hz)
        return myna_fail(why, MYNA_ELIMIT, "the transport draws more than %d s of sound ahead",
                         (int)(AHEAD_MAX / MYNA_S));
    if (track_put(t, pcm ? pcm : silence, MYNA_OUT_SAMPLES))
        return no_memory(why);
    return write_pairs(so, why);
}

/* The last samples of a track: as many at 48 kHz as its length says. */
static enum myna_err finish_track(struct track *t)
{
    int16_t out[1024];
    enum myna_err err = MYNA_OK;
    size_t n;

    while (!err && (n = myna_resample_finish(t->up, out, sizeof out / sizeof *out)) > 0)
        err = myna_buf_put(&t->ready, out, n * sizeof *out);
    return err;
}

enum myna_err myna_sound_close(struct myna_sound *so, myna_us now, struct myna_why *why)
{
    enum myna_err err, closed;
    myna_us end = now;

    if (!so)
        return MYNA_OK;
    /* The longer track sets the end. */
    if (reached(so, &so->left) > end)
        end = reached(so, &so->left);
    if (reached(so, &so->right) > end)
        end = reached(so, &so->right);
    err = fill_both(so, end, why);
    if (!err && (finish_track(&so->left) || finish_track(&so->right)))
        err = no_memory(why);
    if (!err)
        err = write_pairs(so, why);
    closed = myna_ogg_close(so->ogg, err ? NULL : why);
    track_fini(&so->left);
    track_fini(&so->right);
    free(so);
    return err ? err : closed;
}
