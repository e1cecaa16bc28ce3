/* stt.c - the open stream between session and recogniser.
 *
 * Two kinds of recogniser meet here. A streaming one gets every frame. A batch one
 * (MYNA_STT_WANTS_SPEECH) gets stretches: while nobody speaks, frames go round in a ring of
 * 550 ms, or as said; when the VAD says that speech began it has been speaking for a while, so the
 * ring is handed over first and the live frames follow without a gap or a repetition.
 *
 * The tap sees what the recogniser gets, not what the session pushes: a replay then shows the same
 * pre-roll or differs.
 */
#include "stt/stt.h"

#include <assert.h>
#include <stdlib.h>

#include "util/buf.h"
#include "util/crc.h"
#include "util/grave.h"
#include "util/pack.h"
#include "util/guard.h"

/* 500 ms of padding and 50 ms of speech before the VAD says so (agent-session 2.2), in frames. */
#define PREROLL_MS 550
#define PACKED_MAX ((size_t)1 << 20)

struct myna_stt_port {
    struct myna_grave grave; /* first: see bury() */
    struct myna_stt_port_options opt;
    struct myna_stt_stream *stream;
    struct myna_buf packed;           /* an event for the tap */
    bool gated;                       /* only marked speech passes */
    bool speech;                      /* gated: between SPEECH and END */
    int busy;                         /* depth of calls that may close us */
    size_t ring_at, ring_n, ring_max; /* next slot to write, frames held, and at most */
    struct myna_frame ring[];
};

static void tap_open(struct myna_stt_port *port)
{
    const struct myna_stt_class *cls = port->opt.stt->cls;
    struct myna_view v;

    if (!port->opt.tap)
        return;
    myna_buf_clear(&port->packed);
    myna_buf_u32(&port->packed, cls->caps);
    myna_buf_str_opt(&port->packed, cls->name);
    myna_buf_str_opt(&port->packed, port->opt.how.language);
    myna_buf_u32(&port->packed, port->opt.how.who);
    v = myna_buf_view(&port->packed);
    myna_tap_put(port->opt.tap, MYNA_OUT_STT_OPEN, port->opt.id, &v, 1);
}

enum myna_err myna_stt_port_open(const struct myna_stt_port_options *opt,
                                 struct myna_stt_port **out)
{
    const struct myna_stt_class *cls = opt->stt->cls;
    bool gated = cls->caps & MYNA_STT_WANTS_SPEECH;
    int preroll_ms = opt->preroll_ms > 0 ? opt->preroll_ms : PREROLL_MS;
    size_t frames = gated ? (size_t)(preroll_ms + MYNA_FRAME_MS - 1) / MYNA_FRAME_MS : 0;
    struct myna_stt_port *port = calloc(1, sizeof *port + frames * sizeof *port->ring);
    enum myna_err err;

    if (!port)
        return MYNA_ENOMEM;
    port->opt = *opt;
    port->gated = gated;
    port->ring_max = frames;
    myna_buf_init(&port->packed, PACKED_MAX);
    tap_open(port);
    err = cls->open(opt->stt, &opt->how, &port->stream);
    if (err)
        goto fail;
    port->stream->sink = port;
    port->opt.how.language = NULL; /* borrowed for open */
    *out = port;
    return MYNA_OK;
fail:
    myna_tap_fail(opt->tap, MYNA_STAGE_STT, opt->id, err);
    myna_buf_fini(&port->packed);
    free(port);
    return err;
}

static void bury(struct myna_grave *g)
{
    struct myna_stt_port *port = (struct myna_stt_port *)g;

    port->opt.stt->cls->close(port->stream);
    myna_buf_fini(&port->packed);
    free(port);
}

void myna_stt_port_close(struct myna_stt_port *port)
{
    if (!port)
        return;
    myna_tap_put(port->opt.tap, MYNA_OUT_STT_CLOSE, port->opt.id, NULL, 0);
    port->stream->sink = NULL;
    if (port->busy)
        myna_host_bury_later(port->opt.stt->host, &port->grave, bury);
    else
        bury(&port->grave);
}

static void hand_over(struct myna_stt_port *port, const struct myna_frame *f)
{
    if (port->opt.tap) {
        uint8_t crc[4];

        myna_le32(crc, myna_crc32(0, f->pcm, sizeof f->pcm));
        myna_tap_put(port->opt.tap, MYNA_OUT_STT_PUSH, port->opt.id,
                     &(struct myna_view){crc, sizeof crc}, 1);
    }
    port->opt.stt->cls->push(port->stream, f);
}

