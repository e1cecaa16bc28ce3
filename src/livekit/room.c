/* room.c - the life of a stay: join, resume, join anew, leave. */
#include "livekit/room_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/livekit.h>

#define ATTEMPTS   10
#define SLOWEST_MS 7000
#define PATIENCE   (2 * 60 * MYNA_S) /* ten refusals of a server that restarts take 25 s */
#define STEADY     (5 * MYNA_S)      /* a path that broke sooner was no success */

#define UNSETTLED (10 * MYNA_S) /* the server takes 5 s to see that an old participant is gone */
#define SETTLE    (1 * MYNA_S)  /* for the list of people that follows a resume */

#define NO_PATH                                                                                    \
    "no sound path to the LiveKit server: neither UDP nor TCP gets through to it. Let UDP to its " \
    "media ports pass (rtc.udp_port, or 50000 to 60000), or TCP 7881, or give it a relay "         \
    "(turn.udp_port)"

void myna_lk_r_enter(struct myna_lk_room *r)
{
    r->depth++;
}

static void room_free(struct myna_lk_room *r);

void myna_lk_r_leave(struct myna_lk_room *r)
{
    if (--r->depth == 0 && r->dead)
        room_free(r);
}

bool myna_lk_r_quiet(const struct myna_lk_room *r)
{
    return r->dead || r->closed;
}

static void tell(struct myna_lk_room *r, enum myna_lk_room_state state,
                 const struct myna_lk_end *end)
{
    if (!r->dead && r->events.state)
        r->events.state(r->arg, state, end);
}

static void clear_timers(struct myna_lk_room *r)
{
    myna_timer_clear(&r->retry);
    myna_timer_clear(&r->answer);
    myna_timer_clear(&r->path);
    myna_timer_clear(&r->settle);
    myna_timer_clear(&r->tell_attributes);
    myna_timer_clear(&r->reopen);
}

/* Does the path of now count as a success? Not by the seconds in which we wait for it to come back.
 */
static bool is_steady(const struct myna_lk_room *r)
{
    myna_us until = r->shaky_at ? r->shaky_at : myna_host_now(r->host);

    return !r->attempt && r->whole_at && until - r->whole_at >= STEADY;
}

void myna_lk_r_close(struct myna_lk_room *r, const struct myna_lk_end *end)
{
    if (r->closed)
        return;
    r->stood |= is_steady(r);
    clear_timers(r);
    myna_lk_media_destroy(r->media);
    r->media = NULL;
    myna_lk_signal_cut(r->signal);
    tell(r, MYNA_LK_STAY_OVER, end);
    r->closed = true;
}

/* ---- one attempt */

static enum myna_err make_token(struct myna_lk_room *r, char **token, struct myna_why *why)
{
    const struct myna_lk_options *c = r->conf;
    struct myna_livekit_token what = {
        .size = sizeof what,
        .api_key = c->api_key,
        .api_secret = c->api_secret,
        .identity = c->identity,
        .name = c->name,
        .metadata = c->metadata,
        .room = c->room,
        .kind = "agent",
        .grants = MYNA_LIVEKIT_JOIN | MYNA_LIVEKIT_UPDATE | MYNA_LIVEKIT_AGENT,
        .wall_s = myna_host_wall_ms(r->host) / 1000,
    };

    if (c->token && *c->token) {
        *token = strdup(c->token);
        return *token ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    if (!c->room || !*c->room)
        return myna_fail(why, MYNA_ECONFIG,
                         "which room? Say --room NAME, or set transport.livekit.room or "
                         "LIVEKIT_ROOM");
    return myna_livekit_token(&what, token, why);
}

static enum myna_err attempt(struct myna_lk_room *r, struct myna_why *why)
{
    struct myna_lk_signal_open how = {0};
    char *token = NULL;
    enum myna_err err = MYNA_OK;

