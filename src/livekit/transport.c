/* transport.c - the transport "livekit": a room as a call's door (agent-session 6).
 *
 * The session hears its guests (guests.c): everyone in the room, or the linked one. Each has one
 * number for the whole call, also over a broken connection. Others are in the room and not heard.
 *
 * Sound is drawn when the room's connection ticks, and only once somebody listens to our track, so
 * that no word is said to nobody; while the connection is away nothing is drawn and the answer goes
 * on where it was heard (unheard.c). When a guest's sound stops coming, silence is told in its
 * place: the session's ears must not stand still in the middle of a word.
 *
 * Where the session idles the connection rests (rtc.h): silence is told in pieces of up to 400 ms,
 * and ready() ends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/door.h"
#include "livekit/guests.h"
#include "livekit/preconnect.h"
#include "livekit/worker.h"
#include "transport/builtin.h"

#define SILENCE_FROM (60 * MYNA_MS) /* no frame for so long */
#define SILENCE_MAX  (500 * MYNA_MS)
#define LAST_WORDS   (250 * MYNA_MS) /* what was drawn must leave before we do */
#define UNHEARD      (10 * MYNA_S)   /* then we speak though nobody asked for our track */

static struct lk *self(struct myna_transport *t)
{
    return (struct lk *)t;
}

static void close_with(struct lk *lk, const char *reason, const struct myna_fault *fault)
{
    if (lk->closed)
        return;
    lk->closed = true;
    myna_lk_guests_rest(lk);
    myna_timer_clear(&lk->bye);
    myna_transport_closed(&lk->base, reason, fault);
}

/* ---- who we talk with */

static void on_joined(void *arg, const struct myna_lk_person *p)
{
    struct lk *lk = arg;

    if (lk->owner.joined)
        lk->owner.joined(lk->owner_arg, p);
    myna_lk_look(lk);
}

static void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    struct lk *lk = arg;

    if (lk->owner.left)
        lk->owner.left(lk->owner_arg, p, reason);
    myna_lk_guest_left(lk, p, reason);
}

/* The name is what the session calls them by. */
static void on_renamed(void *arg, const struct myna_lk_person *p)
{
    struct lk *lk = arg;
    const struct lk_guest *g = myna_lk_guest_of(lk, p->number);

    if (g && !lk->closed)
        myna_transport_joined(&lk->base, g->who, p->identity, *p->name ? p->name : p->identity);
}

static void on_attribute(void *arg, const struct myna_lk_person *p, const char *key,
                         const char *value)
{
    struct lk *lk = arg;
    const struct lk_guest *g = myna_lk_guest_of(lk, p->number);

    if (g && !lk->closed)
        myna_transport_attribute_in(&lk->base, g->who, key, value);
}

const struct myna_lk_track *myna_lk_microphone(const struct myna_lk_person *p)
{
    /* A phone or a stream has one sound, whatever it was published as (livekit-rtc 3.9). */
    bool is_line = p->kind == MYNA_LK_SIP || p->kind == MYNA_LK_INGRESS;
    const struct myna_lk_track *found = NULL;

    for (size_t i = 0; i < p->n_tracks; i++) {
        const struct myna_lk_track *t = &p->tracks[i];

        if (t->type == MYNA_LK_AUDIO &&
            (t->source == MYNA_LK_MICROPHONE || ((t->source == MYNA_LK_SOURCE_UNKNOWN || is_line) &&
                                                 !(found && found->source == MYNA_LK_MICROPHONE))))
            found = t;
    }
    return found;
}

static bool on_hears(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t)
{
    struct lk *lk = arg;

    return lk->opt.audio_input && myna_lk_guest_of(lk, p->number) && myna_lk_microphone(p) == t;
}

static void on_track(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                     enum myna_lk_track_change what)
{
    struct lk *lk = arg;
    struct lk_guest *g = myna_lk_guest_of(lk, p->number);

    (void)t;
    if (!g || (what != MYNA_LK_PUBLISHED && what != MYNA_LK_UNPUBLISHED))
        return;
    myna_lk_room_review(lk->room);
    if (what == MYNA_LK_PUBLISHED && lk->opt.audio_input)
        myna_lk_await_recording(g, p);
}

/* ---- sound */

