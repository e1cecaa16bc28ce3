/* rtc.h - one WebRTC peer connection: sound both ways and data channels, with a LiveKit server, a
 * browser, or any other peer. No libwebrtc below; docs/rtc.md draws it.
 *
 * The one who offers (LiveKit: always us):
 *
 *     rtc = myna_rtc_create(&options, &events, me, &why);
 *     reliable = myna_rtc_open_channel(rtc, &(struct myna_rtc_channel_options){.label =
 * "_reliable", .ordered = true, .max_retransmits = -1}, &why); mic = myna_rtc_add_audio(rtc,
 * MYNA_RTC_SENDONLY); myna_rtc_audio_publish(mic, "agent", "mic0"); slot = myna_rtc_add_audio(rtc,
 * MYNA_RTC_RECVONLY); myna_rtc_offer(rtc, 0, &sdp, &why)         -> send `sdp` to the other side
 *     myna_rtc_accept_answer(rtc, text, &why)    <- its answer
 *
 * The one who answers (browser door): myna_rtc_answer(rtc, offer, &sdp, &why), as often as offers
 * come. Sections that the offer brings and we had not are told by events.track.
 *
 * Candidates go both ways while all this happens: events.candidate out, myna_rtc_add_candidate()
 * in. The m-lines keep the order in which channel and audio were added, for life.
 *
 * Once connected, events.tick comes every 20 ms: the frames of that tick have been told before, and
 * it is the moment to call myna_rtc_audio_send() for each track that we send. A call in which
 * nobody speaks need not be looked at so often: see myna_rtc_rest().
 *
 * Thread: the loop's, for everything; all connections of a process share one loop (usrsctp's timers
 * are the process's). Any call may be made from within any event, also myna_rtc_destroy(): nothing
 * is told afterwards. Texts and views that an event shows are borrowed for the event.
 * Nothing here allocates per packet once a track or channel is up (usrsctp and GLib have their own
 * memory).
 */
#ifndef MYNA_RTC_RTC_H
#define MYNA_RTC_RTC_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>
#include <myna/host.h>

struct myna_rtc;         /* the connection */
struct myna_rtc_audio;   /* one m=audio section; lives until the connection is destroyed */
struct myna_rtc_video;   /* one m=video section, receiving; lives as long */
struct myna_rtc_channel; /* one data channel; lives until after its CLOSED event */

enum myna_rtc_state {
    MYNA_RTC_NEW,          /* nothing negotiated yet */
    MYNA_RTC_CONNECTING,   /* ICE or DTLS at work */
    MYNA_RTC_CONNECTED,    /* sound flows; channels open a moment later, each with its event */
    MYNA_RTC_DISCONNECTED, /* the path went quiet; may come back by itself or by an ICE restart */
    MYNA_RTC_FAILED,       /* no path, wrong fingerprint, broken DTLS: an ICE restart may help only
                              where the reason says "path" */
};

/* As written in SDP: what we do. */
enum myna_rtc_direction {
    MYNA_RTC_INACTIVE = 0,
    MYNA_RTC_RECVONLY = 1,
    MYNA_RTC_SENDONLY = 2,
    MYNA_RTC_SENDRECV = 3,
};

enum myna_rtc_channel_event {
    MYNA_RTC_CHANNEL_OPEN,    /* may send; a channel that the peer opened is told first by this */
    MYNA_RTC_CHANNEL_DRAINED, /* buffered() fell to low_water or below */
    MYNA_RTC_CHANNEL_CLOSED,  /* by us, the peer (stream reset), or with the association; the
                                 pointer is good until the event returns */
};

struct myna_rtc_picture { /* borrowed for the event */
    struct myna_view vp8; /* one key frame: nothing before it is needed */
    uint32_t width, height;
    myna_us began; /* its first packet came: never before it was asked for */
};

