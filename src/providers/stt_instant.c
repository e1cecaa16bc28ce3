/* stt_instant.c - hears the same words in every utterance, at once: load tests of everything else.
 */
#include "providers/builtin.h"

#include <stdlib.h>

struct conf {
    const char *text;
};

static const struct myna_option options[] = {
    {.name = "text",
     .type = MYNA_OPT_STRING,
     .offset = offsetof(struct conf, text),
     .def = "What time is it?",
     .help = "what every utterance is taken for"},
    {0},
};
static const struct myna_section section = {"stt.instant", "the same words at once", options};

struct instant {
    struct myna_stt base;
    struct conf conf;
};

struct stream {
    struct myna_stt_stream base;
    struct instant *owner;
    struct myna_timer timer;
    myna_us start, end;
};

static void destroy(struct myna_stt *stt)
{
    free(stt);
}

static enum myna_err create(struct myna_stt **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct instant *in = calloc(1, sizeof *in);
    enum myna_err err;

    if (!in)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the instant recogniser");
    err = myna_config_read(cfg, &section, &in->conf, why);
    if (err) {
        free(in);
        return err;
    }
    in->base = (struct myna_stt){.cls = &myna_stt_instant, .host = host};
    *out = &in->base;
    return MYNA_OK;
}

static void fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    struct myna_stt_event ev = {.type = MYNA_STT_FINAL,
                                .text = st->owner->conf.text,
                                .confidence = 1,
                                .start = st->start,
                                .end = st->end};

    myna_stt_emit(&st->base, &ev);
}

static enum myna_err open_stream(struct myna_stt *stt, const struct myna_stt_open *how,
                                 struct myna_stt_stream **out)
{
    struct stream *st = calloc(1, sizeof *st);

    (void)how;
    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->owner = (struct instant *)stt;
    myna_host_timer_init(stt->host, &st->timer, fire, st);
    *out = &st->base;
    return MYNA_OK;
}

static void push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    (void)base;
    (void)f;
}

static void mark(struct myna_stt_stream *base, enum myna_stt_mark what, myna_us at)
{
    struct stream *st = (struct stream *)base;

    switch (what) {
    case MYNA_STT_MARK_SPEECH:
        st->start = at;
        break;
    case MYNA_STT_MARK_END:
    case MYNA_STT_MARK_FLUSH:
        st->end = at;
        if (myna_timer_set(&st->timer, myna_host_now(base->stt->host)))
            myna_host_log(base->stt->host, MYNA_LOG_ERROR, "no memory for a timer stage=stt");
        break;
    case MYNA_STT_MARK_PAUSE:
    case MYNA_STT_MARK_RESUMED:
        break;
    }
}

static void close_stream(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_stt_class myna_stt_instant = {
    .name = "instant",
    .summary = "the same words for every utterance, at once (load tests)",
    .options = options,
    .create = create,
    .destroy = destroy,
    .open = open_stream,
    .push = push,
    .mark = mark,
    .close = close_stream,
};
