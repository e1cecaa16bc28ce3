/* stage_hear.c - `myna hear`: the configured recogniser alone, over a file.
 *
 * The VAD marks the speech first, by `myna vad`'s own way. A recogniser understands a sentence
 * better than its pieces, so stretches with a short gap between them are heard together: one
 * segment of the result. Each goes to the recogniser with the sound before it, as in a call, and
 * its finals are the segment's text. Sound and marks come at their times on the virtual clock,
 * which stands still while the recogniser computes.
 */
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "session/internal.h"
#include "stt/stt.h"
#include "util/buf.h"

#define BLOCK    960
#define TEXT_MAX (1 << 20)
#define GAP_MS   1200 /* a longer silence ends a segment: a breath is shorter */
#define JOINED_MS                                                                                  \
    27000             /* no segment of several stretches is longer: recognisers know some 30 s     \
                       */
#define SETTLE_MS 200 /* after the end mark: finals that are computed arrive in no virtual time */

struct hear {
    struct myna_runtime *rt;
    struct myna_stt *stt;
    struct myna_stt_port *port;
    struct myna_vad_result vad;
    int16_t *pcm; /* the whole file at 16 kHz */
    size_t n;
    struct myna_buf text; /* of the segment at hand */
    struct myna_heard_segment *into;
    enum myna_err err;
    struct myna_why why;
};

static void add_words(struct hear *h, const struct myna_stt_event *ev)
{
    struct myna_word *words;

    if (ev->n_words == 0 || h->err)
        return;
    words = realloc(h->into->words, (h->into->n_words + ev->n_words) * sizeof *words);
    if (!words) {
        h->err = MYNA_ENOMEM;
        return;
    }
    h->into->words = words;
    for (size_t i = 0; i < ev->n_words; i++) {
        words[h->into->n_words] = ev->words[i];
        words[h->into->n_words].text = strdup(ev->words[i].text);
        if (!words[h->into->n_words].text) {
            h->err = MYNA_ENOMEM;
            return;
        }
        h->into->n_words++;
    }
}

static void on_event(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct hear *h = arg;

    (void)port;
    if (ev->type == MYNA_STT_FINAL) {
        if (h->text.len)
            myna_buf_putc(&h->text, ' ');
        myna_buf_puts(&h->text, ev->text);
        if (h->into)
            add_words(h, ev);
    } else if (ev->type == MYNA_STT_FAULT && !h->err) {
        h->err = myna_fail(&h->why, ev->fault.err ? ev->fault.err : MYNA_EPROVIDER, "%s",
                           ev->fault.message);
    }
}

/* The recogniser with its fallback list, as a call has it. */
static enum myna_err make_stt(struct hear *h, struct myna_why *why)
{
    enum myna_err err = myna_runtime_make_stt(h->rt, &h->stt, why);

    return err || h->stt ? err
                         : myna_fail(why, MYNA_ECONFIG, "stt.provider is none: nobody listens");
}

static bool room_for(struct hear *h, size_t n, size_t *room)
{
    int16_t *more;

    if (h->n + n <= *room)
        return true;
    *room = (h->n + n) * 2;
    more = realloc(h->pcm, *room * sizeof *more);
    if (more)
        h->pcm = more;
    return more != NULL;
}

static enum myna_err read_all(struct hear *h, const char *path, struct myna_why *why)
{
    struct myna_wav_reader *wav = NULL;
    struct myna_resample *rs = NULL;
    int16_t block[BLOCK];
    size_t n = 1, room = 0;
    enum myna_err err = myna_wav_open(path, &wav, why);

    if (err)
        return err;
    rs = myna_resample_create(myna_wav_rate_hz(wav), MYNA_IN_RATE_HZ);
    while (rs && !err && n) {
        err = myna_wav_read(wav, block, BLOCK, &n, why);
        if (!err && !room_for(h, myna_resample_bound(rs, n), &room))
            err = myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
        if (!err)
            h->n += myna_resample_run(rs, block, n, h->pcm + h->n);
    }
    for (n = 1; rs && !err && n;) {
        if (!room_for(h, BLOCK, &room)) {
            err = myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
            break;
        }
        n = myna_resample_finish(rs, h->pcm + h->n, BLOCK);
        h->n += n;
    }
    if (!rs)
        err = myna_fail(why, MYNA_ENOMEM, "no memory to resample %s", path);
    myna_resample_destroy(rs);
    myna_wav_close(wav);
    return err;
}

static size_t frame_at(double ms)
{
    return ms > 0 ? (size_t)(ms / MYNA_FRAME_MS) : 0;
}

/* Frame i of the file, silent past its end. */
static void push(struct hear *h, size_t i)
{
    struct myna_frame f = {.captured = (myna_us)i * MYNA_FRAME_US};
    size_t at = i * MYNA_IN_SAMPLES;

    if (at < h->n)
        memcpy(f.pcm, h->pcm + at,
               (h->n - at < MYNA_IN_SAMPLES ? h->n - at : MYNA_IN_SAMPLES) * sizeof *f.pcm);
    myna_stt_port_push(h->port, &f);
}

static void run_for(struct hear *h, int ms)
{
    myna_runtime_run_until(h->rt, myna_runtime_now(h->rt) + ms * MYNA_MS);
}

