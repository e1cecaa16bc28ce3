/* media.c - see media.h. rtc does the work; here are LiveKit's conventions. */
#include "livekit/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOW_WATER ((size_t)256 << 10)

struct slot {
    struct myna_lk_media *media;
    struct myna_rtc_audio *audio;
    char sid[MYNA_LK_SID]; /* "": nothing comes on it */
};

struct view { /* a section for pictures */
    struct myna_rtc_video *video;
    char sid[MYNA_LK_SID]; /* "": nothing comes on it */
};

struct myna_lk_media {
    struct myna_host *host;
    struct myna_lk_media_events events;
    void *arg;
    struct myna_rtc *rtc;
    struct myna_rtc_channel *reliable, *lossy;
    struct myna_rtc_audio *mic;
    struct slot slots[MYNA_LK_MAX_SLOTS];
    size_t n_slots;
    struct view views[MYNA_LK_MAX_VIEWS];
    size_t n_views;
    bool waits, again, restart;
};

/* ---- what rtc tells */

static void on_state(void *arg, enum myna_rtc_state state, const char *why)
{
    struct myna_lk_media *m = arg;

    m->events.state(m->arg, state, why);
}

static void on_candidate(void *arg, const char *text, const char *mid, int index)
{
    struct myna_lk_media *m = arg;

    m->events.candidate(m->arg, text, mid, index);
}

static void on_frame(void *arg, struct myna_rtc_audio *a, const struct myna_frame *f)
{
    struct myna_lk_media *m = arg;
    const struct slot *slot = myna_rtc_audio_arg(a);

    if (slot && *slot->sid)
        m->events.frame(m->arg, slot->sid, f);
}

static void on_picture(void *arg, struct myna_rtc_video *v, const struct myna_rtc_picture *p)
{
    struct myna_lk_media *m = arg;
    const struct view *view = myna_rtc_video_arg(v);

    if (view && *view->sid)
        m->events.picture(m->arg, view->sid, p);
}

static void on_tick(void *arg, myna_us now)
{
    struct myna_lk_media *m = arg;

    m->events.tick(m->arg, now);
}

static void on_channel(void *arg, struct myna_rtc_channel *ch, enum myna_rtc_channel_event event)
{
    struct myna_lk_media *m = arg;
    bool reliable = ch == m->reliable, was_lossy = ch == m->lossy;

    if (event == MYNA_RTC_CHANNEL_CLOSED) {
        if (reliable)
            m->reliable = NULL;
        if (was_lossy)
            m->lossy = NULL;
        if (reliable || was_lossy)
            m->events.broken(m->arg);
    } else if (reliable) {
        m->events.writable(m->arg);
    }
}

static void on_message(void *arg, struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    struct myna_lk_media *m = arg;

    if (!is_text && (ch == m->reliable || ch == m->lossy))
        m->events.packet(m->arg, body);
}

/* ---- end to end */

static size_t on_seal(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                      size_t cap)
{
    struct myna_lk_media *m = arg;

    return m->events.seal(m->arg, ssrc, ts, frame, into, cap);
}

static size_t on_open(void *arg, struct myna_rtc_audio *a, struct myna_view frame, uint8_t *into,
                      size_t cap)
{
    struct myna_lk_media *m = arg;
    const struct slot *slot = myna_rtc_audio_arg(a);

    return slot && *slot->sid ? m->events.open(m->arg, slot->sid, frame, into, cap) : 0;
}

/* ---- made and unmade */

static size_t read_servers(Myna__Lk__ICEServer *const *servers, size_t n,
                           struct myna_rtc_server *into, size_t max)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < servers[i]->n_urls && k < max; j++)
            into[k++] = (struct myna_rtc_server){.url = servers[i]->urls[j],
                                                 .username = servers[i]->username,
                                                 .credential = servers[i]->credential};
    return k;
}

static bool add_slot(struct myna_lk_media *m)
{
    struct slot *s = &m->slots[m->n_slots];

    if (m->n_slots == MYNA_LK_MAX_SLOTS)
        return false;
    s->audio = myna_rtc_add_audio(m->rtc, MYNA_RTC_RECVONLY);
    if (!s->audio)
        return false;
    s->media = m;
    myna_rtc_audio_set_arg(s->audio, s);
    m->n_slots++;
    return true;
}

