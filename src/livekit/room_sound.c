/* room_sound.c - tracks: what we publish, whom we hear, and the offers in between. */
#include "livekit/room_inside.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#define ANSWER_WITHIN (10 * MYNA_S)
#define PATH_WAIT     (10 * MYNA_S)
#define CONNECT_LIMIT (15 * MYNA_S)
#define REOPEN_AFTER  (1 * MYNA_S)
#define LAST_WORD     (300 * MYNA_MS)

/* ---- what media tells */

static void on_offer(void *arg, const char *sdp)
{
    struct myna_lk_room *r = arg;
    Myna__Lk__SessionDescription sd = MYNA__LK__SESSION_DESCRIPTION__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    sd.type = (char *)"offer";
    sd.sdp = (char *)sdp;
    sd.id = ++r->offers;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER;
    rq.offer = &sd;
    if (myna_lk_signal_send(r->signal, &rq)) {
        myna_lk_media_forget_offer(r->media); /* the resume offers again */
        return;
    }
    (void)!myna_timer_set(&r->answer, myna_host_now(r->host) + ANSWER_WITHIN);
}

static void on_candidate(void *arg, const char *text, const char *mid, int index)
{
    struct myna_lk_room *r = arg;
    Myna__Lk__TrickleRequest t = MYNA__LK__TRICKLE_REQUEST__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    json_t *init;

    if (!text)
        return; /* the end of candidates is not asked for (livekit-rtc 3.5) */
    init = json_pack("{s:s,s:s,s:i,s:n}", "candidate", text, "sdpMid", mid ? mid : "0",
                     "sdpMLineIndex", index, "usernameFragment");
    t.candidate_init = myna_json_dump(init, JSON_COMPACT);
    json_decref(init);
    if (!t.candidate_init)
        return;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRICKLE;
    rq.trickle = &t;
    (void)!myna_lk_signal_send(r->signal, &rq);
    free(t.candidate_init);
}

/* Which way the sound takes: over TCP or a relay it comes later, which somebody may wonder about.
 */
static void tell_path(struct myna_lk_room *r)
{
    struct myna_rtc_stats st = {0};
    bool tcp, relay;

    myna_rtc_get_stats(myna_lk_media_rtc(r->media), &st);
    if (!st.local[0])
        return;
    tcp = strstr(st.remote, " tcp ") || strstr(st.local, " tcp ");
    relay = !strncmp(st.local, "relay ", 6) || !strncmp(st.remote, "relay ", 6);
    myna_host_log(r->host, MYNA_LOG_INFO, "sound path local=\"%s\" remote=\"%s\"", st.local,
                  st.remote);
    if (tcp || relay)
        myna_host_log(r->host, MYNA_LOG_WARN,
                      "sound goes %s: UDP to the LiveKit server does not pass, expect more delay",
                      tcp ? "over TCP" : "through a TURN relay");
}

static void on_state(void *arg, enum myna_rtc_state state, const char *why)
{
    struct myna_lk_room *r = arg;

    myna_lk_r_enter(r);
    switch (myna_lk_r_quiet(r) ? MYNA_RTC_NEW : state) {
    case MYNA_RTC_NEW:
    case MYNA_RTC_CONNECTING:
        break;
    case MYNA_RTC_CONNECTED:
        myna_timer_clear(&r->path);
        tell_path(r);
        myna_lk_r_resumed(r);
        myna_lk_r_is_whole(r);
        break;
    case MYNA_RTC_DISCONNECTED:
        myna_lk_r_is_shaky(r);
        if (!r->resuming)
            (void)!myna_timer_set(&r->path, myna_host_now(r->host) + PATH_WAIT);
        break;
    case MYNA_RTC_FAILED:
        myna_lk_r_is_shaky(r);
        /* A server that ends our stay says so a moment later; that word counts more. */
        snprintf(r->last_error, sizeof r->last_error, "%s",
                 why && *why ? why : "the sound path to the LiveKit server broke");
        (void)!myna_timer_set(&r->path, myna_host_now(r->host) + LAST_WORD);
        break;
    }
    myna_lk_r_leave(r);
}

