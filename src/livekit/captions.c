/* captions.c - see captions.h. */
#include "livekit/captions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "util/item_json.h"
#include "util/json_dump.h"

enum { ID = MYNA_LK_SEGMENT, MAX_TEXT = 60000 /* of the legacy packet */ };

struct myna_lk_captions {
    struct myna_host *host;
    struct myna_lk_packets *packets;
    char agent_segment[ID], agent_stream[ID]; /* "": no stream is open */
    uint64_t next_chunk;
    struct myna_buf said; /* of the open segment */
    bool anew;            /* the open stream is one of a session that is gone */
    bool json;
};

static void make_id(struct myna_host *host, const char *prefix, char into[ID])
{
    snprintf(into, ID, "%s%08x%08x", prefix, (unsigned)myna_host_random(host),
             (unsigned)myna_host_random(host));
}

/* Its track is required; without one old clients see nothing. */
static enum myna_err legacy(struct myna_lk_captions *c, const struct myna_lk_caption *what,
                            const char *segment, const char *text)
{
    Myna__Lk__TranscriptionSegment s = MYNA__LK__TRANSCRIPTION_SEGMENT__INIT, *list[1] = {&s};
    Myna__Lk__Transcription t = MYNA__LK__TRANSCRIPTION__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    if (!what->track_sid || !*what->track_sid || strlen(text) > MAX_TEXT)
        return MYNA_OK;
    s.id = (char *)segment;
    s.text = (char *)text;
    s.final = what->is_final;
    t.transcribed_participant_identity = (char *)what->identity;
    t.track_id = (char *)what->track_sid;
    t.segments = list;
    t.n_segments = 1;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_TRANSCRIPTION;
    m.transcription = &t;
    return myna_lk_packets_send(c->packets, &m, true);
}

static void fill(struct myna_lk_attributes a[4], const char *segment,
                 const struct myna_lk_caption *what, bool is_final)
{
    size_t n = 0;

    a[n++] = (struct myna_lk_attributes){"lk.segment_id", segment};
    a[n++] = (struct myna_lk_attributes){"lk.transcription_final", is_final ? "true" : "false"};
    if (what->track_sid && *what->track_sid)
        a[n++] = (struct myna_lk_attributes){"lk.transcribed_track_id", what->track_sid};
    a[n] = (struct myna_lk_attributes){0};
}

/* LiveKit's TimedString, of which we tell no times. */
static enum myna_err write_piece(struct myna_lk_captions *c, struct myna_lk_stream_out *out,
                                 const char *text)
{
    enum myna_err err;
    struct myna_buf line;
    char *json;
    json_t *m;

    if (!c->json || !*text)
        return myna_lk_stream_write(c->packets, out, myna_view_of(text));
    m = json_object();
    (void)!myna_json_put_text(m, "text", text);
    json = myna_json_dump(m, JSON_COMPACT);
    json_decref(m);
    myna_buf_init(&line, 0);
    err = json ? myna_buf_printf(&line, "%s\n", json) : MYNA_ENOMEM;
    if (!err)
        err = myna_lk_stream_write(c->packets, out, myna_buf_view(&line));
    myna_buf_fini(&line);
    free(json);
    return err;
}

/* ---- the agent */

static struct myna_lk_stream_out agent_stream(struct myna_lk_captions *c,
                                              const struct myna_lk_caption *what,
                                              const struct myna_lk_attributes *a)
{
    return (struct myna_lk_stream_out){.id = c->agent_stream,
                                       .topic = "lk.transcription",
                                       .as = what->identity,
                                       .attributes = a,
                                       .wall_ms = myna_host_wall_ms(c->host),
                                       .next_chunk = c->next_chunk};
}

static enum myna_err end_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what)
{
    struct myna_lk_attributes a[4];
    struct myna_lk_stream_out out = agent_stream(c, what, a);
    enum myna_err err;

    fill(a, c->agent_segment, what, true);
    err = myna_lk_stream_end(c->packets, &out);
    c->agent_stream[0] = '\0';
    return err;
}

static enum myna_err open_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what)
{
    struct myna_lk_attributes a[4];
    struct myna_lk_stream_out out;

