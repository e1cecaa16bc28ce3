/* llm_instant.c - answers every question with the same text, all of it at once, in twenty tokens.
 */
#include "providers/builtin.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS 20

struct conf {
    const char *text;
};

static const struct myna_option options[] = {
    {.name = "text",
     .type = MYNA_OPT_STRING,
     .offset = offsetof(struct conf, text),
     .def = "It is time for a short and friendly answer that everybody understands.",
     .help = "the answer"},
    {0},
};
static const struct myna_section section = {"llm.instant", "one answer at once", options};

struct instant {
    struct myna_llm base;
    struct conf conf;
};

struct stream {
    struct myna_llm_stream base;
    struct instant *owner;
    struct myna_timer timer;
    bool *closed; /* set by close() while fire() runs */
};

static void destroy(struct myna_llm *llm)
{
    free(llm);
}

static enum myna_err create(struct myna_llm **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct instant *in = calloc(1, sizeof *in);
    enum myna_err err;

    if (!in)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the instant agent");
    err = myna_config_read(cfg, &section, &in->conf, why);
    if (err) {
        free(in);
        return err;
    }
    in->base = (struct myna_llm){.cls = &myna_llm_instant, .host = host};
    *out = &in->base;
    return MYNA_OK;
}

static void fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    const char *text = st->owner->conf.text;
    size_t len = strlen(text), at = 0;
    struct myna_llm_event usage = {.type = MYNA_LLM_USAGE, .completion_tokens = TOKENS};
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};
    bool closed = false;

    st->closed = &closed;
    for (size_t i = 1; i <= TOKENS && !closed; i++) {
        size_t to = len * i / TOKENS;
        struct myna_llm_event ev = {.type = MYNA_LLM_TEXT,
                                    .text = {(const uint8_t *)text + at, to - at}};

        if (to > at)
            myna_llm_emit(&st->base, &ev);
        at = to;
    }
    if (!closed)
        myna_llm_emit(&st->base, &usage);
    if (!closed)
        myna_llm_emit(&st->base, &done);
    if (!closed)
        st->closed = NULL;
}

static enum myna_err start(struct myna_llm *llm, const struct myna_llm_request *req,
                           struct myna_llm_stream **out)
{
    struct stream *st = calloc(1, sizeof *st);
    enum myna_err err;

    (void)req;
    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    st->owner = (struct instant *)llm;
    myna_host_timer_init(llm->host, &st->timer, fire, st);
    err = myna_timer_set(&st->timer, myna_host_now(llm->host));
    if (err) {
        free(st);
        return err;
    }
    *out = &st->base;
    return MYNA_OK;
}

static void close_stream(struct myna_llm_stream *base)
{
    struct stream *st = (struct stream *)base;

    if (st->closed)
        *st->closed = true;
    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_llm_class myna_llm_instant = {
    .name = "instant",
    .summary = "one answer for every question, at once (load tests)",
    .options = options,
    .create = create,
    .destroy = destroy,
    .start = start,
    .close = close_stream,
};