    if (r->e2ee && *myna_lk_e2ee_problem(r->e2ee))
        return myna_fail(why, MYNA_ECONFIG, "%s", myna_lk_e2ee_problem(r->e2ee));
    if (r->way == WAY_RESUME) {
        how.resume_sid = r->sid;
        how.reason = r->reason;
    } else {
        myna_lk_media_destroy(r->media);
        r->media = NULL;
        r->ahead = false;
        myna_lk_signal_forget(r->signal);
        free(r->server);
        r->server = r->elsewhere;
        r->elsewhere = NULL;
    }
    how.url = r->server ? r->server : r->conf->url;
    if (!*myna_lk_signal_token(r->signal))
        err = make_token(r, &token, why);
    how.token = token;
    if (!err)
        err = myna_lk_signal_open(r->signal, &how, why);
    if (!err && r->way != WAY_RESUME)
        myna_lk_r_ask_regions(r);
    free(token);
    return err;
}

static void retry_fire(struct myna_timer *t)
{
    struct myna_lk_room *r = t->arg;
    struct myna_why why = {0};

    myna_lk_r_enter(r);
    if (attempt(r, &why))
        myna_lk_r_try(r, WAY_FULL, why.text, false);
    myna_lk_r_leave(r);
}

/* ---- trying again */

static int backoff_ms(struct myna_lk_room *r)
{
    int64_t limit = 300;

    for (int i = 1; i < r->attempt && limit < SLOWEST_MS; i++)
        limit *= 2;
    if (limit > SLOWEST_MS)
        limit = SLOWEST_MS;
    return (int)(myna_host_random(r->host) % (uint32_t)(limit + 1));
}

/* What failed was a new session: a resume says nothing of the region. */
static bool was_no_session(const struct myna_lk_room *r)
{
    return (r->trying && r->way == WAY_FULL) || !r->had_path;
}

/* One attempt more. At once is meant for the first of its way: a server that says "reconnect" after
 * each join would else be asked without a pause. */
static int count_attempt(struct myna_lk_room *r, bool at_once)
{
    myna_us now = myna_host_now(r->host);

    if (is_steady(r))
        r->stood = true;
    else if (!r->attempt && r->whole_at)
        r->attempt = r->attempts_before;
    if (++r->attempt == 1) {
        r->lost_at = now;
        r->joined_anew = false;
        r->hops = 0;
    }
    at_once = at_once && (r->way == WAY_FULL ? !r->joined_anew : r->attempt == 1);
    r->joined_anew |= r->way == WAY_FULL;
    return at_once ? 0 : backoff_ms(r);
}

void myna_lk_r_try(struct myna_lk_room *r, enum room_way way, const char *why, bool at_once)
{
    bool no_session = was_no_session(r);
    int ms;

    if (myna_lk_r_quiet(r))
        return;
    if (why != r->last_error)
        snprintf(r->last_error, sizeof r->last_error, "%s", why);
    myna_timer_clear(&r->answer);
    myna_timer_clear(&r->path);
    myna_timer_clear(&r->settle);
    if (r->media)
        myna_lk_media_forget_offer(r->media);
    r->way = way == WAY_RESUME && r->never_resume ? WAY_FULL : way;
    ms = count_attempt(r, at_once);
    if (r->way == WAY_FULL && no_session && myna_lk_r_moves_on(r))
        ms = 0;
    if (r->attempt > ATTEMPTS && myna_host_now(r->host) - r->lost_at >= PATIENCE) {
        struct myna_lk_end end = {.kind = MYNA_LK_END_DROPPED, .message = r->last_error};

        myna_lk_r_close(r, &end);
        return;
    }
    myna_host_log(r->host, MYNA_LOG_WARN, "the room is joined again how=%s attempt=%d in_ms=%d: %s",
                  r->way == WAY_RESUME ? "resume" : "full", r->attempt, ms, r->last_error);
    if (!r->trying) {
        r->trying = true;
        tell(r, MYNA_LK_STAY_LOST, NULL);
    }
    if (!myna_lk_r_quiet(r) && myna_timer_set(&r->retry, myna_host_now(r->host) + ms * MYNA_MS)) {
        struct myna_lk_end end = {.kind = MYNA_LK_END_DROPPED, .message = "memory is short"};

        myna_lk_r_close(r, &end);
    }
}

/* A room in which only agents are left is closed after a while; who stays opens it again. */
static bool is_for_good(const struct myna_lk_room *r, const struct myna_lk_end *end)
{
    return end->kind == MYNA_LK_END_LEAVE && end->action == MYNA_LK_DISCONNECT &&
           !(r->conf->stay && end->reason == MYNA_LK_ROOM_CLOSED);
}

/* While we are to come back a 404, say, may be a proxy's whose server restarts. Key and rights are
 * the server's own word. */
static bool is_refused(const struct myna_lk_room *r, const struct myna_lk_end *end)
{
    return end->kind == MYNA_LK_END_REFUSED && (!r->in || end->status == 401 || end->status == 403);
}

/* Who starts a call reads at once what is wrong, unless the server says itself that we shall come
 * again. */
static bool is_first_and_last(const struct myna_lk_room *r, const struct myna_lk_end *end)
{
    return !r->in && !r->attempt &&
           !(end->kind == MYNA_LK_END_LEAVE && end->action != MYNA_LK_DISCONNECT);
}

static void on_end(void *arg, const struct myna_lk_end *end)
{
    struct myna_lk_room *r = arg;

    myna_lk_r_enter(r);
    if (myna_lk_r_quiet(r))
        ;
    else if (myna_lk_r_hops(r, end))
        ;
    else if (r->leaving || is_refused(r, end) || is_first_and_last(r, end) || is_for_good(r, end))
        myna_lk_r_close(r, end);
    else if (end->kind == MYNA_LK_END_LEAVE && end->action != MYNA_LK_RESUME) {
        myna_lk_r_sent_to(r, end->urls, end->n_urls);
        myna_lk_r_try(r, WAY_FULL, end->message, true);
    } else if (r->trying || !r->in)
        myna_lk_r_try(r, WAY_FULL, end->message, false);
    else {
        if (end->kind == MYNA_LK_END_LEAVE) /* it has lost our media: the old path is dead */
            r->restart_ice = true;
        r->reason = r->restart_ice ? 2 : 1;
        myna_lk_r_try(r, WAY_RESUME, end->message, end->kind == MYNA_LK_END_LEAVE);
    }
    myna_lk_r_leave(r);
}

void myna_lk_r_path_lost(struct myna_lk_room *r, const char *why)
{
    if (myna_lk_r_quiet(r) || r->leaving)
        return;
    myna_lk_signal_cut(r->signal);
    r->restart_ice = true;
    r->reason = 2;
    /* A session that never had a path is closed with its line (livekit-rtc 9.3). */
    myna_lk_r_try(r, r->trying || !r->had_path ? WAY_FULL : WAY_RESUME, why, true);
}

static void path_fire(struct myna_timer *t)
{
    struct myna_lk_room *r = t->arg;
    bool failed = r->media && myna_lk_media_state(r->media) == MYNA_RTC_FAILED;

    myna_lk_r_enter(r);
    if (failed && strncmp(r->last_error, "no path", 7) != 0)
        myna_lk_r_path_lost(r, r->last_error); /* DTLS, say, which no firewall is to blame for */
    else if (r->had_path)
        myna_lk_r_path_lost(r, "the sound path to the LiveKit server broke");
    else
        myna_lk_r_path_lost(r, NO_PATH);
    myna_lk_r_leave(r);
}

static void answer_fire(struct myna_timer *t)
{
    struct myna_lk_room *r = t->arg;

    myna_lk_r_enter(r);
    myna_lk_r_path_lost(r, "the LiveKit server did not answer our offer");
    myna_lk_r_leave(r);
}

static void settle_fire(struct myna_timer *t)
{
    struct myna_lk_room *r = t->arg;

    myna_lk_r_enter(r);
    myna_lk_people_end(r->people, MYNA_LK_UNKNOWN_REASON);
    myna_lk_r_leave(r);
}

/* In, and sound flows: only then were the attempts a success. */
void myna_lk_r_is_whole(struct myna_lk_room *r)
{
    r->had_path = true;
    if (r->trying)
        return;
    if (r->attempt) {
        r->attempts_before = r->attempt;
    } else if (is_steady(r)) { /* a path that merely blinked was a success all the while */
        r->attempts_before = 0;
        r->stood = true;
    }
    r->attempt = 0;
    myna_lk_regions_rewind(r->regions);
    r->whole_at = myna_host_now(r->host);
    r->shaky_at = 0;
}

void myna_lk_r_is_shaky(struct myna_lk_room *r)
{
    if (!r->shaky_at)
        r->shaky_at = myna_host_now(r->host);
}

void myna_lk_r_is_in(struct myna_lk_room *r)
{
    r->in = true;
    r->way = WAY_RESUME; /* of whatever comes next */
    r->trying = false;
    r->restart_ice = false;
    if (r->media && myna_lk_media_state(r->media) == MYNA_RTC_CONNECTED)
        myna_lk_r_is_whole(r);
    tell(r, MYNA_LK_STAY_IN, NULL);
}

void myna_lk_r_resumed(struct myna_lk_room *r)
{
    if (!r->resuming)
        return;
    r->resuming = false;
    myna_timer_clear(&r->path);
    myna_lk_signal_flush(r->signal);
    (void)!myna_timer_set(&r->settle, myna_host_now(r->host) + SETTLE);
    myna_host_log(r->host, MYNA_LOG_INFO, "the stay in the room goes on");
    myna_lk_r_is_in(r);
}

/* ---- what the parts tell */

static void on_signal(void *arg, const Myna__Lk__SignalResponse *m)
{
    struct myna_lk_room *r = arg;

    myna_lk_r_enter(r);
    if (!myna_lk_r_quiet(r))
        myna_lk_r_message(r, m);
    myna_arena_reset(r->mem);
    myna_lk_r_leave(r);
}

/* What the answer has no say in is made while it is waited for. */
static void on_asked(void *arg)
{
    struct myna_lk_room *r = arg;
    struct myna_why why = {0};

    myna_lk_r_enter(r);
    if (!myna_lk_r_quiet(r) && r->way != WAY_RESUME && !r->media)
        r->ahead = !myna_lk_r_media_open(r, &why); /* if not, it is tried again, and told, then */
    myna_lk_r_leave(r);
}

static void on_joined(void *arg, const struct myna_lk_person *p)
{
    struct myna_lk_room *r = arg;

    if (!r->dead && r->events.people.joined)
        r->events.people.joined(r->arg, p);
}

static void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    struct myna_lk_room *r = arg;

