/* sdp_parse.c - text to model, line by line (RFC 8866 with the attributes of RFC 8829).
 *
 * Serves offers and answers of servers and browsers, so nothing here trusts a number or a length.
 * Each attribute is a row of a table; what is not in the table is skipped, as the RFCs ask.
 */
#include "rtc/sdp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    struct myna_sdp *sdp;
    struct myna_sdp_media *m; /* NULL: still at session level */
    struct myna_why *why;
    int line;
    size_t max_media;
};

static enum myna_err bad(struct parser *p, const char *what)
{
    return myna_fail(p->why, MYNA_EFORMAT, "session description, line %d: %s", p->line, what);
}

static enum myna_err too_many(struct parser *p, const char *what, int limit)
{
    return myna_fail(p->why, MYNA_ELIMIT, "session description, line %d: more than %d %s", p->line,
                     limit, what);
}

/* The word up to the next space, cut off; *rest moves behind it. NULL: nothing left. */
static char *word(char **rest)
{
    char *at = *rest, *end;

    while (*at == ' ')
        at++;
    if (!*at)
        return NULL;
    end = at + strcspn(at, " ");
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return at;
}

/* Whole text, decimal, at most `max`. */
static bool number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (!text || !*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        if (v > (max - (uint64_t)(*text - '0')) / 10)
            return false;
        v = v * 10 + (uint64_t)(*text - '0');
    }
    *out = v;
    return true;
}

static struct myna_sdp_codec *codec_of(struct myna_sdp_media *m, int pt)
{
    for (size_t i = 0; i < m->n_codecs; i++)
        if (m->codecs[i].pt == pt)
            return &m->codecs[i];
    return NULL;
}

static enum myna_err parse_origin(struct parser *p, char *v)
{
    uint64_t version;

    if (!word(&v))
        return bad(p, "o= is empty");
    p->sdp->session_id = word(&v);
    if (!p->sdp->session_id || !number(word(&v), UINT64_MAX, &version))
        return bad(p, "o= has no session id and version");
    p->sdp->version = version;
    return MYNA_OK;
}

static enum myna_sdp_kind kind_of(const char *text)
{
    if (!strcmp(text, "audio"))
        return MYNA_SDP_AUDIO;
    if (!strcmp(text, "video"))
        return MYNA_SDP_VIDEO;
    if (!strcmp(text, "application"))
        return MYNA_SDP_APPLICATION;
    return MYNA_SDP_OTHER;
}

/* The formats of an RTP section are payload types; those past the limit are left out. */
static void parse_formats(struct myna_sdp_media *m)
{
    const char *at = m->formats;

    while (*at && m->n_codecs < MYNA_SDP_MAX_CODECS) {
        char one[4] = "";
        size_t n = strcspn(at, " ");
        uint64_t pt;

        if (n > 0 && n < sizeof one) {
            memcpy(one, at, n);
            if (number(one, 127, &pt) && !codec_of(m, (int)pt))
                m->codecs[m->n_codecs++] = (struct myna_sdp_codec){.pt = (int)pt, .channels = 1};
        }
        at += n;
        at += strspn(at, " ");
    }
}

static enum myna_err parse_media(struct parser *p, char *v)
{
    struct myna_sdp *sdp = p->sdp;
    struct myna_sdp_media *m;
    char *kind = word(&v), *port = word(&v), *proto = word(&v);
    uint64_t n;

    if (!kind || !port || !proto)
        return bad(p, "m= needs a kind, a port and a protocol");
    port[strcspn(port, "/")] = '\0';
    if (!number(port, 65535, &n))
        return bad(p, "the port of m= is not one");
    if (sdp->n_media == p->max_media)
        return too_many(p, "m= sections", MYNA_SDP_MAX_MEDIA);
    m = p->m = &sdp->media[sdp->n_media++];
    *m = (struct myna_sdp_media){.kind = kind_of(kind),
                                 .kind_text = kind,
                                 .proto = proto,
                                 .formats = v,
                                 .port = (int)n,
                                 .dir = MYNA_RTC_SENDRECV};
    if (m->kind == MYNA_SDP_AUDIO || m->kind == MYNA_SDP_VIDEO)
        parse_formats(m);
    return MYNA_OK;
}

static enum myna_err a_mid(struct parser *p, char *v)
{
    if (!p->m || !*v || strlen(v) > 32)
        return bad(p, "a=mid wants 1 to 32 characters, inside a section");
    for (size_t i = 0; i + 1 < p->sdp->n_media; i++)
        if (p->sdp->media[i].mid && !strcmp(p->sdp->media[i].mid, v))
            return bad(p, "two sections have the same a=mid");
    p->m->mid = v;
    return MYNA_OK;
}

