/* streams.c - the table of streams that are open, and the writer. The header is kept as bytes and
 * read again at the end: between them a stream is one block and its body. */
#include "livekit/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/deflate.h"
#include "util/utf8.h"

enum { ID = 128, DEFLATE_RAW = 1 };
#define OPEN_FOR (60 * MYNA_S) /* without a piece */

struct open {
    char id[ID];
    char *identity;
    struct myna_buf header, body;
    uint64_t next_chunk, total; /* total: UINT64_MAX when not said */
    bool is_text;
    bool deflated; /* `total` counts what comes out */
    myna_us at;
};

struct myna_lk_streams {
    struct myna_lk_streams_events events;
    void *arg;
    struct open list[MYNA_LK_STREAMS];
    size_t n, bytes;
    struct myna_arena *mem;
};

static void drop(struct myna_lk_streams *s, struct open *o)
{
    s->bytes -= o->body.len;
    free(o->identity);
    myna_buf_fini(&o->header);
    myna_buf_fini(&o->body);
    *o = s->list[--s->n];
}

/* The stream is its opener's alone: others may know its id. */
static struct open *find(struct myna_lk_streams *s, const char *id, const char *identity)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->list[i].id, id) && !strcmp(s->list[i].identity, identity))
            return &s->list[i];
    return NULL;
}

/* What was packed takes the place of the pack; false: it is none, or not what was promised. */
static bool unpack(struct open *o)
{
    struct myna_buf out;

    if (!o->deflated)
        return true;
    myna_buf_init(&out, o->body.max);
    if (myna_lk_inflate(myna_buf_view(&o->body), &out) ||
        (o->total != UINT64_MAX && out.len != o->total)) {
        myna_buf_fini(&out);
        return false;
    }
    myna_buf_fini(&o->body);
    o->body = out;
    return true;
}

/* The stream is whole: out of the table first, then told. */
static void finish(struct myna_lk_streams *s, struct open *o)
{
    struct open whole = *o;
    Myna__Lk__StreamHeader *header;

    s->bytes -= o->body.len;
    *o = s->list[--s->n];
    header =
        myna_lk_unpack(s->mem, &myna__lk__stream_header__descriptor, myna_buf_view(&whole.header));
    if (header && unpack(&whole))
        s->events.stream(s->arg, whole.identity, header, myna_buf_view(&whole.body), whole.is_text);
    myna_arena_reset(s->mem);
    free(whole.identity);
    myna_buf_fini(&whole.header);
    myna_buf_fini(&whole.body);
}

static void expire(struct myna_lk_streams *s, myna_us now)
{
    for (size_t i = s->n; i-- > 0;)
        if (now - s->list[i].at > OPEN_FOR)
            drop(s, &s->list[i]);
}

/* ---- who has how much */

static size_t streams_of(const struct myna_lk_streams *s, const char *identity)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += !strcmp(s->list[i].identity, identity);
    return n;
}

static size_t bytes_of(const struct myna_lk_streams *s, const char *identity)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += strcmp(s->list[i].identity, identity) ? 0 : s->list[i].body.len;
    return n;
}

/* The stream that goes: the one that stood still longest of whoever has most. NULL: nobody has more
 * than `mine`. */
static struct open *of_the_greediest(struct myna_lk_streams *s, size_t mine,
                                     size_t (*has)(const struct myna_lk_streams *s,
                                                   const char *identity))
{
    struct open *worst = NULL;

    for (size_t i = 0; i < s->n; i++) {
        struct open *o = &s->list[i];
        size_t n = has(s, o->identity);

        if (n > mine ||
            (worst && n == mine && o->at < worst->at && !strcmp(o->identity, worst->identity))) {
            worst = o;
            mine = n;
        }
    }
    return worst;
}

static bool has_room(struct myna_lk_streams *s, const char *identity)
{
    size_t mine = streams_of(s, identity);
    struct open *other;

    if (mine >= MYNA_LK_STREAMS_OF_ONE)
        return false;
    if (s->n < MYNA_LK_STREAMS)
        return true;
    other = of_the_greediest(s, mine + 1, streams_of);
    if (other)
        drop(s, other);
    return other;
}

