/* sdp.h - a session description as WebRTC writes it: typed, bounded, borrowed.
 *
 * Parsing copies the text once, cuts it in place, and every string of the model points into that
 * copy. Writing takes a model whose strings may point anywhere. What the model does not hold
 * (bandwidth, video codecs' details, extensions of later years) is skipped; what contradicts itself
 * or passes a limit is refused with a sentence that names the line.
 *
 * Pure; any thread.
 */
#ifndef MYNA_RTC_SDP_H
#define MYNA_RTC_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>

#include "rtc/rtc.h"
#include "util/buf.h"

enum {
    MYNA_SDP_MAX_BYTES = 256 * 1024,
    MYNA_SDP_MAX_MEDIA = 64,
    MYNA_SDP_MAX_CODECS = 24,
    MYNA_SDP_MAX_EXTMAPS = 16,
    MYNA_SDP_MAX_CANDIDATES = 48,
};

enum myna_sdp_kind { MYNA_SDP_OTHER, MYNA_SDP_AUDIO, MYNA_SDP_VIDEO, MYNA_SDP_APPLICATION };
enum myna_sdp_setup {
    MYNA_SDP_SETUP_NONE,
    MYNA_SDP_ACTPASS,
    MYNA_SDP_ACTIVE,
    MYNA_SDP_PASSIVE,
};

struct myna_sdp_codec {
    int pt;
    const char *name; /* "opus"; NULL: no a=rtpmap for it */
    uint32_t clock_hz;
    int channels;
    const char *fmtp; /* NULL: none */
    bool nack;
    bool nack_pli, ccm_fir; /* ways to ask for a picture */
};

struct myna_sdp_extmap {
    int id;
    const char *uri;
};

struct myna_sdp_media {
    enum myna_sdp_kind kind;
    const char *kind_text, *proto; /* as on the m= line */
    const char *formats;           /* the rest of the m= line, for refusing in kind */
    int port;
    const char *mid;             /* NULL: none */
    enum myna_rtc_direction dir; /* default SENDRECV */
    enum myna_sdp_setup setup;
    const char *ufrag, *pwd; /* NULL: the session's */
    const char *fingerprint; /* "sha-256 AB:CD…"; NULL: the session's */
    bool rtcp_mux, rtcp_rsize;
    bool bundle_only;                                  /* its port 0 does not mean refused */
    struct myna_sdp_codec codecs[MYNA_SDP_MAX_CODECS]; /* in order of preference */
    size_t n_codecs;
    struct myna_sdp_extmap extmaps[MYNA_SDP_MAX_EXTMAPS];
    size_t n_extmaps;
    bool has_ssrc;
    uint32_t ssrc; /* the first a=ssrc */
    const char *cname;
    const char *stream, *track;                      /* a=msid, or the one of a=ssrc; NULL: none */
    int sctp_port;                                   /* 0: none */
    uint64_t max_message_size;                       /* 0: not said */
    const char *candidates[MYNA_SDP_MAX_CANDIDATES]; /* "candidate:…" */
    size_t n_candidates;
    bool end_of_candidates;
};

struct myna_sdp {
    const char *session_id; /* of o=; digits */
    uint64_t version;
    bool ice_lite, trickle;
    const char *ufrag, *pwd, *fingerprint; /* session level; NULL: none */
    enum myna_sdp_setup setup;
    const char *bundle; /* mids, one space between; NULL: no group */
    struct myna_sdp_media *media;
    size_t n_media;
    char *text; /* parse()'s copy */
};

/* EFORMAT, ELIMIT, ENOMEM. On success fini() is due. */
MYNA_MUST enum myna_err myna_sdp_parse(struct myna_sdp *into, const char *text, size_t len,
                                       struct myna_why *why);
void myna_sdp_fini(struct myna_sdp *sdp); /* of a parsed one; zeroes it */
/* Appends; errors stick in `out`. */
void myna_sdp_write(const struct myna_sdp *sdp, struct myna_buf *out);

/* First codec of that name (any case) and clock; NULL: none. channels 0: any. */
const struct myna_sdp_codec *myna_sdp_find_codec(const struct myna_sdp_media *m, const char *name,
                                                 uint32_t clock_hz, int channels);
int myna_sdp_find_ext(const struct myna_sdp_media *m, const char *uri); /* id; 0: none */
const struct myna_sdp_media *myna_sdp_by_mid(const struct myna_sdp *sdp, const char *mid);

/* One a=candidate (RFC 8839): parsed here, so that libnice never sees a stranger's text. */
enum myna_candidate_type { MYNA_CAND_HOST, MYNA_CAND_SRFLX, MYNA_CAND_PRFLX, MYNA_CAND_RELAY };
enum myna_candidate_tcp { MYNA_CAND_UDP, MYNA_CAND_ACTIVE, MYNA_CAND_PASSIVE, MYNA_CAND_SO };
struct myna_candidate {
    char foundation[33];
    int component;
    enum myna_candidate_tcp transport;
    uint32_t priority;
    char address[64]; /* an IP, or a name (".local") */
    int port;
    enum myna_candidate_type type;
    char raddr[64]; /* "": none */
    int rport;
    char ufrag[257]; /* "": none */
};
/* `text` with or without "a=" and "candidate:". false: not one. */
bool myna_candidate_parse(struct myna_candidate *into, const char *text);
/* "candidate:…" without CRLF; returns what snprintf() would. */
int myna_candidate_write(const struct myna_candidate *c, char *into, size_t cap);

#endif
