/* video.c - pictures of the other side: their section, the packets that come on it, and what we ask
 * for. We send none.
 *
 * A picture is a VP8 key frame (keyframe.h). Between two of them nothing is read: a packet that
 * comes costs its deciphering, and LiveKit's server sends none while the track is paused.
 */
#include "rtc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_AGAIN (300 * MYNA_MS) /* LiveKit's server passes on two a second */

enum { NACKS = 32 };

struct myna_rtc_video *myna_rtc_add_video(struct myna_rtc *rtc)
{
    struct myna_rtc_video *v;
    struct section *s;

    if (rtc->n_videos == MAX_SECTIONS || rtc->n_sections == MAX_SECTIONS)
        return NULL;
    v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    s = myna_rtc_i_add_section(rtc, MYNA_SDP_VIDEO);
    v->rtc = rtc;
    v->section = (size_t)(s - rtc->sections);
    v->pt = VP8_PT;
    v->ssrc = myna_host_random(rtc->host) | 1;
    s->video = v;
    rtc->videos[rtc->n_videos++] = v;
    return v;
}

void myna_rtc_i_free_videos(struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_videos; i++) {
        myna_keyframe_destroy(rtc->videos[i]->key);
        free(rtc->videos[i]);
    }
}

const char *myna_rtc_video_mid(const struct myna_rtc_video *v)
{
    return v->section < v->rtc->n_sections && v->rtc->agreed ? v->rtc->sections[v->section].mid
                                                             : "";
}

void myna_rtc_video_set_arg(struct myna_rtc_video *v, void *arg)
{
    v->arg = arg;
}

void *myna_rtc_video_arg(const struct myna_rtc_video *v)
{
    return v->arg;
}

/* --- descriptions --- */

void myna_rtc_i_video_describe(struct myna_rtc_video *v, struct myna_sdp_media *m)
{
    m->dir = MYNA_RTC_RECVONLY;
    m->rtcp_mux = m->rtcp_rsize = true;
    m->codecs[m->n_codecs++] = (struct myna_sdp_codec){.pt = v->pt,
                                                       .name = "VP8",
                                                       .clock_hz = 90000,
                                                       .nack = true,
                                                       .nack_pli = true,
                                                       .ccm_fir = true};
    snprintf(v->formats, sizeof v->formats, "%d", v->pt);
    m->formats = v->formats;
}

/* Another source, or none: what was begun of the last one is of no use. */
static void forget_source(struct myna_rtc_video *v)
{
    if (v->has_remote_ssrc && v->rtc->srtp)
        myna_srtp_forget(v->rtc->srtp, v->remote_ssrc);
    v->has_remote_ssrc = false;
    v->asked_at = 0;
    if (v->key)
        myna_keyframe_clear(v->key);
}

void myna_rtc_i_video_remote(struct myna_rtc_video *v, const struct myna_sdp_media *m, bool refused)
{
    const struct myna_sdp_codec *vp8 = myna_sdp_find_codec(m, "VP8", 90000, 0);

    v->agreed = !refused && vp8;
    v->remote = v->agreed && m->dir & MYNA_RTC_SENDONLY && (m->has_ssrc || m->stream);
    if (vp8 && v->agreed) {
        v->pt = vp8->pt;
        v->nack = vp8->nack;
        v->fir = vp8->ccm_fir && !vp8->nack_pli;
    }
    if (v->has_remote_ssrc && (!v->remote || !m->has_ssrc || m->ssrc != v->remote_ssrc))
        forget_source(v);
    if (v->remote && m->has_ssrc && !v->has_remote_ssrc) {
        v->has_remote_ssrc = true;
        v->remote_ssrc = m->ssrc;
    }
}

/* --- asking --- */

static void ask_now(struct myna_rtc_video *v, myna_us now)
{
    uint8_t data[64 + MYNA_SRTP_ROOM];
    struct myna_rtcp_out o = {.data = data, .cap = 64};

    if (!v->has_remote_ssrc || !v->rtc->srtp || (v->asked_at && now - v->asked_at < ASK_AGAIN))
        return;
    v->asked_at = now;
    if (v->fir ? myna_rtcp_put_fir(&o, v->ssrc, v->remote_ssrc, v->command++)
               : myna_rtcp_put_pli(&o, v->ssrc, v->remote_ssrc))
        myna_rtc_i_send_rtcp(v->rtc, &o);
}

