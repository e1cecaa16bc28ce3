/* fallback.c - several agents as one (fallback.h).
 *
 * Each child is asked through a port of its own. The request is borrowed for start() only, so it is
 * copied: the next child needs it, and so does the question in the background.
 */
#include "llm/fallback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/llm.h"
#include "util/arena.h"
#include "util/spare.h"

#define PROBE_FIRST (5 * MYNA_S)
#define OWN_HISTORY (30 * MYNA_S)      /* then it may be asked again */
#define REQUEST_MAX ((size_t)64 << 20) /* with pictures */

struct fallback;

struct asked { /* a request that outlives its call */
    struct myna_arena *arena;
    struct myna_llm_request req;
};

struct child {
    struct fallback *fb;
    struct myna_llm *llm;
    struct myna_timer probe;
    struct asked asked; /* the question */
    struct myna_llm_port *port;
};

struct fallback {
    struct myna_llm base;
    struct myna_llm_class cls; /* named like the first child */
    myna_us attempt;
    struct myna_spares spares;
    struct child children[MYNA_SPARES_MAX];
};

struct stream {
    struct myna_llm_stream base;
    struct fallback *fb;
    struct asked asked;
    struct myna_llm_port *port;
    struct myna_spare_work work;
    bool alive, output, over; /* alive: the active one has told something */
    struct myna_timer patience, later;
};

/* ---- the request */

static const char *keep(struct asked *a, const char *text, bool *bad)
{
    char *copy = myna_arena_strdup(a->arena, text);

    *bad = *bad || (text && !copy);
    return copy;
}

static void keep_images(struct asked *a, struct myna_item *it, bool *bad)
{
    struct myna_image *images = myna_arena_alloc(a->arena, it->n_images * sizeof *images);

    for (size_t i = 0; images && i < it->n_images; i++) {
        const struct myna_image *from = &it->images[i];
        uint8_t *bytes = from->bytes ? myna_arena_alloc(a->arena, from->len) : NULL;

        images[i] = *from;
        images[i].type = keep(a, from->type, bad);
        images[i].bytes = bytes;
        if (bytes)
            memcpy(bytes, from->bytes, from->len);
        *bad |= from->bytes && !bytes;
    }
    *bad |= !images;
    it->images = images;
}

static void keep_item(struct asked *a, struct myna_item *it, bool *bad)
{
    const char **texts[] = {
        &it->id,           &it->text,        &it->speaker,       &it->call_id,   &it->name,
        &it->arguments,    &it->extra,       &it->output,        &it->old_agent, &it->new_agent,
        &it->instructions, &it->tools_added, &it->tools_removed, &it->identity};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(a, *texts[i], bad);
    if (it->n_images)
        keep_images(a, it, bad);
}

static enum myna_err keep_request(struct asked *a, const struct myna_llm_request *req)
{
    struct myna_item *items;
    struct myna_tool_def *tools;
    bool bad = false;

    a->arena = myna_arena_create(16384, REQUEST_MAX);
    if (!a->arena)
        return MYNA_ENOMEM;
    memcpy(&a->req, req, req->size < sizeof a->req ? req->size : sizeof a->req);
    a->req.size = sizeof a->req;
    items = myna_arena_alloc(a->arena, (req->n_items + 1) * sizeof *items);
    tools = myna_arena_alloc(a->arena, (req->n_tools + 1) * sizeof *tools);
    if (!items || !tools)
        return MYNA_ENOMEM;
    for (size_t i = 0; i < req->n_items; i++) {
        items[i] = req->items[i];
        keep_item(a, &items[i], &bad);
    }
    for (size_t i = 0; i < req->n_tools; i++) {
        tools[i].name = keep(a, req->tools[i].name, &bad);
        tools[i].description = keep(a, req->tools[i].description, &bad);
        tools[i].parameters = keep(a, req->tools[i].parameters, &bad);
    }
    a->req.items = items;
    a->req.tools = tools;
    a->req.instructions = keep(a, a->req.instructions, &bad);
    a->req.extra_instructions = keep(a, a->req.extra_instructions, &bad);
    a->req.session_id = keep(a, a->req.session_id, &bad);
    a->req.caller = keep(a, a->req.caller, &bad);
    a->req.model = keep(a, a->req.model, &bad);
    return bad ? MYNA_ENOMEM : MYNA_OK;
}

static void forget(struct asked *a)
{
    myna_arena_destroy(a->arena);
    *a = (struct asked){0};
}

