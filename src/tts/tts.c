/* tts.c - one segment of speech between session and voice.
 *
 * Text goes down: in increments to voices that take them, else cut into sentences, the first one
 * at a clause so that a long answer starts early. Sound comes up, in blocks: a block is brought to
 * 24 kHz, held, told to the tap in slices of at most one frame, and offered. What playout has no
 * room for stays held and is offered first at the next pump; no new block is taken meanwhile.
 *
 * DONE waits until the resampler and the held rest are empty, so that for the session it always
 * means "you have all of it". The tap hears of each event when the session does: a replay, whose
 * voice speaks 24 kHz at once, then meets the same order.
 */
#include "tts/tts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"
#include "tts/sentences.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/pack.h"

#define PACKED_MAX         ((size_t)1 << 20)
#define SLICE              MYNA_OUT_SAMPLES
#define FIRST_CLAUSE_CHARS 20

struct myna_tts_port {
    struct myna_grave grave; /* first: see bury() */
    struct myna_tts_port_options opt;
    struct myna_tts_stream *stream;
    struct myna_sentences *sentences; /* NULL: the voice takes increments */
    struct myna_resample *resample;   /* NULL: the voice speaks 24 kHz */
    struct myna_buf packed;           /* an event for the tap */
    struct myna_timer later;          /* tells what was found out inside a call of the session */
    enum myna_err text_err;           /* first failure of text() within one call */
    bool fault_later;                 /* text_err came from end(), which returns nothing */
    bool any;                         /* the resampler got sound */
    bool done;                        /* the voice has said DONE */
    bool drained;                     /* …and the resampler is empty */
    bool told;                        /* the session knows of DONE */
    int busy;                         /* depth of calls that may close us */
    myna_us first_text;               /* handed to the voice; MYNA_NEVER */
    size_t room;                      /* at 24 kHz, of the pump that runs; else 0 */
    size_t block;                     /* samples of the voice's rate taken at once */
    int16_t *held;                    /* at 24 kHz */
    size_t held_at, held_n, held_max;
    size_t tapped; /* of the held ones, at the front, that the tap knows already */
};

static bool closed(const struct myna_tts_port *port)
{
    return !port->stream->sink;
}

/* ---- events */

static void tap_event(struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct myna_view v = {NULL, 0};

    if (!port->opt.tap)
        return;
    myna_buf_clear(&port->packed);
    /* Past a ceiling the record stays empty and the replay will say so. */
    if (myna_tts_event_pack(&port->packed, ev) == MYNA_OK)
        v = myna_buf_view(&port->packed);
    myna_tap_put(port->opt.tap, MYNA_IN_TTS, port->opt.id, &v, 1);
}

static void tell(struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    tap_event(port, ev);
    port->busy++;
    port->opt.event(port->opt.arg, port, ev);
    port->busy--;
}

static bool all_taken(const struct myna_tts_port *port)
{
    return port->done && port->drained && port->held_n == 0;
}

