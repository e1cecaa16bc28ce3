/* media.c - sound of the connection: which section a packet belongs to, frames out of them every
 * 20 ms, our own packets, and the reports both ways.
 *
 * A packet is placed by its SSRC as the description named it, then by its MID extension, then,
 * where exactly one section waits for a source that no description named, by that (LiveKit sends no
 * extensions; some peers write no a=ssrc).
 */
#include "rtc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NACKS = 32, RTCP_MAX = 1200 };

/* --- sections --- */

struct myna_rtc_audio *myna_rtc_i_new_audio(struct myna_rtc *rtc, enum myna_rtc_direction dir)
{
    struct myna_rtc_audio *a;

    if (rtc->n_audios == MAX_SECTIONS)
        return NULL;
    a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->rtc = rtc;
    a->section = SIZE_MAX;
    a->wanted = dir;
    a->opus_pt = OPUS_PT;
    a->red_pt = RED_PT;
    a->in_red_pt = -1;
    a->level_id = LEVEL_ID;
    a->mid_id = MID_ID;
    a->ssrc = myna_host_random(rtc->host) | 1;
    snprintf(a->stream, sizeof a->stream, "myna");
    snprintf(a->track, sizeof a->track, "audio%zu", rtc->n_audios);
    rtc->audios[rtc->n_audios++] = a;
    return a;
}

void myna_rtc_i_free_audio(struct myna_rtc_audio *a)
{
    myna_send_destroy(a->send);
    myna_receive_destroy(a->receive);
    free(a);
}

struct myna_rtc_audio *myna_rtc_add_audio(struct myna_rtc *rtc, enum myna_rtc_direction dir)
{
    struct myna_rtc_audio *a;
    struct section *s;

    if (rtc->n_sections == MAX_SECTIONS)
        return NULL;
    a = myna_rtc_i_new_audio(rtc, dir);
    s = a ? myna_rtc_i_add_section(rtc, MYNA_SDP_AUDIO) : NULL;
    if (!s)
        return NULL;
    s->audio = a;
    a->section = (size_t)(s - rtc->sections);
    return a;
}

void myna_rtc_audio_direct(struct myna_rtc_audio *a, enum myna_rtc_direction dir)
{
    a->wanted = dir;
}

enum myna_rtc_direction myna_rtc_audio_direction(const struct myna_rtc_audio *a)
{
    return a->agreed;
}

void myna_rtc_audio_publish(struct myna_rtc_audio *a, const char *stream, const char *track)
{
    snprintf(a->stream, sizeof a->stream, "%s", stream);
    snprintf(a->track, sizeof a->track, "%s", track);
    a->ssrc = myna_host_random(a->rtc->host) | 1;
}

const char *myna_rtc_audio_mid(const struct myna_rtc_audio *a)
{
    return a->section < a->rtc->n_sections && a->rtc->agreed ? a->rtc->sections[a->section].mid
                                                             : "";
}

uint32_t myna_rtc_audio_ssrc(const struct myna_rtc_audio *a)
{
    return a->ssrc;
}

void myna_rtc_audio_set_arg(struct myna_rtc_audio *a, void *arg)
{
    a->arg = arg;
}

void *myna_rtc_audio_arg(const struct myna_rtc_audio *a)
{
    return a->arg;
}

/* --- the other side's voice --- */

void myna_rtc_audio_reset(struct myna_rtc_audio *a)
{
    if (a->receive)
        myna_receive_reset(a->receive);
}

static void tell_track(struct myna_rtc_audio *a)
{
    struct myna_rtc *rtc = a->rtc;

    if (rtc->events.track && tell_begin(rtc)) {
        rtc->events.track(rtc->arg, a, a->remote ? a->remote_stream : NULL,
                          a->remote ? a->remote_track : NULL);
        tell_end(rtc);
    }
}

static void forget_source(struct myna_rtc_audio *a)
{
    if (a->has_remote_ssrc && a->rtc->srtp)
        myna_srtp_forget(a->rtc->srtp, a->remote_ssrc);
    a->has_remote_ssrc = false;
    myna_rtc_audio_reset(a);
}