static struct myna_spare *spare_of(const struct child *c)
{
    return &c->fb->spares.all[c - c->fb->children];
}

/* ---- in the background */

static void wait_for(struct child *c, myna_us wait)
{
    struct myna_host *host = c->fb->base.host;

    /* Only memory can be short: then the next failure of all asks it again. */
    if (myna_timer_set(&c->probe, myna_host_now(host) + wait))
        myna_host_log(host, MYNA_LOG_WARN, "no timer to ask again provider=%s", c->llm->cls->name);
}

static void up(struct child *c)
{
    spare_of(c)->down = false;
    myna_timer_clear(&c->probe);
    myna_llm_port_close(c->port);
    c->port = NULL;
    forget(&c->asked);
}

static void probe_failed(struct child *c)
{
    myna_llm_port_close(c->port);
    c->port = NULL;
    wait_for(c, myna_spare_longer(&c->fb->spares, (size_t)(c - c->fb->children)));
}

static void on_probe(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct child *c = arg;

    (void)port;
    if (ev->type == MYNA_LLM_FAULT) {
        probe_failed(c);
    } else if (ev->type != MYNA_LLM_PROGRESS && ev->type != MYNA_LLM_USING) {
        myna_host_log(c->fb->base.host, MYNA_LOG_INFO, "it answers again provider=%s",
                      c->llm->cls->name);
        up(c);
    }
}

static void probe_fire(struct myna_timer *t)
{
    struct child *c = t->arg;
    struct myna_llm_port_options opt = {
        .llm = c->llm, .request = &c->asked.req, .event = on_probe, .arg = c};

    if (c->port) { /* it was asked and said nothing */
        probe_failed(c);
        return;
    }
    if (!c->asked.arena) {
        up(c);
        return;
    }
    if (myna_llm_port_open(&opt, &c->port))
        probe_failed(c);
    else
        wait_for(c, c->fb->attempt);
}

/* A stream gives its request away where it needs it no more. */
static void down(struct child *c, const struct asked *asked)
{
    bool was_up = myna_spare_down(&c->fb->spares, (size_t)(c - c->fb->children));

    if (!was_up && (c->port || c->probe.slot))
        return; /* it is being asked */
    spare_of(c)->wait = PROBE_FIRST;
    forget(&c->asked);
    if (!(c->llm->caps & MYNA_LLM_OWN_HISTORY) && keep_request(&c->asked, &asked->req))
        forget(&c->asked); /* memory is short: it gets the next chance unasked */
    wait_for(c, c->asked.arena ? PROBE_FIRST : OWN_HISTORY);
}

/* ---- an answer */

static void next(struct stream *st);

static void soon(struct stream *st)
{
    if (myna_timer_set(&st->later, myna_host_now(st->fb->base.host)))
        next(st); /* no memory for a timer: from within rather than never */
}

/* The active child is left. */
static void leave(struct stream *st, const struct myna_fault *f)
{
    struct fallback *fb = st->fb;

    (void)myna_spare_failed(&fb->spares, &st->work, f, 0);
    myna_timer_clear(&st->patience);
    myna_llm_port_close(st->port);
    st->port = NULL;
    down(&fb->children[st->work.active], &st->asked);
}

/* With its first sign of life; why it is not the first one. */
static void tell_using(struct stream *st)
{
    const struct myna_spares *spares = &st->fb->spares;

    st->alive = true;
    if (spares->switched)
        myna_llm_emit(&st->base, &(struct myna_llm_event){
                                     .type = MYNA_LLM_USING,
                                     .fault = myna_spare_using(spares, &st->work, MYNA_STAGE_LLM)});
}

static void on_event(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct stream *st = arg;

    (void)port;
    myna_timer_clear(&st->patience);
    if (ev->type == MYNA_LLM_FAULT && !st->output) {
        leave(st, &ev->fault);
        soon(st);
        return;
    }
    if (!st->alive && ev->type != MYNA_LLM_FAULT)
        tell_using(st);
    if (ev->type == MYNA_LLM_FAULT) {
        st->over = true;
        down(&st->fb->children[st->work.active], &st->asked);
    } else if (ev->type == MYNA_LLM_TEXT || ev->type == MYNA_LLM_TOOL_CALL ||
               ev->type == MYNA_LLM_DONE) {
        st->output = true;
        up(&st->fb->children[st->work.active]);
    }
    myna_llm_emit(&st->base, ev);
}

