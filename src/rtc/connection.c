/* connection.c - the life of a connection: a path (ICE), proof and keys (DTLS), then packets both
 * ways, sorted by their first byte; and the 20 ms tick while it stands.
 *
 * The layers below tell from inside their own calls, so nothing of them is freed there: see
 * internal.h.
 */
#include "rtc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_S = 30,
    QUIET_S = 10,
    SOON_MS = 3,
    /* Extended reports (RFC 3611) say nothing that we use: livekit-server's, one a second, are
     * deciphered only where they are the one proof of the path. */
    RTCP_XR = 207,
    XR_UNREAD_S = 3,
};

/* --- state --- */

void myna_rtc_i_set_state(struct myna_rtc *rtc, enum myna_rtc_state state, const char *why)
{
    if (rtc->state == state)
        return;
    rtc->state = state;
    if (state != MYNA_RTC_CONNECTING)
        myna_timer_clear(&rtc->budget);
    if (state == MYNA_RTC_FAILED)
        myna_timer_clear(&rtc->tick);
    if (rtc->events.state && tell_begin(rtc)) {
        rtc->events.state(rtc->arg, state, why);
        tell_end(rtc);
    }
}

static bool has_media(const struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->agreed)
            return true;
    return false;
}

/* Who has sound with us reports on it, if nothing else, every few seconds (RFC 3550, 6.2), and each
 * of these packets is fresh and signed: better proof of a path than one small request that may get
 * lost.
 */
static bool path_is_dead(const struct myna_rtc *rtc, myna_us now)
{
    return rtc->state == MYNA_RTC_CONNECTED && rtc->heard_at && has_media(rtc) &&
           now - rtc->heard_at > QUIET_S * MYNA_S;
}

static void set_tick(struct myna_rtc *rtc)
{
    if (myna_timer_set(&rtc->tick, myna_beat_deadline(&rtc->beat)))
        myna_host_log(rtc->host, MYNA_LOG_ERROR, "media clock lost: out of memory stage=rtc");
}

static void tell_tick(struct myna_rtc *rtc, myna_us now)
{
    rtc->may_rest = false;
    if (rtc->events.tick && tell_begin(rtc)) {
        rtc->events.tick(rtc->arg, now);
        tell_end(rtc);
    }
}

/* What came while the process slept was not read yet: that time is nobody's silence. */
static void forget_sleep(struct myna_rtc *rtc, myna_us so_long, myna_us now)
{
    myna_us *const times[] = {&rtc->heard_at, &rtc->arrived};

    for (size_t i = 0; i < 2; i++)
        if (*times[i])
            *times[i] = *times[i] + so_long < now ? *times[i] + so_long : now;
}

static void on_tick(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;
    myna_us now = myna_host_now(rtc->host), first, late = now - myna_beat_deadline(&rtc->beat);
    bool slept;
    int n = myna_beat_take(&rtc->beat, now, &first, &slept);
    bool rested = rtc->beat.rests;

    rtc->beat.rests = false;
    if (slept)
        forget_sleep(rtc, late, now);
    if (path_is_dead(rtc, now)) {
        rtc->heard_at = 0;
        rtc->ice_state = MYNA_ICE_LOST;
        myna_ice_lost(rtc->ice);
        myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED, "the path to the peer is gone");
        return;
    }
    set_tick(rtc);
    myna_rtc_i_channels_tick(rtc);
    myna_rtc_i_media_frames(rtc, n, first, now);
    myna_rtc_i_media_reports(rtc, now, rested);
    tell_tick(rtc, now);
    if (rtc->dead || !rtc->may_rest || rtc->state != MYNA_RTC_CONNECTED ||
        !myna_rtc_i_media_rests(rtc))
        return;
    myna_beat_rest(&rtc->beat);
    set_tick(rtc);
}

static void end_rest(struct myna_rtc *rtc, myna_us now)
{
    myna_us first, late = now - myna_beat_deadline(&rtc->beat);
    bool slept;
    int n;

    if (!rtc->beat.rests)
        return;
    n = myna_beat_wake(&rtc->beat, now, &first, &slept);
    if (slept)
        forget_sleep(rtc, late, now);
    set_tick(rtc);
    if (!n)
        return;
    /* The last of them is a frame like the others: there is no tick behind it. */
    myna_rtc_i_media_frames(rtc, n, first, first + (n - 1) * MYNA_FRAME_US);
    for (size_t i = 0; i < rtc->n_audios && !rtc->dead; i++)
        if (rtc->audios[i]->send)
            myna_send_rested(rtc->audios[i]->send, 1);
}

void myna_rtc_i_rouse(struct myna_rtc *rtc)
{
    myna_us now = myna_host_now(rtc->host);

    end_rest(rtc, now);
    if (rtc->dead || !rtc->tick.slot)
        return;
    myna_beat_align(&rtc->beat, now);
    set_tick(rtc);
}

