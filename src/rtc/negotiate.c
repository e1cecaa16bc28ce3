/* negotiate.c - offers and answers, ours and theirs.
 *
 * The sections of a connection are its m= lines: added at the end by either side, never moved.
 * A description of the peer is judged whole before anything is changed by it (judge()), then it is
 * applied (take_remote()); so a bad one leaves the connection as it was. describe.c writes ours.
 */
#include "rtc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/describe.h"

/* What a description says once for all its sections (they are bundled). */
struct verdict {
    const char *ufrag, *pwd, *fingerprint;
    enum myna_sdp_setup setup;
    bool dtls_client;
};

/* --- sections --- */

static bool mid_taken(const struct myna_rtc *rtc, const char *mid)
{
    for (size_t i = 0; i < rtc->n_sections; i++)
        if (!strcmp(rtc->sections[i].mid, mid))
            return true;
    return false;
}

struct section *myna_rtc_i_add_section(struct myna_rtc *rtc, enum myna_sdp_kind kind)
{
    struct section *s = &rtc->sections[rtc->n_sections];

    if (rtc->n_sections == MAX_SECTIONS)
        return NULL;
    *s = (struct section){.kind = kind};
    for (unsigned n = (unsigned)rtc->n_sections; !s->mid[0] || mid_taken(rtc, s->mid); n++)
        snprintf(s->mid, sizeof s->mid, "%u", n);
    rtc->n_sections++;
    return s;
}

static char *keep_line(struct section *s, const struct myna_sdp_media *m)
{
    size_t a = strlen(m->kind_text) + 1, b = strlen(m->proto) + 1, c = strlen(m->formats) + 1;
    char *p = malloc(a + b + c);

    if (!p)
        return NULL;
    free(s->kind_text);
    s->kind_text = memcpy(p, m->kind_text, a);
    s->proto = memcpy(p + a, m->proto, b);
    s->formats = memcpy(p + a + b, m->formats, c);
    return p;
}

static bool refused_by_peer(const struct myna_sdp_media *m)
{
    return m->port == 0 && !m->bundle_only;
}

/* Always written as two channels (RFC 7587); GStreamer leaves that out now and then. */
static const struct myna_sdp_codec *find_opus(const struct myna_sdp_media *m)
{
    return myna_sdp_find_codec(m, "opus", 48000, 0);
}

static bool we_speak(const struct myna_sdp_media *m)
{
    if (m->kind == MYNA_SDP_AUDIO)
        return strstr(m->proto, "RTP/SAVPF") && find_opus(m);
    return m->kind == MYNA_SDP_APPLICATION &&
           strstr(m->proto, "DTLS/SCTP"); /* a stranger's pictures
                                             are refused */
}

/* --- judging --- */

static const struct myna_sdp_media *first_used(const struct myna_sdp *sdp)
{
    for (size_t i = 0; i < sdp->n_media; i++)
        if (!refused_by_peer(&sdp->media[i]))
            return &sdp->media[i];
    return NULL;
}

static enum myna_err judge(const struct myna_rtc *rtc, const struct myna_sdp *sdp, bool is_answer,
                           struct verdict *v, struct myna_why *why)
{
    const char *what = is_answer ? "answer" : "offer";
    size_t known = is_answer ? rtc->n_offered : rtc->n_agreed;
    const struct myna_sdp_media *m = first_used(sdp);

