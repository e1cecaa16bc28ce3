/* fallback.c - several voices as one (fallback.h). Each child speaks through a port of its own,
 * which cuts sentences for voices that want them and brings their rate to 24 kHz.
 */
#include "tts/fallback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tts/tts.h"
#include "util/buf.h"
#include "util/spare.h"

#define PROBE_FIRST MYNA_S
#define PROBE_TEXT  "Hello there."
#define TRIES       3 /* of one voice, with the first */
#define RETRY       (100 * MYNA_MS)
#define TEXT_MAX    ((size_t)1 << 20)

struct fallback;

struct child {
    struct fallback *fb;
    struct myna_tts *tts;
    struct myna_timer probe, pump; /* pump: of the probe */
    struct myna_tts_port *port;    /* the probe's */
    bool sounded;                  /* the probe */
};

struct fallback {
    struct myna_tts base;
    struct myna_tts_class cls; /* named like the first child */
    myna_us attempt;
    struct myna_spares spares;
    struct child children[MYNA_SPARES_MAX];
};

struct stream {
    struct myna_tts_stream base;
    struct fallback *fb;
    struct myna_tts_open how;
    char language[16], voice[64];
    struct myna_buf text; /* all of it */
    bool ended;
    struct myna_tts_port *port;
    struct myna_spare_work work;
    bool announced; /* the active one has sound */
    bool sounded;   /* a sample was taken */
    bool over;
    enum myna_err refused; /* the active one did not take the text */
    struct myna_timer patience, later;
};

static struct myna_spare *spare_of(const struct child *c)
{
    return &c->fb->spares.all[c - c->fb->children];
}

/* ---- in the background */

static void probe_close(struct child *c)
{
    myna_timer_clear(&c->pump);
    myna_tts_port_close(c->port);
    c->port = NULL;
}

static void wait_for(struct child *c, myna_us wait)
{
    struct myna_host *host = c->fb->base.host;

    /* Only memory can be short: then the next failure of all asks it again. */
    if (myna_timer_set(&c->probe, myna_host_now(host) + wait))
        myna_host_log(host, MYNA_LOG_WARN, "no timer to ask again provider=%s", c->tts->cls->name);
}

static void up(struct child *c)
{
    spare_of(c)->down = false;
    myna_timer_clear(&c->probe);
    probe_close(c);
}

static void probe_failed(struct child *c)
{
    probe_close(c);
    wait_for(c, myna_spare_longer(&c->fb->spares, (size_t)(c - c->fb->children)));
}

static size_t probe_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    (void)port;
    (void)pcm;
    ((struct child *)arg)->sounded = true;
    return n;
}

static void probe_ready(void *arg, struct myna_tts_port *port)
{
    struct child *c = arg;

    (void)port; /* pumped from the loop, not from inside the voice */
    if (myna_timer_set(&c->pump, myna_host_now(c->fb->base.host)))
        probe_failed(c);
}

static void probe_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct child *c = arg;

    (void)port;
    if (ev->type == MYNA_TTS_FAULT || (ev->type == MYNA_TTS_DONE && !c->sounded))
        probe_failed(c);
}

static void probe_pump(struct myna_timer *t)
{
    struct child *c = t->arg;

    if (c->port)
        myna_tts_port_pump(c->port, MYNA_OUT_RATE_HZ / 10);
    if (!c->sounded)
        return;
    myna_host_log(c->fb->base.host, MYNA_LOG_INFO, "it speaks again provider=%s",
                  c->tts->cls->name);
    up(c);
}

static void probe_fire(struct myna_timer *t)
{
    struct child *c = t->arg;
    struct myna_tts_port_options opt = {
        .tts = c->tts, .audio = probe_audio, .ready = probe_ready, .event = probe_event, .arg = c};

    if (c->port) { /* it was asked and made no sound */
        probe_failed(c);
        return;
    }
    c->sounded = false;
    if (myna_tts_port_open(&opt, &c->port) ||
        myna_tts_port_text(c->port, myna_view_of(PROBE_TEXT))) {
        probe_failed(c);
        return;
    }
    myna_tts_port_end(c->port);
    wait_for(c, c->fb->attempt);
}

static void down(struct child *c)
{
    bool was_up = myna_spare_down(&c->fb->spares, (size_t)(c - c->fb->children));

    if (!was_up && (c->port || c->probe.slot))
        return; /* it is being asked */
    spare_of(c)->wait = PROBE_FIRST;
    wait_for(c, PROBE_FIRST);
}

/* ---- a stretch of speech */

static void next(struct stream *st);

static void after(struct stream *st, myna_us wait)
{
    if (myna_timer_set(&st->later, myna_host_now(st->fb->base.host) + wait))
        next(st); /* no memory for a timer: from within rather than never */
}

