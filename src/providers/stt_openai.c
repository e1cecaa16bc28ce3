/* stt_openai.c - recognisers behind OpenAI's /audio/transcriptions: OpenAI's own and any server
 * that has the endpoint. stt_openai.h tells how they hear. */
#include "providers/stt_openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/builtin.h"

#define SLACK_MS   4000 /* room behind `max_utterance` until the timer has cut */
#define SHORTEST   1600 /* samples: OpenAI refuses less than 0.1 s */
#define LOOK       (500 * MYNA_MS)
#define FINALS_MAX 8

#define ROW(type_, name_, field_)                                                                  \
    .name = name_, .type = type_, .offset = offsetof(struct openai_ears_options, field_)

static const char *const streams[] = {"auto", "yes", "no", NULL};

#define REST(ahead_)                                                                               \
    {ROW(MYNA_OPT_STRING, "language", language),                                                   \
     .help = "language of the speech, such as en; unset: the model finds out"},                    \
        {ROW(MYNA_OPT_STRING, "prompt", prompt),                                                   \
         .help = "names and words that may come up, as a short text"},                             \
        {ROW(MYNA_OPT_DOUBLE, "temperature", temperature), .min = 0, .max = 1,                     \
         .help = "unset: the server's own"},                                                       \
        {ROW(MYNA_OPT_CHOICE, "response_format", response_format), .def = "auto",                  \
         .choices = myna_openai_text_formats,                                                      \
         .help = "auto: verbose_json (which tells how sure it is) for whisper models, else json"}, \
        {ROW(MYNA_OPT_CHOICE, "stream", stream), .def = "auto", .choices = streams,                \
         .help = "ask for the transcript as it is found; auto: with json, until refused"},         \
        {ROW(MYNA_OPT_BOOL, "ahead", ahead), .def = ahead_,                                        \
         .help = "send at the first quiet: half a second faster, a request for each breath"},      \
        {ROW(MYNA_OPT_MS, "max_utterance", max_utterance_ms), .def = "60s", .min = 2000,           \
         .max = 300000, .help = "longer utterances are cut at a pause"},                           \
    {                                                                                              \
        0                                                                                          \
    }

static const struct myna_option openai_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS("https://api.openai.com/v1", "OPENAI_API_KEY",
                              "gpt-4o-mini-transcribe", "10s"),
    REST("false")};
static const struct myna_option generic_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS(NULL, NULL, "whisper-1", "20s"), REST("true")};

/* ---- the stream */

static void deliver_fire(struct myna_timer *t)
{
    struct openai_hearing *st = t->arg;

    myna_openai_hearing_deliver(st);
    if (!st->over && st->late.text[0])
        myna_openai_hearing_fault(st, &st->late);
}

static void soon(struct openai_hearing *st)
{
    /* Memory alone can be short here, and then everything is: the next mark tries again. */
    if (myna_timer_set(&st->deliver, myna_host_now(st->o->base.host)))
        myna_host_log(st->o->base.host, MYNA_LOG_ERROR, "no timer for a transcript provider=%s",
                      st->base.stt->cls->name);
}

static void forget_guess(struct openai_hearing *st)
{
    myna_openai_upload_free(st->guess);
    st->guess = NULL;
}

/* Everything up to n is transcribed and told. */
static void finish_utterance(struct openai_hearing *st, size_t n)
{
    struct openai_upload *j = NULL;

    if (st->guess && st->guess->n == n) {
        j = st->guess;
        st->guess = NULL;
    } else if (n >= SHORTEST && st->n_finals < FINALS_MAX) {
        j = myna_openai_upload_start(st, n);
    } else if (n >= SHORTEST) {
        myna_host_log(st->o->base.host, MYNA_LOG_WARN,
                      "the server is too slow, an utterance was dropped provider=%s",
                      st->base.stt->cls->name);
    }
    forget_guess(st);
    st->paused = false;
    if (j) {
        j->final = true;
        j->next = NULL;
        *st->last = j;
        st->last = &j->next;
        st->n_finals++;
    }
    if ((j && j->finished) || st->late.text[0])
        soon(st);
}

static void look_fire(struct myna_timer *t)
{
    struct openai_hearing *st = t->arg;
    myna_us now = myna_host_now(st->o->base.host);

    if (st->over || !st->speaking)
        return;
    if (st->u.n >= myna_utterance_samples(st->o->opt.max_utterance_ms)) {
        size_t at = myna_utterance_cut(&st->u);
        bool paused = st->paused;

        finish_utterance(st, at);
        myna_utterance_drop(&st->u, at);
        st->paused = paused;
        st->pause_n = st->pause_n > at ? st->pause_n - at : 0;
    }
    if (myna_timer_set(t, now + LOOK))
        myna_host_log(st->o->base.host, MYNA_LOG_WARN, "no timer for long utterances provider=%s",
                      st->base.stt->cls->name);
}