/* What is due in a moment need not come before its time. */
static void on_early(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;
    myna_us now = myna_host_now(rtc->host);

    if (rtc->state != MYNA_RTC_CONNECTED || !rtc->tick.slot)
        return;
    end_rest(rtc, now);
    if (!rtc->dead && rtc->tick.slot && rtc->beat.next - now > SOON_MS * MYNA_MS &&
        myna_rtc_i_media_silent(rtc))
        tell_tick(rtc, now);
}

void myna_rtc_rest(struct myna_rtc *rtc)
{
    rtc->may_rest = true;
}

void myna_rtc_wake(struct myna_rtc *rtc)
{
    if (rtc->state == MYNA_RTC_CONNECTED && !rtc->early.slot)
        (void)!myna_timer_set(&rtc->early, myna_host_now(rtc->host)); /* else the tick finds it */
}

static void start_ticking(struct myna_rtc *rtc)
{
    if (rtc->tick.slot)
        return;
    myna_beat_start(&rtc->beat, myna_host_now(rtc->host));
    set_tick(rtc);
}

static const char *why_no_path(const struct myna_rtc *rtc)
{
    const char *problem = myna_ice_problem(rtc->ice);

    return *problem ? problem
                    : "no path to the peer was found: is UDP blocked, or a TURN server missing?";
}

static void on_budget(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;

    myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED,
                         rtc->ice_state == MYNA_ICE_CONNECTED
                             ? "DTLS: the peer did not finish its handshake"
                             : why_no_path(rtc));
}

static void on_wake(struct myna_timer *t)
{
    myna_rtc_i_channels_tick(t->arg);
}

void myna_rtc_i_wake(struct myna_rtc *rtc)
{
    if (myna_timer_set(&rtc->wake, myna_host_now(rtc->host)))
        myna_host_log(rtc->host, MYNA_LOG_WARN, "closing delayed: out of memory stage=rtc");
}

/* --- path and keys --- */

void myna_rtc_i_begin_checks(struct myna_rtc *rtc)
{
    myna_us until = myna_host_now(rtc->host);

    if (rtc->state != MYNA_RTC_NEW && rtc->state != MYNA_RTC_FAILED)
        return;
    if (!*myna_ice_problem(rtc->ice)) /* else it is known already how it ends */
        until += CONNECT_S * MYNA_S;
    if (myna_timer_set(&rtc->budget, until))
        myna_host_log(rtc->host, MYNA_LOG_ERROR, "connect budget lost: out of memory stage=rtc");
    myna_rtc_i_set_state(rtc, MYNA_RTC_CONNECTING, "");
}

void myna_rtc_i_roles_known(struct myna_rtc *rtc)
{
    if (rtc->role_known && rtc->ice_state == MYNA_ICE_CONNECTED && !myna_dtls_started(rtc->dtls))
        myna_dtls_start(rtc->dtls, rtc->dtls_client);
}

void myna_rtc_i_begin_data(struct myna_rtc *rtc)
{
    struct myna_why why;

    if (!rtc->dtls_up || !rtc->sctp_port || rtc->sctp)
        return;
    if (myna_sctp_create(&rtc->sctp, rtc->host, rtc->opt.max_message_size, &myna_rtc_i_sctp_events,
                         rtc, &why) ||
        myna_sctp_connect(rtc->sctp, rtc->sctp_port, &why))
        myna_host_log(rtc->host, MYNA_LOG_ERROR, "%s stage=rtc", why.text);
}

static void on_ice_state(void *arg, enum myna_ice_state state)
{
    struct myna_rtc *rtc = arg;

    rtc->ice_state = state;
    switch (state) {
    case MYNA_ICE_CONNECTED:
        myna_rtc_i_roles_known(rtc);
        if (rtc->dtls_up) {
            start_ticking(rtc);
            myna_rtc_i_set_state(rtc, MYNA_RTC_CONNECTED, "");
        }
        break;
    case MYNA_ICE_LOST:
        if (rtc->state == MYNA_RTC_CONNECTED)
            myna_rtc_i_set_state(rtc, MYNA_RTC_DISCONNECTED, "the path to the peer went quiet");
        break;
    case MYNA_ICE_FAILED:
        if (rtc->state == MYNA_RTC_NEW) /* nobody waits for it yet */
            break;
        myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED,
                             rtc->dtls_up && !*myna_ice_problem(rtc->ice)
                                 ? "the path to the peer is gone"
                                 : why_no_path(rtc));
        break;
    case MYNA_ICE_NEW:
    case MYNA_ICE_CHECKING:
        break;
    }
}

static void on_ice_candidate(void *arg, const struct myna_candidate *c)
{
    myna_rtc_i_candidate(arg, c);
}