/* For so many bytes more of that stream. false: they are too many, of its sender or of it all. */
static bool takes(struct myna_lk_streams *s, const struct open *to, size_t more)
{
    size_t mine = bytes_of(s, to->identity) + more;

    if (mine > MYNA_LK_MAX_SENDER_BYTES)
        return false;
    while (s->bytes + more > MYNA_LK_MAX_STREAMS_BYTES) {
        struct open *other = of_the_greediest(s, mine, bytes_of);

        if (!other)
            return false;
        drop(s, other);
    }
    return true;
}

static void on_header(struct myna_lk_streams *s, myna_us now, const char *identity,
                      const Myna__Lk__StreamHeader *h)
{
    bool is_text = h->content_header_case == MYNA__LK__STREAM_HEADER__CONTENT_HEADER_TEXT_HEADER;
    struct open *o;

    expire(s, now);
    if (!*h->stream_id || strlen(h->stream_id) >= ID || find(s, h->stream_id, identity) ||
        h->compression < 0 || h->compression > DEFLATE_RAW ||
        h->content_header_case == MYNA__LK__STREAM_HEADER__CONTENT_HEADER__NOT_SET)
        return;
    if ((s->events.wants && !s->events.wants(s->arg, identity, h->topic, is_text)) ||
        !has_room(s, identity))
        return;
    o = &s->list[s->n];
    *o = (struct open){
        .is_text = is_text, .deflated = h->compression != 0, .at = now, .total = UINT64_MAX};
    snprintf(o->id, sizeof o->id, "%s", h->stream_id);
    if (h->has_total_length_case == MYNA__LK__STREAM_HEADER__HAS_TOTAL_LENGTH_TOTAL_LENGTH)
        o->total = h->total_length;
    myna_buf_init(&o->header, 2 * MYNA_LK_MAX_STREAM_HEADER);
    myna_buf_init(&o->body, is_text ? MYNA_LK_MAX_STREAM_TEXT : MYNA_LK_MAX_STREAM_BYTES);
    myna_lk_pack(&o->header, &h->base);
    o->identity = strdup(identity);
    s->n++;
    if (!o->identity || o->header.err || (o->total != UINT64_MAX && o->total > o->body.max)) {
        drop(s, o);
    } else if (h->has_inline_content_case ==
               MYNA__LK__STREAM_HEADER__HAS_INLINE_CONTENT_INLINE_CONTENT) {
        if (myna_buf_put(&o->body, h->inline_content.data, h->inline_content.len)) {
            drop(s, o);
            return;
        }
        s->bytes += o->body.len;
        finish(s, o); /* the header alone is the whole stream */
    }
}

static void on_chunk(struct myna_lk_streams *s, myna_us now, const char *identity,
                     const Myna__Lk__StreamChunk *c)
{
    struct open *o = find(s, c->stream_id, identity);
    bool good;

    if (!o)
        return;
    good = c->chunk_index == o->next_chunk &&
           (o->deflated || c->content.len <= o->total - o->body.len) && takes(s, o, c->content.len);
    o = find(s, c->stream_id, identity); /* what was dropped for it moved the others */
    if (!good || (c->content.len && myna_buf_put(&o->body, c->content.data, c->content.len))) {
        drop(s, o);
        return;
    }
    s->bytes += c->content.len;
    o->next_chunk++;
    o->at = now;
    if (!o->deflated && o->body.len == o->total && o->total)
        finish(s, o); /* its trailer finds nothing any more */
}

static void on_trailer(struct myna_lk_streams *s, const char *identity,
                       const Myna__Lk__StreamTrailer *t)
{
    struct open *o = find(s, t->stream_id, identity);

    if (!o)
        return;
    if (*t->reason || (!o->deflated && o->total != UINT64_MAX && o->body.len != o->total))
        drop(s, o); /* broken off */
    else
        finish(s, o);
}