void myna_stt_port_push(struct myna_stt_port *port, const struct myna_frame *f)
{
    if (!port->gated || port->speech) {
        hand_over(port, f);
        return;
    }
    port->ring[port->ring_at] = *f;
    port->ring_at = (port->ring_at + 1) % port->ring_max;
    if (port->ring_n < port->ring_max)
        port->ring_n++;
}

static void hand_over_ring(struct myna_stt_port *port)
{
    size_t at = (port->ring_at + port->ring_max - port->ring_n) % port->ring_max;

    for (; port->ring_n > 0; port->ring_n--) {
        hand_over(port, &port->ring[at]);
        at = (at + 1) % port->ring_max;
    }
    port->ring_at = 0;
}

void myna_stt_port_mark(struct myna_stt_port *port, enum myna_stt_mark mark, myna_us at)
{
    if (port->opt.tap) {
        uint8_t bytes[12];

        myna_le64(myna_le32(bytes, (uint32_t)mark), (uint64_t)at);
        myna_tap_put(port->opt.tap, MYNA_OUT_STT_MARK, port->opt.id,
                     &(struct myna_view){bytes, sizeof bytes}, 1);
    }
    myna_guard_lift(); /* a mark is an event of the conversation: a recogniser may start work on it
                        */
    port->opt.stt->cls->mark(port->stream, mark, at);
    myna_guard_lower();
    if (!port->gated)
        return;
    if (mark == MYNA_STT_MARK_SPEECH && !port->speech) {
        port->speech = true;
        hand_over_ring(port);
    } else if (mark == MYNA_STT_MARK_END) {
        port->speech = false;
    }
}

uint32_t myna_stt_port_id(const struct myna_stt_port *port)
{
    return port->opt.id;
}

void myna_stt_emit(struct myna_stt_stream *st, const struct myna_stt_event *ev)
{
    struct myna_stt_port *port = st->sink;

    if (!port) /* closed: a late result finds nobody */
        return;
    if (port->opt.tap) {
        struct myna_view v = {NULL, 0};

        myna_buf_clear(&port->packed);
        /* Past a ceiling the record stays empty and the replay will say so. */
        if (myna_stt_event_pack(&port->packed, ev) == MYNA_OK)
            v = myna_buf_view(&port->packed);
        myna_tap_put(port->opt.tap, MYNA_IN_STT, port->opt.id, &v, 1);
    }
    port->busy++;
    port->opt.event(port->opt.arg, port, ev);
    port->busy--;
}

enum myna_err myna_stt_event_pack(struct myna_buf *into, const struct myna_stt_event *ev)
{
    myna_buf_u8(into, (uint8_t)ev->type);
    myna_buf_str_opt(into, ev->text);
    myna_buf_str_opt(into, ev->language);
    myna_buf_str_opt(into, ev->speaker);
    myna_buf_f64(into, (double)ev->confidence);
    myna_buf_i64(into, ev->start);
    myna_buf_i64(into, ev->end);
    myna_pack_words(into, ev->words, ev->n_words);
    myna_buf_f64(into, ev->audio_ms);
    myna_buf_f64(into, ev->took_ms);
    myna_pack_fault(into, &ev->fault);
    return into->err;
}

static bool is_transcript(enum myna_stt_event_type type)
{
    return type == MYNA_STT_PARTIAL || type == MYNA_STT_PREFLIGHT_TEXT || type == MYNA_STT_FINAL;
}

enum myna_err myna_stt_event_unpack(struct myna_view from, struct myna_stt_event *ev,
                                    struct myna_word *words, size_t max_words)
{
    struct myna_reader r = {.ptr = from.ptr, .len = from.len};
    struct myna_stt_event e = {.type = (enum myna_stt_event_type)myna_read_u8(&r)};

    e.text = myna_read_str_opt(&r);
    e.language = myna_read_str_opt(&r);
    e.speaker = myna_read_str_opt(&r);
    e.confidence = (float)myna_read_f64(&r);
    e.start = myna_read_i64(&r);
    e.end = myna_read_i64(&r);
    e.words = words;
    e.n_words = myna_read_words(&r, words, max_words);
    e.audio_ms = myna_read_f64(&r);
    e.took_ms = myna_read_f64(&r);
    myna_read_fault(&r, &e.fault);
    if (r.bad || r.len || e.type > MYNA_STT_USING || (is_transcript(e.type) && !e.text))
        return MYNA_EFORMAT;
    *ev = e;
    return MYNA_OK;
}