static void on_frame(void *arg, const struct myna_lk_person *p, const struct myna_frame *f)
{
    struct lk *lk = arg;
    struct lk_guest *g = myna_lk_guest_of(lk, p->number);
    struct myna_frame copy;

    if (!g || lk->closed || (lk->owner.listens && !lk->owner.listens(lk->owner_arg, p)))
        return;
    copy = *f;
    g->last_frame = myna_host_now(lk->base.host);
    g->lag = g->last_frame - f->captured;
    if (!myna_lk_held(g, f))
        myna_lk_tell_frame(g, &copy);
}

static void on_picture(void *arg, const struct myna_lk_person *p,
                       const struct myna_rtc_picture *picture)
{
    struct lk *lk = arg;

    if (lk->owner.picture)
        lk->owner.picture(lk->owner_arg, p, picture);
}

/* As many frames as the time since the last one holds. */
static void tell_silence(struct lk_guest *g, myna_us now)
{
    if (g->silent_to < g->last_frame || now - g->silent_to > SILENCE_MAX)
        g->silent_to = now - MYNA_FRAME_US;
    while (now - g->silent_to >= MYNA_FRAME_US / 2 && !g->lk->closed && g->who) {
        struct myna_frame silence = {.flags = MYNA_FRAME_SILENT};

        g->silent_to += MYNA_FRAME_US;
        silence.captured = g->silent_to - g->lag;
        myna_lk_tell_frame(g, &silence);
    }
}

static bool waits_for_recording(const struct lk *lk)
{
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++)
        if (lk->guests[i].held)
            return true;
    return false;
}

static bool on_tick(void *arg, myna_us now, int16_t pcm[MYNA_OUT_SAMPLES])
{
    struct lk *lk = arg;

    if (lk->closed || !lk->told)
        return false;
    for (size_t i = 0; i < MYNA_LK_GUESTS && !lk->closed && lk->opt.audio_input; i++) {
        struct lk_guest *g = &lk->guests[i];

        /* Who never made a sound costs nothing; the first one's ears are open all the same. */
        if (g->who && !g->held && (g->last_frame || i == 0) && now - g->last_frame >= SILENCE_FROM)
            tell_silence(g, now);
    }
    if (lk->closed || (!lk->listened && now - lk->linked_at < UNHEARD) ||
        myna_lk_line_is_dead(lk, now))
        return false;
    if (!myna_transport_pull(&lk->base, pcm) && myna_transport_idle(&lk->base) &&
        !waits_for_recording(lk))
        myna_lk_room_rest(lk->room);
    return true; /* silence may be background sounds */
}

static void on_listened(void *arg)
{
    self(arg)->listened = true;
}

/* ---- words */

/* Read by the session itself; all else is the program's. */
static bool is_ours(const struct lk *lk, const char *topic, bool is_text)
{
    return is_text ? lk->opt.text_input && !strcmp(topic, "lk.chat")
                   : lk->opt.audio_input && !strcmp(topic, MYNA_LK_PRECONNECT_TOPIC);
}

/* Of guests, of those who may become one, and of those of whom nothing is known yet. */
static bool on_wants(void *arg, const struct myna_lk_person *from, const char *identity,
                     const char *topic, bool is_text)
{
    struct lk *lk = arg;
    struct lk_guest *g = from ? myna_lk_guest_of(lk, from->number) : NULL;

    if (!is_ours(lk, topic, is_text))
        return !lk->closed && (g || myna_lk_may_come(lk, from, identity)) &&
               myna_transport_wants(&lk->base, topic);
    if (g && !is_text)
        myna_lk_recording_begins(g);
    return g || !from || myna_lk_may_be_guest(lk, from);
}

static void on_stream(void *arg, const struct myna_lk_person *from, const char *identity,
                      const Myna__Lk__StreamHeader *header, struct myna_view body, bool is_text)
{
    struct lk *lk = arg;
    struct lk_guest *g = from ? myna_lk_guest_of(lk, from->number) : NULL;

    if (!is_ours(lk, header->topic, is_text)) {
        if (g && !lk->closed)
            myna_transport_data_in(&lk->base, g->who, header->topic, body);
        else if (!lk->closed && myna_lk_may_come(lk, from, identity) &&
                 myna_transport_wants(&lk->base, header->topic))
            myna_lk_keep_early(lk, identity, header->topic, body);
        return;
    }
    if (!body.len || lk->closed)
        return;
    if (is_text && from && lk->owner.writes && !lk->owner.writes(lk->owner_arg, from))
        return;
    if (!is_text) {
        if (g)
            myna_lk_recording(g, header, body);
        return;
    }
    if (g)
        myna_transport_text_in(&lk->base, g->who, (const char *)body.ptr);
    else if (!from || myna_lk_may_be_guest(lk, from))
        myna_lk_keep_early(lk, identity, NULL, myna_view_of((const char *)body.ptr));
}

