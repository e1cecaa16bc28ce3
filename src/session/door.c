/* door.c - the transport's side of a session: frames, pulls, reports, messages in; captions out. */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

#include "audio/level.h"
#include "util/crc.h"
#include "util/guard.h"

#define IDLE_AFTER (1 * MYNA_S) /* of quiet: whoever spoke has been answered, or waits in vain */

/* Begins an input of the transport; NULL when the session no longer listens. */
static struct myna_session *begin_with(struct myna_transport *t, enum s_door_in what, uint32_t who,
                                       int64_t n, const char *a, const char *b,
                                       const struct myna_buf *more)
{
    struct myna_session *s = t->session;
    struct myna_buf buf;
    struct myna_view v;

    if (!s || !s->started || s->closing.finished)
        return NULL;
    myna_s_enter(s);
    if (!s->tap)
        return s;
    myna_buf_init(&buf, 0);
    myna_buf_u8(&buf, (uint8_t)what);
    myna_buf_u32(&buf, who);
    myna_buf_i64(&buf, n);
    myna_buf_str_opt(&buf, a);
    myna_buf_str_opt(&buf, b);
    if (more)
        (void)!myna_buf_put(&buf, more->ptr, more->len);
    v = myna_buf_view(&buf);
    myna_tap_put(s->tap, MYNA_IN_TRANSPORT, 0, &v, 1);
    myna_buf_fini(&buf);
    return s;
}

static struct myna_session *begin(struct myna_transport *t, enum s_door_in what, uint32_t who,
                                  int64_t n, const char *a, const char *b)
{
    return begin_with(t, what, who, n, a, b, NULL);
}

/* ---- the media tick */

/* Nobody new is heard in a call that ends; and a place may still have the last words of who left.
 */
static struct ear *join(struct myna_session *s, uint32_t who, const char *identity,
                        const char *name)
{
    return s->closing.asked ? NULL : myna_s_ear_join(s, who, identity, name);
}

/* The ear at hand is theirs. Of a transport that names nobody, whoever sounds first is the one. */
static bool hears(struct myna_session *s, uint32_t who)
{
    struct ear *e = myna_s_ear_of(s, who);

    if (e && e->open) {
        s->ear = e;
        return true;
    }
    if (!e && (s->known[0] || myna_s_anyone_there(s)))
        return false;
    myna_guard_lift();
    if (!e)
        e = join(s, who, NULL, NULL);
    if (e) {
        s->ear = e;
        if (!e->open)
            myna_s_ear_open_late(s);
    }
    myna_guard_lower();
    return e;
}

/* Silence that the transport made up is recorded without its samples. */
static bool is_nothing(const struct myna_frame *f)
{
    static const int16_t silence[MYNA_IN_SAMPLES];

    return (f->flags & MYNA_FRAME_SILENT) && !memcmp(f->pcm, silence, sizeof silence);
}

void myna_transport_frame(struct myna_transport *t, const struct myna_frame *f)
{
    struct myna_session *s = t->session;
    uint8_t head[16];
    struct myna_view parts[2] = {{head, sizeof head}, {(const uint8_t *)f->pcm, sizeof f->pcm}};

    if (!s || !s->started || s->closing.hung_up)
        return;
    myna_guard_enter();
    myna_s_enter(s);
    if (s->tap) {
        memcpy(head, &f->captured, 8);
        memcpy(head + 8, &f->who, 4);
        memcpy(head + 12, &f->flags, 4);
        myna_tap_put(s->tap, MYNA_IN_FRAME, f->who, parts, is_nothing(f) ? 1 : 2);
    }
    if (hears(s, f->who))
        myna_s_hear(s, f);
    myna_s_leave(s);
    myna_guard_leave();
}

/* The end of an answer that is over for us, and was lost on the way: it is not said once more into
 * the words of a person. */
