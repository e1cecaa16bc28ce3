/* internal.h - what the files of one connection share: connection.c (life, path, demux),
 * negotiate.c (descriptions), channels.c (data), media.c (sound), video.c (pictures). No other file
 * includes it.
 *
 * A dead connection tells nothing any more; it is freed at once, or from the loop when it was
 * destroyed inside an event of its own (then something of ours is still on the stack).
 */
#ifndef MYNA_RTC_INTERNAL_H
#define MYNA_RTC_INTERNAL_H

#include "rtc/beat.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"
#include "rtc/keyframe.h"
#include "rtc/receive.h"
#include "rtc/rtc.h"
#include "rtc/sctp.h"
#include "rtc/sdp.h"
#include "rtc/send.h"
#include "rtc/srtp.h"
#include "util/buf.h"
#include "util/grave.h"

enum {
    MAX_SECTIONS = MYNA_SDP_MAX_MEDIA,
    MAX_WAITING = 64, /* candidates that came before the description */
    MAX_LOCAL = 64,   /* candidates of ours */
    OPUS_PT = 111,    /* LiveKit's RED builder knows only these two numbers */
    RED_PT = 63,
    VP8_PT = 96,
    LEVEL_ID = 1,
    MID_ID = 4,
    REPORT_MS = 1000, /* between RTCP reports, give or take a quarter */
    REST_REPORT_MS = 4000,
};

#define LEVEL_URI "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define MID_URI   "urn:ietf:params:rtp-hdrext:sdes:mid"

struct section { /* one m= line; they never move */
    enum myna_sdp_kind kind;
    char mid[33];
    struct myna_rtc_audio *audio; /* NULL: data, pictures, or refused */
    struct myna_rtc_video *video; /* NULL: data, sound, or refused */
    bool refused;
    bool idle; /* in the last description that both know: an offer may put another use on it */
    char *kind_text, *proto, *formats; /* a stranger's, for refusing in kind; one block */
};

struct myna_rtc_audio {
    struct myna_rtc *rtc;
    size_t section; /* its index; SIZE_MAX: as answerer, none taken yet */
    void *arg;
    enum myna_rtc_direction wanted, agreed;
    char stream[256], track[256], formats[16];
    uint32_t ssrc; /* ours */
    int opus_pt, red_pt, level_id, mid_id;
    struct myna_send *send; /* from the first frame that we send */
    bool wire_due;          /* what was negotiated changed since */
    /* what the other side sends */
    bool remote, has_remote_ssrc, nack;
    bool latched; /* found by its packets */
    int in_red_pt;
    uint32_t remote_ssrc;
    char remote_stream[256], remote_track[256];
    struct myna_receive *receive; /* from the first packet */
};

struct myna_rtc_video {
    struct myna_rtc *rtc;
    size_t section; /* its index; SIZE_MAX: none */
    void *arg;
    char formats[8];
    uint32_t ssrc; /* ours, for what we ask */
    int pt;
    bool agreed, remote, has_remote_ssrc, nack;
    bool fir; /* the other side knows no PLI, but this */
    uint8_t command;
    uint32_t remote_ssrc;
    bool asks;                 /* pictures are wanted */
    bool waits;                /* and none has come yet */
    myna_us asked_at;          /* the last PLI or FIR */
    struct myna_keyframe *key; /* from the first time that one is wanted */
};

struct myna_rtc_channel {
    struct myna_rtc *rtc;
    struct myna_rtc_channel *next;
    void *arg;
    char label[257], protocol[257];
    struct myna_sctp_send how; /* stream is valid when has_id */
    size_t low_water;
    enum { CH_NEW, CH_OPENING, CH_OPEN, CH_CLOSING, CH_CLOSED } state;
    bool has_id, open_due, ack_due, reset_due, reset_sent, peer_reset, was_above;
    struct myna_buf queue; /* of {u8 text, u32 length, bytes} */
    size_t queued;         /* bytes of messages in it */
};

struct myna_rtc {
    struct myna_host *host;
    struct myna_rtc_events events;
    void *arg;
    struct myna_rtc_options opt;
    char cname[40];
    struct myna_grave grave;
    int telling; /* events on the stack */
    bool dead;

    /* negotiation */
    char session_id[24];
    uint64_t version;
    struct section sections[MAX_SECTIONS];
    size_t n_sections;
    size_t n_offered, n_agreed; /* so many of them our last offer, the last agreement showed */
    bool offering, agreed, restart_due, offered_active, peer_lite;
    struct myna_buf local, full, remote; /* texts */
    char local_candidates[MAX_LOCAL][160];
    size_t n_local, n_told;
    bool gathered, gathered_told;
    struct myna_timer candidate_timer, gather_timer;
    struct myna_candidate waiting[MAX_WAITING];
    size_t n_waiting;
    bool waiting_done;
    char remote_ufrag[257], remote_pwd[257];
    int sctp_port;
    uint64_t peer_max_message;