void myna_rtc_video_ask(struct myna_rtc_video *v)
{
    if (!v->key)
        v->key = myna_keyframe_create();
    if (!v->key || v->rtc->dead)
        return;
    if (!v->asks)
        myna_keyframe_clear(v->key);
    v->asks = v->waits = true;
    if (v->rtc->beat.rests) /* who waits for a picture looks every 20 ms what is missing */
        myna_rtc_wake(v->rtc);
    ask_now(v, myna_host_now(v->rtc->host));
}

void myna_rtc_video_rest(struct myna_rtc_video *v)
{
    v->asks = v->waits = false;
    if (v->key)
        myna_keyframe_clear(v->key);
}

static void ask_for_missing(struct myna_rtc_video *v, myna_us now)
{
    uint8_t data[256 + MYNA_SRTP_ROOM];
    struct myna_rtcp_out o = {.data = data, .cap = 256};
    uint16_t seqs[NACKS];
    size_t n = v->nack && v->has_remote_ssrc
                   ? myna_keyframe_nacks(v->key, now, v->rtc->rtt, seqs, NACKS)
                   : 0;

    if (!n || !myna_rtcp_put_nack(&o, v->ssrc, v->remote_ssrc, seqs, n))
        return;
    myna_rtc_i_send_rtcp(v->rtc, &o);
}

void myna_rtc_i_video_tick(struct myna_rtc *rtc, myna_us now)
{
    for (size_t i = 0; i < rtc->n_videos; i++) {
        struct myna_rtc_video *v = rtc->videos[i];

        if (v->asks)
            ask_for_missing(v, now);
        if (v->waits)
            ask_now(v, now);
    }
}

bool myna_rtc_i_video_rests(const struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_videos; i++)
        if (rtc->videos[i]->asks)
            return false;
    return true;
}

size_t myna_rtc_i_video_blocks(struct myna_rtc *rtc, myna_us now, struct myna_rtcp_block *into,
                               size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < rtc->n_videos && n < max; i++) {
        struct myna_rtc_video *v = rtc->videos[i];

        if (!v->key || !v->has_remote_ssrc || !myna_keyframe_report(v->key, now, &into[n]))
            continue;
        into[n++].ssrc = v->remote_ssrc;
    }
    return n;
}

/* --- packets --- */

/* By its source; one that no description named, where exactly one section waits, by its type. */
static struct myna_rtc_video *find(struct myna_rtc *rtc, const struct myna_rtp *p)
{
    struct myna_rtc_video *only = NULL;
    size_t n = 0;

    for (size_t i = 0; i < rtc->n_videos; i++)
        if (rtc->videos[i]->has_remote_ssrc && rtc->videos[i]->remote_ssrc == p->ssrc)
            return rtc->videos[i];
    for (size_t i = 0; i < rtc->n_videos; i++)
        if (rtc->videos[i]->remote && !rtc->videos[i]->has_remote_ssrc) {
            only = rtc->videos[i];
            n++;
        }
    if (n != 1 || p->pt != only->pt)
        return NULL;
    only->has_remote_ssrc = true;
    only->remote_ssrc = p->ssrc;
    return only;
}

static bool is_video(const struct myna_rtc *rtc, const struct myna_rtp *p)
{
    for (size_t i = 0; i < rtc->n_videos; i++)
        if (p->pt == rtc->videos[i]->pt)
            return true;
    return false;
}

bool myna_rtc_i_video_rtp(struct myna_rtc *rtc, const struct myna_rtp *p)
{
    struct myna_rtc_video *v = find(rtc, p);
    struct myna_keyframe_whole whole;
    struct myna_rtc_picture told;

    if (!v) {
        if (!is_video(rtc, p))
            return false;
        rtc->dropped_in++; /* of a section that we do not know yet, or any more */
        return true;
    }
    if (p->pt != v->pt || !v->asks) {
        rtc->dropped_in += p->pt != v->pt;
        return true;
    }
    if (!myna_keyframe_packet(v->key, myna_host_now(rtc->host), p, &whole))
        return true;
    v->waits = false;
    told = (struct myna_rtc_picture){
        .vp8 = whole.bytes, .width = whole.width, .height = whole.height, .began = whole.began};
    if (rtc->events.picture && tell_begin(rtc)) {
        rtc->events.picture(rtc->arg, v, &told);
        tell_end(rtc);
    }
    return true;
}