    myna_lk_streams_left(r->streams, p->identity);
    myna_lk_rpc_left(r->rpc, p->identity);
    if (!r->dead && r->events.people.left)
        r->events.people.left(r->arg, p, reason);
}

static void on_renamed(void *arg, const struct myna_lk_person *p)
{
    struct myna_lk_room *r = arg;

    if (!r->dead && r->events.people.renamed)
        r->events.people.renamed(r->arg, p);
}

static void on_attribute(void *arg, const struct myna_lk_person *p, const char *key,
                         const char *value)
{
    struct myna_lk_room *r = arg;

    if (!r->dead && r->events.people.attribute)
        r->events.people.attribute(r->arg, p, key, value);
}

static void on_track(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                     enum myna_lk_track_change what)
{
    struct myna_lk_room *r = arg;

    if (t->type == MYNA_LK_VIDEO && what == MYNA_LK_PUBLISHED)
        myna_host_log(r->host, MYNA_LOG_DEBUG, "a video is there track=%s announced=%ux%u", t->sid,
                      t->width, t->height);
    if (!myna_lk_r_quiet(r))
        myna_lk_r_track(r, p, t, what);
    if (!r->dead && r->events.people.track)
        r->events.people.track(r->arg, p, t, what);
}

static void on_keys(void *arg)
{
    struct myna_lk_room *r = arg;
    struct myna_why why = {0};

    if (!r->join_due)
        return;
    r->join_due = false;
    myna_lk_r_enter(r);
    if (attempt(r, &why)) {
        struct myna_lk_end end = {.kind = MYNA_LK_END_REFUSED, .message = why.text};

        myna_lk_r_close(r, &end);
    }
    myna_lk_r_leave(r);
}

