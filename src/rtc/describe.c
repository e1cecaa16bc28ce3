/* describe.c - what we say of ourselves: each section as a row of the model, and our candidates as
 * they are found, in the text and one by one. */
#include "rtc/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/internal.h"

static void describe_audio(const struct myna_rtc_audio *a, struct myna_sdp_media *m, bool red)
{
    m->rtcp_mux = m->rtcp_rsize = true;
    if (red)
        m->codecs[m->n_codecs++] = (struct myna_sdp_codec){
            .pt = a->red_pt, .name = "red", .clock_hz = 48000, .channels = 2};
    m->codecs[m->n_codecs++] = (struct myna_sdp_codec){.pt = a->opus_pt,
                                                       .name = "opus",
                                                       .clock_hz = 48000,
                                                       .channels = 2,
                                                       .fmtp = "minptime=10;useinbandfec=1",
                                                       .nack = true};
    if (a->level_id)
        m->extmaps[m->n_extmaps++] = (struct myna_sdp_extmap){a->level_id, LEVEL_URI};
    if (a->mid_id)
        m->extmaps[m->n_extmaps++] = (struct myna_sdp_extmap){a->mid_id, MID_URI};
    if (m->dir & MYNA_RTC_SENDONLY) {
        m->has_ssrc = true;
        m->ssrc = a->ssrc;
        m->cname = a->rtc->cname;
        m->stream = a->stream;
        m->track = a->track;
    }
}

static bool offers_red(const struct myna_rtc_audio *a, enum myna_rtc_direction dir)
{
    return a->rtc->opt.red && !a->rtc->opt.seal && a->red_pt > 0 && dir & MYNA_RTC_SENDONLY;
}

/* What every section says: path, proof, role. */
static void describe_path(const struct myna_rtc *rtc, struct myna_sdp_media *m,
                          enum myna_sdp_setup setup)
{
    m->port = 9;
    m->ufrag = myna_ice_ufrag(rtc->ice);
    m->pwd = myna_ice_pwd(rtc->ice);
    m->setup = setup;
}

static void describe_section(struct myna_rtc *rtc, const struct section *s,
                             struct myna_sdp_media *m, enum myna_sdp_setup setup)
{
    *m = (struct myna_sdp_media){.kind = s->kind, .mid = s->mid};
    if (s->refused) {
        m->kind_text = s->kind_text;
        m->proto = s->proto;
        m->formats = s->formats;
        return;
    }
    describe_path(rtc, m, setup);
    if (s->kind == MYNA_SDP_APPLICATION) {
        m->kind_text = "application";
        m->proto = "UDP/DTLS/SCTP";
        m->formats = "webrtc-datachannel";
        m->sctp_port = 5000;
        m->max_message_size = rtc->opt.max_message_size;
        return;
    }
    m->kind_text = s->kind == MYNA_SDP_VIDEO ? "video" : "audio";
    m->proto = "UDP/TLS/RTP/SAVPF";
}

static void set_formats(struct myna_rtc_audio *a, struct myna_sdp_media *m, bool red)
{
    if (red)
        snprintf(a->formats, sizeof a->formats, "%d %d", a->red_pt, a->opus_pt);
    else
        snprintf(a->formats, sizeof a->formats, "%d", a->opus_pt);
    m->formats = a->formats;
}

static enum myna_err write(struct myna_rtc *rtc, struct myna_sdp *sdp, struct myna_why *why)
{
    char bundle[MAX_SECTIONS * 34] = "";
    size_t n = 0;

    for (size_t i = 0; i < sdp->n_media; i++)
        if (!rtc->sections[i].refused)
            n += (size_t)snprintf(bundle + n, sizeof bundle - n, n ? " %s" : "%s",
                                  rtc->sections[i].mid);
    sdp->session_id = rtc->session_id;
    sdp->version = ++rtc->version;
    sdp->trickle = true;
    sdp->fingerprint = myna_dtls_fingerprint(rtc->dtls);
    sdp->bundle = n ? bundle : NULL;
    myna_buf_clear(&rtc->local);
    myna_sdp_write(sdp, &rtc->local);
    if (rtc->local.err)
        return myna_fail(why, rtc->local.err, "WebRTC: our description does not fit in memory");
    return MYNA_OK;
}

enum myna_err myna_rtc_describe_offer(struct myna_rtc *rtc, struct myna_why *why)
{
    struct myna_sdp sdp = {.media = calloc(rtc->n_sections, sizeof *sdp.media),
                           .n_media = rtc->n_sections};
    enum myna_err err;