static bool is_heard(const struct myna_lk_room *r, const char *sid, size_t *at)
{
    for (*at = 0; *at < r->n_heard; (*at)++)
        if (!strcmp(r->heard[*at], sid))
            return true;
    return false;
}

/* What is no longer subscribed to comes for a while still. */
static void on_frame(void *arg, const char *track_sid, const struct myna_frame *f)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_track *t;
    const struct myna_lk_person *p = myna_lk_people_by_track(r->people, track_sid, &t);
    size_t at;

    if (!p || myna_lk_r_quiet(r) || !r->events.frame || !is_heard(r, t->sid, &at))
        return;
    myna_lk_r_enter(r);
    r->events.frame(r->arg, p, f);
    myna_lk_r_leave(r);
}

static void on_tick(void *arg, myna_us now)
{
    struct myna_lk_room *r = arg;
    int16_t pcm[MYNA_OUT_SAMPLES];
    bool sound;

    if (myna_lk_r_quiet(r) || !r->events.tick ||
        myna_lk_media_state(r->media) != MYNA_RTC_CONNECTED)
        return;
    myna_lk_r_enter(r);
    sound = r->events.tick(r->arg, now, pcm);
    if (!myna_lk_r_quiet(r) && r->media && !r->muted)
        myna_lk_media_speak(r->media, sound ? pcm : NULL);
    myna_lk_r_leave(r);
}

void myna_lk_room_rest(struct myna_lk_room *r)
{
    if (r->media)
        myna_lk_media_rest(r->media);
}

void myna_lk_room_wake(struct myna_lk_room *r)
{
    if (r->media)
        myna_lk_media_wake(r->media);
}

static void on_packet(void *arg, struct myna_view bytes)
{
    struct myna_lk_room *r = arg;

    myna_lk_r_enter(r);
    if (!myna_lk_r_quiet(r))
        myna_lk_packets_receive(r->packets, myna_host_now(r->host), bytes);
    myna_arena_reset(r->mem);
    myna_lk_r_leave(r);
}

static void on_writable(void *arg)
{
    struct myna_lk_room *r = arg;

    myna_lk_packets_pump(r->packets);
}

/* With the rest of the connection, which has its own end; or alone, when the server found a message
 * of ours too long (livekit-rtc 4.2): then it is opened once more, a moment later. */
static void on_broken(void *arg)
{
    struct myna_lk_room *r = arg;

    if (!myna_lk_r_quiet(r) && !r->leaving)
        (void)!myna_timer_set(&r->reopen, myna_host_now(r->host) + REOPEN_AFTER);
}

void myna_lk_r_reopen(struct myna_timer *t)
{
    struct myna_lk_room *r = t->arg;
    struct myna_why why = {0};

    if (!r->media || myna_lk_media_state(r->media) != MYNA_RTC_CONNECTED)
        return;
    myna_host_log(r->host, MYNA_LOG_WARN, "the server closed our data channel: it is opened again");
    if (myna_lk_media_reopen(r->media, &why))
        myna_host_log(r->host, MYNA_LOG_WARN, "messages no longer pass: %s", why.text);
}

enum myna_err myna_lk_r_media_open(struct myna_lk_room *r, struct myna_why *why)
{
    static const struct myna_lk_media_events events = {
        on_offer,    on_candidate, on_state,          on_frame,       on_tick,       on_packet,
        on_writable, on_broken,    myna_lk_r_picture, myna_lk_r_seal, myna_lk_r_open};
    struct myna_lk_media_options opt = {.host = r->host,
                                        .loopback = true,
                                        .sealed = r->e2ee != NULL,
                                        .cid = r->track_name ? r->cid : NULL};

    snprintf(r->cid, sizeof r->cid, "mic-%08x%08x", (unsigned)myna_host_random(r->host),
             (unsigned)myna_host_random(r->host));
    myna_timer_clear(&r->reopen); /* it was about the old one */
    myna_lk_media_destroy(r->media);
    r->media = NULL;
    r->ahead = r->had_path = false;
    return myna_lk_media_create(&r->media, &opt, &events, r, why);
}

