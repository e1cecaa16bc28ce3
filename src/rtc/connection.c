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

enum { CONNECT_S = 30, LATE_MS = 200, GRID_MS = 5, QUIET_S = 10 };

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

/* Connections tick on a common grid: what is due at the same moment wakes the process once. Not all
 * at one moment, or the last of a hundred would be late. */
static myna_us first_tick(myna_us now)
{
    myna_us at = now + MYNA_FRAME_US;

    return at + (GRID_MS * MYNA_MS - at % (GRID_MS * MYNA_MS)) % (GRID_MS * MYNA_MS);
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

static void on_tick(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;
    myna_us now = myna_host_now(rtc->host);

    rtc->next_tick += MYNA_FRAME_US;
    if (now - rtc->next_tick > LATE_MS * MYNA_MS) { /* the process slept: no burst to catch up */
        rtc->next_tick = first_tick(now);
        rtc->heard_at = rtc->heard_at ? now : 0; /* what came meanwhile was not read yet */
    }
    if (path_is_dead(rtc, now)) {
        rtc->heard_at = 0;
        rtc->ice_state = MYNA_ICE_LOST;
        myna_ice_lost(rtc->ice);
        myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED, "the path to the peer is gone");
        return;
    }
    if (myna_timer_set(t, rtc->next_tick))
        myna_host_log(rtc->host, MYNA_LOG_ERROR, "media clock lost: out of memory stage=rtc");
    myna_rtc_i_channels_tick(rtc);
    myna_rtc_i_media_tick(rtc, now);
    if (rtc->events.tick && tell_begin(rtc)) {
        rtc->events.tick(rtc->arg, now);
        tell_end(rtc);
    }
}

static void start_ticking(struct myna_rtc *rtc)
{
    if (rtc->tick.slot)
        return;
    rtc->next_tick = first_tick(myna_host_now(rtc->host));
    if (myna_timer_set(&rtc->tick, rtc->next_tick))
        myna_host_log(rtc->host, MYNA_LOG_ERROR, "media clock lost: out of memory stage=rtc");
}

static void on_budget(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;

    myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED,
                         rtc->ice_state == MYNA_ICE_CONNECTED
                             ? "DTLS: the peer did not finish its handshake"
                             : "no path to the peer was found: is UDP blocked, or a TURN server "
                               "missing?");
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
    if (rtc->state != MYNA_RTC_NEW && rtc->state != MYNA_RTC_FAILED)
        return;
    if (myna_timer_set(&rtc->budget, myna_host_now(rtc->host) + CONNECT_S * MYNA_S))
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
        myna_rtc_i_set_state(rtc, MYNA_RTC_FAILED,
                             rtc->dtls_up ? "the path to the peer is gone"
                                          : "no path to the peer was found: is UDP blocked, or a "
                                            "TURN server missing?");
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

/* --- life --- */

static void free_now(struct myna_rtc *rtc)
{
    myna_timer_clear(&rtc->tick);
    myna_timer_clear(&rtc->budget);
    myna_timer_clear(&rtc->wake);
    myna_timer_clear(&rtc->candidate_timer);
    myna_sctp_destroy(rtc->sctp); /* its ABORT goes through DTLS */
    myna_dtls_destroy(rtc->dtls); /* its close_notify through ICE */
    myna_srtp_destroy(rtc->srtp);
    myna_ice_destroy(rtc->ice);
    myna_rtc_i_channels_free(rtc);
    for (size_t i = 0; i < rtc->n_audios; i++)
        myna_rtc_i_free_audio(rtc->audios[i]);
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
    myna_host_timer_init(rtc->host, &rtc->budget, on_budget, rtc);
    myna_host_timer_init(rtc->host, &rtc->wake, on_wake, rtc);
    myna_host_timer_init(rtc->host, &rtc->candidate_timer, myna_rtc_i_tell_candidates, rtc);
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