static bool tail_waits(const struct myna_session *s)
{
    return !myna_playout_active(s->playout) && !s->tail_spared &&
           myna_playout_waiting(s->playout) && !myna_s_all_quiet(s);
}

bool myna_transport_pull(struct myna_transport *t, int16_t out[MYNA_OUT_SAMPLES])
{
    struct myna_session *s = t->session;
    struct myna_view v = {(const uint8_t *)out, 0};
    bool sound = false, mixed;
    uint64_t drawn;

    if (!s || !s->started || !s->playout || s->closing.finished) {
        memset(out, 0, MYNA_OUT_SAMPLES * sizeof *out);
        return false;
    }
    myna_guard_enter();
    myna_s_enter(s);
    myna_tap_put(s->tap, MYNA_IN_PULL, 0, NULL, 0);
    s->pulled_at = s->now;
    drawn = myna_playout_drawn(s->playout);
    if (tail_waits(s))
        memset(out, 0, MYNA_OUT_SAMPLES * sizeof *out);
    else
        sound = myna_playout_pull(s->playout, s->now, out);
    if (myna_playout_drawn(s->playout) > drawn)
        myna_s_words_drawn(s, drawn);
    s->out_dbfs = sound ? myna_level_rms(out, MYNA_OUT_SAMPLES) : -96;
    if (sound)
        v.len = MYNA_OUT_SAMPLES * sizeof *out;
    mixed = myna_s_background_sounds(s);
    myna_tap_put(s->tap, MYNA_OUT_FRAME, mixed ? MYNA_FRAME_MIXED : 0, &v, 1);
    if (mixed)
        myna_s_background_mix(s, sound, out);
    myna_s_leave(s);
    myna_guard_leave();
    return sound;
}

/* What may idle has a VAD that heard nothing lately; where it does not decide on turns, others wait
 * for each frame. */
static bool ear_idles(const struct myna_session *s, const struct ear *e)
{
    const struct recognition *r = &e->rec;

    if (!e->open)
        return true;
    return e->vad_port && !r->vad_speaking && !r->speaks && r->user_quiet && !r->eou_open &&
           !r->final.len && !r->interim.len && r->words_by == MYNA_NEVER &&
           myna_loop_now(s->loop) - r->sounded_at >= IDLE_AFTER;
}

bool myna_transport_idle(const struct myna_transport *t)
{
    const struct myna_session *s = t->session;

    if (!s || !s->started || s->closing.asked || s->speeches || s->turns || s->waiting ||
        s->preemptive.speech || s->paused.speech || s->background.on || !s->playout ||
        myna_playout_active(s->playout) || myna_playout_waiting(s->playout))
        return false;
    if (s->turn_conf.detection == MYNA_TURN_MANUAL || s->turn_conf.detection == MYNA_TURN_STT)
        return false;
    for (size_t i = 0; i < s->n_ears; i++)
        if (!ear_idles(s, s->ears[i]))
            return false;
    return true;
}

uint32_t myna_transport_segment(const struct myna_transport *t)
{
    const struct myna_session *s = t->session;

    return s && s->playout_segment ? s->playout_segment->playout_id : 0;
}

/* ---- reports and messages */

void myna_transport_joined(struct myna_transport *t, uint32_t who, const char *identity,
                           const char *name)
{
    struct myna_session *s = begin(t, S_DOOR_JOINED, who, 0, identity, name);

    if (!s)
        return;
    (void)join(s, who, identity, name);
    myna_s_leave(s);
}

void myna_transport_left(struct myna_transport *t, uint32_t who, const char *reason)
{
    struct myna_session *s = begin(t, S_DOOR_LEFT, who, 0, reason, NULL);
    bool goes_on =
        (t->caps & MYNA_TRANSPORT_STAYS) || (reason && !strcmp(reason, MYNA_LEFT_UNLINKED));
    struct ear *e;

    if (!s)
        return;
    e = myna_s_ear_of(s, who);
    if (e && !myna_s_ear_leave(s, e, goes_on))
        myna_s_close(s, false, "participant_disconnected", NULL);
    myna_s_leave(s);
}