static enum myna_err a_ufrag(struct parser *p, char *v)
{
    if (strlen(v) < 4 || strlen(v) > 256)
        return bad(p, "a=ice-ufrag has 4 to 256 characters");
    *(p->m ? &p->m->ufrag : &p->sdp->ufrag) = v;
    return MYNA_OK;
}

static enum myna_err a_pwd(struct parser *p, char *v)
{
    if (strlen(v) < 22 || strlen(v) > 256)
        return bad(p, "a=ice-pwd has 22 to 256 characters");
    *(p->m ? &p->m->pwd : &p->sdp->pwd) = v;
    return MYNA_OK;
}

static enum myna_err a_fingerprint(struct parser *p, char *v)
{
    const char **at = p->m ? &p->m->fingerprint : &p->sdp->fingerprint;

    if (!strchr(v, ' '))
        return bad(p, "a=fingerprint is a hash function, a space and pairs of hex digits");
    /* Several may stand there for one certificate; sha-256 is the one that everybody writes. */
    if (!*at || !strncasecmp(v, "sha-256 ", 8))
        *at = v;
    return MYNA_OK;
}

static enum myna_err a_setup(struct parser *p, char *v)
{
    enum myna_sdp_setup s = MYNA_SDP_SETUP_NONE;

    if (!strcmp(v, "actpass"))
        s = MYNA_SDP_ACTPASS;
    else if (!strcmp(v, "active"))
        s = MYNA_SDP_ACTIVE;
    else if (!strcmp(v, "passive"))
        s = MYNA_SDP_PASSIVE;
    else
        return bad(p, "a=setup is actpass, active or passive");
    *(p->m ? &p->m->setup : &p->sdp->setup) = s;
    return MYNA_OK;
}

static enum myna_err a_group(struct parser *p, char *v)
{
    if (!strncmp(v, "BUNDLE ", 7))
        p->sdp->bundle = v + 7;
    return MYNA_OK;
}

static enum myna_err a_lite(struct parser *p, char *v)
{
    (void)v;
    p->sdp->ice_lite = true;
    return MYNA_OK;
}

static enum myna_err a_options(struct parser *p, char *v)
{
    for (char *w; (w = word(&v));)
        if (!strcmp(w, "trickle"))
            p->sdp->trickle = true;
    return MYNA_OK;
}

static enum myna_err a_rtpmap(struct parser *p, char *v)
{
    char *pt_text = word(&v), *name = word(&v), *clock, *channels;
    struct myna_sdp_codec *c;
    uint64_t pt, hz, n = 1;

    if (!p->m)
        return MYNA_OK;
    if (!number(pt_text, 127, &pt) || !name || !(clock = strchr(name, '/')))
        return bad(p, "a=rtpmap is a payload type, a name, a slash and a clock rate");
    *clock++ = '\0';
    channels = strchr(clock, '/');
    if (channels)
        *channels++ = '\0';
    if (!number(clock, 1000000, &hz) || (channels && !number(channels, 255, &n)))
        return bad(p, "a=rtpmap has a clock rate or a number of channels that is not one");
    c = codec_of(p->m, (int)pt);
    if (c && !c->name) {
        c->name = name;
        c->clock_hz = (uint32_t)hz;
        c->channels = (int)n;
    }
    return MYNA_OK;
}

static enum myna_err a_fmtp(struct parser *p, char *v)
{
    char *pt_text = word(&v);
    struct myna_sdp_codec *c;
    uint64_t pt;

    if (!p->m || !number(pt_text, 127, &pt))
        return MYNA_OK; /* "fmtp:webrtc-datachannel …" of old browsers */
    c = codec_of(p->m, (int)pt);
    if (c && !c->fmtp)
        c->fmtp = v;
    return MYNA_OK;
}

static enum myna_err a_rtcp_fb(struct parser *p, char *v)
{
    char *pt_text = word(&v);
    uint64_t pt = 0;
    bool all = pt_text && !strcmp(pt_text, "*");

    if (!p->m || (!all && !number(pt_text, 127, &pt)))
        return MYNA_OK;
    for (size_t i = 0; i < p->m->n_codecs; i++) {
        struct myna_sdp_codec *c = &p->m->codecs[i];

        if (!all && c->pt != (int)pt)
            continue;
        c->nack |= !strcmp(v, "nack");
        c->nack_pli |= !strcmp(v, "nack pli");
        c->ccm_fir |= !strcmp(v, "ccm fir");
    }
    return MYNA_OK;
}

static enum myna_err a_extmap(struct parser *p, char *v)
{
    char *id_text = word(&v), *uri = word(&v);
    uint64_t id;