    if (sdp->n_media < known || (is_answer && sdp->n_media > known))
        return myna_fail(why, MYNA_EFORMAT, "%s: %zu sections, there were %zu", what, sdp->n_media,
                         known);
    for (size_t i = 0; i < known; i++) {
        const struct section *s = &rtc->sections[i];

        if (!is_answer && s->idle)
            continue; /* a browser puts new tracks on the lines of stopped ones (RFC 8829, 5.2.2) */
        if (sdp->media[i].mid && strcmp(sdp->media[i].mid, s->mid) != 0)
            return myna_fail(why, MYNA_EFORMAT, "%s: section %zu is \"%s\", it was \"%s\"", what, i,
                             sdp->media[i].mid, s->mid);
        if (sdp->media[i].kind != s->kind)
            return myna_fail(why, MYNA_EFORMAT, "%s: section %zu is of another kind than agreed",
                             what, i);
    }
    if (!m)
        return myna_fail(why, MYNA_EFORMAT, "%s: every section is refused, nothing is left", what);
    *v = (struct verdict){.ufrag = m->ufrag ? m->ufrag : sdp->ufrag,
                          .pwd = m->pwd ? m->pwd : sdp->pwd,
                          .fingerprint = m->fingerprint ? m->fingerprint : sdp->fingerprint,
                          .setup = m->setup ? m->setup : sdp->setup};
    if (!v->ufrag || !v->pwd)
        return myna_fail(why, MYNA_EFORMAT, "%s: no a=ice-ufrag and a=ice-pwd", what);
    if (!v->fingerprint)
        return myna_fail(why, MYNA_EFORMAT, "%s: no a=fingerprint", what);
    if (is_answer && v->setup == MYNA_SDP_ACTPASS)
        return myna_fail(why, MYNA_EFORMAT, "answer: a=setup is still actpass, nobody begins DTLS");
    /* The answerer of an actpass is active (RFC 8842, 5.3); who offers passive waits for us. */
    v->dtls_client = is_answer ? v->setup == MYNA_SDP_PASSIVE : v->setup != MYNA_SDP_ACTIVE;
    if (rtc->role_known)
        v->dtls_client = rtc->dtls_client;
    return MYNA_OK;
}

/* --- applying --- */

static void take_audio(struct myna_rtc *rtc, struct myna_rtc_audio *a,
                       const struct myna_sdp_media *m)
{
    const struct myna_sdp_codec *opus = find_opus(m);
    const struct myna_sdp_codec *red = myna_sdp_find_codec(m, "red", 48000, 0);
    bool gone = refused_by_peer(m) || !opus;
    int they = gone ? 0 : (int)m->dir;

    /* Their "send" is our "receive". */
    a->agreed = (enum myna_rtc_direction)((int)a->wanted & ((they & 1) << 1 | (they & 2) >> 1));
    a->wire_due = true;
    if (!gone) {
        a->opus_pt = opus->pt;
        a->nack = opus->nack;
        a->red_pt = red && rtc->opt.red ? red->pt : -1;
        a->in_red_pt = red && !rtc->opt.seal ? red->pt : -1; /* it would go beside the seal */
        a->level_id = myna_sdp_find_ext(m, LEVEL_URI);
        a->mid_id = myna_sdp_find_ext(m, MID_URI);
    }
    /* LiveKit's free slot is "sendonly" with neither of the two; who gives neither and sends
     * nevertheless is found by its first packet (media.c). */
    myna_rtc_i_media_remote(a,
                            (they & MYNA_RTC_SENDONLY) && (a->wanted & MYNA_RTC_RECVONLY) &&
                                (m->has_ssrc || m->stream),
                            m);
}

/* As answerer: what the offer puts on an m= line that is new to us, or was given back. */
static enum myna_err use_section(struct myna_rtc *rtc, struct section *s,
                                 const struct myna_sdp_media *m)
{
    s->kind = m->kind;
    s->idle = false;
    if (m->mid)
        snprintf(s->mid, sizeof s->mid, "%s", m->mid);
    if (!keep_line(s, m))
        return MYNA_ENOMEM;
    s->refused = refused_by_peer(m) || !we_speak(m);
    if (m->kind != MYNA_SDP_AUDIO) {
        if (s->audio)
            s->audio->section = SIZE_MAX; /* free for the next audio line */
        s->audio = NULL;
    }
    if (s->video) /* the line has another use now */
        s->video->section = SIZE_MAX;
    s->video = NULL;
    if (m->kind != MYNA_SDP_AUDIO || s->refused)
        return MYNA_OK;
    for (size_t i = 0; i < rtc->n_audios && !s->audio; i++)
        if (rtc->audios[i]->section == SIZE_MAX)
            s->audio = rtc->audios[i];
    if (!s->audio)
        s->audio = myna_rtc_i_new_audio(rtc, MYNA_RTC_RECVONLY);
    if (!s->audio)
        return MYNA_ENOMEM;
    s->audio->section = (size_t)(s - rtc->sections);
    return MYNA_OK;
}

/* Our own sections that no description has shown yet make room for the offer's. */
static void forget_own_sections(struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->section >= rtc->n_agreed)
            rtc->audios[i]->section = SIZE_MAX;
    for (size_t i = 0; i < rtc->n_videos; i++)
        if (rtc->videos[i]->section >= rtc->n_agreed)
            rtc->videos[i]->section = SIZE_MAX;
    rtc->n_sections = rtc->n_agreed;
}