static void on_dtls_send(void *arg, const uint8_t *data, size_t len)
{
    myna_rtc_i_send(arg, data, len);
}

static void on_dtls_connected(void *arg, const struct myna_srtp_keys *keys)
{
    struct myna_rtc *rtc = arg;
    struct myna_why why;

    if (myna_srtp_create(&rtc->srtp, keys, &why)) {
        rtc->dtls_over = true;
        myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED, why.text);
        return;
    }
    rtc->profile = keys->profile;
    rtc->dtls_up = true;
    myna_rtc_i_begin_data(rtc);
    rtc->report_at = myna_host_now(rtc->host) + REPORT_MS * MYNA_MS / 4;
    start_ticking(rtc);
    myna_rtc_i_set_state(rtc, MYNA_RTC_CONNECTED, "");
}

static void on_dtls_data(void *arg, const uint8_t *data, size_t len)
{
    struct myna_rtc *rtc = arg;

    if (rtc->sctp && !rtc->dead)
        myna_sctp_receive(rtc->sctp, data, len);
}

static void on_dtls_failed(void *arg, const char *why)
{
    struct myna_rtc *rtc = arg;

    rtc->dtls_over = true;
    myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED, *why ? why : "the peer closed the connection");
}

/* --- packets --- */

bool myna_rtc_i_send(struct myna_rtc *rtc, const uint8_t *data, size_t len)
{
    if (!myna_ice_send(rtc->ice, data, len))
        return false;
    rtc->packets_out++;
    rtc->bytes_out += len;
    return true;
}

static void on_packet(void *arg, uint8_t *data, size_t len)
{
    struct myna_rtc *rtc = arg;

    rtc->packets_in++;
    rtc->bytes_in += len;
    rtc->arrived = myna_host_now(rtc->host);
    if (rtc->dead)
        return;
    switch (myna_datagram_kind(data, len)) {
    case MYNA_DATAGRAM_DTLS:
        myna_dtls_receive(rtc->dtls, data, len);
        return;
    case MYNA_DATAGRAM_RTP:
        if (!rtc->srtp || !myna_srtp_unprotect(rtc->srtp, data, &len))
            break;
        rtc->heard_at = myna_host_now(rtc->host);
        myna_rtc_i_media_rtp(rtc, data, len);
        return;
    case MYNA_DATAGRAM_RTCP:
        if (data[1] == RTCP_XR && myna_host_now(rtc->host) - rtc->heard_at < XR_UNREAD_S * MYNA_S)
            return;
        if (!rtc->srtp || !myna_srtp_unprotect_rtcp(rtc->srtp, data, &len))
            break;
        rtc->heard_at = myna_host_now(rtc->host);
        myna_rtc_i_media_rtcp(rtc, data, len);
        return;
    case MYNA_DATAGRAM_OTHER:
        break;
    }
    rtc->dropped_in++;
}

static const struct myna_ice_events ice_events = {
    .state = on_ice_state, .candidate = on_ice_candidate, .packet = on_packet};

static const struct myna_dtls_events dtls_events = {.send = on_dtls_send,
                                                    .connected = on_dtls_connected,
                                                    .data = on_dtls_data,
                                                    .failed = on_dtls_failed};

/* --- once a process --- */

static void run_path(struct myna_work *w)
{
    (void)w;
    (void)!myna_ice_prepare(NULL); /* the first connection says what is missing */
    myna_srtp_prepare(); /* needed last; loads libraries too, where only one thread may at a time */
}

static void run_keys(struct myna_work *w)
{
    (void)w;
    myna_dtls_prepare();
}

static void prepared(struct myna_work *w)
{
    free(w);
}

static void prepare(struct myna_host *host, void (*run)(struct myna_work *w))
{
    struct myna_work *w = calloc(1, sizeof *w);

    if (!w)
        return;
    w->run = run;
    w->done = prepared;
    if (myna_host_work(host, w))
        free(w);
}

enum myna_err myna_rtc_available(struct myna_why *why)
{
    return myna_ice_prepare(why);
}

void myna_rtc_prepare(struct myna_host *host)
{
    if (myna_ice_is_prepared())
        return;
    prepare(host, run_path);
    prepare(host, run_keys);
}

/* --- life --- */

static void free_now(struct myna_rtc *rtc)
{
    myna_timer_clear(&rtc->tick);
    myna_timer_clear(&rtc->early);
    myna_timer_clear(&rtc->budget);
    myna_timer_clear(&rtc->wake);
    myna_timer_clear(&rtc->candidate_timer);
    myna_timer_clear(&rtc->gather_timer);
    myna_sctp_destroy(rtc->sctp); /* its ABORT goes through DTLS */
    myna_dtls_destroy(rtc->dtls); /* its close_notify through ICE */
    myna_srtp_destroy(rtc->srtp);
    myna_ice_destroy(rtc->ice);
    myna_rtc_i_channels_free(rtc);
    for (size_t i = 0; i < rtc->n_audios; i++)
        myna_rtc_i_free_audio(rtc->audios[i]);
    myna_rtc_i_free_videos(rtc);
    for (size_t i = 0; i < rtc->n_sections; i++)
        free(rtc->sections[i].kind_text);
    myna_buf_fini(&rtc->local);
    myna_buf_fini(&rtc->full);
    myna_buf_fini(&rtc->remote);
    free(rtc);
}