    if (!p->m)
        return MYNA_OK;
    if (!id_text || !uri)
        return bad(p, "a=extmap is an id and a URI");
    id_text[strcspn(id_text, "/")] = '\0';
    if (!number(id_text, 65535, &id) || !id)
        return bad(p, "the id of a=extmap is not one");
    if (p->m->n_extmaps < MYNA_SDP_MAX_EXTMAPS)
        p->m->extmaps[p->m->n_extmaps++] = (struct myna_sdp_extmap){(int)id, uri};
    return MYNA_OK;
}

static void take_msid(struct myna_sdp_media *m, char *v)
{
    char *stream = word(&v), *track = word(&v);

    if (m->stream || !stream)
        return;
    m->stream = strcmp(stream, "-") != 0 ? stream : "";
    m->track = track ? track : "";
}

static enum myna_err a_msid(struct parser *p, char *v)
{
    if (p->m) {
        p->m->stream = NULL; /* the section's own line goes before what a=ssrc said */
        take_msid(p->m, v);
    }
    return MYNA_OK;
}

static enum myna_err a_ssrc(struct parser *p, char *v)
{
    char *id = word(&v);
    uint64_t ssrc;

    if (!p->m)
        return MYNA_OK;
    if (!number(id, UINT32_MAX, &ssrc))
        return bad(p, "a=ssrc does not begin with a number of 32 bits");
    if (!p->m->has_ssrc) {
        p->m->has_ssrc = true;
        p->m->ssrc = (uint32_t)ssrc;
    }
    if (p->m->ssrc != (uint32_t)ssrc) /* RTX, FEC, a second track of Plan B */
        return MYNA_OK;
    if (!strncmp(v, "cname:", 6))
        p->m->cname = v + 6;
    else if (!strncmp(v, "msid:", 5) && !p->m->stream)
        take_msid(p->m, v + 5);
    return MYNA_OK;
}

static enum myna_err a_sctp_port(struct parser *p, char *v)
{
    uint64_t n;

    if (!number(v, 65535, &n))
        return bad(p, "a=sctp-port is not a port");
    if (p->m)
        p->m->sctp_port = (int)n;
    return MYNA_OK;
}

/* "a=sctpmap:5000 webrtc-datachannel 1024" of drafts that some peers still write */
static enum myna_err a_sctpmap(struct parser *p, char *v)
{
    uint64_t n;

    if (p->m && number(word(&v), 65535, &n) && !p->m->sctp_port)
        p->m->sctp_port = (int)n;
    return MYNA_OK;
}

static enum myna_err a_max_message(struct parser *p, char *v)
{
    uint64_t n;

    if (!number(v, UINT64_MAX, &n))
        return bad(p, "a=max-message-size is not a number");
    if (p->m)
        p->m->max_message_size = n ? n : UINT64_MAX; /* 0 means: any (RFC 8841, 6) */
    return MYNA_OK;
}

static enum myna_err a_candidate(struct parser *p, char *v)
{
    if (p->m && v[-1] == ':' && p->m->n_candidates < MYNA_SDP_MAX_CANDIDATES)
        p->m->candidates[p->m->n_candidates++] = v - strlen("candidate:");
    return MYNA_OK;
}

static enum myna_err a_end(struct parser *p, char *v)
{
    (void)v;
    if (p->m)
        p->m->end_of_candidates = true;
    return MYNA_OK;
}

static enum myna_err a_mux(struct parser *p, char *v)
{
    (void)v;
    if (p->m)
        p->m->rtcp_mux = true;
    return MYNA_OK;
}

static enum myna_err a_bundle_only(struct parser *p, char *v)
{
    (void)v;
    if (p->m)
        p->m->bundle_only = true;
    return MYNA_OK;
}

static enum myna_err a_rsize(struct parser *p, char *v)
{
    (void)v;
    if (p->m)
        p->m->rtcp_rsize = true;
    return MYNA_OK;
}

static const struct {
    const char *name;
    enum myna_err (*take)(struct parser *p, char *value);
} attributes[] = {
    {"mid", a_mid},
    {"ice-ufrag", a_ufrag},
    {"ice-pwd", a_pwd},
    {"fingerprint", a_fingerprint},
    {"setup", a_setup},
    {"group", a_group},
    {"ice-lite", a_lite},
    {"ice-options", a_options},
    {"rtpmap", a_rtpmap},
    {"fmtp", a_fmtp},
    {"rtcp-fb", a_rtcp_fb},
    {"extmap", a_extmap},
    {"msid", a_msid},
    {"ssrc", a_ssrc},
    {"sctp-port", a_sctp_port},
    {"sctpmap", a_sctpmap},
    {"max-message-size", a_max_message},
    {"candidate", a_candidate},
    {"end-of-candidates", a_end},
    {"rtcp-mux", a_mux},
    {"bundle-only", a_bundle_only},
    {"rtcp-rsize", a_rsize},
};