/* What the offer had no line for stands at the end, for an offer of ours. */
static void show_own_sections_later(struct myna_rtc *rtc)
{
    struct section *s;
    bool data = false;

    for (size_t i = 0; i < rtc->n_sections; i++)
        data |= rtc->sections[i].kind == MYNA_SDP_APPLICATION;
    if (rtc->channels && !data)
        (void)myna_rtc_i_add_section(rtc, MYNA_SDP_APPLICATION);
    for (size_t i = 0; i < rtc->n_audios; i++)
        if (rtc->audios[i]->section == SIZE_MAX &&
            (s = myna_rtc_i_add_section(rtc, MYNA_SDP_AUDIO))) {
            s->audio = rtc->audios[i];
            rtc->audios[i]->section = (size_t)(s - rtc->sections);
        }
    for (size_t i = 0; i < rtc->n_videos; i++)
        if (rtc->videos[i]->section == SIZE_MAX &&
            (s = myna_rtc_i_add_section(rtc, MYNA_SDP_VIDEO))) {
            s->video = rtc->videos[i];
            rtc->videos[i]->section = (size_t)(s - rtc->sections);
        }
}

static void set_remote_path(struct myna_rtc *rtc, const struct verdict *v)
{
    if (strcmp(v->ufrag, rtc->remote_ufrag) || strcmp(v->pwd, rtc->remote_pwd)) {
        snprintf(rtc->remote_ufrag, sizeof rtc->remote_ufrag, "%s", v->ufrag);
        snprintf(rtc->remote_pwd, sizeof rtc->remote_pwd, "%s", v->pwd);
        myna_ice_set_remote(rtc->ice, v->ufrag, v->pwd);
    }
}

static void use_candidate(struct myna_rtc *rtc, const struct myna_candidate *c)
{
    if (!c->ufrag[0] || !strcmp(c->ufrag, rtc->remote_ufrag))
        myna_ice_add_candidate(rtc->ice, c);
}

static void take_candidates(struct myna_rtc *rtc, const struct myna_sdp *sdp)
{
    struct myna_candidate c;
    bool done = false;

    for (size_t i = 0; i < sdp->n_media; i++) {
        const struct myna_sdp_media *m = &sdp->media[i];

        for (size_t k = 0; k < m->n_candidates; k++)
            if (m == first_used(sdp) && myna_candidate_parse(&c, m->candidates[k]))
                use_candidate(rtc, &c);
        done |= m->end_of_candidates && m == first_used(sdp);
    }
    for (size_t i = 0; i < rtc->n_waiting; i++)
        use_candidate(rtc, &rtc->waiting[i]);
    rtc->n_waiting = 0;
    if (done || rtc->waiting_done)
        myna_ice_remote_done(rtc->ice);
    rtc->waiting_done = false;
}

static void take_data(struct myna_rtc *rtc, const struct myna_sdp_media *m)
{
    if (refused_by_peer(m)) {
        myna_host_log(rtc->host, MYNA_LOG_WARN, "the peer wants no data channels stage=rtc");
        return;
    }
    rtc->sctp_port = m->sctp_port ? m->sctp_port : 5000;
    rtc->peer_max_message = m->max_message_size ? m->max_message_size : 65536;
}

/* Everything but telling, which may destroy us. */
static void take_remote(struct myna_rtc *rtc, const struct myna_sdp *sdp, const struct verdict *v)
{
    if (sdp->ice_lite && !rtc->peer_lite)
        myna_host_log(rtc->host, MYNA_LOG_DEBUG,
                      "the peer runs ICE-lite: our checks alone keep the path open stage=rtc");
    rtc->peer_lite = sdp->ice_lite;
    if (!rtc->role_known)
        myna_ice_set_controlling(rtc->ice, rtc->offering || rtc->peer_lite);
    rtc->dtls_client = v->dtls_client;
    rtc->role_known = true;
    rtc->agreed = true;
    rtc->n_agreed = sdp->n_media;
    set_remote_path(rtc, v);
    take_candidates(rtc, sdp);
    for (size_t i = 0; i < sdp->n_media; i++) {
        rtc->sections[i].idle = refused_by_peer(&sdp->media[i]);
        if (sdp->media[i].kind == MYNA_SDP_APPLICATION && !rtc->sections[i].refused)
            take_data(rtc, &sdp->media[i]);
    }
}