void myna_transport_heard(struct myna_transport *t, uint32_t segment, uint64_t samples)
{
    struct myna_session *s = begin(t, S_DOOR_HEARD, segment, (int64_t)samples, NULL, NULL);

    if (!s)
        return;
    if (s->playout)
        myna_playout_heard(s->playout, s->now, segment, samples);
    myna_s_leave(s);
}

void myna_transport_rewind(struct myna_transport *t, myna_us since)
{
    struct myna_session *s = begin(t, S_DOOR_REWIND, 0, since, NULL, NULL);

    if (!s)
        return;
    if (s->playout && myna_playout_rewind(s->playout, s->now, since))
        myna_s_words_rewind(s);
    myna_s_leave(s);
}

void myna_transport_finished(struct myna_transport *t, uint32_t segment)
{
    struct myna_session *s = begin(t, S_DOOR_FINISHED, segment, 0, NULL, NULL);

    if (!s)
        return;
    if (s->playout)
        myna_playout_finished(s->playout, s->now, segment);
    myna_s_leave(s);
}

void myna_transport_text_in(struct myna_transport *t, uint32_t who, const char *text)
{
    struct myna_session *s = t->session;

    if (s && s->started && (!myna_s_anyone_there(s) || myna_s_ear_of(s, who)) &&
        myna_s_typed(s, who, NULL, text) != MYNA_OK)
        myna_s_log(s, MYNA_LOG_WARN, "typed text not accepted");
}

/* Behind the topic stands the CRC, and the bytes where they are few. */
void myna_s_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                    struct myna_view body, uint32_t crc)
{
    struct myna_event ev = {.type = MYNA_EV_DATA_RECEIVED};
    struct myna_session *s = t->session;
    const struct ear *e = s && who ? myna_s_ear_of(s, who) : NULL;
    struct myna_buf more;

    if (!myna_transport_wants(t, topic) || (who && !e))
        return;
    ev.u.data.topic = topic;
    ev.u.data.identity = e && e->identity[0] ? e->identity : NULL;
    ev.u.data.bytes = body.ptr;
    ev.u.data.len = body.len;
    ev.u.data.crc = crc;
    myna_buf_init(&more, 0);
    myna_buf_u32(&more, crc);
    if (body.ptr && body.len <= MYNA_S_DATA_KEPT)
        (void)!myna_buf_put(&more, body.ptr, body.len);
    s = begin_with(t, S_DOOR_DATA, who, (int64_t)body.len, topic, NULL, &more);
    myna_buf_fini(&more);
    if (!s)
        return;
    myna_s_event(s, &ev);
    myna_s_leave(s);
}

void myna_transport_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                            struct myna_view body)
{
    static const uint8_t nothing[1];

    if (!body.ptr)
        body = (struct myna_view){nothing, 0};
    myna_s_data_in(t, who, topic, body, myna_crc32(0, body.ptr, body.len));
}

/* Of a long value the recording has the length. */
void myna_s_attribute_in(struct myna_transport *t, uint32_t who, const char *key, const char *value,
                         size_t len)
{
    struct myna_session *s =
        begin(t, S_DOOR_ATTRIBUTE, who, (int64_t)len, key, len > MYNA_S_DATA_KEPT ? NULL : value);
    struct myna_event ev = {.type = MYNA_EV_ATTRIBUTE_CHANGED};
    const struct ear *e;

    if (!s)
        return;
    e = myna_s_ear_of(s, who);
    if (e) {
        ev.u.attribute.identity = e->identity;
        ev.u.attribute.key = key;
        ev.u.attribute.value = value;
        ev.u.attribute.len = len;
        myna_s_event(s, &ev);
    }
    myna_s_leave(s);
}