static void patience_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    char text[80];

    snprintf(text, sizeof text, "no word in %g s", (double)st->fb->attempt / MYNA_S);
    leave(st, &(struct myna_fault){.stage = MYNA_STAGE_LLM, .err = MYNA_ETIMEOUT, .message = text});
    next(st);
}

static void all_failed(struct stream *st)
{
    char text[480];
    struct myna_llm_event ev = {.type = MYNA_LLM_FAULT,
                                .fault =
                                    myna_spare_none(&st->fb->spares, &st->work, "agents", text)};

    st->over = true;
    ev.fault.retryable = false;
    myna_llm_emit(&st->base, &ev);
}

/* From the loop: asks the next child, or tells that none is left. */
static void next(struct stream *st)
{
    struct fallback *fb = st->fb;

    if (st->port || st->over)
        return;
    while ((st->work.active = myna_spare_next(&fb->spares, st->work.tried)) < fb->spares.n) {
        struct myna_llm_port_options opt = {.llm = fb->children[st->work.active].llm,
                                            .request = &st->asked.req,
                                            .event = on_event,
                                            .arg = st};
        enum myna_err err;

        if (st->work.active > 0) /* another vendor's models have other names */
            st->asked.req.model = NULL;
        err = myna_llm_port_open(&opt, &st->port);

        if (!err && myna_timer_set(&st->patience, myna_host_now(fb->base.host) + fb->attempt))
            err = MYNA_ENOMEM;
        st->alive = false;
        if (!err)
            return;
        leave(st, &(struct myna_fault){.stage = MYNA_STAGE_LLM,
                                       .err = err,
                                       .message = "the request could not be started"});
    }
    all_failed(st);
}

static void later_fire(struct myna_timer *t)
{
    next(t->arg);
}

static void llm_close(struct myna_llm_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->patience);
    myna_timer_clear(&st->later);
    myna_llm_port_close(st->port);
    forget(&st->asked);
    free(st);
}

/* The first child is asked at once; who it is, and a failure, is told from the loop. */
static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct fallback *fb = (struct fallback *)llm;
    struct stream *st = calloc(1, sizeof *st);
    enum myna_err err;

    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    st->fb = fb;
    myna_host_timer_init(fb->base.host, &st->patience, patience_fire, st);
    myna_host_timer_init(fb->base.host, &st->later, later_fire, st);
    err = keep_request(&st->asked, req);
    if (!err)
        err = myna_timer_set(&st->later, myna_host_now(fb->base.host));
    if (err) {
        llm_close(&st->base);
        return err;
    }
    *out = &st->base;
    return MYNA_OK;
}

static void llm_warm(struct myna_llm *llm)
{
    struct fallback *fb = (struct fallback *)llm;
    struct myna_llm *first = fb->children[myna_spare_next(&fb->spares, 0)].llm;

    if (first->cls->warm)
        first->cls->warm(first);
}

static void llm_destroy(struct myna_llm *llm)
{
    struct fallback *fb = (struct fallback *)llm;

    if (!fb)
        return;
    for (size_t i = 0; i < fb->spares.n; i++) {
        struct child *c = &fb->children[i];

        myna_timer_clear(&c->probe);
        myna_llm_port_close(c->port);
        forget(&c->asked);
        c->llm->cls->destroy(c->llm);
    }
    free(fb);
}

enum myna_err myna_llm_fallback(struct myna_host *host, struct myna_llm *const *children, size_t n,
                                int attempt_ms, struct myna_llm **out)
{
    struct fallback *fb = calloc(1, sizeof *fb);

    if (!fb) {
        for (size_t i = 0; i < n; i++)
            children[i]->cls->destroy(children[i]);
        return MYNA_ENOMEM;
    }
    fb->cls = (struct myna_llm_class){.name = children[0]->cls->name,
                                      .summary = children[0]->cls->summary,
                                      .destroy = llm_destroy,
                                      .start = llm_start,
                                      .close = llm_close,
                                      .warm = llm_warm};
    fb->base = (struct myna_llm){.cls = &fb->cls, .host = host, .model = children[0]->model};
    fb->attempt = attempt_ms * MYNA_MS;
    fb->spares.host = host;
    fb->spares.n = n;
    for (size_t i = 0; i < n; i++) {
        fb->children[i] = (struct child){.fb = fb, .llm = children[i]};
        fb->spares.all[i].name = children[i]->cls->name;
        fb->base.caps |= children[i]->caps & MYNA_LLM_OWN_HISTORY;
        myna_host_timer_init(host, &fb->children[i].probe, probe_fire, &fb->children[i]);
    }
    *out = &fb->base;
    return MYNA_OK;
}
