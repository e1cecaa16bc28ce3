/* sdp_write.c - model to text, in the order in which browsers and pion write it. */
#include "rtc/sdp.h"

static const char *const setup_names[] = {"", "actpass", "active", "passive"};
static const char *const direction_names[] = {"inactive", "recvonly", "sendonly", "sendrecv"};

static void line_if(struct myna_buf *out, const char *name, const char *value)
{
    if (value)
        myna_buf_printf(out, "a=%s:%s\r\n", name, value);
}

static void write_codecs(const struct myna_sdp_media *m, struct myna_buf *out)
{
    for (size_t i = 0; i < m->n_codecs; i++) {
        const struct myna_sdp_codec *c = &m->codecs[i];

        if (c->name && c->channels > 1)
            myna_buf_printf(out, "a=rtpmap:%d %s/%u/%d\r\n", c->pt, c->name, c->clock_hz,
                            c->channels);
        else if (c->name)
            myna_buf_printf(out, "a=rtpmap:%d %s/%u\r\n", c->pt, c->name, c->clock_hz);
        if (c->nack)
            myna_buf_printf(out, "a=rtcp-fb:%d nack\r\n", c->pt);
        if (c->nack_pli)
            myna_buf_printf(out, "a=rtcp-fb:%d nack pli\r\n", c->pt);
        if (c->ccm_fir)
            myna_buf_printf(out, "a=rtcp-fb:%d ccm fir\r\n", c->pt);
        if (c->fmtp)
            myna_buf_printf(out, "a=fmtp:%d %s\r\n", c->pt, c->fmtp);
    }
}

static void write_source(const struct myna_sdp_media *m, struct myna_buf *out)
{
    const char *stream = m->stream && *m->stream ? m->stream : "-";

    if (m->stream)
        myna_buf_printf(out, "a=msid:%s %s\r\n", stream, m->track ? m->track : "");
    if (!m->has_ssrc)
        return;
    if (m->cname)
        myna_buf_printf(out, "a=ssrc:%u cname:%s\r\n", m->ssrc, m->cname);
    if (m->stream)
        myna_buf_printf(out, "a=ssrc:%u msid:%s %s\r\n", m->ssrc, stream, m->track ? m->track : "");
}

static void write_media(const struct myna_sdp_media *m, struct myna_buf *out)
{
    bool is_rtp = m->kind != MYNA_SDP_APPLICATION;

    myna_buf_printf(out, "m=%s %d %s %s\r\n", m->kind_text, m->port, m->proto, m->formats);
    myna_buf_puts(out, "c=IN IP4 0.0.0.0\r\n");
    line_if(out, "mid", m->mid);
    if (m->port == 0) { /* refused: nothing else counts */
        myna_buf_puts(out, "a=inactive\r\n");
        return;
    }
    line_if(out, "ice-ufrag", m->ufrag);
    line_if(out, "ice-pwd", m->pwd);
    line_if(out, "fingerprint", m->fingerprint);
    if (m->setup != MYNA_SDP_SETUP_NONE)
        line_if(out, "setup", setup_names[m->setup]);
    if (m->sctp_port)
        myna_buf_printf(out, "a=sctp-port:%d\r\n", m->sctp_port);
    if (m->max_message_size)
        myna_buf_printf(out, "a=max-message-size:%llu\r\n",
                        (unsigned long long)m->max_message_size);
    for (size_t i = 0; i < m->n_extmaps; i++)
        myna_buf_printf(out, "a=extmap:%d %s\r\n", m->extmaps[i].id, m->extmaps[i].uri);
    if (is_rtp)
        myna_buf_printf(out, "a=%s\r\n", direction_names[m->dir]);
    if (m->rtcp_mux)
        myna_buf_puts(out, "a=rtcp-mux\r\n");
    if (m->rtcp_rsize)
        myna_buf_puts(out, "a=rtcp-rsize\r\n");
    write_codecs(m, out);
    write_source(m, out);
    for (size_t i = 0; i < m->n_candidates; i++)
        myna_buf_printf(out, "a=%s\r\n", m->candidates[i]);
    if (m->end_of_candidates)
        myna_buf_puts(out, "a=end-of-candidates\r\n");
}

void myna_sdp_write(const struct myna_sdp *sdp, struct myna_buf *out)
{
    myna_buf_printf(out, "v=0\r\no=- %s %llu IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", sdp->session_id,
                    (unsigned long long)sdp->version);
    if (sdp->bundle)
        myna_buf_printf(out, "a=group:BUNDLE %s\r\n", sdp->bundle);
    if (sdp->ice_lite)
        myna_buf_puts(out, "a=ice-lite\r\n");
    if (sdp->trickle)
        myna_buf_puts(out, "a=ice-options:trickle\r\n");
    myna_buf_puts(out, "a=msid-semantic: WMS *\r\n");
    line_if(out, "ice-ufrag", sdp->ufrag);
    line_if(out, "ice-pwd", sdp->pwd);
    line_if(out, "fingerprint", sdp->fingerprint);
    if (sdp->setup != MYNA_SDP_SETUP_NONE)
        line_if(out, "setup", setup_names[sdp->setup]);
    for (size_t i = 0; i < sdp->n_media; i++)
        write_media(&sdp->media[i], out);
}