static void tell_done(struct myna_tts_port *port)
{
    if (port->told)
        return;
    port->told = true;
    tell(port, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
}

static void tell_ready(struct myna_tts_port *port)
{
    myna_tap_put(port->opt.tap, MYNA_IN_TTS_READY, port->opt.id, NULL, 0);
    port->busy++;
    port->opt.ready(port->opt.arg, port);
    port->busy--;
}

/* The loop's turn after the call in which it was found out. */
static void tell_later(struct myna_timer *t)
{
    struct myna_tts_port *port = t->arg;

    if (port->fault_later) {
        struct myna_tts_event ev = {
            .type = MYNA_TTS_FAULT,
            .fault = {.stage = MYNA_STAGE_TTS,
                      .err = port->text_err,
                      .provider = port->opt.tts->cls->name,
                      .message = "the voice did not take the last sentence",
                      .retryable = true,
                      .recoverable = true},
        };

        port->fault_later = false;
        tell(port, &ev);
    } else if (all_taken(port)) {
        tell_done(port);
    }
}

static void call_later(struct myna_tts_port *port)
{
    struct myna_host *host = port->opt.tts->host;

    /* A timer that cannot be set: said from within the call rather than never. */
    if (myna_timer_set(&port->later, myna_host_now(host)))
        tell_later(&port->later);
}

void myna_tts_emit(struct myna_tts_stream *st, const struct myna_tts_event *ev)
{
    struct myna_tts_port *port = st->sink;

    if (!port || port->done) /* closed, or said DONE before */
        return;
    if (ev->type != MYNA_TTS_DONE) {
        tell(port, ev);
        return;
    }
    port->done = true;
    port->drained = !port->any;
    if (all_taken(port))
        tell_done(port);
    else
        tell_ready(port);
}

void myna_tts_ready(struct myna_tts_stream *st)
{
    struct myna_tts_port *port = st->sink;

    if (port)
        tell_ready(port);
}

/* ---- text */

/* One piece as the voice gets it. */
static void say(void *arg, struct myna_view text)
{
    struct myna_tts_port *port = arg;
    enum myna_err err;

    if (port->text_err || text.len == 0)
        return;
    myna_tap_put(port->opt.tap, MYNA_OUT_TTS_TEXT, port->opt.id, &text, 1);
    if (port->first_text == MYNA_NEVER)
        port->first_text = myna_host_now(port->opt.tts->host);
    err = port->opt.tts->cls->text(port->stream, text);
    if (!err)
        return;
    port->text_err = err;
    myna_tap_fail(port->opt.tap, MYNA_STAGE_TTS, port->opt.id, err);
}

enum myna_err myna_tts_port_text(struct myna_tts_port *port, struct myna_view text)
{
    enum myna_err err = MYNA_OK;

    port->text_err = MYNA_OK;
    if (port->sentences)
        err = myna_sentences_push(port->sentences, text);
    else
        say(port, text);
    return port->text_err ? port->text_err : err;
}

void myna_tts_port_end(struct myna_tts_port *port)
{
    port->text_err = MYNA_OK;
    if (port->sentences)
        myna_sentences_flush(port->sentences);
    if (port->text_err) {
        port->fault_later = true;
        call_later(port);
        return;
    }
    myna_tap_put(port->opt.tap, MYNA_OUT_TTS_END, port->opt.id, NULL, 0);
    port->opt.tts->cls->end(port->stream);
}

size_t myna_tts_port_end_short(struct myna_tts_port *port)
{
    size_t held = port->sentences ? myna_sentences_reset(port->sentences) : 0;

    myna_tts_port_end(port);
    return held;
}

/* ---- sound */

/* Offers what is held until it is gone or there is no room. A slice is told to the tap before it
 * is offered: what the session does with it comes after it in the record. */
static void offer(struct myna_tts_port *port)
{
    while (port->held_n > 0 && port->room > 0 && !closed(port)) {
        int16_t *pcm = port->held + port->held_at;
        size_t n, taken;

        if (port->tapped == 0) {
            n = port->held_n < port->room ? port->held_n : port->room;
            port->tapped = n < SLICE ? n : SLICE;
            myna_tap_put(port->opt.tap, MYNA_IN_TTS_AUDIO, port->opt.id,
                         &(struct myna_view){(uint8_t *)pcm, port->tapped * sizeof *pcm}, 1);
        }
        n = port->tapped < port->room ? port->tapped : port->room;
        taken = port->opt.audio(port->opt.arg, port, pcm, n);
        if (taken > n)
            taken = n;
        port->held_at += taken;
        port->held_n -= taken;
        port->tapped -= taken;
        port->room = taken < n ? 0 : port->room - taken;
    }
}

/* The last samples of the resampler, once the voice has no more. */
static void drain(struct myna_tts_port *port)
{
    while (port->done && !port->drained && port->held_n == 0 && port->room > 0 && !closed(port)) {
        port->held_at = 0;
        port->held_n = myna_resample_finish(port->resample, port->held, port->held_max);
        port->drained = port->held_n == 0;
        offer(port);
    }
}

size_t myna_tts_audio(struct myna_tts_stream *st, const int16_t *pcm, size_t n)
{
    struct myna_tts_port *port = st->sink;
    size_t taken = 0;

    if (!port || port->done)
        return 0;
    offer(port);
    while (taken < n && port->held_n == 0 && port->room > 0 && !closed(port)) {
        size_t block = n - taken < port->block ? n - taken : port->block;

        port->held_at = 0;
        if (port->resample) {
            port->any = true;
            port->held_n = myna_resample_run(port->resample, pcm + taken, block, port->held);
        } else {
            memcpy(port->held, pcm + taken, block * sizeof *pcm);
            port->held_n = block;
        }
        taken += block;
        offer(port);
    }
    return taken;
}

static size_t at_rate_of_voice(const struct myna_tts_port *port, size_t n)
{
    size_t room = (size_t)((uint64_t)n * (uint64_t)port->opt.tts->cls->rate_hz / MYNA_OUT_RATE_HZ);

    return room ? room : 1;
}

void myna_tts_port_pump(struct myna_tts_port *port, size_t room)
{
    if (room == 0)
        return;
    port->busy++;
    port->room = room;
    offer(port);
    if (!port->done && port->held_n == 0 && port->room > 0 && !closed(port))
        port->opt.tts->cls->pump(port->stream, at_rate_of_voice(port, port->room));
    drain(port);
    port->room = 0;
    if (!closed(port) && all_taken(port) && !port->told)
        call_later(port);
    port->busy--;
}

/* ---- open and close */

static void tap_open(struct myna_tts_port *port)
{
    const struct myna_tts_class *cls = port->opt.tts->cls;
    struct myna_view v;

    if (!port->opt.tap)
        return;
    myna_buf_u32(&port->packed, cls->caps);
    myna_buf_str_opt(&port->packed, cls->name);
    myna_buf_str_opt(&port->packed, port->opt.how.language);
    myna_buf_str_opt(&port->packed, port->opt.how.voice);
    v = myna_buf_view(&port->packed);
    myna_tap_put(port->opt.tap, MYNA_OUT_TTS_OPEN, port->opt.id, &v, 1);
}

static enum myna_err make_parts(struct myna_tts_port *port)
{
    const struct myna_tts_class *cls = port->opt.tts->cls;

    port->block = port->held_max = SLICE;
    if (cls->rate_hz != MYNA_OUT_RATE_HZ) {
        if (cls->rate_hz < MYNA_RATE_MIN_HZ || cls->rate_hz > MYNA_RATE_MAX_HZ)
            return MYNA_EINVAL;
        port->resample = myna_resample_create((uint32_t)cls->rate_hz, MYNA_OUT_RATE_HZ);
        if (!port->resample)
            return MYNA_ENOMEM;
        port->block = at_rate_of_voice(port, SLICE);
        port->held_max = myna_resample_bound(port->resample, port->block);
    }
    port->held = calloc(port->held_max, sizeof *port->held);
    if (!port->held)
        return MYNA_ENOMEM;
    if (!(cls->caps & MYNA_TTS_TEXT_STREAM)) {
        port->sentences = myna_sentences_create(&(struct myna_sentences_options){
            .first_clause_chars = FIRST_CLAUSE_CHARS, .out = say, .arg = port});
        if (!port->sentences)
            return MYNA_ENOMEM;
    }
    return MYNA_OK;
}

static void free_port(struct myna_tts_port *port)
{
    if (port->stream)
        port->opt.tts->cls->close(port->stream);
    myna_sentences_destroy(port->sentences);
    myna_resample_destroy(port->resample);
    myna_buf_fini(&port->packed);
    free(port->held);
    free(port);
}

enum myna_err myna_tts_port_open(const struct myna_tts_port_options *opt,
                                 struct myna_tts_port **out)
{
    struct myna_tts_port *port = calloc(1, sizeof *port);
    enum myna_err err;

    if (!port)
        return MYNA_ENOMEM;
    port->first_text = MYNA_NEVER;
    port->opt = *opt;
    myna_buf_init(&port->packed, PACKED_MAX);
    myna_host_timer_init(opt->tts->host, &port->later, tell_later, port);
    tap_open(port);
    err = make_parts(port);
    if (err)
        goto fail;
    err = opt->tts->cls->open(opt->tts, &opt->how, &port->stream);
    if (err)
        goto fail;
    port->stream->sink = port;
    port->opt.how = (struct myna_tts_open){NULL, NULL}; /* borrowed for open */
    *out = port;
    return MYNA_OK;
fail:
    myna_tap_fail(opt->tap, MYNA_STAGE_TTS, opt->id, err);
    free_port(port);
    return err;
}

static void bury(struct myna_grave *g)
{
    free_port((struct myna_tts_port *)g);
}

void myna_tts_port_close(struct myna_tts_port *port)
{
    if (!port)
        return;
    myna_tap_put(port->opt.tap, MYNA_OUT_TTS_CLOSE, port->opt.id, NULL, 0);
    port->stream->sink = NULL;
    myna_timer_clear(&port->later);
    if (port->busy)
        myna_host_bury_later(port->opt.tts->host, &port->grave, bury);
    else
        bury(&port->grave);
}

myna_us myna_tts_port_first_text(const struct myna_tts_port *port)
{
    return port->first_text;
}

uint32_t myna_tts_port_id(const struct myna_tts_port *port)
{
    return port->opt.id;
}

/* ---- bytes for the tap */

enum myna_err myna_tts_event_pack(struct myna_buf *into, const struct myna_tts_event *ev)
{
    myna_buf_u8(into, (uint8_t)ev->type);
    if (ev->type == MYNA_TTS_WORDS_AT)
        myna_pack_words(into, ev->words, ev->n_words);
    else if (ev->type == MYNA_TTS_FAULT || ev->type == MYNA_TTS_USING)
        myna_pack_fault(into, &ev->fault);
    return into->err;
}

enum myna_err myna_tts_event_unpack(struct myna_view from, struct myna_tts_event *ev,
                                    struct myna_word *words, size_t max_words)
{
    struct myna_reader r = {.ptr = from.ptr, .len = from.len};
    struct myna_tts_event e = {.type = (enum myna_tts_event_type)myna_read_u8(&r)};

    if (e.type == MYNA_TTS_WORDS_AT) {
        e.words = words;
        e.n_words = myna_read_words(&r, words, max_words);
    } else if (e.type == MYNA_TTS_FAULT || e.type == MYNA_TTS_USING) {
        myna_read_fault(&r, &e.fault);
    }
    if (r.bad || r.len || e.type > MYNA_TTS_LOADING)
        return MYNA_EFORMAT;
    *ev = e;
    return MYNA_OK;
}