static void begin_speech(struct openai_hearing *st)
{
    struct openai_ears *o = st->o;

    if (st->speaking)
        return;
    if (myna_utterance_begin(&st->u, myna_utterance_samples(o->opt.max_utterance_ms + SLACK_MS)) ||
        myna_timer_set(&st->look, myna_host_now(o->base.host) + LOOK)) {
        myna_host_log(o->base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance is not heard provider=%s",
                      st->base.stt->cls->name);
        return;
    }
    st->speaking = true;
    st->paused = false;
    myna_openai_audio_warm(&o->api); /* while the person speaks */
}

static void stt_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct openai_hearing *st = (struct openai_hearing *)base;

    if (st->speaking && !st->over)
        myna_utterance_push(&st->u, f);
}

static void stt_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct openai_hearing *st = (struct openai_hearing *)base;

    (void)at; /* the frames have their own times */
    if (st->over || (!st->speaking && mark != MYNA_STT_MARK_SPEECH))
        return;
    switch (mark) {
    case MYNA_STT_MARK_SPEECH:
        begin_speech(st);
        break;
    case MYNA_STT_MARK_PAUSE:
        if (st->paused)
            break;
        st->paused = true;
        st->pause_n = st->u.n;
        if (st->o->opt.ahead && st->pause_n >= SHORTEST && st->n_finals < FINALS_MAX)
            st->guess = myna_openai_upload_start(st, st->pause_n);
        st->late = (struct myna_openai_trouble){0}; /* the end asks once more */
        break;
    case MYNA_STT_MARK_RESUMED:
        st->paused = false;
        forget_guess(st);
        break;
    case MYNA_STT_MARK_END:
        finish_utterance(st, st->paused ? st->pause_n : st->u.n);
        st->speaking = false;
        myna_utterance_fini(&st->u);
        myna_timer_clear(&st->look);
        break;
    case MYNA_STT_MARK_FLUSH:
        finish_utterance(st, st->paused ? st->pause_n : st->u.n);
        myna_utterance_drop(&st->u, st->u.n);
        break;
    }
}

/* "de-CH" to "de": the endpoint knows ISO 639-1. */
static void take_language(struct openai_hearing *st, const char *language)
{
    snprintf(st->language, sizeof st->language, "%.*s", (int)strcspn(language, "-_"), language);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct openai_ears *o = (struct openai_ears *)stt;
    struct openai_hearing *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->o = o;
    st->last = &st->finals;
    st->u.start = MYNA_NEVER;
    take_language(st, how->language ? how->language : o->opt.language ? o->opt.language : "");
    myna_host_timer_init(o->base.host, &st->look, look_fire, st);
    myna_host_timer_init(o->base.host, &st->deliver, deliver_fire, st);
    *out = &st->base;
    return MYNA_OK;
}

static void stt_close(struct myna_stt_stream *base)
{
    struct openai_hearing *st = (struct openai_hearing *)base;

    myna_timer_clear(&st->look);
    myna_timer_clear(&st->deliver);
    while (st->finals) {
        struct openai_upload *j = st->finals;

        st->finals = j->next;
        myna_openai_upload_free(j);
    }
    forget_guess(st);
    myna_utterance_fini(&st->u);
    free(st);
}

/* ---- the classes */

static void stt_destroy(struct myna_stt *stt)
{
    struct openai_ears *o = (struct openai_ears *)stt;

    if (!o)
        return;
    myna_openai_audio_fini(&o->api);
    free(o);
}

static enum myna_err create(const struct myna_stt_class *cls, struct myna_stt **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct openai_ears *o = calloc(1, sizeof *o);
    char path[48], key[64];
    struct myna_section section = {path, cls->summary, cls->options};
    enum myna_err err;

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    o->base = (struct myna_stt){.cls = cls, .host = host};
    snprintf(path, sizeof path, "stt.%s", cls->name);
    snprintf(key, sizeof key, "%s.temperature", path);
    err = myna_config_read(cfg, &section, &o->opt, why);
    o->has_temperature = myna_config_get(cfg, key) != NULL;
    if (!err)
        err = myna_openai_audio_init(&o->api, host, path, "/audio/transcriptions",
                                     cls == &myna_stt_openai, &o->opt.at, cfg, why);
    if (err)
        stt_destroy(&o->base);
    else
        *out = &o->base;
    return err;
}

#define CLASS(id, summary_, options_)                                                              \
    static enum myna_err create_##id(struct myna_stt **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_stt_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_stt_class myna_stt_##id = {                                                  \
        .name = #id,                                                                               \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,                                          \
        .create = create_##id,                                                                     \
        .destroy = stt_destroy,                                                                    \
        .open = stt_open,                                                                          \
        .push = stt_push,                                                                          \
        .mark = stt_mark,                                                                          \
        .close = stt_close,                                                                        \
    }

CLASS(openai, "OpenAI's recognisers", openai_options);
CLASS(openai_compatible, "any server with OpenAI's /audio/transcriptions", generic_options);