/* What the connection tells; each may be NULL. `arg` is create()'s. */
struct myna_rtc_events {
    /* why: a sentence; "" where there is nothing to say. */
    void (*state)(void *arg, enum myna_rtc_state state, const char *why);
    /* One of ours, "candidate:1 1 udp …", for the section `mid`/`index`. NULL text: that was all.
     * Not told before offer() or answer() returned. */
    void (*candidate)(void *arg, const char *text, const char *mid, int index);
    /* What the other side sends on this section changed: the ids of a=msid ("" where it gave none),
     * both NULL when it sends nothing any more. Its decoder and jitter buffer begin anew. */
    void (*track)(void *arg, struct myna_rtc_audio *a, const char *stream, const char *track);
    /* 20 ms of a remote track, from its first packet on, every 20 ms: silence is flagged
     * MYNA_FRAME_SILENT (and all zero), what was lost MYNA_FRAME_CONCEALED. `who` is 0. `captured`
     * grows by 20 ms a frame but for corrections when the delay changes, and never goes back. */
    void (*frame)(void *arg, struct myna_rtc_audio *a, const struct myna_frame *f);
    /* A key frame that was asked for is here. */
    void (*picture)(void *arg, struct myna_rtc_video *v, const struct myna_rtc_picture *p);
    /* Every 20 ms while connected (and while a broken path may come back). */
    void (*tick)(void *arg, myna_us now);
    void (*channel)(void *arg, struct myna_rtc_channel *ch, enum myna_rtc_channel_event event);
    void (*message)(void *arg, struct myna_rtc_channel *ch, struct myna_view body, bool is_text);
};

/* Sound that is sealed end to end, between Opus and SRTP: each turns one packet of Opus into
 * another of at most `cap` bytes and returns its length; 0: there is none to send, to hear. Media
 * tick. Who seals sends no RED. */
struct myna_rtc_seal {
    size_t (*seal)(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                   size_t cap);
    size_t (*open)(void *arg, struct myna_rtc_audio *a, struct myna_view frame, uint8_t *into,
                   size_t cap);
};

struct myna_rtc_server { /* copied */
    const char *url; /* stun:HOST[:PORT], turn:HOST[:PORT][?transport=udp|tcp], turns:HOST[:PORT] */
    const char *username, *credential; /* turn */
};

struct myna_rtc_options {
    struct myna_host *host; /* kept */
    const struct myna_rtc_server *servers;
    size_t n_servers;         /* at most 8 are used; an unknown host is skipped with a warning */
    bool relay_only;          /* only through TURN */
    bool no_udp, no_tcp;      /* of host and reflexive candidates */
    bool loopback;            /* 127.0.0.1 beside the machine's other addresses */
    const char *only_address; /* NULL: all of the machine; else this one alone (tests: 127.0.0.1) */
    const char *cname;        /* NULL: random */
    int opus_complexity;      /* 0: 5 */
    int opus_bitrate;         /* 0: 32000 */
    bool red;                 /* offer and accept audio/red (RFC 2198) on what we send */
    size_t max_message_size;  /* that we take on channels; 0: 65536 */
    const struct myna_rtc_seal *seal; /* kept; NULL: none */
    void *seal_arg;
    uint32_t jitter_max_ms; /* most delay the jitter buffer may build up; 0: 1000 */
};

/* What the first connection of the process needs is brought into memory by a worker (35 ms), while
 * the caller has other things to wait for. Later calls do nothing. */
void myna_rtc_prepare(struct myna_host *host);
/* EUNAVAIL: libnice is not on this machine; the sentence says what to install. Loads it. */
MYNA_MUST enum myna_err myna_rtc_available(struct myna_why *why);
/* The arg of events is `arg`; `events` is copied. A server whose URL is none is left out with a
 * warning. */
MYNA_MUST enum myna_err myna_rtc_create(struct myna_rtc **out, const struct myna_rtc_options *opt,
                                        const struct myna_rtc_events *events, void *arg,
                                        struct myna_why *why);
/* Says goodbye on DTLS and SCTP, frees. NULL is fine. */
void myna_rtc_destroy(struct myna_rtc *rtc);
enum myna_rtc_state myna_rtc_get_state(const struct myna_rtc *rtc);

/* --- negotiation --- */

enum myna_rtc_offer_flag {
    MYNA_RTC_ICE_RESTART = 1,    /* new credentials; the old path serves until the new one stands */
    MYNA_RTC_ACTPASS_ACTIVE = 2, /* first offer only: a=setup:active instead of actpass */
};