    if (!sdp.media)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    for (size_t i = 0; i < rtc->n_sections; i++) {
        struct myna_rtc_audio *a = rtc->sections[i].audio;
        struct myna_sdp_media *m = &sdp.media[i];

        describe_section(rtc, &rtc->sections[i], m,
                         rtc->offered_active ? MYNA_SDP_ACTIVE : MYNA_SDP_ACTPASS);
        if (rtc->sections[i].video)
            myna_rtc_i_video_describe(rtc->sections[i].video, m);
        if (rtc->sections[i].refused || !a)
            continue;
        m->dir = a->wanted;
        set_formats(a, m, offers_red(a, m->dir));
        describe_audio(a, m, offers_red(a, m->dir));
    }
    err = write(rtc, &sdp, why);
    free(sdp.media);
    return err;
}

enum myna_err myna_rtc_describe_answer(struct myna_rtc *rtc, const struct myna_sdp *offer,
                                       struct myna_why *why)
{
    struct myna_sdp sdp = {.media = calloc(offer->n_media, sizeof *sdp.media),
                           .n_media = offer->n_media};
    enum myna_err err;

    if (!sdp.media)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    for (size_t i = 0; i < offer->n_media; i++) {
        struct myna_rtc_audio *a = rtc->sections[i].audio;
        const struct myna_sdp_media *theirs = &offer->media[i];
        struct myna_sdp_media *m = &sdp.media[i];
        bool red;

        describe_section(rtc, &rtc->sections[i], m,
                         rtc->dtls_client ? MYNA_SDP_ACTIVE : MYNA_SDP_PASSIVE);
        if (rtc->sections[i].refused)
            continue;
        if (theirs->port == 0 && !theirs->bundle_only) { /* retired, this time */
            m->port = 0;
            m->formats = theirs->formats;
            continue;
        }
        if (rtc->sections[i].video)
            myna_rtc_i_video_describe(rtc->sections[i].video, m);
        if (!a)
            continue;
        m->dir = a->agreed;
        red = offers_red(a, m->dir) && myna_sdp_find_codec(theirs, "red", 48000, 0);
        set_formats(a, m, red);
        describe_audio(a, m, red);
    }
    err = write(rtc, &sdp, why);
    free(sdp.media);
    return err;
}

/* --- our candidates --- */

static const struct section *first_section(const struct myna_rtc *rtc, int *index)
{
    for (size_t i = 0; i < rtc->n_sections; i++)
        if (!rtc->sections[i].refused) {
            *index = (int)i;
            return &rtc->sections[i];
        }
    return NULL;
}

/* NULL: that was all. Told from a timer: offer() and answer() return first. */
void myna_rtc_i_candidate(struct myna_rtc *rtc, const struct myna_candidate *c)
{
    if (c && rtc->n_local < MAX_LOCAL) {
        int n = myna_candidate_write(c, rtc->local_candidates[rtc->n_local],
                                     sizeof rtc->local_candidates[0]);

        rtc->n_local += n > 0 && (size_t)n < sizeof rtc->local_candidates[0];
    }
    rtc->gathered |= !c;
    if (!rtc->dead && myna_timer_set(&rtc->candidate_timer, myna_host_now(rtc->host)))
        myna_host_log(rtc->host, MYNA_LOG_WARN, "candidate not told: out of memory stage=rtc");
}

void myna_rtc_i_tell_candidates(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;
    int index = 0;
    const struct section *s = first_section(rtc, &index);

    while (s && rtc->n_told < rtc->n_local && tell_begin(rtc)) {
        const char *text = rtc->local_candidates[rtc->n_told++];

        if (rtc->events.candidate)
            rtc->events.candidate(rtc->arg, text, s->mid, index);
        tell_end(rtc);
    }
    if (s && rtc->gathered && !rtc->gathered_told && tell_begin(rtc)) {
        rtc->gathered_told = true;
        if (rtc->events.candidate)
            rtc->events.candidate(rtc->arg, NULL, s->mid, index);
        tell_end(rtc);
    }
}

const char *myna_rtc_local_sdp(struct myna_rtc *rtc)
{
    const char *text = myna_buf_str(&rtc->local), *at = text, *end;
    int index = 0;

    if (!*text || !first_section(rtc, &index))
        return text;
    for (int i = -1; i < index && at; i++) { /* the m= line of the section that carries them */
        at = strstr(at, "\r\nm=");
        at = at ? at + 2 : NULL;
    }
    end = at ? strstr(at, "\r\nm=") : NULL;
    end = end ? end + 2 : text + rtc->local.len;
    myna_buf_clear(&rtc->full);
    myna_buf_put(&rtc->full, text, (size_t)(end - text));
    for (size_t i = 0; i < rtc->n_local; i++)
        myna_buf_printf(&rtc->full, "a=%s\r\n", rtc->local_candidates[i]);
    if (rtc->gathered)
        myna_buf_puts(&rtc->full, "a=end-of-candidates\r\n");
    myna_buf_puts(&rtc->full, end);
    return rtc->full.err ? text : myna_buf_str(&rtc->full);
}
