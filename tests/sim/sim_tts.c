/* sim_tts.c - the scripted voice, fed by sentences or as the text comes, and the spare one of the
 * scenarios. */
#include "internal.h"

enum { TTS_RATE_HZ = 24000 };

struct tts {
    struct myna_tts base;
    struct sim *s;
    bool spare; /* its rows begin with "spare:" */
};
struct tts_stream {
    struct myna_tts_stream base;
    struct sim *s;
    struct myna_timer timer;
    struct sim_voice row;
    char text[2000];
    size_t total, given; /* samples */
    bool speaking, told, early, ended;
};

static enum myna_err tts_make(struct myna_tts **out, struct myna_host *host,
                              const struct myna_tts_class *cls)
{
    struct tts *v = calloc(1, sizeof *v);

    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_tts){cls, host};
    v->s = sim_making;
    v->spare = cls == &sim_tts_spare_class;
    *out = &v->base;
    return MYNA_OK;
}

SIM_CREATE(tts_create, struct myna_tts, tts_make, sim_tts_class)
SIM_CREATE(tts_stream_create, struct myna_tts, tts_make, sim_tts_stream_class)
SIM_CREATE(tts_spare_create, struct myna_tts, tts_make, sim_tts_spare_class)

static void tts_destroy(struct myna_tts *tts)
{
    free(tts);
}

/* Same words? Blanks do not count: they are what sentence cutting may change. */
static bool same_words(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == ' ' || *a == '\n')
            a++;
        while (*b == ' ' || *b == '\n')
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

static struct sim_voice *tts_find(struct sim *s, const char *text)
{
    for (size_t i = 0; i < s->n_voices; i++)
        if (same_words(s->voices[i].text, text))
            return &s->voices[i];
    printf("# no length is scripted for \"%s\"\n", text);
    return NULL;
}

static void tts_step(struct myna_timer *timer)
{
    struct tts_stream *st = timer->arg;
    struct myna_tts_event end = {
        .type = MYNA_TTS_DONE,
        .fault = {.stage = MYNA_STAGE_TTS,
                  .err = MYNA_EPROVIDER,
                  .provider = "sim",
                  .message = "the scripted voice broke",
                  .retryable = st->row.retryable},
    };

    if (st->row.loading_ms > 0) {
        int wait = st->row.loading_ms < 4000 ? st->row.loading_ms : 4000;

        st->row.loading_ms -= wait;
        sim_at(timer, myna_host_now(st->base.tts->host) + wait * MYNA_MS);
        myna_tts_emit(&st->base, &(struct myna_tts_event){.type = MYNA_TTS_LOADING});
        return;
    }
    if (st->row.failure == SIM_SILENT)
        return;
    if (!st->speaking && st->row.failure != SIM_FAULT) {
        st->speaking = true;
        st->total = (size_t)st->row.audio_ms * TTS_RATE_HZ / 1000;
        if (st->row.failure == SIM_BREAKS)
            st->total /= 2;
        if (st->total) {
            if (st->row.failure == SIM_FADES) {
                st->given = st->total;
                sim_at(timer, myna_host_now(st->base.tts->host) + 100 * MYNA_MS);
            }
            myna_tts_ready(&st->base);
            return;
        }
    }
    if (st->row.failure != SIM_WELL)
        end.type = MYNA_TTS_FAULT;
    st->told = true;
    myna_tts_emit(&st->base, &end);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct tts_stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    st->base.tts = tts;
    st->s = ((struct tts *)tts)->s;
    st->s->tts_requests++;
    snprintf(st->s->voice, sizeof st->s->voice, "%s", how->voice ? how->voice : "");
    if (((struct tts *)tts)->spare)
        strcpy(st->text, "spare:");
    myna_host_timer_init(tts->host, &st->timer, tts_step, st);
    *out = &st->base;
    return MYNA_OK;
}

static void tts_begin(struct tts_stream *st, struct sim_voice *row)
{
    st->row = row ? *row : (struct sim_voice){.audio_ms = 1000, .ttfb_ms = 200};
    if (row && row->failure != SIM_WELL && row->times && --row->times == 0)
        row->failure = SIM_WELL;
    if (st->row.failure != SIM_SILENT || st->row.loading_ms)
        sim_at(&st->timer, myna_host_now(st->base.tts->host) + st->row.ttfb_ms * MYNA_MS);
}

static void tts_over(struct tts_stream *st)
{
    st->told = true;
    sim_at(&st->timer, myna_host_now(st->base.tts->host)); /* DONE or the fault in the middle */
}

static enum myna_err tts_text(struct myna_tts_stream *stream, struct myna_view text)
{
    struct tts_stream *st = (struct tts_stream *)stream;
    size_t len = strlen(st->text);

    snprintf(st->text + len, sizeof st->text - len, "%.*s", (int)text.len, (const char *)text.ptr);
    for (size_t i = 0; i < st->s->n_voices && !st->early; i++)
        if (st->s->voices[i].early && same_words(st->s->voices[i].text, st->text)) {
            st->early = true;
            tts_begin(st, &st->s->voices[i]);
        }
    return MYNA_OK;
}

static void tts_end(struct myna_tts_stream *stream)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    st->ended = true;
    if (!st->early)
        tts_begin(st, tts_find(st->s, st->text));
    else if (st->speaking && st->given == st->total && !st->told)
        tts_over(st);
}

static void tts_pump(struct myna_tts_stream *stream, size_t room)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    while (st->speaking && room && st->given < st->total) {
        int16_t pcm[MYNA_OUT_SAMPLES];
        size_t n = MYNA_OUT_SAMPLES, took;

        n = n < room ? n : room;
        n = n < st->total - st->given ? n : st->total - st->given;
        for (size_t i = 0; i < n; i++) /* square wave of 400 Hz, -12 dBFS */
            pcm[i] = (st->given + i) / 30 % 2 ? 8192 : -8192;
        took = myna_tts_audio(stream, pcm, n);
        st->given += took;
        room -= took;
        if (took < n)
            break;
    }
    if (st->speaking && st->given == st->total && !st->told && (st->ended || !st->early))
        tts_over(st);
}

static void tts_close(struct myna_tts_stream *stream)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    myna_timer_clear(&st->timer);
    free(st);
}

/* What all three do alike. */
#define TTS_METHODS                                                                                \
    .destroy = tts_destroy, .open = tts_open, .text = tts_text, .end = tts_end, .pump = tts_pump,  \
    .close = tts_close

const struct myna_tts_class sim_tts_class = {
    .name = "sim",
    .summary = "scripted, fed sentence by sentence",
    .rate_hz = TTS_RATE_HZ,
    .create = tts_create,
    TTS_METHODS,
};

const struct myna_tts_class sim_tts_spare_class = {
    .name = "spare",
    .summary = "scripted, fed sentence by sentence",
    .rate_hz = TTS_RATE_HZ,
    .create = tts_spare_create,
    TTS_METHODS,
};

const struct myna_tts_class sim_tts_stream_class = {
    .name = "sim-stream",
    .summary = "scripted, fed as the text comes",
    .caps = MYNA_TTS_TEXT_STREAM,
    .rate_hz = TTS_RATE_HZ,
    .create = tts_stream_create,
    TTS_METHODS,
};