static void tell_remote(struct myna_rtc *rtc, const struct myna_sdp *sdp)
{
    for (size_t i = 0; i < sdp->n_media && !rtc->dead; i++)
        if (rtc->sections[i].audio)
            take_audio(rtc, rtc->sections[i].audio, &sdp->media[i]);
    for (size_t i = 0; i < sdp->n_media && !rtc->dead; i++)
        if (rtc->sections[i].video)
            myna_rtc_i_video_remote(rtc->sections[i].video, &sdp->media[i],
                                    refused_by_peer(&sdp->media[i]));
}

/* --- the calls --- */

static enum myna_err keep_remote(struct myna_rtc *rtc, const char *text, struct myna_why *why)
{
    myna_buf_clear(&rtc->remote);
    if (myna_buf_puts(&rtc->remote, text))
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    return MYNA_OK;
}

static void restart_path(struct myna_rtc *rtc)
{
    if (myna_ice_restart(rtc->ice)) {
        rtc->n_local = rtc->n_told = 0;
        rtc->gathered = rtc->gathered_told = false;
    }
    rtc->remote_ufrag[0] = '\0'; /* libnice wants theirs again; what trickles in waits for it */
}

/* A dozen sockets take a few ms, in which the peer can already read our offer. */
void myna_rtc_i_gather(struct myna_timer *t)
{
    struct myna_rtc *rtc = t->arg;

    myna_ice_gather(rtc->ice);
}

enum myna_err myna_rtc_offer(struct myna_rtc *rtc, unsigned flags, const char **sdp,
                             struct myna_why *why)
{
    enum myna_err err;

    if (rtc->dtls_over)
        return myna_fail(why, MYNA_ESTATE, "WebRTC: the connection has ended; begin a new one");
    if (!rtc->n_sections)
        return myna_fail(why, MYNA_ESTATE, "WebRTC: nothing to offer; add audio or a channel");
    if (flags & MYNA_RTC_ICE_RESTART && rtc->agreed)
        restart_path(rtc);
    rtc->offered_active |= !rtc->agreed && flags & MYNA_RTC_ACTPASS_ACTIVE;
    rtc->offering = true;
    rtc->n_offered = rtc->n_sections;
    if (!rtc->role_known)
        myna_ice_set_controlling(rtc->ice, true);
    err = myna_rtc_describe_offer(rtc, why);
    if (!err && myna_timer_set(&rtc->gather_timer, myna_host_now(rtc->host)))
        myna_ice_gather(rtc->ice);
    if (!err)
        *sdp = rtc->n_local ? myna_rtc_local_sdp(rtc) : myna_buf_str(&rtc->local);
    return err;
}

enum myna_err myna_rtc_accept_answer(struct myna_rtc *rtc, const char *text, struct myna_why *why)
{
    struct myna_sdp sdp;
    struct verdict v;
    enum myna_err err;

    if (!rtc->offering)
        return myna_fail(why, MYNA_ESTATE, "WebRTC: an answer came and no offer is waiting");
    err = myna_sdp_parse(&sdp, text, strlen(text), why);
    if (err)
        return err;
    err = judge(rtc, &sdp, true, &v, why);
    if (!err)
        err = keep_remote(rtc, text, why);
    if (!err)
        err = myna_dtls_set_fingerprint(rtc->dtls, v.fingerprint, why);
    if (!err) {
        take_remote(rtc, &sdp, &v);
        rtc->offering = false;
        rtc->telling++; /* destroyed in an event, it still needs the model */
        myna_rtc_i_begin_checks(rtc);
        tell_remote(rtc, &sdp);
        if (!rtc->dead) {
            myna_rtc_i_roles_known(rtc);
            myna_rtc_i_begin_data(rtc);
        }
        rtc->telling--;
    }
    myna_sdp_fini(&sdp);
    return err;
}