/* Both, or what participants send is held back for ever (livekit-rtc 4.2). */
enum myna_err myna_lk_media_reopen(struct myna_lk_media *m, struct myna_why *why)
{
    struct myna_rtc_channel_options reliable = {
        .label = "_reliable", .ordered = true, .max_retransmits = -1, .low_water = LOW_WATER};
    struct myna_rtc_channel_options lossy = {.label = "_lossy", .max_retransmits = 0};
    enum myna_err err = MYNA_OK;

    if (!m->reliable)
        err = myna_rtc_open_channel(m->rtc, &reliable, &m->reliable, why);
    if (!err && !m->lossy)
        err = myna_rtc_open_channel(m->rtc, &lossy, &m->lossy, why);
    return err;
}

enum myna_err myna_lk_media_create(struct myna_lk_media **out,
                                   const struct myna_lk_media_options *opt,
                                   const struct myna_lk_media_events *events, void *arg,
                                   struct myna_why *why)
{
    static const struct myna_rtc_events re = {.state = on_state,
                                              .candidate = on_candidate,
                                              .frame = on_frame,
                                              .picture = on_picture,
                                              .tick = on_tick,
                                              .channel = on_channel,
                                              .message = on_message};
    static const struct myna_rtc_seal seal = {on_seal, on_open};
    struct myna_rtc_options ro = {
        .host = opt->host, .loopback = opt->loopback, .max_message_size = 65536};
    struct myna_lk_media *m = calloc(1, sizeof *m);
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    m->host = opt->host;
    m->events = *events;
    m->arg = arg;
    ro.seal = opt->sealed ? &seal : NULL;
    ro.seal_arg = m;
    err = myna_rtc_create(&m->rtc, &ro, &re, m, why);
    if (!err)
        err = myna_lk_media_reopen(m, why);
    if (!err && opt->cid) {
        m->mic = myna_rtc_add_audio(m->rtc, MYNA_RTC_SENDONLY);
        if (m->mic)
            myna_rtc_audio_publish(m->mic, "myna", opt->cid);
        else
            err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    if (!err && !add_slot(m))
        err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (err) {
        myna_lk_media_destroy(m);
        return err;
    }
    *out = m;
    return MYNA_OK;
}

void myna_lk_media_destroy(struct myna_lk_media *m)
{
    if (!m)
        return;
    myna_rtc_destroy(m->rtc);
    free(m);
}

/* ---- negotiation */

void myna_lk_media_negotiate(struct myna_lk_media *m, bool restart)
{
    struct myna_why why = {0};
    const char *sdp = NULL;

    m->restart |= restart;
    if (m->waits) {
        m->again = true;
        return;
    }
    if (myna_rtc_offer(m->rtc, m->restart ? (unsigned)MYNA_RTC_ICE_RESTART : 0, &sdp, &why)) {
        myna_host_log(m->host, MYNA_LOG_WARN, "no offer to the LiveKit server: %s", why.text);
        return;
    }
    m->restart = m->again = false;
    m->waits = true;
    m->events.offer(m->arg, sdp);
}

void myna_lk_media_relay_only(struct myna_lk_media *m, bool on)
{
    myna_rtc_set_relay_only(m->rtc, on);
}

void myna_lk_media_servers(struct myna_lk_media *m, Myna__Lk__ICEServer *const *servers, size_t n)
{
    struct myna_rtc_server list[8];
    size_t k = read_servers(servers, n, list, 8);

    if (k)
        myna_rtc_set_servers(m->rtc, list, k);
}

void myna_lk_media_slots(struct myna_lk_media *m, unsigned n)
{
    for (; n > 0; n--)
        if (!add_slot(m)) {
            myna_host_log(m->host, MYNA_LOG_WARN, "no more tracks can be heard slots=%zu",
                          m->n_slots);
            return;
        }
}

void myna_lk_media_views(struct myna_lk_media *m, unsigned n)
{
    for (; n > 0 && m->n_views < MYNA_LK_MAX_VIEWS; n--) {
        struct view *v = &m->views[m->n_views];

        v->video = myna_rtc_add_video(m->rtc);
        if (!v->video)
            break;
        myna_rtc_video_set_arg(v->video, v);
        m->n_views++;
    }
    if (n)
        myna_host_log(m->host, MYNA_LOG_WARN, "no more cameras can be seen views=%zu", m->n_views);
}

void myna_lk_media_look(struct myna_lk_media *m, const char *track_sid, bool on)
{
    for (size_t i = 0; i < m->n_views; i++) {
        if (strcmp(m->views[i].sid, track_sid) != 0)
            continue;
        if (on)
            myna_rtc_video_ask(m->views[i].video);
        else
            myna_rtc_video_rest(m->views[i].video);
    }
}

void myna_lk_media_forget_offer(struct myna_lk_media *m)
{
    if (!m->waits)
        return;
    m->waits = false;
    m->again = true;
    myna_rtc_rollback(m->rtc);
}

static const char *track_on(const Myna__Lk__SessionDescription *answer, const char *mid)
{
    for (size_t i = 0; i < answer->n_mid_to_track_id; i++)
        if (!strcmp(answer->mid_to_track_id[i]->key, mid))
            return answer->mid_to_track_id[i]->value;
    return "";
}

enum myna_err myna_lk_media_answer(struct myna_lk_media *m,
                                   const Myna__Lk__SessionDescription *answer, struct myna_why *why)
{
    enum myna_err err;

    if (!m->waits)
        return MYNA_OK; /* of an offer that was forgotten */
    err = myna_rtc_accept_answer(m->rtc, answer->sdp, why);
    if (err)
        return err;
    m->waits = false;
    for (size_t i = 0; i < m->n_slots; i++) {
        struct slot *s = &m->slots[i];

        snprintf(s->sid, sizeof s->sid, "%s", track_on(answer, myna_rtc_audio_mid(s->audio)));
        myna_host_log(m->host, MYNA_LOG_DEBUG, "a slot of the room mid=%s track=%s",
                      myna_rtc_audio_mid(s->audio), s->sid);
    }
    for (size_t i = 0; i < m->n_views; i++) {
        struct view *v = &m->views[i];
        const char *sid = track_on(answer, myna_rtc_video_mid(v->video));

        if (strcmp(sid, v->sid) != 0)
            myna_rtc_video_rest(v->video); /* of another camera, if it is of one */
        snprintf(v->sid, sizeof v->sid, "%s", sid);
    }
    if (m->again)
        myna_lk_media_negotiate(m, false);
    return MYNA_OK;
}

void myna_lk_media_candidate(struct myna_lk_media *m, const char *text)
{
    struct myna_why why = {0};

    if (myna_rtc_add_candidate(m->rtc, text, &why))
        myna_host_log(m->host, MYNA_LOG_DEBUG, "a candidate of the server is not used: %s",
                      why.text);
}

/* ---- sound and packets */

void myna_lk_media_speak(struct myna_lk_media *m, const int16_t *pcm)
{
    if (m->mic)
        myna_rtc_audio_send(m->mic, pcm);
}

enum myna_err myna_lk_media_send(struct myna_lk_media *m, struct myna_view packet, bool reliable)
{
    struct myna_rtc_channel *ch = reliable ? m->reliable : m->lossy;

    return ch ? myna_rtc_send(ch, packet, false) : MYNA_ESTATE;
}

enum myna_rtc_state myna_lk_media_state(const struct myna_lk_media *m)
{
    return myna_rtc_get_state(m->rtc);
}

const char *myna_lk_media_local_sdp(struct myna_lk_media *m)
{
    return myna_rtc_local_sdp(m->rtc);
}

const char *myna_lk_media_remote_sdp(const struct myna_lk_media *m)
{
    return myna_rtc_remote_sdp(m->rtc);
}

int myna_lk_media_channel_ids(const struct myna_lk_media *m, int *lossy)
{
    *lossy = m->lossy ? myna_rtc_channel_id(m->lossy) : -1;
    return m->reliable ? myna_rtc_channel_id(m->reliable) : -1;
}

void myna_lk_media_rest(struct myna_lk_media *m)
{
    myna_rtc_rest(m->rtc);
}

void myna_lk_media_wake(struct myna_lk_media *m)
{
    myna_rtc_wake(m->rtc);
}

struct myna_rtc *myna_lk_media_rtc(struct myna_lk_media *m)
{
    return m->rtc;
}