const char *myna_lk_r_no_relay(const struct myna_lk_room *r, Myna__Lk__ICEServer *const *servers,
                               size_t n)
{
    if (!r->relay_only && !r->conf->relay_only)
        return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < servers[i]->n_urls; k++)
            if (!strncasecmp(servers[i]->urls[k], "turn:", 5) ||
                !strncasecmp(servers[i]->urls[k], "turns:", 6))
                return NULL;
    return r->conf->relay_only
               ? "transport.livekit.relay_only is set, and the LiveKit server offers no relay (a "
                 "turn: or turns: URL, as its turn.udp_port and turn.tls_port give): give it one, "
                 "or leave relay_only out"
               : "the LiveKit server wants all sound through a relay and offers none (a turn: or "
                 "turns: URL, as its turn.udp_port and turn.tls_port give)";
}

void myna_lk_r_media_route(struct myna_lk_room *r, Myna__Lk__ICEServer *const *servers, size_t n)
{
    myna_lk_media_relay_only(r->media, r->relay_only || r->conf->relay_only);
    myna_lk_media_servers(r->media, servers, n);
}

/* ---- our track */

void myna_lk_r_publish(struct myna_lk_room *r)
{
    Myna__Lk__AddTrackRequest add = MYNA__LK__ADD_TRACK_REQUEST__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    r->muted = false;
    if (r->track_name) { /* before the offer, so that the answer fits it */
        add.cid = r->cid;
        add.name = r->track_name;
        add.type = MYNA_LK_AUDIO;
        add.source = MYNA_LK_MICROPHONE;
        add.disable_red = true;
        add.encryption = r->e2ee ? MYNA_LK_GCM : 0;
        rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK;
        rq.add_track = &add;
        (void)!myna_lk_signal_send(r->signal, &rq);
    }
    myna_lk_media_negotiate(r->media, false);
    (void)!myna_timer_set(&r->path, myna_host_now(r->host) + CONNECT_LIMIT);
}

/* ---- theirs */

void myna_lk_r_subscribe(struct myna_lk_room *r, const char *sid, bool on)
{
    Myna__Lk__UpdateSubscription sub = MYNA__LK__UPDATE_SUBSCRIPTION__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    char *sids[1] = {(char *)sid};

    sub.track_sids = sids;
    sub.n_track_sids = 1;
    sub.subscribe = on;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION;
    rq.subscription = &sub;
    (void)!myna_lk_signal_send(r->signal, &rq);
}

static void hear(struct myna_lk_room *r, const struct myna_lk_person *p,
                 const struct myna_lk_track *t)
{
    bool wanted = t->type == MYNA_LK_AUDIO && r->events.hears && r->events.hears(r->arg, p, t);
    size_t at;
    bool now = is_heard(r, t->sid, &at);

    if (wanted == now || (wanted && r->n_heard == ROOM_HEARD))
        return;
    if (wanted && t->encrypted && !r->e2ee) {
        myna_lk_r_unreadable(r, p, MYNA_LK_NO_KEY, false);
        return;
    }
    if (wanted && !t->encrypted && myna_lk_e2ee_requires(r->e2ee)) {
        myna_lk_r_unreadable(r, p, MYNA_LK_BARE, false);
        return;
    }
    if (wanted)
        memcpy(r->heard[r->n_heard++], t->sid, sizeof t->sid);
    else
        memcpy(r->heard[at], r->heard[--r->n_heard], sizeof t->sid);
    myna_lk_r_subscribe(r, t->sid, wanted);
}

void myna_lk_r_track(struct myna_lk_room *r, const struct myna_lk_person *p,
                     const struct myna_lk_track *t, enum myna_lk_track_change what)
{
    size_t at;

    if (what == MYNA_LK_PUBLISHED)
        hear(r, p, t);
    else if (what == MYNA_LK_UNPUBLISHED && is_heard(r, t->sid, &at))
        memcpy(r->heard[at], r->heard[--r->n_heard], sizeof t->sid);
    if (what == MYNA_LK_UNPUBLISHED)
        myna_lk_r_unseen(r, t->sid);
}

void myna_lk_room_review(struct myna_lk_room *r)
{
    for (size_t i = 0; i < myna_lk_people_count(r->people); i++) {
        const struct myna_lk_person *p = myna_lk_people_at(r->people, i);

        for (size_t k = 0; k < p->n_tracks; k++)
            hear(r, p, &p->tracks[k]);
    }
}

