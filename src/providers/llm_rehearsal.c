/* llm_rehearsal.c - the built-in agent: rules in place of a model, streamed like one.
 *
 * Answers word by word on timers, so that the session is exercised as by a real model: first token
 * late, tokens over time, cancelled in the middle. Each firing sets the next timer first and emits
 * one event last, so that a session may close the stream from inside the event.
 */
#include <stdlib.h>
#include <string.h>

#include <myna/provider.h>

#include "providers/builtin.h"
#include "providers/rehearsal_rules.h"
#include "util/buf.h"

enum { ANSWER_MAX = 1 << 16 };

struct options {
    int first_token_ms, token_ms;
};

struct rehearsal {
    struct myna_llm base;
    struct options opt;
};

enum step { TOKENS, USAGE, DONE, OVER };

struct stream {
    struct myna_llm_stream base;
    struct myna_timer timer;
    enum step step;
    char *answer;
    size_t len, at;
    myna_us due;
    int prompt_tokens, tokens;
};

static const struct myna_option options[] = {
    {.name = "first_token",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, first_token_ms),
     .def = "30",
     .max = 60000,
     .help = "time until the first word of an answer"},
    {.name = "token",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, token_ms),
     .def = "15",
     .max = 60000,
     .help = "time between the words of an answer"},
    {0},
};

static const struct myna_section section = {"llm.rehearsal", "the rehearsal agent", options};

static enum myna_err rehearsal_create(struct myna_llm **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    struct rehearsal *r = calloc(1, sizeof *r);
    enum myna_err err;

    if (!r)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the rehearsal agent");
    err = myna_config_read(cfg, &section, &r->opt, why);
    if (err) {
        free(r);
        return err;
    }
    r->base = (struct myna_llm){.cls = &myna_llm_rehearsal, .host = host};
    *out = &r->base;
    return MYNA_OK;
}

static void rehearsal_destroy(struct myna_llm *llm)
{
    free(llm);
}

static int count_words(const char *text)
{
    int n = 0;

    for (bool in = false; text && *text; text++) {
        bool blank = *text == ' ' || *text == '\n';
        n += in && blank;
        in = !blank;
    }
    return n + 1;
}

/* A word with the white space before it, as models cut. */
static size_t token_len(const struct stream *st)
{
    size_t i = st->at;

    while (i < st->len && (st->answer[i] == ' ' || st->answer[i] == '\n'))
        i++;
    while (i < st->len && st->answer[i] != ' ' && st->answer[i] != '\n')
        i++;
    return i - st->at;
}

static void fire(struct myna_timer *timer)
{
    struct stream *st = timer->arg;
    const struct rehearsal *r = (const struct rehearsal *)st->base.llm;
    struct myna_llm_event ev = {0};
    enum step step = st->step;

    if (step == TOKENS) {
        ev.type = MYNA_LLM_TEXT;
        ev.text = (struct myna_view){(const uint8_t *)st->answer + st->at, token_len(st)};
        st->at += ev.text.len;
        st->tokens++;
        if (st->at < st->len)
            st->due += r->opt.token_ms * MYNA_MS;
        else
            st->step = USAGE;
    } else if (step == USAGE) {
        ev.type = MYNA_LLM_USAGE;
        ev.prompt_tokens = st->prompt_tokens;
        ev.completion_tokens = st->tokens;
        ev.total_tokens = st->prompt_tokens + st->tokens;
        st->step = DONE;
    } else {
        ev.type = MYNA_LLM_DONE;
        st->step = OVER;
    }
    if (st->step != OVER && myna_timer_set(timer, st->due)) {
        st->step = OVER;
        ev = (struct myna_llm_event){.type = MYNA_LLM_FAULT,
                                     .fault = {.stage = MYNA_STAGE_LLM,
                                               .err = MYNA_ENOMEM,
                                               .provider = "rehearsal",
                                               .message = "no memory to go on with the answer",
                                               .retryable = true,
                                               .recoverable = true}};
    }
    myna_llm_emit(&st->base, &ev); /* last: the session may close the stream here */
}

static void rehearsal_close(struct myna_llm_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->timer);
    free(st->answer);
    free(st);
}

static enum myna_err rehearsal_start(struct myna_llm *llm, const struct myna_llm_request *req,
                                     struct myna_llm_stream **out)
{
    const struct rehearsal *r = (const struct rehearsal *)llm;
    struct stream *st = calloc(1, sizeof *st);
    struct myna_buf answer;
    enum myna_err err;

    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    myna_host_timer_init(llm->host, &st->timer, fire, st);
    myna_buf_init(&answer, ANSWER_MAX);
    err = myna_rehearsal_answer(req, myna_host_wall_ms(llm->host), &answer);
    if (err)
        goto fail;
    st->len = answer.len;
    st->answer = myna_buf_take(&answer);
    err = st->answer ? MYNA_OK : MYNA_ENOMEM;
    if (err)
        goto fail;
    st->prompt_tokens = count_words(req->instructions);
    for (size_t i = 0; i < req->n_items; i++)
        st->prompt_tokens += count_words(req->items[i].text);
    st->due = myna_host_now(llm->host) + r->opt.first_token_ms * MYNA_MS;
    err = myna_timer_set(&st->timer, st->due);
    if (err)
        goto fail;
    *out = &st->base;
    return MYNA_OK;
fail:
    myna_buf_fini(&answer);
    rehearsal_close(&st->base);
    return err;
}

const struct myna_llm_class myna_llm_rehearsal = {
    .name = "rehearsal",
    .summary = "answers by a few rules and says so; needs nothing",
    .options = options,
    .create = rehearsal_create,
    .destroy = rehearsal_destroy,
    .start = rehearsal_start,
    .close = rehearsal_close,
};