static void bury(struct myna_grave *g)
{
    free_now((struct myna_rtc *)((char *)g - offsetof(struct myna_rtc, grave)));
}

static void make_names(struct myna_rtc *rtc)
{
    uint64_t id = (uint64_t)(myna_host_random(rtc->host) >> 1) << 32 | myna_host_random(rtc->host);

    snprintf(rtc->session_id, sizeof rtc->session_id, "%llu", (unsigned long long)id);
    rtc->version = 1;
    if (rtc->opt.cname)
        snprintf(rtc->cname, sizeof rtc->cname, "%s", rtc->opt.cname);
    else
        snprintf(rtc->cname, sizeof rtc->cname, "%08x%08x", myna_host_random(rtc->host),
                 myna_host_random(rtc->host));
}

static void take_options(struct myna_rtc *rtc, const struct myna_rtc_options *opt)
{
    rtc->opt = *opt;
    rtc->opt.opus_complexity = opt->opus_complexity ? opt->opus_complexity : 5;
    rtc->opt.opus_bitrate = opt->opus_bitrate ? opt->opus_bitrate : 32000;
    rtc->opt.max_message_size = opt->max_message_size ? opt->max_message_size : 65536;
    rtc->opt.jitter_max_ms = opt->jitter_max_ms ? opt->jitter_max_ms : 1000;
    make_names(rtc);
    rtc->opt.cname = rtc->cname; /* the rest was the caller's */
    rtc->opt.servers = NULL;
    rtc->opt.only_address = NULL;
}

enum myna_err myna_rtc_create(struct myna_rtc **out, const struct myna_rtc_options *opt,
                              const struct myna_rtc_events *events, void *arg, struct myna_why *why)
{
    struct myna_rtc *rtc = calloc(1, sizeof *rtc);
    enum myna_err err;

    if (!rtc)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    rtc->host = opt->host;
    rtc->events = *events;
    rtc->arg = arg;
    rtc->rtt = -1;
    take_options(rtc, opt);
    myna_host_timer_init(rtc->host, &rtc->tick, on_tick, rtc);
    myna_host_timer_init(rtc->host, &rtc->early, on_early, rtc);
    myna_host_timer_init(rtc->host, &rtc->budget, on_budget, rtc);
    myna_host_timer_init(rtc->host, &rtc->wake, on_wake, rtc);
    myna_host_timer_init(rtc->host, &rtc->candidate_timer, myna_rtc_i_tell_candidates, rtc);
    myna_host_timer_init(rtc->host, &rtc->gather_timer, myna_rtc_i_gather, rtc);
    myna_buf_init(&rtc->local, MYNA_SDP_MAX_BYTES);
    myna_buf_init(&rtc->full, MYNA_SDP_MAX_BYTES);
    myna_buf_init(&rtc->remote, MYNA_SDP_MAX_BYTES);
    err = myna_dtls_create(&rtc->dtls, rtc->host, &dtls_events, rtc, why);
    if (err)
        goto fail;
    err = myna_ice_create(&rtc->ice, opt, &ice_events, rtc, why);
    if (err)
        goto fail;
    *out = rtc;
    return MYNA_OK;
fail:
    free_now(rtc);
    return err;
}

void myna_rtc_destroy(struct myna_rtc *rtc)
{
    if (!rtc || rtc->dead)
        return;
    rtc->dead = true;
    if (rtc->telling)
        myna_host_bury_later(rtc->host, &rtc->grave, bury);
    else
        free_now(rtc);
}

enum myna_rtc_state myna_rtc_get_state(const struct myna_rtc *rtc)
{
    return rtc->state;
}

myna_us myna_rtc_arrived(const struct myna_rtc *rtc)
{
    return rtc->arrived;
}

void myna_rtc_get_stats(const struct myna_rtc *rtc, struct myna_rtc_stats *into)
{
    *into = (struct myna_rtc_stats){.rtt = rtc->rtt,
                                    .bytes_in = rtc->bytes_in,
                                    .bytes_out = rtc->bytes_out,
                                    .packets_in = rtc->packets_in,
                                    .packets_out = rtc->packets_out,
                                    .dropped_in = rtc->dropped_in,
                                    .srtp_profile = myna_srtp_profile_name(rtc->profile)};
    myna_ice_pair(rtc->ice, into->local, into->remote);
}