static bool take_direction(struct parser *p, const char *name)
{
    static const char *const names[] = {"inactive", "recvonly", "sendonly", "sendrecv"};

    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i])) {
            if (p->m)
                p->m->dir = (enum myna_rtc_direction)i;
            return true;
        }
    return false;
}

static enum myna_err parse_attribute(struct parser *p, char *v)
{
    char *colon = strchr(v, ':');
    char *value = colon ? colon + 1 : v + strlen(v);

    if (!colon && take_direction(p, v))
        return MYNA_OK;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        size_t n = strlen(attributes[i].name);

        if (!strncmp(v, attributes[i].name, n) && v + n == (colon ? colon : value))
            return attributes[i].take(p, value);
    }
    return MYNA_OK;
}

static enum myna_err parse_line(struct parser *p, char *line)
{
    if (line[0] < 'a' || line[0] > 'z' || line[1] != '=')
        return bad(p, "not of the form x=value");
    switch (line[0]) {
    case 'v':
        return strcmp(line, "v=0") ? bad(p, "v= is not 0") : MYNA_OK;
    case 'o':
        return parse_origin(p, line + 2);
    case 'm':
        return parse_media(p, line + 2);
    case 'a':
        return parse_attribute(p, line + 2);
    default:
        return MYNA_OK;
    }
}

static size_t count_media(const char *text)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, "m=")); at += 2)
        n += at == text || at[-1] == '\n';
    return n < MYNA_SDP_MAX_MEDIA ? n : MYNA_SDP_MAX_MEDIA;
}

enum myna_err myna_sdp_parse(struct myna_sdp *into, const char *text, size_t len,
                             struct myna_why *why)
{
    struct myna_sdp sdp = {0};
    struct parser p = {.sdp = &sdp, .why = why};
    enum myna_err err = MYNA_OK;

    if (len > MYNA_SDP_MAX_BYTES)
        return myna_fail(why, MYNA_ELIMIT, "session description: %zu bytes, at most %d", len,
                         MYNA_SDP_MAX_BYTES);
    if (memchr(text, '\0', len) || len < 3 || strncmp(text, "v=0", 3) != 0)
        return myna_fail(why, MYNA_EFORMAT, "session description: does not begin with v=0");
    sdp.text = malloc(len + 1);
    if (sdp.text) {
        memcpy(sdp.text, text, len);
        sdp.text[len] = '\0';
        p.max_media = count_media(sdp.text);
        sdp.media = calloc(p.max_media ? p.max_media : 1, sizeof *sdp.media);
    }
    if (!sdp.text || !sdp.media) {
        myna_sdp_fini(&sdp);
        return myna_fail(why, MYNA_ENOMEM, "session description: out of memory");
    }
    for (char *at = sdp.text, *next; *at && !err; at = next) {
        char *end = at + strcspn(at, "\n");

        next = *end ? end + 1 : end;
        *end = '\0';
        while (end > at && (end[-1] == '\r' || end[-1] == ' ')) /* pion: "nack " */
            *--end = '\0';
        p.line++;
        if (*at)
            err = parse_line(&p, at);
    }
    if (!err && !sdp.session_id)
        err = myna_fail(why, MYNA_EFORMAT, "session description: has no o= line");
    if (err) {
        myna_sdp_fini(&sdp);
        return err;
    }
    *into = sdp;
    return MYNA_OK;
}

void myna_sdp_fini(struct myna_sdp *sdp)
{
    free(sdp->media);
    free(sdp->text);
    *sdp = (struct myna_sdp){0};
}

const struct myna_sdp_codec *myna_sdp_find_codec(const struct myna_sdp_media *m, const char *name,
                                                 uint32_t clock_hz, int channels)
{
    for (size_t i = 0; i < m->n_codecs; i++) {
        const struct myna_sdp_codec *c = &m->codecs[i];

        if (c->name && !strcasecmp(c->name, name) && c->clock_hz == clock_hz &&
            (!channels || c->channels == channels))
            return c;
    }
    return NULL;
}

int myna_sdp_find_ext(const struct myna_sdp_media *m, const char *uri)
{
    for (size_t i = 0; i < m->n_extmaps; i++)
        if (!strcmp(m->extmaps[i].uri, uri))
            return m->extmaps[i].id;
    return 0;
}

const struct myna_sdp_media *myna_sdp_by_mid(const struct myna_sdp *sdp, const char *mid)
{
    for (size_t i = 0; i < sdp->n_media; i++)
        if (sdp->media[i].mid && !strcmp(sdp->media[i].mid, mid))
            return &sdp->media[i];
    return NULL;
}