/* Text of an offer of what there is now; it belongs to the connection until the next offer or
 * answer. Gathering begins behind the first, so that the text can be sent before it. An offer that
 * got no answer may simply be followed by another, which takes its place. */
MYNA_MUST enum myna_err myna_rtc_offer(struct myna_rtc *rtc, unsigned flags, const char **sdp,
                                       struct myna_why *why);
/* EFORMAT: not SDP, or not an answer to what we offered; ESTATE: no offer is waiting. Nothing has
 * changed then. */
MYNA_MUST enum myna_err myna_rtc_accept_answer(struct myna_rtc *rtc, const char *sdp,
                                               struct myna_why *why);
/* Takes an offer and gives our answer. ESTATE: our own offer is waiting (no glare: forget it with
 * myna_rtc_rollback() first). */
MYNA_MUST enum myna_err myna_rtc_answer(struct myna_rtc *rtc, const char *offer, const char **sdp,
                                        struct myna_why *why);
void myna_rtc_rollback(struct myna_rtc *rtc); /* our offer that waits is taken back */

/* As sent and received last; the local one holds all candidates gathered until now, so that it can
 * serve a peer without trickle once events.candidate said NULL. "" before there is one. */
const char *myna_rtc_local_sdp(struct myna_rtc *rtc);
const char *myna_rtc_remote_sdp(const struct myna_rtc *rtc);

/* With or without "a=" and "candidate:"; NULL or "" is the end of candidates. May come before the
 * description. EFORMAT: not a candidate. What we cannot use (component 2, .local names, foreign
 * ufrag) is MYNA_OK and ignored. */
MYNA_MUST enum myna_err myna_rtc_add_candidate(struct myna_rtc *rtc, const char *text,
                                               struct myna_why *why);
/* Before the first offer, or one with MYNA_RTC_ICE_RESTART: credentials of TURN servers may have
 * changed. */
void myna_rtc_set_servers(struct myna_rtc *rtc, const struct myna_rtc_server *servers, size_t n);
/* Before the first offer. The peer learns no address of this machine then, and where no relay
 * serves the connection fails at once with what would help. */
void myna_rtc_set_relay_only(struct myna_rtc *rtc, bool on);

/* --- sound --- */

/* A new m=audio section, part of the next offer. As answerer it takes the first audio section of
 * the offer that is not taken yet. At most 64 sections. NULL: memory is short or the limit. */
struct myna_rtc_audio *myna_rtc_add_audio(struct myna_rtc *rtc, enum myna_rtc_direction dir);
/* What the next offer or answer says. A section that came with an offer begins as RECVONLY. */
void myna_rtc_audio_direct(struct myna_rtc_audio *a, enum myna_rtc_direction dir);
enum myna_rtc_direction myna_rtc_audio_direction(const struct myna_rtc_audio *a); /* as agreed */
/* a=msid of what we send, and a fresh SSRC; valid with the next offer or answer. */
void myna_rtc_audio_publish(struct myna_rtc_audio *a, const char *stream, const char *track);
const char *myna_rtc_audio_mid(const struct myna_rtc_audio *a);   /* "" before it is negotiated */
uint32_t myna_rtc_audio_ssrc(const struct myna_rtc_audio *a);     /* ours */
void myna_rtc_audio_set_arg(struct myna_rtc_audio *a, void *arg); /* the owner's, for its use */
void *myna_rtc_audio_arg(const struct myna_rtc_audio *a);
/* The next 20 ms (480 samples, 24 kHz). NULL: silence, for which one packet every 400 ms goes out
 * (every 800 ms at rest) and nothing is encoded. Not calling at all (mute) sends nothing; the time
 * stamp follows the clock over the pause. Before the connection stands the frame is dropped. */
void myna_rtc_audio_send(struct myna_rtc_audio *a, const int16_t pcm[MYNA_OUT_SAMPLES]);
/* On a fresh session's slot whose track changed without SDP (LiveKit's mid_to_track_id). */
void myna_rtc_audio_reset(struct myna_rtc_audio *a);

/* Within events.tick: as far as the owner knows nothing has to be sent, and silence may be told
 * late. While the other side is silent too there is no tick for up to 400 ms then; the frames of
 * that time are told together before the next one, as many as ever. Sound that arrives ends it. */