/* The active child is left, or tried once more. */
static void leave(struct stream *st, const struct myna_fault *f)
{
    struct fallback *fb = st->fb;
    bool again = myna_spare_failed(&fb->spares, &st->work, f, TRIES);

    myna_timer_clear(&st->patience);
    myna_tts_port_close(st->port);
    st->port = NULL;
    st->announced = false;
    st->refused = MYNA_OK;
    if (!again)
        down(&fb->children[st->work.active]);
    after(st, again ? RETRY : 0);
}

static void tell_using(struct stream *st)
{
    const struct myna_spares *spares = &st->fb->spares;

    if (spares->switched)
        myna_tts_emit(&st->base, &(struct myna_tts_event){
                                     .type = MYNA_TTS_USING,
                                     .fault = myna_spare_using(spares, &st->work, MYNA_STAGE_TTS)});
}

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct stream *st = arg;
    size_t taken = myna_tts_audio(&st->base, pcm, n);

    (void)port;
    st->sounded = st->sounded || taken > 0;
    return taken;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    struct stream *st = arg;

    (void)port;
    myna_timer_clear(&st->patience);
    if (!st->announced) {
        st->announced = true;
        up(&st->fb->children[st->work.active]);
        tell_using(st);
    }
    myna_tts_ready(&st->base);
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    static const struct myna_fault mute = {.stage = MYNA_STAGE_TTS,
                                           .err = MYNA_EPROVIDER,
                                           .message = "the voice ended without a sound"};
    struct stream *st = arg;

    if (ev->type == MYNA_TTS_FAULT && !st->sounded) {
        leave(st, &ev->fault);
        return;
    }
    if (ev->type == MYNA_TTS_DONE && !st->sounded && myna_tts_port_first_text(port) != MYNA_NEVER) {
        leave(st, &mute);
        return;
    }
    st->over = ev->type == MYNA_TTS_FAULT || ev->type == MYNA_TTS_DONE;
    if (ev->type == MYNA_TTS_FAULT)
        down(&st->fb->children[st->work.active]);
    if (st->over)
        myna_timer_clear(&st->patience);
    myna_tts_emit(&st->base, ev);
}

static void patience_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    myna_us now = myna_host_now(st->fb->base.host), first;
    char text[80];

    if (!st->port)
        return;
    first = myna_tts_port_first_text(st->port); /* later than now: no whole sentence yet */
    if (first != MYNA_NEVER && first + st->fb->attempt <= now) {
        snprintf(text, sizeof text, "no sound in %g s", (double)st->fb->attempt / MYNA_S);
        leave(st,
              &(struct myna_fault){.stage = MYNA_STAGE_TTS, .err = MYNA_ETIMEOUT, .message = text});
    } else if (myna_timer_set(t, (first == MYNA_NEVER ? now : first) + st->fb->attempt)) {
        myna_host_log(st->fb->base.host, MYNA_LOG_WARN, "no timer for a voice");
    }
}

static void all_failed(struct stream *st)
{
    char text[480];
    struct myna_tts_event ev = {.type = MYNA_TTS_FAULT,
                                .fault =
                                    myna_spare_none(&st->fb->spares, &st->work, "voices", text)};

    st->over = true;
    ev.fault.retryable = ev.fault.recoverable = false;
    myna_tts_emit(&st->base, &ev);
}

static enum myna_err open_child(struct stream *st)
{
    struct fallback *fb = st->fb;
    struct myna_tts_port_options opt = {.tts = fb->children[st->work.active].tts,
                                        .how = st->how,
                                        .audio = on_audio,
                                        .ready = on_ready,
                                        .event = on_event,
                                        .arg = st};
    enum myna_err err;

    /* another vendor's voice has another name */
    if (st->work.active > 0)
        opt.how.voice = NULL;
    st->work.tries++;
    err = myna_tts_port_open(&opt, &st->port);
    if (!err)
        err = myna_timer_set(&st->patience, myna_host_now(fb->base.host) + fb->attempt);
    if (!err && st->text.len)
        err = myna_tts_port_text(st->port, myna_buf_view(&st->text));
    if (!err && st->ended)
        myna_tts_port_end(st->port);
    return err;
}

/* From the loop: the next voice gets all of the text, or none is left. */
static void next(struct stream *st)
{
    struct fallback *fb = st->fb;
    enum myna_err err = st->refused;

    if (st->over || (st->port && !err))
        return;
    if (!err) {
        if (!st->work.tries)
            st->work.active = myna_spare_next(&fb->spares, st->work.tried);
        if (st->work.active == fb->spares.n) {
            all_failed(st);
            return;
        }
        err = open_child(st);
    }
    if (err) /* sets the timer that brings us here again */
        leave(st, &(struct myna_fault){.stage = MYNA_STAGE_TTS,
                                       .err = err,
                                       .message = "the voice did not take the text"});
}

