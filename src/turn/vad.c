/* vad.c - the open voice activity detector between session and provider. */
#include "turn/vad.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/grave.h"
#include "util/pack.h"

struct myna_vad_port {
    struct myna_grave grave; /* first: see bury() */
    struct myna_vad_port_options opt;
    struct myna_vad_stream *stream;
    int busy; /* depth of calls that may close us */
};

static void tap_open(const struct myna_vad_port_options *opt)
{
    const struct myna_vad_class *cls = opt->vad->cls;
    struct myna_buf b;
    struct myna_view v;

    if (!opt->tap)
        return;
    myna_buf_init(&b, 4096);
    myna_buf_str_opt(&b, cls->name);
    myna_buf_i64(&b, cls->min_silence ? cls->min_silence(opt->vad) : -1);
    v = myna_buf_view(&b);
    myna_tap_put(opt->tap, MYNA_OUT_VAD_OPEN, opt->id, &v, 1);
    myna_buf_fini(&b);
}

enum myna_err myna_vad_port_open(const struct myna_vad_port_options *opt,
                                 struct myna_vad_port **out)
{
    struct myna_vad_port *port = calloc(1, sizeof *port);
    enum myna_err err;

    if (!port)
        return MYNA_ENOMEM;
    port->opt = *opt;
    tap_open(opt);
    err = opt->vad->cls->open(opt->vad, &port->stream);
    if (err) {
        myna_tap_fail(opt->tap, MYNA_STAGE_VAD, opt->id, err);
        free(port);
        return err;
    }
    port->stream->sink = port;
    *out = port;
    return MYNA_OK;
}

static void bury(struct myna_grave *g)
{
    struct myna_vad_port *port = (struct myna_vad_port *)g;

    port->opt.vad->cls->close(port->stream);
    free(port);
}

void myna_vad_port_close(struct myna_vad_port *port)
{
    if (!port)
        return;
    port->stream->sink = NULL;
    if (port->busy)
        myna_host_bury_later(port->opt.vad->host, &port->grave, bury);
    else
        bury(&port->grave);
}

void myna_vad_port_push(struct myna_vad_port *port, const struct myna_frame *f)
{
    port->busy++;
    port->opt.vad->cls->push(port->stream, f);
    port->busy--;
}

void myna_vad_port_flush(struct myna_vad_port *port)
{
    myna_tap_put(port->opt.tap, MYNA_OUT_VAD_FLUSH, port->opt.id, NULL, 0);
    port->opt.vad->cls->flush(port->stream);
}

void myna_vad_emit(struct myna_vad_stream *st, const struct myna_vad_event *ev)
{
    struct myna_vad_port *port = st->sink;

    if (!port)
        return;
    if (port->opt.tap) {
        uint8_t bytes[MYNA_VAD_PACKED_MAX];
        struct myna_view v = {bytes, myna_vad_event_pack(bytes, ev)};

        myna_tap_put(port->opt.tap, MYNA_IN_VAD, port->opt.id, &v, 1);
    }
    port->busy++;
    port->opt.event(port->opt.arg, port, ev);
    port->busy--;
}

/* Length (UINT32_MAX: NULL), bytes, '\0'. At most `max` bytes, cut between characters. */
static uint8_t *put_text(uint8_t *p, const char *text, size_t max)
{
    size_t len = text ? strlen(text) : 0;

    if (!text)
        return myna_le32(p, UINT32_MAX);
    if (len > max)
        for (len = max; len > 0 && ((uint8_t)text[len] & 0xC0) == 0x80;)
            len--;
    p = myna_le32(p, (uint32_t)len);
    memcpy(p, text, len);
    p[len] = '\0';
    return p + len + 1;
}

static const char *take_text(struct myna_reader *r)
{
    uint32_t len = myna_read_u32(r);
    const char *text = (const char *)r->ptr;

    if (r->bad || len == UINT32_MAX)
        return NULL;
    if (len >= r->len || r->ptr[len] != '\0') {
        r->bad = true;
        return NULL;
    }
    r->ptr += len + 1;
    r->len -= len + 1;
    return text;
}

/* 62 bytes, and for a fault at most 6 + 4+64+1 + 4+320+1 more: below MYNA_VAD_PACKED_MAX. */
#define PROVIDER_MAX 64
#define MESSAGE_MAX  320

size_t myna_vad_event_pack(uint8_t into[MYNA_VAD_PACKED_MAX], const struct myna_vad_event *ev)
{
    uint8_t *p = into;
    uint32_t probability;

    memcpy(&probability, &ev->probability, sizeof probability);
    *p++ = (uint8_t)ev->type;
    *p++ = ev->speaking;
    p = myna_le32(p, probability);
    p = myna_le64(p, (uint64_t)ev->at);
    p = myna_le64(p, (uint64_t)ev->speech);
    p = myna_le64(p, (uint64_t)ev->silence);
    p = myna_le64(p, (uint64_t)ev->raw_speech);
    p = myna_le64(p, (uint64_t)ev->raw_silence);
    p = myna_le64(p, (uint64_t)ev->inference);
    if (ev->type == MYNA_VAD_FAULT) {
        *p++ = (uint8_t)ev->fault.stage;
        *p++ = (uint8_t)ev->fault.err;
        *p++ = (uint8_t)(ev->fault.retryable | (ev->fault.recoverable << 1));
        p = put_text(p, ev->fault.provider, PROVIDER_MAX);
        p = put_text(p, ev->fault.message, MESSAGE_MAX);
    }
    return (size_t)(p - into);
}

enum myna_err myna_vad_event_unpack(struct myna_view from, struct myna_vad_event *ev)
{
    struct myna_reader r = {.ptr = from.ptr, .len = from.len};
    struct myna_vad_event e = {.type = (enum myna_vad_event_type)myna_read_u8(&r)};
    uint32_t probability;

    e.speaking = myna_read_u8(&r);
    probability = myna_read_u32(&r);
    memcpy(&e.probability, &probability, sizeof e.probability);
    e.at = myna_read_i64(&r);
    e.speech = myna_read_i64(&r);
    e.silence = myna_read_i64(&r);
    e.raw_speech = myna_read_i64(&r);
    e.raw_silence = myna_read_i64(&r);
    e.inference = myna_read_i64(&r);
    if (e.type == MYNA_VAD_FAULT) {
        uint8_t stage = myna_read_u8(&r), err = myna_read_u8(&r), flags = myna_read_u8(&r);

        if (stage > MYNA_STAGE_TOOL || err > MYNA_EDIFFER)
            return MYNA_EFORMAT;
        e.fault.stage = (enum myna_stage)stage;
        e.fault.err = (enum myna_err)err;
        e.fault.retryable = flags & 1;
        e.fault.recoverable = flags & 2;
        e.fault.provider = take_text(&r);
        e.fault.message = take_text(&r);
    }
    if (r.bad || r.len || e.type > MYNA_VAD_FAULT)
        return MYNA_EFORMAT;
    *ev = e;
    return MYNA_OK;
}