void myna_rtc_i_media_remote(struct myna_rtc_audio *a, bool sends, const struct myna_sdp_media *m)
{
    const char *stream = sends && m->stream ? m->stream : "";
    const char *track = sends && m->track ? m->track : "";
    bool same = sends == a->remote && !strncmp(stream, a->remote_stream, 255) &&
                !strncmp(track, a->remote_track, 255) &&
                (!sends || !m->has_ssrc || (a->has_remote_ssrc && m->ssrc == a->remote_ssrc));

    /* One that no description named was found by its packets: it goes on while it may. */
    if (same || (!sends && a->latched && a->agreed & MYNA_RTC_RECVONLY))
        return;
    a->latched = false;
    if (!sends || !m->has_ssrc || !a->has_remote_ssrc || m->ssrc != a->remote_ssrc)
        forget_source(a);
    else
        myna_rtc_audio_reset(a);
    a->remote = sends;
    snprintf(a->remote_stream, sizeof a->remote_stream, "%s", stream);
    snprintf(a->remote_track, sizeof a->remote_track, "%s", track);
    if (sends && m->has_ssrc) {
        a->has_remote_ssrc = true;
        a->remote_ssrc = m->ssrc;
    }
    tell_track(a);
}

static void latch(struct myna_rtc_audio *a, uint32_t ssrc)
{
    bool is_new = !a->remote;

    forget_source(a);
    a->has_remote_ssrc = a->latched = true;
    a->remote_ssrc = ssrc;
    a->remote = true;
    if (is_new)
        tell_track(a);
}

static struct myna_rtc_audio *find(struct myna_rtc *rtc, const struct myna_rtp *p)
{
    struct myna_rtc_audio *only = NULL;
    struct myna_view mid;
    size_t n = 0;

    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->has_remote_ssrc && rtc->audios[i]->remote_ssrc == p->ssrc)
            return rtc->audios[i];
    for (size_t i = 0; i < rtc->n_audios; i++) {
        struct myna_rtc_audio *a = rtc->audios[i];
        const char *name = myna_rtc_audio_mid(a);

        if (!(a->agreed & MYNA_RTC_RECVONLY))
            continue;
        if (a->mid_id && myna_rtp_ext(p, a->mid_id, &mid) && mid.len == strlen(name) &&
            !memcmp(mid.ptr, name, mid.len)) {
            latch(a, p->ssrc);
            return a;
        }
        if (!a->has_remote_ssrc) {
            only = a;
            n++;
        }
    }
    if (n != 1)
        return NULL;
    latch(only, p->ssrc);
    return only;
}

/* What was sealed end to end, as Opus; false: it is not to be heard. */
static bool unseal(struct myna_rtc_audio *a, struct myna_rtp *p, uint8_t into[MYNA_RTP_MAX])
{
    const struct myna_rtc_options *opt = &a->rtc->opt;

    if (!opt->seal || p->pt != a->opus_pt)
        return true;
    if (!tell_begin(a->rtc))
        return false;
    p->payload.len = opt->seal->open(opt->seal_arg, a, p->payload, into, MYNA_RTP_MAX);
    p->payload.ptr = into;
    tell_end(a->rtc);
    return p->payload.len > 0;
}

void myna_rtc_i_media_rtp(struct myna_rtc *rtc, uint8_t *data, size_t len)
{
    uint8_t opened[MYNA_RTP_MAX];
    struct myna_rtp p;
    struct myna_rtc_audio *a;

    if (!myna_rtp_parse(&p, data, len)) {
        rtc->dropped_in++;
        return;
    }
    if (myna_rtc_i_video_rtp(rtc, &p))
        return;
    a = find(rtc, &p);
    if (!a || rtc->dead || !unseal(a, &p, opened) || rtc->dead) {
        rtc->dropped_in++;
        return;
    }
    if (!a->receive)
        a->receive = myna_receive_create(rtc->opt.jitter_max_ms);
    if (rtc->beat.rests && !(a->receive && myna_receive_is_noise(a->receive, &p, a->opus_pt)))
        myna_rtc_i_rouse(rtc);
    if (rtc->dead)
        return;
    if (!a->receive ||
        !myna_receive_packet(a->receive, myna_host_now(rtc->host), &p, a->opus_pt, a->in_red_pt))
        rtc->dropped_in++;
}

/* --- our voice --- */

static void send_rtp(struct myna_rtc *rtc, size_t len)
{
    if (len && myna_srtp_protect(rtc->srtp, rtc->out, &len))
        myna_rtc_i_send(rtc, rtc->out, len);
}