static void later_fire(struct myna_timer *t)
{
    next(t->arg);
}

static void tts_close(struct myna_tts_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->patience);
    myna_timer_clear(&st->later);
    myna_tts_port_close(st->port);
    myna_buf_fini(&st->text);
    free(st);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct fallback *fb = (struct fallback *)tts;
    struct stream *st = calloc(1, sizeof *st);
    enum myna_err err;

    if (!st)
        return MYNA_ENOMEM;
    st->base.tts = tts;
    st->fb = fb;
    snprintf(st->language, sizeof st->language, "%s", how->language ? how->language : "");
    snprintf(st->voice, sizeof st->voice, "%s", how->voice ? how->voice : "");
    st->how.language = st->language[0] ? st->language : NULL;
    st->how.voice = st->voice[0] ? st->voice : NULL;
    myna_buf_init(&st->text, TEXT_MAX);
    myna_host_timer_init(fb->base.host, &st->patience, patience_fire, st);
    myna_host_timer_init(fb->base.host, &st->later, later_fire, st);
    st->work.active = myna_spare_next(&fb->spares, 0);
    err = open_child(st);
    if (err && st->port) {
        tts_close(&st->base);
        return err;
    }
    if (err) { /* the next one, from the loop */
        st->refused = err;
        after(st, 0);
    }
    *out = &st->base;
    return MYNA_OK;
}

static enum myna_err tts_text(struct myna_tts_stream *base, struct myna_view text)
{
    struct stream *st = (struct stream *)base;
    enum myna_err err;

    if (st->ended)
        return MYNA_ESTATE;
    err = myna_buf_put(&st->text, text.ptr, text.len);
    if (err)
        return err;
    if (!st->port || st->over || st->refused)
        return MYNA_OK; /* the next one gets it */
    err = myna_tts_port_text(st->port, text);
    if (err && st->sounded)
        return err;
    if (err) {
        st->refused = err;
        after(st, 0);
    }
    return MYNA_OK;
}

static void tts_end(struct myna_tts_stream *base)
{
    struct stream *st = (struct stream *)base;

    if (st->ended)
        return;
    st->ended = true;
    if (st->port && !st->over && !st->refused)
        myna_tts_port_end(st->port);
}

static void tts_pump(struct myna_tts_stream *base, size_t room)
{
    struct stream *st = (struct stream *)base;

    if (st->port && !st->over)
        myna_tts_port_pump(st->port, room);
}

static void tts_warm(struct myna_tts *tts)
{
    struct fallback *fb = (struct fallback *)tts;
    struct myna_tts *first = fb->children[myna_spare_next(&fb->spares, 0)].tts;

    if (first->cls->warm)
        first->cls->warm(first);
}

static void tts_destroy(struct myna_tts *tts)
{
    struct fallback *fb = (struct fallback *)tts;

    if (!fb)
        return;
    for (size_t i = 0; i < fb->spares.n; i++) {
        struct child *c = &fb->children[i];

        myna_timer_clear(&c->probe);
        probe_close(c);
        c->tts->cls->destroy(c->tts);
    }
    free(fb);
}

enum myna_err myna_tts_fallback(struct myna_host *host, struct myna_tts *const *children, size_t n,
                                int attempt_ms, struct myna_tts **out)
{
    struct fallback *fb = calloc(1, sizeof *fb);

    if (!fb) {
        for (size_t i = 0; i < n; i++)
            children[i]->cls->destroy(children[i]);
        return MYNA_ENOMEM;
    }
    fb->cls = (struct myna_tts_class){.name = children[0]->cls->name,
                                      .summary = children[0]->cls->summary,
                                      .caps = MYNA_TTS_TEXT_STREAM | MYNA_TTS_WORDS,
                                      .rate_hz = MYNA_OUT_RATE_HZ,
                                      .destroy = tts_destroy,
                                      .open = tts_open,
                                      .text = tts_text,
                                      .end = tts_end,
                                      .pump = tts_pump,
                                      .close = tts_close,
                                      .warm = tts_warm};
    fb->base = (struct myna_tts){.cls = &fb->cls, .host = host};
    fb->attempt = attempt_ms * MYNA_MS;
    fb->spares.host = host;
    fb->spares.n = n;
    for (size_t i = 0; i < n; i++) {
        struct child *c = &fb->children[i];

        *c = (struct child){.fb = fb, .tts = children[i]};
        fb->spares.all[i].name = children[i]->cls->name;
        if (!(children[i]->cls->caps & MYNA_TTS_WORDS))
            fb->cls.caps &= ~(uint32_t)MYNA_TTS_WORDS;
        myna_host_timer_init(host, &c->probe, probe_fire, c);
        myna_host_timer_init(host, &c->pump, probe_pump, c);
    }
    *out = &fb->base;
    return MYNA_OK;
}