static enum myna_err take_offer(struct myna_rtc *rtc, const struct myna_sdp *sdp,
                                const struct verdict *v, struct myna_why *why)
{
    bool restarts = rtc->agreed && strcmp(v->ufrag, rtc->remote_ufrag) != 0;
    enum myna_err err = MYNA_OK;

    forget_own_sections(rtc);
    for (size_t i = 0; i < sdp->n_media && !err; i++) {
        const struct myna_sdp_media *m = &sdp->media[i];
        bool is_new = i >= rtc->n_sections;

        if (is_new && !myna_rtc_i_add_section(rtc, m->kind))
            err = MYNA_ELIMIT;
        else if (is_new || (rtc->sections[i].idle && !refused_by_peer(m)))
            err = use_section(rtc, &rtc->sections[i], m);
    }
    if (err)
        return myna_fail(why, err, "offer: more sections than fit, or memory is short");
    for (size_t i = 0; i < sdp->n_media; i++) /* one that was refused may come back in use */
        if (!rtc->sections[i].kind_text && !keep_line(&rtc->sections[i], &sdp->media[i]))
            return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    if (restarts)
        restart_path(rtc);
    take_remote(rtc, sdp, v);
    show_own_sections_later(rtc);
    return MYNA_OK;
}

enum myna_err myna_rtc_answer(struct myna_rtc *rtc, const char *offer, const char **text,
                              struct myna_why *why)
{
    struct myna_sdp sdp;
    struct verdict v;
    enum myna_err err;

    if (rtc->offering)
        return myna_fail(why, MYNA_ESTATE, "WebRTC: an offer came while our own is waiting");
    err = myna_sdp_parse(&sdp, offer, strlen(offer), why);
    if (err)
        return err;
    rtc->telling++;
    err = judge(rtc, &sdp, false, &v, why);
    if (!err)
        err = keep_remote(rtc, offer, why);
    if (!err)
        err = myna_dtls_set_fingerprint(rtc->dtls, v.fingerprint, why);
    if (!err)
        err = take_offer(rtc, &sdp, &v, why);
    if (!err) {
        myna_rtc_i_begin_checks(rtc);
        tell_remote(rtc, &sdp); /* the owner may still change what the answer says */
        if (rtc->dead)
            err = myna_fail(why, MYNA_ESTATE, "WebRTC: destroyed while it answered");
    }
    if (!err) {
        for (size_t i = 0; i < sdp.n_media; i++)
            if (rtc->sections[i].audio) { /* as agreed after those changes */
                int they = (int)sdp.media[i].dir;

                rtc->sections[i].audio->agreed = (enum myna_rtc_direction)(
                    (int)rtc->sections[i].audio->wanted & ((they & 1) << 1 | (they & 2) >> 1));
            }
        myna_ice_gather(rtc->ice);
        err = myna_rtc_describe_answer(rtc, &sdp, why);
    }
    if (!err) {
        *text = myna_rtc_local_sdp(rtc);
        myna_rtc_i_roles_known(rtc);
        myna_rtc_i_begin_data(rtc);
    }
    rtc->telling--;
    myna_sdp_fini(&sdp);
    return err;
}

void myna_rtc_rollback(struct myna_rtc *rtc)
{
    rtc->offering = false;
}

const char *myna_rtc_remote_sdp(const struct myna_rtc *rtc)
{
    return myna_buf_str(&rtc->remote);
}

enum myna_err myna_rtc_add_candidate(struct myna_rtc *rtc, const char *text, struct myna_why *why)
{
    struct myna_candidate c;

    if (!text || !*text) {
        rtc->waiting_done = !rtc->remote_ufrag[0];
        if (!rtc->waiting_done)
            myna_ice_remote_done(rtc->ice);
        return MYNA_OK;
    }
    if (!myna_candidate_parse(&c, text))
        return myna_fail(why, MYNA_EFORMAT, "\"%.120s\" is not an ICE candidate", text);
    if (rtc->remote_ufrag[0] && (!c.ufrag[0] || !strcmp(c.ufrag, rtc->remote_ufrag)))
        use_candidate(rtc, &c);
    else if (rtc->n_waiting < MAX_WAITING) /* of a description that is on its way */
        rtc->waiting[rtc->n_waiting++] = c;
    return MYNA_OK;
}

void myna_rtc_set_servers(struct myna_rtc *rtc, const struct myna_rtc_server *servers, size_t n)
{
    myna_ice_set_servers(rtc->ice, servers, n);
}

void myna_rtc_set_relay_only(struct myna_rtc *rtc, bool on)
{
    myna_ice_set_relay_only(rtc->ice, on);
}