    /* path */
    enum myna_rtc_state state;
    struct myna_ice *ice;
    struct myna_dtls *dtls;
    bool dtls_client, role_known, dtls_up, dtls_over;
    enum myna_ice_state ice_state;
    struct myna_timer budget; /* of getting connected */
    struct myna_timer wake;
    struct myna_srtp *srtp;
    enum myna_srtp_profile profile;

    /* data */
    struct myna_sctp *sctp;
    bool sctp_up;
    struct myna_rtc_channel *channels;

    /* sound */
    struct myna_rtc_audio *audios[MAX_SECTIONS];
    size_t n_audios;
    struct myna_rtc_video *videos[MAX_SECTIONS];
    size_t n_videos;
    struct myna_beat beat;
    struct myna_timer tick, early; /* of `beat`; of sound that waits */
    bool may_rest;                 /* the owner said so in this tick */
    myna_us report_at, rtt;
    myna_us arrived;  /* the last packet, be it only a report that is not read; 0: none yet */
    myna_us heard_at; /* the last media packet that could be deciphered; 0: none yet on this path */

    uint64_t bytes_in, bytes_out, packets_in, packets_out, dropped_in;
    uint8_t out[MYNA_RTP_MAX + MYNA_SRTP_ROOM];
};

/* if (tell_begin(rtc)) { events.x(…); tell_end(rtc); } */
static inline bool tell_begin(struct myna_rtc *rtc)
{
    if (rtc->dead)
        return false;
    rtc->telling++;
    return true;
}

static inline void tell_end(struct myna_rtc *rtc)
{
    rtc->telling--;
}

/* connection.c */
void myna_rtc_i_set_state(struct myna_rtc *rtc, enum myna_rtc_state state, const char *why);
void myna_rtc_i_roles_known(struct myna_rtc *rtc); /* DTLS may begin once there is a path */
void myna_rtc_i_begin_checks(struct myna_rtc *rtc);
void myna_rtc_i_begin_data(struct myna_rtc *rtc); /* SCTP may begin */
void myna_rtc_i_wake(struct myna_rtc *rtc);  /* the tick's housekeeping soon, though nobody ticks */
void myna_rtc_i_rouse(struct myna_rtc *rtc); /* a voice begins; what the rest held comes first */
bool myna_rtc_i_send(struct myna_rtc *rtc, const uint8_t *data, size_t len);

/* negotiate.c */
struct section *myna_rtc_i_add_section(struct myna_rtc *rtc, enum myna_sdp_kind kind);
void myna_rtc_i_candidate(struct myna_rtc *rtc, const struct myna_candidate *c);
void myna_rtc_i_tell_candidates(struct myna_timer *t);
void myna_rtc_i_gather(struct myna_timer *t);

/* channels.c */
extern const struct myna_sctp_events myna_rtc_i_sctp_events;
void myna_rtc_i_channels_tick(struct myna_rtc *rtc);
void myna_rtc_i_channels_free(struct myna_rtc *rtc);

/* media.c */
struct myna_rtc_audio *myna_rtc_i_new_audio(struct myna_rtc *rtc, enum myna_rtc_direction dir);
void myna_rtc_i_free_audio(struct myna_rtc_audio *a);
void myna_rtc_i_media_remote(struct myna_rtc_audio *a, bool sends, const struct myna_sdp_media *m);
void myna_rtc_i_media_rtp(struct myna_rtc *rtc, uint8_t *data, size_t len);
void myna_rtc_i_media_rtcp(struct myna_rtc *rtc, uint8_t *data, size_t len);
/* n slots are over, the oldest at `first`: their frames. */
void myna_rtc_i_media_frames(struct myna_rtc *rtc, int n, myna_us first, myna_us now);
void myna_rtc_i_media_reports(struct myna_rtc *rtc, myna_us now, bool rested);
bool myna_rtc_i_media_rests(const struct myna_rtc *rtc);
bool myna_rtc_i_media_silent(const struct myna_rtc *rtc); /* nothing of ours sounds */
void myna_rtc_i_send_rtcp(struct myna_rtc *rtc, struct myna_rtcp_out *o); /* and empties it */

/* video.c */
void myna_rtc_i_free_videos(struct myna_rtc *rtc);
void myna_rtc_i_video_describe(struct myna_rtc_video *v, struct myna_sdp_media *m);
void myna_rtc_i_video_remote(struct myna_rtc_video *v, const struct myna_sdp_media *m,
                             bool refused);
/* true: it was for a picture, whatever became of it. */
bool myna_rtc_i_video_rtp(struct myna_rtc *rtc, const struct myna_rtp *p);
void myna_rtc_i_video_tick(struct myna_rtc *rtc, myna_us now);
bool myna_rtc_i_video_rests(const struct myna_rtc *rtc); /* nobody waits for a picture */
size_t myna_rtc_i_video_blocks(struct myna_rtc *rtc, myna_us now, struct myna_rtcp_block *into,
                               size_t max);

#endif