/* A new SSRC is a new stream. */
static void begin_sending(struct myna_rtc_audio *a)
{
    struct myna_rtc *rtc = a->rtc;

    if (myna_send_ssrc(a->send) != a->ssrc)
        myna_send_begin(a->send, a->ssrc, (uint16_t)(myna_host_random(rtc->host) & 0x7fff),
                        myna_host_random(rtc->host));
    myna_send_negotiated(
        a->send, &(struct myna_send_wire){.opus_pt = a->opus_pt,
                                          .red_pt = rtc->opt.red && !rtc->opt.seal ? a->red_pt : -1,
                                          .level_id = a->level_id,
                                          .mid_id = a->mid_id,
                                          .mid = myna_rtc_audio_mid(a),
                                          .seal = rtc->opt.seal ? rtc->opt.seal->seal : NULL,
                                          .seal_arg = rtc->opt.seal_arg});
    a->wire_due = false;
}

void myna_rtc_audio_send(struct myna_rtc_audio *a, const int16_t pcm[MYNA_OUT_SAMPLES])
{
    struct myna_rtc *rtc = a->rtc;

    if (rtc->dead || !rtc->srtp || rtc->state == MYNA_RTC_FAILED ||
        !(a->agreed & MYNA_RTC_SENDONLY))
        return;
    if (!a->send) {
        a->send = myna_send_create(rtc->opt.opus_complexity, rtc->opt.opus_bitrate);
        a->wire_due = true;
    }
    if (!a->send)
        return;
    if (a->wire_due)
        begin_sending(a);
    send_rtp(rtc, myna_send_frame(a->send, myna_host_now(rtc->host), pcm, rtc->out));
}

/* --- reports --- */

static uint64_t ntp_now(const struct myna_rtc *rtc)
{
    return myna_ntp_from_ms(myna_host_wall_ms(rtc->host));
}

void myna_rtc_i_send_rtcp(struct myna_rtc *rtc, struct myna_rtcp_out *o)
{
    size_t len = o->len;

    if (len && rtc->srtp && myna_srtp_protect_rtcp(rtc->srtp, o->data, &len))
        myna_rtc_i_send(rtc, o->data, len);
    o->len = 0;
}

static struct myna_rtc_audio *ours(struct myna_rtc *rtc, uint32_t ssrc)
{
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->ssrc == ssrc)
            return rtc->audios[i];
    return NULL;
}

static void take_blocks(struct myna_rtc *rtc, const struct myna_rtcp *p)
{
    for (size_t i = 0; i < p->n_blocks; i++) {
        struct myna_rtc_audio *a = ours(rtc, p->blocks[i].ssrc);
        struct myna_send_stats s;

        if (!a || !a->send)
            continue;
        myna_send_peer_report(a->send, ntp_now(rtc), &p->blocks[i]);
        myna_send_get_stats(a->send, &s);
        if (s.rtt >= 0)
            rtc->rtt = s.rtt;
    }
}

static void answer_nack(struct myna_rtc *rtc, const struct myna_rtcp *p, myna_us now)
{
    struct myna_rtc_audio *a = ours(rtc, p->media);
    uint16_t seqs[MAX_NACKS];
    size_t n = a && a->send ? myna_rtcp_nacked(p, seqs, MAX_NACKS) : 0;

    for (size_t i = 0; i < n; i++)
        send_rtp(rtc, myna_send_again(a->send, now, seqs[i], rtc->out));
}

void myna_rtc_i_media_rtcp(struct myna_rtc *rtc, uint8_t *data, size_t len)
{
    struct myna_view rest = {data, len};
    myna_us now = myna_host_now(rtc->host);
    struct myna_rtcp p;

    while (myna_rtcp_next(&rest, &p)) {
        if (p.type == MYNA_RTCP_SR || p.type == MYNA_RTCP_RR)
            take_blocks(rtc, &p);
        if (p.type == MYNA_RTCP_NACK)
            answer_nack(rtc, &p, now);
        if (p.type != MYNA_RTCP_SR)
            continue;
        for (size_t i = 0; i < rtc->n_audios; i++)
            if (rtc->audios[i]->receive && rtc->audios[i]->has_remote_ssrc &&
                rtc->audios[i]->remote_ssrc == p.ssrc)
                myna_receive_sender_report(rtc->audios[i]->receive, now, p.ntp);
    }
}