/* ---- answers, candidates, a resume */

void myna_lk_r_answer(struct myna_lk_room *r, const Myna__Lk__SessionDescription *answer)
{
    struct myna_why why = {0};

    if (!r->media || (answer->id && answer->id != r->offers))
        return; /* to an offer that another has replaced */
    myna_timer_clear(&r->answer);
    if (myna_lk_media_answer(r->media, answer, &why)) {
        myna_host_log(r->host, MYNA_LOG_WARN, "the server's answer is not usable: %s", why.text);
        myna_lk_signal_cut(r->signal);
        myna_lk_r_try(r, WAY_FULL, "the LiveKit server's answer was not usable", false);
    } else {
        myna_lk_r_look_again(r);
    }
}

void myna_lk_r_trickle(struct myna_lk_room *r, const Myna__Lk__TrickleRequest *t)
{
    json_t *init = myna_json_loads(t->candidate_init, 0, NULL);
    const char *text = json_string_value(json_object_get(init, "candidate"));

    if (text && r->media)
        myna_lk_media_candidate(r->media, text);
    json_decref(init);
}

static void fill_channel(Myna__Lk__DataChannelInfo *c, const char *label, int id)
{
    myna__lk__data_channel_info__init(c);
    c->label = (char *)label;
    c->id = id > 0 ? (uint32_t)id : 0;
}

void myna_lk_r_sync(struct myna_lk_room *r)
{
    Myna__Lk__SyncState state = MYNA__LK__SYNC_STATE__INIT;
    Myna__Lk__SessionDescription offer = MYNA__LK__SESSION_DESCRIPTION__INIT,
                                 answer = MYNA__LK__SESSION_DESCRIPTION__INIT;
    Myna__Lk__UpdateSubscription sub = MYNA__LK__UPDATE_SUBSCRIPTION__INIT;
    Myna__Lk__TrackPublishedResponse track = MYNA__LK__TRACK_PUBLISHED_RESPONSE__INIT,
                                     *tracks[1] = {&track};
    Myna__Lk__DataChannelInfo channels[2], *channel_list[2] = {&channels[0], &channels[1]};
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    char *sids[ROOM_HEARD + ROOM_SEEN], *paused[ROOM_SEEN];
    int reliable, lossy;

    if (!r->media)
        return;
    offer.type = (char *)"offer";
    offer.sdp = (char *)myna_lk_media_local_sdp(r->media);
    answer.type = (char *)"answer";
    answer.sdp = (char *)myna_lk_media_remote_sdp(r->media);
    state.offer = &offer;
    state.answer = &answer;
    for (size_t i = 0; i < r->n_heard; i++)
        sids[i] = r->heard[i];
    sub.track_sids = sids;
    sub.n_track_sids = r->n_heard;
    for (size_t i = 0; i < r->n_seen; i++) {
        sids[sub.n_track_sids++] = r->seen[i].sid;
        if (!r->seen[i].wanted)
            paused[state.n_track_sids_disabled++] = r->seen[i].sid;
    }
    state.track_sids_disabled = paused;
    sub.subscribe = true;
    state.subscription = &sub;
    track.cid = r->cid;
    track.track = r->track_info && *r->track_sid
                      ? myna_lk_unpack(r->mem, &myna__lk__track_info__descriptor,
                                       (struct myna_view){r->track_info, r->track_info_len})
                      : NULL;
    if (track.track) { /* one without would end the session */
        state.publish_tracks = tracks;
        state.n_publish_tracks = 1;
    }
    reliable = myna_lk_media_channel_ids(r->media, &lossy);
    fill_channel(&channels[0], "_reliable", reliable);
    fill_channel(&channels[1], "_lossy", lossy);
    state.data_channels = channel_list;
    state.n_data_channels = 2;
    state.datachannel_receive_states = myna_lk_packets_heard(
        r->packets, r->mem, myna_host_now(r->host), &state.n_datachannel_receive_states);
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE;
    rq.sync_state = &state;
    (void)!myna_lk_signal_send(r->signal, &rq);
}
