/* media.h - sound and packets of one stay in a room: rtc's connection, used as LiveKit wants it
 * (livekit-rtc 3, 4.1; mode A: we offer, always).
 *
 * Our microphone is the first audio section, behind it as many receiving slots as the server asked
 * for; which track a slot carries is what the answer's map says, nothing else. One offer is out at
 * a time; what comes up meanwhile is in the next. Pictures have sections of their own, made when
 * the server asks for them, which it does once somebody's camera is subscribed to.
 *
 * Loop thread; any call may be made inside an event, also destroy.
 */
#ifndef MYNA_LIVEKIT_MEDIA_H
#define MYNA_LIVEKIT_MEDIA_H

#include "livekit/pb.h"
#include "livekit/people.h"
#include "rtc/rtc.h"

enum { MYNA_LK_MAX_SLOTS = 32, MYNA_LK_MAX_VIEWS = 16 };

struct myna_lk_media;

struct myna_lk_media_events {
    void (*offer)(void *arg, const char *sdp);
    void (*candidate)(void *arg, const char *text, const char *mid, int index); /* NULL: all */
    void (*state)(void *arg, enum myna_rtc_state state, const char *why);
    void (*frame)(void *arg, const char *track_sid, const struct myna_frame *f);
    void (*tick)(void *arg, myna_us now);
    void (*packet)(void *arg, struct myna_view bytes);
    void (*writable)(void *arg); /* the reliable channel opened or drained */
    void (*broken)(void *arg);   /* one of the two channels was closed */
    void (*picture)(void *arg, const char *track_sid, const struct myna_rtc_picture *p);
    /* With `sealed`: as myna_rtc_seal, theirs by the track. */
    size_t (*seal)(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                   size_t cap);
    size_t (*open)(void *arg, const char *track_sid, struct myna_view frame, uint8_t *into,
                   size_t cap);
};

struct myna_lk_media_options {
    struct myna_host *host;
    bool loopback;
    bool sealed;     /* sound is sealed end to end */
    const char *cid; /* of our track; NULL: we are only listening */
};

MYNA_MUST enum myna_err myna_lk_media_create(struct myna_lk_media **out,
                                             const struct myna_lk_media_options *opt,
                                             const struct myna_lk_media_events *events, void *arg,
                                             struct myna_why *why);
void myna_lk_media_destroy(struct myna_lk_media *m); /* NULL is fine */

/* Offers, now or after the answer that is waited for. restart: ICE anew (with these servers). */
void myna_lk_media_negotiate(struct myna_lk_media *m, bool restart);
/* For the next gathering of candidates: before the first offer, or with a restart. */
void myna_lk_media_relay_only(struct myna_lk_media *m, bool on);
void myna_lk_media_servers(struct myna_lk_media *m, Myna__Lk__ICEServer *const *servers, size_t n);
/* So many more receiving sections in the next offer. */
void myna_lk_media_slots(struct myna_lk_media *m, unsigned n);
void myna_lk_media_views(struct myna_lk_media *m, unsigned n); /* for pictures */
/* The offer that waits will get no answer (its connection is gone). */
void myna_lk_media_forget_offer(struct myna_lk_media *m);
MYNA_MUST enum myna_err myna_lk_media_answer(struct myna_lk_media *m,
                                             const Myna__Lk__SessionDescription *answer,
                                             struct myna_why *why);
void myna_lk_media_candidate(struct myna_lk_media *m, const char *text);

/* Key frames of that track are told from now on, or no more. Before it has a section: nothing; say
 * it again after the answer. */
void myna_lk_media_look(struct myna_lk_media *m, const char *track_sid, bool on);
void myna_lk_media_speak(struct myna_lk_media *m, const int16_t *pcm); /* NULL: silence */
void myna_lk_media_rest(struct myna_lk_media *m); /* myna_rtc_rest(), myna_rtc_wake() */
void myna_lk_media_wake(struct myna_lk_media *m);
MYNA_MUST enum myna_err myna_lk_media_send(struct myna_lk_media *m, struct myna_view packet,
                                           bool reliable);
enum myna_rtc_state myna_lk_media_state(const struct myna_lk_media *m);
const char *myna_lk_media_local_sdp(struct myna_lk_media *m);
const char *myna_lk_media_remote_sdp(const struct myna_lk_media *m);
MYNA_MUST enum myna_err myna_lk_media_reopen(struct myna_lk_media *m, struct myna_why *why);
int myna_lk_media_channel_ids(const struct myna_lk_media *m, int *lossy); /* the reliable one's */
struct myna_rtc *myna_lk_media_rtc(struct myna_lk_media *m);

#endif