void myna_rtc_rest(struct myna_rtc *rtc);
/* There is something to be sent after a silence: a tick comes at once, ahead of its time. */
void myna_rtc_wake(struct myna_rtc *rtc);

/* --- pictures --- */

/* A new m=video section that receives VP8, part of the next offer. Nothing of it is decoded here,
 * and nothing kept, until somebody asks for a picture. NULL: memory is short or the limit. */
struct myna_rtc_video *myna_rtc_add_video(struct myna_rtc *rtc);
const char *myna_rtc_video_mid(const struct myna_rtc_video *v); /* "" before it is negotiated */
void myna_rtc_video_set_arg(struct myna_rtc_video *v, void *arg);
void *myna_rtc_video_arg(const struct myna_rtc_video *v);
/* From now on each whole key frame that begins after this call is told by events.picture, and the
 * sender is asked for one (PLI), again and again until the first has come. */
void myna_rtc_video_ask(struct myna_rtc_video *v);
/* No more: what comes passes by unread. */
void myna_rtc_video_rest(struct myna_rtc_video *v);

/* --- data --- */

struct myna_rtc_channel_options {
    const char *label, *protocol; /* NULL: "" */
    bool ordered;
    int max_retransmits; /* < 0: reliable (or by lifetime); 0 is the usual "lossy" */
    int max_lifetime_ms; /* used when > 0 and max_retransmits < 0 */
    size_t low_water;    /* see CHANNEL_DRAINED */
};

/* Before the first offer or at any time after; opens by itself when the association stands. */
MYNA_MUST enum myna_err myna_rtc_open_channel(struct myna_rtc *rtc,
                                              const struct myna_rtc_channel_options *opt,
                                              struct myna_rtc_channel **out, struct myna_why *why);
/* EAGAIN: not open yet, or more than 4 MiB wait (a lossy channel drops beyond 64 KiB and says OK);
 * ELIMIT: longer than the peer takes; ESTATE: closed. */
MYNA_MUST enum myna_err myna_rtc_send(struct myna_rtc_channel *ch, struct myna_view body,
                                      bool is_text);
void myna_rtc_channel_close(struct myna_rtc_channel *ch);
const char *myna_rtc_channel_label(const struct myna_rtc_channel *ch);
int myna_rtc_channel_id(const struct myna_rtc_channel *ch);          /* stream; -1 before */
size_t myna_rtc_channel_buffered(const struct myna_rtc_channel *ch); /* bytes not yet handed over */
size_t myna_rtc_max_message(const struct myna_rtc *rtc);             /* that the peer takes */
void myna_rtc_channel_set_arg(struct myna_rtc_channel *ch, void *arg);
void *myna_rtc_channel_arg(const struct myna_rtc_channel *ch);

/* --- figures --- */

struct myna_rtc_stats {
    myna_us rtt; /* from RTCP; -1: unknown */
    uint64_t bytes_in, bytes_out;
    uint64_t packets_in, packets_out;
    uint64_t dropped_in;        /* not decipherable, replayed, of no section, malformed */
    const char *srtp_profile;   /* "AEAD_AES_128_GCM"; "" before */
    char local[96], remote[96]; /* chosen pair: "host udp 127.0.0.1:1234"; "" before */
};
/* The last packet; 0: none yet. Moved on by the time in which this process slept. */
myna_us myna_rtc_arrived(const struct myna_rtc *rtc);
void myna_rtc_get_stats(const struct myna_rtc *rtc, struct myna_rtc_stats *into);

struct myna_rtc_audio_stats {
    uint64_t received, lost, late, duplicate, recovered; /* packets; recovered: by NACK, RED, FEC */
    uint64_t concealed, stretched, frames; /* frames told: made up, shortened or lengthened, all */
    myna_us jitter;                        /* RFC 3550 */
    myna_us delay, delay_target;           /* of the jitter buffer now, and where it wants to be */
    int32_t drift_ppm;                     /* sender's clock against ours */
    uint64_t sent, resent;                 /* packets of ours, and again after NACK */
    double peer_loss;                      /* of ours at the peer, 0 … 1, from its last report */
};
void myna_rtc_audio_get_stats(const struct myna_rtc_audio *a, struct myna_rtc_audio_stats *into);

#endif