void myna_transport_attribute_in(struct myna_transport *t, uint32_t who, const char *key,
                                 const char *value)
{
    value = value ? value : "";
    myna_s_attribute_in(t, who, key, value, strlen(value));
}

void myna_transport_dtmf_in(struct myna_transport *t, uint32_t who, char digit)
{
    struct myna_session *s = begin(t, S_DOOR_DTMF, who, digit, NULL, NULL);

    if (s)
        myna_s_leave(s);
}

/* As much as a recording has of it. */
static struct myna_fault kept(const struct myna_transport *t, const struct myna_fault *fault)
{
    return (struct myna_fault){.stage = MYNA_STAGE_TRANSPORT,
                               .err = fault->err,
                               .provider = t->cls->name,
                               .message = fault->message};
}

void myna_transport_fault(struct myna_transport *t, uint32_t who, const struct myna_fault *fault)
{
    struct myna_session *s = begin(t, S_DOOR_FAULT, who, (int64_t)fault->err, NULL, fault->message);
    struct myna_fault told;

    if (!s)
        return;
    told = kept(t, fault);
    myna_s_fault(s, &told);
    myna_s_leave(s);
}

void myna_transport_closed(struct myna_transport *t, const char *reason,
                           const struct myna_fault *fault)
{
    struct myna_session *s;
    struct myna_fault told;

    if (t->session)
        myna_s_messages_over(t->session); /* the host is told, and may destroy it */
    s = begin(t, S_DOOR_CLOSED, 0, fault ? (int64_t)fault->err : 0, reason,
              fault ? fault->message : NULL);
    if (!s)
        return;
    s->closing.transport_done = true;
    if (fault) {
        told = kept(t, fault);
        myna_s_fault(s, &told);
    }
    /* Nobody is there to hear the rest. */
    myna_s_close(s, false, fault ? "error" : reason, fault ? &told : NULL);
    s->dirty = true;
    myna_s_leave(s);
}

/* ---- out */

void myna_s_caption(struct myna_session *s, const char *id, const char *text, const struct ear *by,
                    bool final)
{
    struct myna_transport *t = s->transport;

    if (!t || !(t->caps & MYNA_TRANSPORT_TEXT) || !t->cls->text || s->closing.transport_done)
        return;
    if (t->cls->text(t, by ? by->who : 0, id, text, by != NULL, final) != MYNA_OK)
        myna_s_log(s, MYNA_LOG_DEBUG, "caption not taken");
}

bool myna_s_captions_ahead(const struct myna_session *s)
{
    return s->transport && (s->transport->caps & MYNA_TRANSPORT_AHEAD);
}

void myna_s_attribute(struct myna_session *s, const char *key, const char *value)
{
    struct myna_transport *t = s->transport;

    if (!t || !(t->caps & MYNA_TRANSPORT_DATA) || !t->cls->attribute || s->closing.transport_done)
        return;
    if (t->cls->attribute(t, key, value) != MYNA_OK)
        myna_s_log(s, MYNA_LOG_DEBUG, "attribute not taken");
}

enum myna_err myna_s_door_open(struct myna_session *s, struct myna_why *why)
{
    struct myna_playout_options po = {.event = myna_s_playout_event, .arg = s};
    struct myna_transport *t = s->transport;

    s->audio_in = t && (t->caps & MYNA_TRANSPORT_AUDIO_IN);
    s->audio_out = t && (t->caps & MYNA_TRANSPORT_AUDIO_OUT);
    if (!s->audio_out)
        return MYNA_OK;
    if (!s->tts)
        return myna_fail(why, MYNA_ECONFIG,
                         "a call with sound needs a voice: set tts.provider (not 'none')");
    po.heard = t->heard;
    po.latency = t->latency;
    po.rewinds = t->rewinds;
    s->playout = myna_playout_create(&po);
    myna_s_background_start(s);
    return s->playout ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the playout queue");
}