/* ---- made and unmade */

enum myna_err myna_lk_room_create(struct myna_lk_room **out, const struct myna_lk_room_options *opt,
                                  const struct myna_lk_room_events *events, void *arg,
                                  struct myna_why *why)
{
    static const struct myna_lk_signal_events se = {on_signal, on_end, on_asked};
    static const struct myna_lk_people_events pe = {on_joined, on_left, on_renamed, on_attribute,
                                                    on_track};
    struct myna_lk_room *r = calloc(1, sizeof *r);
    enum myna_err err;

    if (!r)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    myna_rtc_prepare(opt->host); /* while the server is asked */
    r->host = opt->host;
    r->conf = opt->conf;
    r->events = *events;
    r->arg = arg;
    myna_host_timer_init(r->host, &r->retry, retry_fire, r);
    myna_host_timer_init(r->host, &r->answer, answer_fire, r);
    myna_host_timer_init(r->host, &r->path, path_fire, r);
    myna_host_timer_init(r->host, &r->settle, settle_fire, r);
    myna_host_timer_init(r->host, &r->reopen, myna_lk_r_reopen, r);
    myna_host_timer_init(r->host, &r->tell_attributes, myna_lk_r_tell_attributes, r);
    r->track_name = opt->track_name ? strdup(opt->track_name) : NULL;
    r->identity = strdup("");
    r->name = strdup("");
    r->mem = myna_arena_create(8 << 10, MYNA_LK_MAX_STRUCTS);
    r->signal = myna_lk_signal_create(r->host, &se, r);
    r->people = myna_lk_people_create(&pe, r);
    err = myna_lk_e2ee_create(&r->e2ee, r->host, &r->conf->e2ee, on_keys, r, why);
    if (err) {
        room_free(r);
        return err;
    }
    if ((opt->track_name && !r->track_name) || !r->identity || !r->name || !r->mem || !r->signal ||
        !r->people || !myna_lk_r_words_open(r) || !myna_lk_r_regions_open(r)) {
        room_free(r);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    *out = r;
    return MYNA_OK;
}

static void room_free(struct myna_lk_room *r)
{
    clear_timers(r);
    myna_lk_media_destroy(r->media);
    myna_lk_signal_destroy(r->signal);
    myna_lk_regions_destroy(r->regions);
    myna_lk_people_destroy(r->people);
    myna_lk_rpc_destroy(r->rpc);
    myna_lk_packets_destroy(r->packets);
    myna_lk_streams_destroy(r->streams);
    myna_lk_e2ee_destroy(r->e2ee);
    myna_arena_destroy(r->mem);
    for (size_t i = 0; i < r->n_attributes; i++) {
        free(r->attributes[i].key);
        free(r->attributes[i].value);
    }
    free(r->track_name);
    free(r->track_info);
    free(r->server);
    free(r->elsewhere);
    free(r->identity);
    free(r->name);
    free(r);
}

void myna_lk_room_destroy(struct myna_lk_room *r)
{
    if (!r)
        return;
    r->dead = true;
    if (!r->depth)
        room_free(r);
}

enum myna_err myna_lk_room_join(struct myna_lk_room *r, struct myna_why *why)
{
    r->way = WAY_JOIN;
    r->attempt = 0;
    r->trying = false;
    if (r->e2ee && !myna_lk_e2ee_is_ready(r->e2ee)) {
        r->join_due = true;
        return MYNA_OK;
    }
    return attempt(r, why);
}

void myna_lk_room_leave(struct myna_lk_room *r)
{
    if (r->closed || r->leaving)
        return;
    r->leaving = true;
    r->join_due = r->hop_due = false;
    clear_timers(r);
    myna_lk_signal_leave(r->signal, MYNA_LK_CLIENT_INITIATED);
}

const struct myna_lk_people *myna_lk_room_people(const struct myna_lk_room *r)
{
    return r->people;
}

const char *myna_lk_room_identity(const struct myna_lk_room *r)
{
    return r->identity;
}

const char *myna_lk_room_sid(const struct myna_lk_room *r)
{
    return r->sid;
}

unsigned myna_lk_room_session(const struct myna_lk_room *r)
{
    return r->session;
}

bool myna_lk_room_is_unsettled(const struct myna_lk_room *r)
{
    return !r->closed &&
           (r->attempt > 0 || (r->anew_at && myna_host_now(r->host) - r->anew_at < UNSETTLED));
}

bool myna_lk_room_stood(const struct myna_lk_room *r)
{
    return r->stood || (!r->closed && is_steady(r));
}

const char *myna_lk_room_name(const struct myna_lk_room *r)
{
    return r->name;
}

const char *myna_lk_room_track_sid(const struct myna_lk_room *r)
{
    return r->track_sid;
}

struct myna_lk_packets *myna_lk_room_packets(struct myna_lk_room *r)
{
    return r->packets;
}

struct myna_lk_rpc *myna_lk_room_rpc(struct myna_lk_room *r)
{
    return r->rpc;
}

myna_us myna_lk_room_arrived(const struct myna_lk_room *r)
{
    return r->media ? myna_rtc_arrived(myna_lk_media_rtc(r->media)) : 0;
}