/* Reports of who sends and how we hear, as many compounds as it takes. */
static void report(struct myna_rtc *rtc, myna_us now)
{
    uint8_t data[RTCP_MAX + MYNA_SRTP_ROOM];
    struct myna_rtcp_out o = {.data = data, .cap = RTCP_MAX};
    struct myna_rtcp_block blocks[MYNA_RTCP_BLOCKS];
    struct myna_rtcp_sender s;
    size_t n = 0;
    bool told = false;

    for (size_t i = 0; i < rtc->n_audios && n < MYNA_RTCP_BLOCKS; i++)
        if (rtc->audios[i]->receive)
            n += myna_receive_report(rtc->audios[i]->receive, now, &blocks[n]);
    n += myna_rtc_i_video_blocks(rtc, now, &blocks[n], MYNA_RTCP_BLOCKS - n);
    for (size_t i = 0; i < rtc->n_audios; i++) {
        struct myna_rtc_audio *a = rtc->audios[i];

        if (!a->send || !(a->agreed & MYNA_RTC_SENDONLY) ||
            !myna_send_report(a->send, now, ntp_now(rtc), &s))
            continue;
        if (o.cap - o.len < 128) /* SR and SDES of one source */
            myna_rtc_i_send_rtcp(rtc, &o);
        if (!myna_rtcp_put_sr(&o, &s, blocks, told ? 0 : n) ||
            !myna_rtcp_put_cname(&o, s.ssrc, rtc->cname))
            break;
        told = true;
    }
    if (!told && rtc->n_audios && myna_rtcp_put_rr(&o, rtc->audios[0]->ssrc, blocks, n) &&
        !myna_rtcp_put_cname(&o, rtc->audios[0]->ssrc, rtc->cname))
        o.len = 0;
    myna_rtc_i_send_rtcp(rtc, &o);
}

static void ask_again(struct myna_rtc *rtc, struct myna_rtc_audio *a, myna_us now)
{
    uint8_t data[256 + MYNA_SRTP_ROOM];
    struct myna_rtcp_out o = {.data = data, .cap = 256};
    uint16_t seqs[MAX_NACKS];
    size_t n = myna_receive_nacks(a->receive, now, rtc->rtt, seqs, MAX_NACKS);

    if (n && myna_rtcp_put_nack(&o, rtc->audios[0]->ssrc, a->remote_ssrc, seqs, n))
        myna_rtc_i_send_rtcp(rtc, &o);
}

/* --- every 20 ms --- */

static void take_frame(struct myna_rtc_audio *a, myna_us now)
{
    struct myna_rtc *rtc = a->rtc;
    struct myna_frame f;

    if (!a->receive || !a->remote || !myna_receive_begun(a->receive))
        return;
    if (a->nack)
        ask_again(rtc, a, now);
    myna_receive_frame(a->receive, now, &f);
    if (rtc->events.frame && tell_begin(rtc)) {
        rtc->events.frame(rtc->arg, a, &f);
        tell_end(rtc);
    }
}

void myna_rtc_i_media_frames(struct myna_rtc *rtc, int n, myna_us first, myna_us now)
{
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < rtc->n_audios && !rtc->dead; i++)
            take_frame(rtc->audios[i], n == 1 ? now : first + k * MYNA_FRAME_US);
    for (size_t i = 0; i < rtc->n_audios && !rtc->dead; i++)
        if (n > 1 && rtc->audios[i]->send)
            myna_send_rested(rtc->audios[i]->send, n - 1);
    if (!rtc->dead && rtc->srtp)
        myna_rtc_i_video_tick(rtc, now);
}

bool myna_rtc_i_media_rests(const struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->receive && rtc->audios[i]->remote &&
            myna_receive_begun(rtc->audios[i]->receive) &&
            !myna_receive_rests(rtc->audios[i]->receive))
            return false;
    return myna_rtc_i_media_silent(rtc) && myna_rtc_i_video_rests(rtc);
}

bool myna_rtc_i_media_silent(const struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->send && !myna_send_rests(rtc->audios[i]->send))
            return false;
    return true;
}

/* Where nothing comes or goes there is little to report. */
void myna_rtc_i_media_reports(struct myna_rtc *rtc, myna_us now, bool rested)
{
    uint32_t every = rested ? REST_REPORT_MS : REPORT_MS;

    if (rtc->dead || !rtc->srtp)
        return;
    if (!rested && rtc->report_at > now + 2 * REPORT_MS * MYNA_MS)
        rtc->report_at = now + REPORT_MS * MYNA_MS;
    if (now < rtc->report_at)
        return;
    rtc->report_at =
        now + every * MYNA_MS * 3 / 4 + (myna_us)(myna_host_random(rtc->host) % (every * 500));
    report(rtc, now);
}

void myna_rtc_audio_get_stats(const struct myna_rtc_audio *a, struct myna_rtc_audio_stats *into)
{
    *into = (struct myna_rtc_audio_stats){0};
    if (a->receive)
        myna_receive_stats(a->receive, into);
    if (a->send) {
        struct myna_send_stats s;

        myna_send_get_stats(a->send, &s);
        into->sent = s.sent;
        into->resent = s.resent;
        into->peer_loss = s.peer_loss;
    }
}
