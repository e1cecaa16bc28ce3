/* fallback.c - several recognisers as one (fallback.h).
 *
 * Each child hears through a port of its own, which gates the sound for batch recognisers. What was
 * pushed and marked since the last transcript is kept in a ring made at open, since push() may not
 * allocate, and is played to the next child in the same order.
 */
#include "stt/fallback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stt/stt.h"
#include "util/spare.h"

#define PROBE_FIRST (5 * MYNA_S)
#define TRIES       2 /* of one recogniser, with the first */
#define RETRY       (100 * MYNA_MS)
#define KEPT        1500 /* frames: 30 s */
#define PREROLL     28   /* frames before the VAD says that speech began */
#define MARKS       64

struct fallback;

struct child {
    struct fallback *fb;
    struct myna_stt *stt;
    myna_us not_before; /* it is not tried again beside another */
    bool probing;       /* it is: by one stream at a time */
};

struct fallback {
    struct myna_stt base;
    struct myna_stt_class cls; /* named like the first child */
    myna_us attempt;
    struct myna_spares spares;
    struct child children[MYNA_SPARES_MAX];
};

struct kept_mark {
    uint64_t before; /* number of the frame that follows */
    enum myna_stt_mark mark;
    myna_us at;
};

struct stream {
    struct myna_stt_stream base;
    struct fallback *fb;
    struct myna_stt_open how;
    char language[16];
    struct myna_stt_port *port;
    struct myna_spare_work work;
    bool alive, over;
    bool speaking;
    struct myna_timer patience, later;
    struct myna_stt_port *probe;
    struct child *probed;
    /* what is not transcribed yet: frames [first, end), marks among them */
    uint64_t first, end;
    struct kept_mark marks[MARKS];
    size_t n_marks;
    struct myna_frame frames[KEPT];
};

static struct myna_spare *spare_of(const struct child *c)
{
    return &c->fb->spares.all[c - c->fb->children];
}

/* ---- what is kept */

static void keep_mark(struct stream *st, enum myna_stt_mark mark, myna_us at)
{
    if (st->n_marks == MARKS) { /* the oldest says nothing that the next ones do not */
        memmove(st->marks + 1, st->marks + 2, (MARKS - 2) * sizeof *st->marks);
        st->n_marks--;
    }
    st->marks[st->n_marks++] = (struct kept_mark){st->end, mark, at};
}

/* While nothing waits for its transcript only the pre-roll is needed. */
static void forget_old(struct stream *st)
{
    uint64_t most = st->n_marks ? KEPT : PREROLL;

    if (st->end - st->first > most)
        st->first = st->end - most;
}

/* Everything up to `until` is transcribed. */
static void transcribed(struct stream *st, myna_us until)
{
    bool speech = false;
    size_t drop = 0;
    myna_us at = 0;

    if (until == MYNA_NEVER)
        st->first = st->end;
    while (st->first < st->end && st->frames[st->first % KEPT].captured + MYNA_FRAME_US <= until)
        st->first++;
    for (; drop < st->n_marks && st->marks[drop].before <= st->first; drop++) {
        if (st->marks[drop].mark == MYNA_STT_MARK_SPEECH)
            speech = true;
        else if (st->marks[drop].mark == MYNA_STT_MARK_END)
            speech = false;
        at = st->marks[drop].at;
    }
    /* the quiet behind the last word belongs to it */
    for (size_t i = drop; speech && i < st->n_marks; i++) {
        if (st->marks[i].mark == MYNA_STT_MARK_END) {
            st->first = st->marks[i].before;
            drop = i + 1;
            speech = false;
        } else if (st->marks[i].mark != MYNA_STT_MARK_PAUSE) {
            break;
        }
    }
    if (speech && drop > 0) /* it goes on: what follows must begin with it */
        st->marks[--drop] = (struct kept_mark){st->first, MYNA_STT_MARK_SPEECH, at};
    st->n_marks -= drop;
    memmove(st->marks, st->marks + drop, st->n_marks * sizeof *st->marks);
    forget_old(st);
}

static void play_to(const struct stream *st, struct myna_stt_port *port)
{
    size_t m = 0;

    for (uint64_t i = st->first;; i++) {
        while (m < st->n_marks && st->marks[m].before <= i) {
            myna_stt_port_mark(port, st->marks[m].mark, st->marks[m].at);
            m++;
        }
        if (i == st->end)
            break;
        myna_stt_port_push(port, &st->frames[i % KEPT]);
    }
}

/* ---- beside the one that works */

static void probe_close(struct stream *st)
{
    if (!st->probe)
        return;
    myna_stt_port_close(st->probe);
    st->probe = NULL;
    st->probed->probing = false;
}