void myna_lk_streams_packet(struct myna_lk_streams *s, myna_us now, const Myna__Lk__DataPacket *m)
{
    switch ((int)m->value_case) {
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER:
        on_header(s, now, m->participant_identity, m->stream_header);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK:
        on_chunk(s, now, m->participant_identity, m->stream_chunk);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER:
        on_trailer(s, m->participant_identity, m->stream_trailer);
        break;
    default:
        break;
    }
}

void myna_lk_streams_left(struct myna_lk_streams *s, const char *identity)
{
    for (size_t i = s->n; i-- > 0;)
        if (!strcmp(s->list[i].identity, identity))
            drop(s, &s->list[i]);
}

struct myna_lk_streams *myna_lk_streams_create(const struct myna_lk_streams_events *events,
                                               void *arg)
{
    struct myna_lk_streams *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->events = *events;
    s->arg = arg;
    s->mem = myna_arena_create(4096, 256 << 10);
    if (!s->mem) {
        free(s);
        return NULL;
    }
    return s;
}

void myna_lk_streams_destroy(struct myna_lk_streams *s)
{
    if (!s)
        return;
    while (s->n)
        drop(s, &s->list[s->n - 1]);
    myna_arena_destroy(s->mem);
    free(s);
}

/* ---- out */

enum { MAX_OUT_ATTRIBUTES = 16 };

static size_t count(const struct myna_lk_attributes *a)
{
    size_t n = 0;

    while (a && a[n].key && n < MAX_OUT_ATTRIBUTES)
        n++;
    return n;
}

static enum myna_err send(struct myna_lk_packets *p, const struct myna_lk_stream_out *out,
                          Myna__Lk__DataPacket *m)
{
    m->destination_identities = (char **)(void *)out->to;
    m->n_destination_identities = out->n_to;
    return myna_lk_packets_send(p, m, true);
}

/* inside: the whole stream, in its header; NULL: it follows. */
static enum myna_err begin(struct myna_lk_packets *p, const struct myna_lk_stream_out *out,
                           const struct myna_view *inside, int compression)
{
    Myna__Lk__StreamHeader__AttributesEntry entries[MAX_OUT_ATTRIBUTES], *list[MAX_OUT_ATTRIBUTES];
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    Myna__Lk__TextHeader text = MYNA__LK__TEXT_HEADER__INIT;
    Myna__Lk__ByteHeader bytes = MYNA__LK__BYTE_HEADER__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    h.n_attributes = count(out->attributes);
    for (size_t i = 0; i < h.n_attributes; i++) {
        myna__lk__stream_header__attributes_entry__init(&entries[i]);
        entries[i].key = (char *)out->attributes[i].key;
        entries[i].value = (char *)out->attributes[i].value;
        list[i] = &entries[i];
    }
    h.attributes = list;
    h.stream_id = (char *)out->id;
    h.topic = (char *)out->topic;
    h.timestamp = out->wall_ms;
    h.mime_type = (char *)(out->mime   ? out->mime
                           : out->file ? "application/octet-stream"
                                       : "text/plain");
    if (out->total) {
        h.has_total_length_case = MYNA__LK__STREAM_HEADER__HAS_TOTAL_LENGTH_TOTAL_LENGTH;
        h.total_length = out->total;
    }
    if (out->file) {
        bytes.name = (char *)out->file;
        h.content_header_case = MYNA__LK__STREAM_HEADER__CONTENT_HEADER_BYTE_HEADER;
        h.byte_header = &bytes;
    } else { /* empty, but there: it is what says that this is a text */
        h.content_header_case = MYNA__LK__STREAM_HEADER__CONTENT_HEADER_TEXT_HEADER;
        h.text_header = &text;
    }
    h.compression = compression;
    if (inside) {
        h.has_inline_content_case = MYNA__LK__STREAM_HEADER__HAS_INLINE_CONTENT_INLINE_CONTENT;
        h.inline_content.data = (uint8_t *)inside->ptr;
        h.inline_content.len = inside->len;
    }
    if (out->as)
        m.participant_identity = (char *)out->as;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER;
    m.stream_header = &h;
    return send(p, out, &m);
}

enum myna_err myna_lk_stream_begin(struct myna_lk_packets *p, const struct myna_lk_stream_out *out)
{
    return begin(p, out, NULL, 0);
}

