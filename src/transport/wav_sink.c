/* wav_sink.c - a ring of one-second blocks between the tick and the disk.
 *
 * The tick fills the block behind the full ones; when it is full too, it joins them. One work at a
 * time carries all that are full at its start; until it comes back those blocks and the file are
 * the worker's. The last work, after finish(), also closes the file.
 */
#include "transport/wav_sink.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <myna/frame.h>

#include "audio/wav.h"

enum { BLOCK = MYNA_OUT_RATE_HZ, BLOCKS = 8 };

struct block {
    size_t n;
    int16_t pcm[BLOCK];
};

struct myna_wav_sink {
    struct myna_host *host;
    myna_wav_sink_over over;
    void *arg;

    struct block *blocks; /* a ring */
    size_t first, full;   /* `full` blocks from `first` wait; the one behind them is being filled */

    struct myna_work work;
    struct myna_wav_writer *wav; /* the worker's while `busy` */
    size_t carried;              /* blocks that the work under way has */
    bool busy, closing;          /* closing: this work closes the file */
    struct myna_timer told;      /* a failure found on the loop is told from a callback */

    bool finishing, is_over, destroyed;
    struct myna_why why; /* why.err: MYNA_OK while all is well; the worker's while `busy` */
    bool stalled;
};

static void release(struct myna_wav_sink *s)
{
    myna_timer_clear(&s->told);
    free(s->blocks);
    free(s);
}

static void carry(struct myna_wav_sink *s, size_t n)
{
    for (size_t i = 0; i < n && !s->why.err; i++) {
        const struct block *b = &s->blocks[(s->first + i) % BLOCKS];

        s->why.err = myna_wav_write(s->wav, b->pcm, b->n, &s->why);
    }
}

static void close_file(struct myna_wav_sink *s)
{
    struct myna_why why = {0};

    if (s->wav && myna_wav_finish(s->wav, &why) != MYNA_OK && !s->why.err)
        s->why = why;
    s->wav = NULL;
}

/* Worker. */
static void run(struct myna_work *w)
{
    struct myna_wav_sink *s = w->arg;

    carry(s, s->carried);
    if (s->closing || s->why.err)
        close_file(s);
}

static void give_back(struct myna_wav_sink *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->blocks[(s->first + i) % BLOCKS].n = 0;
    s->first = (s->first + n) % BLOCKS;
    s->full -= n;
}

/* The unfinished block counts as a full one. */
static void close_block(struct myna_wav_sink *s)
{
    if (s->full < BLOCKS && s->blocks[(s->first + s->full) % BLOCKS].n)
        s->full++;
}

/* Writes the rest and closes, on the loop: at the very end, when nobody hears a pause. */
static void wind_up(struct myna_wav_sink *s)
{
    close_block(s);
    if (s->wav)
        carry(s, s->full);
    give_back(s, s->full);
    close_file(s);
}

static void tell(struct myna_wav_sink *s)
{
    if (s->is_over)
        return;
    s->is_over = true;
    s->over(s->arg, s->why.err ? &s->why : NULL); /* may destroy */
}

static void told_fire(struct myna_timer *t)
{
    tell(t->arg);
}

static void pump(struct myna_wav_sink *s);

static void done(struct myna_work *w)
{
    struct myna_wav_sink *s = w->arg;

    s->busy = false;
    give_back(s, s->carried);
    if (s->destroyed) {
        if (!s->closing)
            wind_up(s);
        release(s);
        return;
    }
    if (s->stalled && !s->why.err)
        s->why.err =
            myna_fail(&s->why, MYNA_EIO,
                      "the disk did not take the sound for %d s: what was written is kept", BLOCKS);
    if (s->why.err || s->closing) {
        close_file(s); /* a stall leaves it open */
        tell(s);
    } else {
        pump(s);
    }
}

/* Starts the next work when there is something for it. */
static void pump(struct myna_wav_sink *s)
{
    if (s->busy || s->is_over || s->why.err)
        return;
    if (s->finishing)
        close_block(s);
    if (!s->full && !s->finishing)
        return;
    s->carried = s->full;
    s->closing = s->finishing;
    s->busy = true;
    s->work =
        (struct myna_work){.run = run, .done = done, .arg = s, .fair = (uintptr_t)s, .disk = true};
    if (myna_host_work(s->host, &s->work) == MYNA_OK)
        return;
    s->busy = false; /* the queue of works is full: next block, or here and now at the end */
    s->closing = false;
    s->carried = 0;
    if (s->finishing) {
        wind_up(s);
        (void)!myna_timer_set(&s->told, myna_host_now(s->host));
    }
}

enum myna_err myna_wav_sink_open(struct myna_host *host, const char *path, myna_wav_sink_over over,
                                 void *arg, struct myna_wav_sink **out, struct myna_why *why)
{
    struct myna_wav_sink *s = calloc(1, sizeof *s);
    enum myna_err err;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    s->host = host;
    s->over = over;
    s->arg = arg;
    myna_host_timer_init(host, &s->told, told_fire, s);
    s->blocks = calloc(BLOCKS, sizeof *s->blocks);
    err = s->blocks ? myna_wav_create(path, MYNA_OUT_RATE_HZ, &s->wav, why)
                    : myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (err) {
        release(s);
        return err;
    }
    *out = s;
    return MYNA_OK;
}

void myna_wav_sink_write(struct myna_wav_sink *s, const int16_t *pcm, size_t n)
{
    while (n && !s->finishing && !s->is_over) {
        if (s->full == BLOCKS) { /* eight seconds late: the next work to end will say so */
            s->stalled = true;
            pump(s);
            return;
        }
        struct block *b = &s->blocks[(s->first + s->full) % BLOCKS];
        size_t take = n < BLOCK - b->n ? n : BLOCK - b->n;

        memcpy(b->pcm + b->n, pcm, take * sizeof *pcm);
        b->n += take;
        pcm += take;
        n -= take;
        if (b->n == BLOCK) {
            s->full++;
            pump(s);
        }
    }
}

void myna_wav_sink_finish(struct myna_wav_sink *s)
{
    s->finishing = true;
    pump(s);
}

void myna_wav_sink_destroy(struct myna_wav_sink *s)
{
    if (!s)
        return;
    s->destroyed = true;
    if (s->busy)
        return; /* done() releases */
    wind_up(s);
    release(s);
}