    make_id(c->host, "ST_", c->agent_stream);
    c->next_chunk = 0;
    fill(a, c->agent_segment, what, false);
    out = agent_stream(c, what, a);
    return myna_lk_stream_begin(c->packets, &out);
}

static enum myna_err begin_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what)
{
    enum myna_err err = *c->agent_stream ? end_agent(c, what) : MYNA_OK;

    if (err)
        return err;
    snprintf(c->agent_segment, sizeof c->agent_segment, "%s", what->segment);
    myna_buf_clear(&c->said);
    return open_agent(c, what);
}

static enum myna_err put_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what,
                               const char *text)
{
    struct myna_lk_stream_out out = agent_stream(c, what, NULL);
    enum myna_err err = write_piece(c, &out, text);

    c->next_chunk = out.next_chunk;
    return err;
}

static enum myna_err write_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what,
                                 const char *text)
{
    enum myna_err err = put_agent(c, what, text);

    return err ? err : myna_buf_puts(&c->said, text);
}

static enum myna_err begin_again(struct myna_lk_captions *c, const struct myna_lk_caption *what)
{
    enum myna_err err;

    c->anew = false;
    if (strcmp(c->agent_segment, what->segment) != 0) {
        c->agent_stream[0] = '\0';
        return MYNA_OK;
    }
    err = open_agent(c, what);
    return err || !c->said.len ? err : put_agent(c, what, myna_buf_str(&c->said));
}

void myna_lk_captions_anew(struct myna_lk_captions *c)
{
    c->anew = *c->agent_stream != '\0';
}

enum myna_err myna_lk_caption_agent(struct myna_lk_captions *c, const struct myna_lk_caption *what)
{
    enum myna_err err = MYNA_OK;
    const char *rest = what->text;
    size_t n;

    if (c->anew)
        err = begin_again(c, what);
    if (!err && (!*c->agent_stream || strcmp(c->agent_segment, what->segment) != 0))
        err = begin_agent(c, what);
    n = c->said.len;
    /* At its end the whole text comes once more: only what is not there yet is written. */
    if (what->is_final)
        rest = !strncmp(what->text, myna_buf_str(&c->said), n) ? what->text + n : "";
    if (!err && *rest)
        err = write_agent(c, what, rest);
    /* A stream only grows. The older packets replace each other, and are cut to what was heard. */
    if (!err)
        err = legacy(c, what, c->agent_segment,
                     what->is_final && strlen(what->text) < c->said.len ? what->text
                                                                        : myna_buf_str(&c->said));
    if (!err && what->is_final)
        err = end_agent(c, what);
    return err;
}

/* ---- a person */

enum myna_err myna_lk_caption_person(struct myna_lk_captions *c, const struct myna_lk_caption *what,
                                     char segment[MYNA_LK_SEGMENT])
{
    struct myna_lk_attributes a[4];
    char id[ID];
    struct myna_lk_stream_out out = {.id = id,
                                     .topic = "lk.transcription",
                                     .as = what->identity,
                                     .attributes = a,
                                     .wall_ms = myna_host_wall_ms(c->host)};
    enum myna_err err;

    if (!*segment)
        make_id(c->host, "SG_", segment);
    make_id(c->host, "ST_", id);
    fill(a, segment, what, what->is_final);
    err = myna_lk_stream_begin(c->packets, &out);
    if (!err)
        err = write_piece(c, &out, what->text);
    if (!err)
        err = myna_lk_stream_end(c->packets, &out);
    if (!err)
        err = legacy(c, what, segment, what->text);
    if (what->is_final)
        segment[0] = '\0';
    return err;
}

struct myna_lk_captions *myna_lk_captions_create(struct myna_host *host,
                                                 struct myna_lk_packets *packets, bool json)
{
    struct myna_lk_captions *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->host = host;
    c->packets = packets;
    c->json = json;
    myna_buf_init(&c->said, MYNA_LK_MAX_STREAM_TEXT);
    return c;
}

void myna_lk_captions_destroy(struct myna_lk_captions *c)
{
    if (!c)
        return;
    myna_buf_fini(&c->said);
    free(c);
}