/* The owner judges for itself. The session gets what guests and the server's API say; what somebody
 * says who may become a guest waits until they are one. */
static void on_data(void *arg, const struct myna_lk_person *from, const char *identity,
                    const char *topic, struct myna_view body)
{
    struct lk *lk = arg;
    const struct lk_guest *g = from ? myna_lk_guest_of(lk, from->number) : NULL;

    if (lk->owner.data && lk->owner.data(lk->owner_arg, from, identity, topic, body))
        return;
    if (lk->closed)
        return;
    if (g || (!from && !*identity))
        myna_transport_data_in(&lk->base, g ? g->who : 0, topic, body);
    else if (myna_lk_may_come(lk, from, identity) && myna_transport_wants(&lk->base, topic))
        myna_lk_keep_early(lk, identity, topic, body);
}

static void on_dtmf(void *arg, const struct myna_lk_person *from, const char *digits)
{
    struct lk *lk = arg;
    const struct lk_guest *g = myna_lk_guest_of(lk, from->number);
    uint32_t who = g ? g->who : 0;

    for (size_t i = 0; i < 64 && digits[i] && who && g->who == who && !lk->closed; i++)
        if (strchr("0123456789*#ABCD", digits[i]))
            myna_transport_dtmf_in(&lk->base, who, digits[i]);
}

/* So much of a name that its bearer is known again and nobody else learns it (voice-gateway 14):
 * half of it, three bytes at the most. */
static int shown_of(const char *identity)
{
    size_t len = strlen(identity), n = len / 2 < 3 ? len / 2 : 3;

    while (n && ((unsigned char)identity[n] & 0xC0) == 0x80) /* whole characters */
        n--;
    return (int)n;
}

static void on_unreadable(void *arg, const struct myna_lk_person *p, const char *why)
{
    struct lk *lk = arg;
    const struct lk_guest *g = myna_lk_guest_of(lk, p->number);
    char text[400];
    struct myna_fault fault = {
        .stage = MYNA_STAGE_TRANSPORT, .err = MYNA_ECONFIG, .provider = "livekit", .message = text};

    snprintf(text, sizeof text, "%.*s… (%s): %s", shown_of(p->identity), p->identity, p->sid, why);
    if (!g)
        myna_host_log(lk->base.host, MYNA_LOG_WARN, "%s", text);
    else if (!lk->closed)
        myna_transport_fault(&lk->base, g->who, &fault);
}

/* ---- the stay */

static void on_over(struct lk *lk, const struct myna_lk_end *end)
{
    struct myna_fault fault = {
        .stage = MYNA_STAGE_TRANSPORT, .provider = "livekit", .message = end ? end->message : ""};

    if (lk->hung_up) {
        bool gone = end && end->kind == MYNA_LK_END_LEAVE && end->reason == MYNA_LK_ROOM_DELETED;

        lk->line_over = true;
        if (gone)
            myna_lk_deletion_cancel(lk); /* that is its answer */
        else if (lk->opt.delete_room_on_close && lk->session && !lk->deletes)
            myna_lk_delete_and_leave(lk); /* in its last words: not asked yet */
        if (!lk->deletion)
            close_with(lk, lk->reason, NULL);
        return;
    }
    if (end && end->kind == MYNA_LK_END_LEAVE &&
        (end->reason == MYNA_LK_ROOM_DELETED || end->reason == MYNA_LK_ROOM_CLOSED ||
         end->reason == MYNA_LK_PARTICIPANT_REMOVED || end->reason == MYNA_LK_SERVER_SHUTDOWN ||
         end->reason == MYNA_LK_CLIENT_INITIATED)) {
        close_with(lk, myna_lk_reason_name(end->reason), NULL);
        return;
    }
    fault.err = end && end->kind == MYNA_LK_END_REFUSED ? MYNA_ECONFIG : MYNA_EIO;
    close_with(lk, "error", &fault);
}