static void on_probe(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct stream *st = arg;
    struct child *c = st->probed;
    myna_us now = myna_host_now(st->fb->base.host);

    (void)port;
    if (ev->type == MYNA_STT_FAULT) {
        c->not_before = now + myna_spare_longer(&st->fb->spares, (size_t)(c - st->fb->children));
        probe_close(st);
    } else if ((ev->type == MYNA_STT_FINAL && ev->text[0]) || ev->type == MYNA_STT_USAGE) {
        spare_of(c)->down = false;
        myna_host_log(st->fb->base.host, MYNA_LOG_INFO, "it hears again provider=%s",
                      c->stt->cls->name);
        probe_close(st);
    }
}

/* Speech begins: one that was left may hear it too. */
static void probe_open(struct stream *st)
{
    struct fallback *fb = st->fb;
    myna_us now = myna_host_now(fb->base.host);

    for (size_t i = 0; i < fb->spares.n && !st->probe; i++) {
        struct child *c = &fb->children[i];
        struct myna_stt_port_options opt = {
            .stt = c->stt, .how = st->how, .event = on_probe, .arg = st};

        if (!spare_of(c)->down || i == st->work.active || c->probing || now < c->not_before)
            continue;
        st->probed = c;
        if (myna_stt_port_open(&opt, &st->probe)) {
            c->not_before = now + spare_of(c)->wait;
            st->probe = NULL;
            continue;
        }
        c->probing = true;
        play_to(st, st->probe); /* with the mark that has just been kept */
    }
}

static void down(struct child *c)
{
    if (myna_spare_down(&c->fb->spares, (size_t)(c - c->fb->children)))
        spare_of(c)->wait = PROBE_FIRST;
    c->not_before = myna_host_now(c->fb->base.host) + spare_of(c)->wait;
}

/* ---- the stream */

static void next(struct stream *st);

static void after(struct stream *st, myna_us wait)
{
    if (myna_timer_set(&st->later, myna_host_now(st->fb->base.host) + wait))
        next(st); /* no memory for a timer: from within rather than never */
}

static void leave(struct stream *st, const struct myna_fault *f)
{
    struct fallback *fb = st->fb;
    bool again = myna_spare_failed(&fb->spares, &st->work, f, TRIES);

    myna_timer_clear(&st->patience);
    myna_stt_port_close(st->port);
    st->port = NULL;
    if (!again)
        down(&fb->children[st->work.active]);
    after(st, again ? RETRY : 0);
}

/* The active one has understood something. */
static void works(struct stream *st)
{
    struct myna_spares *spares = &st->fb->spares;
    struct myna_stt_event ev = {.type = MYNA_STT_USING,
                                .start = MYNA_NEVER,
                                .end = MYNA_NEVER,
                                .confidence = -1,
                                .fault = myna_spare_using(spares, &st->work, MYNA_STAGE_STT)};

    st->work.tried = 0;
    st->work.tries = 1;
    spares->all[st->work.active].down = false;
    if (st->alive)
        return;
    st->alive = true;
    if (spares->switched)
        myna_stt_emit(&st->base, &ev);
}

static void on_event(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct stream *st = arg;

    (void)port;
    if (ev->type == MYNA_STT_FAULT) {
        leave(st, &ev->fault);
        return;
    }
    if (ev->type == MYNA_STT_USING)
        return;
    myna_timer_clear(&st->patience);
    works(st);
    if (ev->type == MYNA_STT_FINAL || ev->type == MYNA_STT_USAGE)
        transcribed(st, ev->end);
    myna_stt_emit(&st->base, ev);
}

static void patience_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    char text[80];

    if (!st->port)
        return;
    snprintf(text, sizeof text, "no transcript in %g s", (double)st->fb->attempt / MYNA_S);
    leave(st, &(struct myna_fault){.stage = MYNA_STAGE_STT, .err = MYNA_ETIMEOUT, .message = text});
}

static void all_failed(struct stream *st)
{
    char text[480];
    struct myna_stt_event ev = {
        .type = MYNA_STT_FAULT,
        .start = MYNA_NEVER,
        .end = MYNA_NEVER,
        .confidence = -1,
        .fault = myna_spare_none(&st->fb->spares, &st->work, "recognisers", text)};

    st->over = true;
    probe_close(st);
    myna_stt_emit(&st->base, &ev);
}

static enum myna_err open_child(struct stream *st)
{
    struct myna_stt_port_options opt = {
        .stt = st->fb->children[st->work.active].stt, .how = st->how, .event = on_event, .arg = st};

    st->work.tries++;
    st->alive = false;
    return myna_stt_port_open(&opt, &st->port);
}

/* Only one that is given whole utterances must answer each of them. */
static void be_patient(struct stream *st)
{
    const struct fallback *fb = st->fb;

    if (!(fb->children[st->work.active].stt->cls->caps & MYNA_STT_WANTS_SPEECH))
        return;
    if (myna_timer_set(&st->patience, myna_host_now(fb->base.host) + fb->attempt))
        myna_host_log(fb->base.host, MYNA_LOG_WARN, "no timer for a transcript");
}