/* One stretch: frames [from, to) are new to the recogniser; it speaks from `begin` on. */
static enum myna_err hear_segment(struct hear *h, const struct myna_span *span, size_t *next,
                                  struct myna_heard_segment *into)
{
    size_t begin = frame_at(span->start_ms), end = frame_at(span->end_ms) + 5; /* 100 ms of quiet */

    myna_buf_clear(&h->text);
    h->into = into;
    *into = (struct myna_heard_segment){.start_ms = span->start_ms, .end_ms = span->end_ms};
    for (; *next < begin; ++*next)
        push(h, *next);
    myna_stt_port_mark(h->port, MYNA_STT_MARK_SPEECH, (myna_us)begin * MYNA_FRAME_US);
    for (; *next < end && !h->err; ++*next) {
        push(h, *next);
        run_for(h, MYNA_FRAME_MS);
    }
    myna_stt_port_mark(h->port, MYNA_STT_MARK_END, (myna_us)end * MYNA_FRAME_US);
    run_for(h, SETTLE_MS);
    into->text = myna_buf_take(&h->text);
    return h->err ? h->err : into->text ? MYNA_OK : MYNA_ENOMEM;
}

/* Where the stretches [from, to) that are too long together part: in front of the one after the
 * longest gap. */
static size_t longest_gap(const struct myna_span *s, size_t from, size_t to)
{
    size_t best = from + 1;

    for (size_t i = from + 1; i < to; i++)
        if (s[i].start_ms - s[i - 1].end_ms > s[best].start_ms - s[best - 1].end_ms)
            best = i;
    return best;
}

/* Joins the stretches in place; returns how many are left. */
static size_t join(struct myna_span *s, size_t n)
{
    size_t out = 0, to;

    for (size_t from = 0; from < n; from = to) {
        for (to = from + 1; to < n && s[to].start_ms - s[to - 1].end_ms < GAP_MS;)
            to++;
        while (to > from + 1 && s[to - 1].end_ms - s[from].start_ms > JOINED_MS)
            to = longest_gap(s, from, to);
        s[out++] = (struct myna_span){s[from].start_ms, s[to - 1].end_ms};
    }
    return out;
}

static enum myna_err hear_all(struct hear *h, struct myna_hear_result *out)
{
    struct myna_buf all;
    size_t next = 0;
    enum myna_err err = MYNA_OK;

    h->vad.n_segments = join(h->vad.segments, h->vad.n_segments);
    out->segments = calloc(h->vad.n_segments + 1, sizeof *out->segments);
    if (!out->segments)
        return MYNA_ENOMEM;
    myna_buf_init(&all, TEXT_MAX);
    for (size_t i = 0; i < h->vad.n_segments && !err; i++) {
        struct myna_heard_segment *seg = &out->segments[out->n_segments++];

        err = hear_segment(h, &h->vad.segments[i], &next, seg);
        if (!err && all.len && *seg->text)
            myna_buf_putc(&all, ' ');
        if (!err)
            myna_buf_puts(&all, seg->text);
    }
    out->text = myna_buf_take(&all);
    myna_buf_fini(&all);
    return err ? err : out->text ? MYNA_OK : MYNA_ENOMEM;
}

static enum myna_err run(struct hear *h, const struct myna_config *cfg, const char *path,
                         struct myna_hear_result *out, struct myna_why *why)
{
    struct myna_runtime_options ro = {
        .size = sizeof ro, .config = (struct myna_config *)cfg, .virtual_clock = true};
    struct myna_stt_port_options po = {.id = 1, .event = on_event, .arg = h};
    enum myna_err err = myna_vad_file(cfg, path, &h->vad, why);

    if (!err)
        err = read_all(h, path, why);
    if (!err)
        err = myna_runtime_create(&ro, &h->rt, why);
    if (!err)
        err = make_stt(h, why);
    if (err)
        return err;
    po.stt = h->stt;
    err = myna_stt_port_open(&po, &h->port);
    if (err)
        return myna_fail(why, err, "the recogniser %s did not start: %s", h->stt->cls->name,
                         myna_strerror(err));
    run_for(h, 1); /* loads the model: the virtual clock waits for it */
    err = h->err ? h->err : hear_all(h, out);
    if (h->err && h->why.text[0] && why)
        *why = h->why;
    else if (err)
        return myna_fail(why, err, "no memory for the transcript");
    return err;
}

enum myna_err myna_hear_file(const struct myna_config *cfg, const char *path,
                             struct myna_hear_result *out, struct myna_why *why)
{
    struct myna_hear_result result = {0};
    struct hear *h = calloc(1, sizeof *h);
    enum myna_err err;

    if (!h)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
    myna_buf_init(&h->text, TEXT_MAX);
    err = run(h, cfg, path, &result, why);
    myna_stt_port_close(h->port);
    if (h->stt)
        h->stt->cls->destroy(h->stt);
    myna_runtime_destroy(h->rt);
    myna_vad_result_fini(&h->vad);
    myna_buf_fini(&h->text);
    free(h->pcm);
    free(h);
    if (err)
        myna_hear_result_fini(&result);
    else
        *out = result;
    return err;
}

void myna_hear_result_fini(struct myna_hear_result *r)
{
    for (size_t i = 0; i < r->n_segments; i++) {
        for (size_t k = 0; k < r->segments[i].n_words; k++)
            free((char *)r->segments[i].words[k].text);
        free(r->segments[i].words);
        free(r->segments[i].text);
    }
    free(r->segments);
    free(r->text);
    *r = (struct myna_hear_result){0};
}