/* As many bytes as one chunk takes, no character cut. */
static size_t piece(struct myna_view text)
{
    size_t n = text.len;

    if (n <= MYNA_LK_CHUNK)
        return n;
    n = myna_utf8_span(text.ptr, MYNA_LK_CHUNK);
    return n > MYNA_LK_CHUNK - 4 ? n : MYNA_LK_CHUNK;
}

enum myna_err myna_lk_stream_write(struct myna_lk_packets *p, struct myna_lk_stream_out *out,
                                   struct myna_view body)
{
    while (body.len) {
        Myna__Lk__StreamChunk c = MYNA__LK__STREAM_CHUNK__INIT;
        Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
        size_t n = !out->file ? piece(body) : body.len < MYNA_LK_CHUNK ? body.len : MYNA_LK_CHUNK;
        enum myna_err err;

        c.stream_id = (char *)out->id;
        c.chunk_index = out->next_chunk;
        c.content.data = (uint8_t *)body.ptr;
        c.content.len = n;
        m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK;
        m.stream_chunk = &c;
        err = send(p, out, &m);
        if (err)
            return err;
        out->next_chunk++;
        body.ptr += n;
        body.len -= n;
    }
    return MYNA_OK;
}

enum myna_err myna_lk_stream_end(struct myna_lk_packets *p, const struct myna_lk_stream_out *out)
{
    Myna__Lk__StreamTrailer__AttributesEntry entries[MAX_OUT_ATTRIBUTES], *list[MAX_OUT_ATTRIBUTES];
    Myna__Lk__StreamTrailer t = MYNA__LK__STREAM_TRAILER__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    t.stream_id = (char *)out->id;
    t.n_attributes = count(out->attributes);
    for (size_t i = 0; i < t.n_attributes; i++) {
        myna__lk__stream_trailer__attributes_entry__init(&entries[i]);
        entries[i].key = (char *)out->attributes[i].key;
        entries[i].value = (char *)out->attributes[i].value;
        list[i] = &entries[i];
    }
    t.attributes = list;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER;
    m.stream_trailer = &t;
    return send(p, out, &m);
}

/* Packed where that is shorter, in one packet where it fits beside id, topic and attributes. */
static enum myna_err send_packed(struct myna_lk_packets *p, struct myna_lk_stream_out *out,
                                 struct myna_view body, bool may_deflate)
{
    enum { BESIDE = 5000 }; /* of a header's 15,000 bytes */
    struct myna_view v = body;
    enum myna_err err;
    struct myna_buf b;
    int compression = 0;

    myna_buf_init(&b, body.len);
    if (may_deflate && !myna_lk_deflate(body, &b)) {
        v = myna_buf_view(&b);
        compression = DEFLATE_RAW;
    }
    if (v.len <= MYNA_LK_MAX_STREAM_HEADER - BESIDE) {
        err = begin(p, out, &v, compression);
    } else if (compression) {
        struct myna_lk_stream_out bytes = *out; /* pieces of a pack end anywhere */

        bytes.file = out->file ? out->file : "";
        err = begin(p, out, NULL, compression);
        if (!err)
            err = myna_lk_stream_write(p, &bytes, v);
        if (!err)
            err = myna_lk_stream_end(p, out);
    } else {
        err = MYNA_EAGAIN; /* as ever */
    }
    myna_buf_fini(&b);
    return err;
}

enum myna_err myna_lk_stream_send(struct myna_lk_packets *p, struct myna_lk_stream_out *out,
                                  struct myna_view body, enum myna_lk_packing packing)
{
    enum myna_err err = MYNA_EAGAIN;

    out->total = body.len;
    if (packing != MYNA_LK_PLAIN)
        err = send_packed(p, out, body, packing == MYNA_LK_DEFLATED);
    if (err != MYNA_EAGAIN)
        return err;
    err = myna_lk_stream_begin(p, out);
    if (!err)
        err = myna_lk_stream_write(p, out, body);
    return err ? err : myna_lk_stream_end(p, out);
}