/* From the loop: the next one hears all that is kept, or none is left. */
static void next(struct stream *st)
{
    struct fallback *fb = st->fb;
    enum myna_err err;

    if (st->over || st->port)
        return;
    if (!st->work.tries)
        st->work.active = myna_spare_next(&fb->spares, st->work.tried);
    if (st->work.active == fb->spares.n) {
        all_failed(st);
        return;
    }
    err = open_child(st);
    if (err) {
        leave(st, &(struct myna_fault){.stage = MYNA_STAGE_STT,
                                       .err = err,
                                       .message = "the recogniser could not be opened"});
        return;
    }
    if (st->probe && st->probed == &fb->children[st->work.active])
        probe_close(st);
    play_to(st, st->port);
    if (st->n_marks && !st->speaking)
        be_patient(st);
}

static void later_fire(struct myna_timer *t)
{
    next(t->arg);
}

static void stt_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->over)
        return;
    st->frames[st->end++ % KEPT] = *f;
    forget_old(st);
    if (st->port)
        myna_stt_port_push(st->port, f);
    if (st->probe)
        myna_stt_port_push(st->probe, f);
}

/* Between two utterances: a better one than the active works again. */
static void go_back(struct stream *st)
{
    size_t best = myna_spare_next(&st->fb->spares, 0);

    if (!st->port || best >= st->work.active)
        return;
    myna_stt_port_close(st->port);
    st->port = NULL;
    st->work.tries = 0;
    st->work.tried = 0;
    st->n_marks = 0;
    forget_old(st);
    next(st);
}

static void stt_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;
    bool begins = mark == MYNA_STT_MARK_SPEECH && !st->speaking;
    bool answer_due = st->patience.slot != 0;

    if (st->over)
        return;
    if (begins && !answer_due)
        go_back(st);
    if (mark == MYNA_STT_MARK_SPEECH || st->n_marks)
        keep_mark(st, mark, at);
    if (st->port)
        myna_stt_port_mark(st->port, mark, at);
    if (st->probe)
        myna_stt_port_mark(st->probe, mark, at);
    else if (begins)
        probe_open(st);
    if (mark == MYNA_STT_MARK_SPEECH)
        st->speaking = true;
    else if (mark == MYNA_STT_MARK_END)
        st->speaking = false;
    if (st->port && (mark == MYNA_STT_MARK_END || mark == MYNA_STT_MARK_FLUSH))
        be_patient(st);
}

static void stt_close(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->patience);
    myna_timer_clear(&st->later);
    probe_close(st);
    myna_stt_port_close(st->port);
    free(st);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct fallback *fb = (struct fallback *)stt;
    struct stream *st = calloc(1, sizeof *st);
    enum myna_err err;

    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->fb = fb;
    st->how = *how;
    if (how->language) {
        snprintf(st->language, sizeof st->language, "%s", how->language);
        st->how.language = st->language;
    }
    myna_host_timer_init(fb->base.host, &st->patience, patience_fire, st);
    myna_host_timer_init(fb->base.host, &st->later, later_fire, st);
    st->work.active = myna_spare_next(&fb->spares, 0);
    err = open_child(st);
    if (err) /* the next one, from the loop */
        leave(st, &(struct myna_fault){.stage = MYNA_STAGE_STT,
                                       .err = err,
                                       .message = "the recogniser could not be opened"});
    *out = &st->base;
    return MYNA_OK;
}

static void stt_destroy(struct myna_stt *stt)
{
    struct fallback *fb = (struct fallback *)stt;

    if (!fb)
        return;
    for (size_t i = 0; i < fb->spares.n; i++)
        fb->children[i].stt->cls->destroy(fb->children[i].stt);
    free(fb);
}

enum myna_err myna_stt_fallback(struct myna_host *host, struct myna_stt *const *children, size_t n,
                                int attempt_ms, struct myna_stt **out)
{
    struct fallback *fb = calloc(1, sizeof *fb);
    uint32_t any = 0, all = UINT32_MAX;

    if (!fb) {
        for (size_t i = 0; i < n; i++)
            children[i]->cls->destroy(children[i]);
        return MYNA_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        fb->children[i] = (struct child){.fb = fb, .stt = children[i]};
        fb->spares.all[i].name = children[i]->cls->name;
        any |= children[i]->cls->caps;
        all &= children[i]->cls->caps;
    }
    fb->cls =
        (struct myna_stt_class){.name = children[0]->cls->name,
                                .summary = children[0]->cls->summary,
                                /* what may come; only what all of them promise can be relied on */
                                .caps = (any & (MYNA_STT_INTERIM | MYNA_STT_PREFLIGHT)) |
                                        (all & (MYNA_STT_WORD_TIMES | MYNA_STT_DIARIZE |
                                                MYNA_STT_ENDPOINTS | MYNA_STT_WANTS_SPEECH)),
                                .destroy = stt_destroy,
                                .open = stt_open,
                                .push = stt_push,
                                .mark = stt_mark,
                                .close = stt_close};
    fb->base = (struct myna_stt){.cls = &fb->cls, .host = host};
    fb->attempt = attempt_ms * MYNA_MS;
    fb->spares.host = host;
    fb->spares.n = n;
    *out = &fb->base;
    return MYNA_OK;
}