static void on_state(void *arg, enum myna_lk_room_state state, const struct myna_lk_end *end)
{
    struct lk *lk = arg;

    if (state == MYNA_LK_STAY_OVER) {
        if (lk->owner.over)
            lk->owner.over(lk->owner_arg, end);
        on_over(lk, end);
    } else if (state == MYNA_LK_STAY_IN) {
        bool anew = lk->session != myna_lk_room_session(lk->room);

        lk->session = myna_lk_room_session(lk->room);
        if (anew) { /* with a new track, to which nobody listens yet */
            lk->listened = false;
            lk->linked_at = myna_host_now(lk->base.host);
            myna_lk_line_is_another(lk);
            myna_lk_captions_anew(lk->captions);
        }
        if (lk->owner.in)
            lk->owner.in(lk->owner_arg, anew);
        myna_lk_look(lk);
    }
}

static void bye_fire(struct myna_timer *t)
{
    struct lk *lk = t->arg;

    if (lk->opt.delete_room_on_close && lk->session)
        myna_lk_delete_and_leave(lk);
    else
        myna_lk_room_leave(lk->room);
}

void myna_lk_deletion_over(struct lk *lk)
{
    if (lk->line_over)
        close_with(lk, lk->reason, NULL);
    else
        myna_lk_room_leave(lk->room);
}

static uint32_t caps_of(const struct myna_lk_options *conf)
{
    uint32_t caps = MYNA_TRANSPORT_PAUSE | MYNA_TRANSPORT_TEXT | MYNA_TRANSPORT_DATA;

    if (conf->audio_input)
        caps |= MYNA_TRANSPORT_AUDIO_IN;
    if (conf->audio_output)
        caps |= MYNA_TRANSPORT_AUDIO_OUT;
    if (!conf->sync_transcription)
        caps |= MYNA_TRANSPORT_AHEAD;
    if (conf->stay || !conf->close_on_disconnect)
        caps |= MYNA_TRANSPORT_STAYS;
    return caps;
}

/* conf: strings are kept. */
static enum myna_err make(struct myna_transport **out, struct myna_host *host,
                          const struct myna_lk_options *conf, const char *track_name,
                          struct myna_why *why)
{
    static const struct myna_lk_room_events events = {
        .state = on_state,
        .people = {.joined = on_joined,
                   .left = on_left,
                   .renamed = on_renamed,
                   .attribute = on_attribute,
                   .track = on_track},
        .hears = on_hears,
        .frame = on_frame,
        .picture = on_picture,
        .tick = on_tick,
        .listened = on_listened,
        .data = on_data,
        .wants = on_wants,
        .stream = on_stream,
        .rpc = {.called = myna_lk_method_called, .done = myna_lk_method_done},
        .dtmf = on_dtmf,
        .unreadable = on_unreadable,
    };
    struct myna_lk_room_options ro = {.host = host,
                                      .track_name = conf->audio_output ? track_name : NULL};
    struct lk *lk = calloc(1, sizeof *lk);
    enum myna_err err;

    if (!lk)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    lk->base = (struct myna_transport){
        .cls = &myna_transport_livekit,
        .host = host,
        .caps = caps_of(conf),
        .heard = MYNA_HEARD_AT_PULL,
        .latency = MYNA_LK_LATENCY,
        .rewinds = MYNA_LK_REWINDS,
    };
    myna_lk_guests_init(lk);
    myna_host_timer_init(host, &lk->bye, bye_fire, lk);
    lk->opt = *conf;
    ro.conf = &lk->opt;
    lk->everyone =
        lk->opt.hear != MYNA_LK_HEAR_LINKED && !(lk->opt.participant && *lk->opt.participant);
    err = myna_lk_room_create(&lk->room, &ro, &events, lk, why);
    if (!err) {
        lk->captions = myna_lk_captions_create(host, myna_lk_room_packets(lk->room),
                                               lk->opt.json_transcription);
        if (!lk->captions)
            err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    if (err) {
        myna_transport_livekit.destroy(&lk->base);
        return err;
    }
    *out = &lk->base;
    return MYNA_OK;
}

static enum myna_err lk_create(struct myna_transport **out, struct myna_host *host,
                               const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_lk_options conf;
    enum myna_err err = myna_lk_options_read(cfg, &conf, why);

    return err ? err : make(out, host, &conf, "myna-voice", why);
}

enum myna_err myna_lk_door_open(struct myna_transport **out, struct myna_host *host,
                                const struct myna_lk_door *door, struct myna_why *why)
{
    enum myna_err err = make(out, host, door->conf, door->track_name, why);

    if (err)
        return err;
    self(*out)->owner = *door->events;
    self(*out)->owner_arg = door->arg;
    return MYNA_OK;
}

struct myna_lk_room *myna_lk_door_room(struct myna_transport *t)
{
    return self(t)->room;
}

uint32_t myna_lk_door_who(const struct myna_transport *t, const char *identity)
{
    const struct lk *lk = (const struct lk *)t;

    for (size_t i = 0; i < MYNA_LK_GUESTS; i++)
        if (lk->guests[i].who && lk->guests[i].number && !strcmp(lk->guests[i].identity, identity))
            return lk->guests[i].who;
    return 0;
}

enum myna_err myna_lk_transport_for(struct myna_transport **out, struct myna_host *host,
                                    const struct myna_config *cfg, const char *url,
                                    const char *token, struct myna_why *why)
{
    enum myna_err err = lk_create(out, host, cfg, why);
    struct lk *lk = err ? NULL : self(*out);

    if (err)
        return err;
    lk->everyone = lk->everyone && lk->opt.hear == MYNA_LK_HEAR_ALL;
    lk->own_url = strdup(url ? url : "");
    lk->own_token = strdup(token);
    if (!lk->own_url || !lk->own_token) {
        (*out)->cls->destroy(*out);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    lk->opt.url = lk->own_url;
    lk->opt.token = lk->own_token;
    return MYNA_OK;
}

bool myna_lk_transport_is_unsettled(const struct myna_transport *t)
{
    return myna_lk_room_is_unsettled(((const struct lk *)t)->room);
}

bool myna_lk_transport_came_in(const struct myna_transport *t)
{
    return ((const struct lk *)t)->session != 0;
}

static void lk_prepare(struct myna_host *host)
{
    myna_rtc_prepare(host);
}

static enum myna_err lk_start(struct myna_transport *t, struct myna_why *why)
{
    return myna_lk_room_join(self(t)->room, why);
}

static void lk_ready(struct myna_transport *t)
{
    myna_lk_room_wake(self(t)->room);
}

static void lk_hangup(struct myna_transport *t, const char *reason)
{
    struct lk *lk = self(t);

    if (lk->closed || lk->hung_up)
        return;
    lk->hung_up = true;
    snprintf(lk->reason, sizeof lk->reason, "%s", reason ? reason : "hangup");
    if (myna_timer_set(&lk->bye, myna_host_now(t->host) + LAST_WORDS))
        myna_lk_room_leave(lk->room);
}

static void lk_destroy(struct myna_transport *t)
{
    struct lk *lk = self(t);

    if (!lk)
        return;
    if (lk->opt.delete_room_on_close && myna_lk_transport_came_in(t) && !lk->closed)
        myna_host_log(t->host, MYNA_LOG_WARN,
                      "the call was ended before the room %.60s was deleted: it may still be there",
                      myna_lk_room_name(lk->room));
    lk->closed = true;
    myna_timer_clear(&lk->bye);
    myna_lk_deletion_cancel(lk);
    myna_lk_guests_fini(lk);
    myna_lk_captions_destroy(lk->captions);
    myna_lk_room_destroy(lk->room);
    free(lk->own_url);
    free(lk->own_token);
    free(lk);
}

static enum myna_err lk_data(struct myna_transport *t, const char *topic, struct myna_view body,
                             uint32_t to_who, enum myna_delivery how)
{
    struct lk *lk = self(t);
    const struct lk_guest *g = myna_lk_guest_who(lk, to_who);

    if (to_who && !g)
        return MYNA_ENOENT;
    return myna_lk_room_data(lk->room, topic, body, g ? g->identity : NULL,
                             how == MYNA_DELIVER_RELIABLE);
}

static enum myna_err lk_attribute(struct myna_transport *t, const char *key, const char *value)
{
    return myna_lk_room_attribute(self(t)->room, key, value);
}

const struct myna_transport_class myna_transport_livekit = {
    .name = "livekit",
    .summary = "a LiveKit room, over our own WebRTC",
    .options = myna_lk_option_table,
    .create = lk_create,
    .start = lk_start,
    .hangup = lk_hangup,
    .destroy = lk_destroy,
    .ready = lk_ready,
    .text = myna_lk_show,
    .data = lk_data,
    .stream = myna_lk_message_stream,
    .call = myna_lk_method_call,
    .answer = myna_lk_method_answer,
    .attribute = lk_attribute,
    .prepare = lk_prepare,
    .link = myna_lk_link,
};
