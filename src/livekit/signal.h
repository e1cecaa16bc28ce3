/* signal.h - the WebSocket to a LiveKit server: joins or resumes, keeps alive, tells how it ended
 * (livekit-rtc 1, 2, 9.2; mode A, one peer connection).
 *
 * One object for the life of a stay in a room, over many connections: open() again after ended().
 * It keeps what outlives a connection: the newest token (the server renews it), and what must wait
 * while there is no connection. What a new end means is not decided here (rejoin.h does).
 *
 *     open ──► message(join | reconnect) ──► message … ──► ended ──► open …
 *
 * Pings, pongs and renewed tokens are handled here and not told. Loop thread. Any call may be made
 * inside an event, also destroy. Messages are borrowed for the event.
 */
#ifndef MYNA_LIVEKIT_SIGNAL_H
#define MYNA_LIVEKIT_SIGNAL_H

#include <myna/host.h>

#include "livekit/pb.h"

struct myna_lk_signal;

enum myna_lk_end_kind {
    MYNA_LK_END_DROPPED, /* broken, silent, not reached, overloaded: worth another try */
    MYNA_LK_END_REFUSED, /* key, token, rights, room: the same try would end the same */
    MYNA_LK_END_LEAVE,   /* the server says goodbye; action and reason say how */
};

enum myna_lk_action { /* numbers of the wire */
                      MYNA_LK_DISCONNECT = 0,
                      MYNA_LK_RESUME = 1,
                      MYNA_LK_RECONNECT = 2,
};

enum myna_lk_reason { /* DisconnectReason, numbers of the wire */
                      MYNA_LK_UNKNOWN_REASON = 0,
                      MYNA_LK_CLIENT_INITIATED = 1,
                      MYNA_LK_DUPLICATE_IDENTITY = 2,
                      MYNA_LK_SERVER_SHUTDOWN = 3,
                      MYNA_LK_PARTICIPANT_REMOVED = 4,
                      MYNA_LK_ROOM_DELETED = 5,
                      MYNA_LK_STATE_MISMATCH = 6,
                      MYNA_LK_JOIN_FAILURE = 7,
                      MYNA_LK_MIGRATION = 8,
                      MYNA_LK_SIGNAL_CLOSE = 9,
                      MYNA_LK_ROOM_CLOSED = 10,
                      MYNA_LK_USER_UNAVAILABLE = 11,
                      MYNA_LK_USER_REJECTED = 12,
                      MYNA_LK_SIP_TRUNK_FAILURE = 13,
                      MYNA_LK_CONNECTION_TIMEOUT = 14,
                      MYNA_LK_MEDIA_FAILURE = 15,
                      MYNA_LK_AGENT_ERROR = 16,
};
const char *myna_lk_reason_name(int reason); /* "room_deleted"; "unknown" for what we do not know */

struct myna_lk_end {
    enum myna_lk_end_kind kind;
    bool began; /* its first message had come */
    enum myna_lk_action action;
    int reason;
    int status;              /* REFUSED: of HTTP; 0: not by HTTP */
    const char *const *urls; /* LEAVE: of the servers that are better now, the best first */
    size_t n_urls;           /* 0: the same */
    const char *message;     /* one sentence, with the remedy, without the token */
};

struct myna_lk_signal_events {
    void (*message)(void *arg, const Myna__Lk__SignalResponse *m);
    void (*ended)(void *arg, const struct myna_lk_end *end); /* once for each open() */
    void (*asked)(void *arg); /* the question is on its way: time until the answer; may be NULL */
};

struct myna_lk_signal_open {
    const char *url;        /* of the server */
    const char *token;      /* NULL: the newest that it gave us */
    const char *resume_sid; /* our participant to go on as; NULL: a new one */
    int reason;             /* ReconnectReason, when resuming */
    bool auto_subscribe;
};

/* NULL: memory is short. */
struct myna_lk_signal *myna_lk_signal_create(struct myna_host *host,
                                             const struct myna_lk_signal_events *events, void *arg);
void myna_lk_signal_destroy(struct myna_lk_signal *s); /* without a goodbye; NULL is fine */

/* ECONFIG: not an address; ENOMEM. All else is told by ended(), never from inside. */
MYNA_MUST enum myna_err myna_lk_signal_open(struct myna_lk_signal *s,
                                            const struct myna_lk_signal_open *how,
                                            struct myna_why *why);
/* Offers, answers, candidates, state and goodbyes go at once or not at all (ESTATE); everything
 * else waits for flush() while there is no connection or it is being resumed. ELIMIT: too much
 * waits. */
MYNA_MUST enum myna_err myna_lk_signal_send(struct myna_lk_signal *s,
                                            const Myna__Lk__SignalRequest *rq);
/* After `join` this is done by itself; after `reconnect` the owner says when. */
void myna_lk_signal_flush(struct myna_lk_signal *s);
void myna_lk_signal_forget(struct myna_lk_signal *s); /* what waits; a new session knows better */
/* Says goodbye; ended() comes with the server's answer, or after a second. */
void myna_lk_signal_leave(struct myna_lk_signal *s, int reason);
/* Ends the connection without a goodbye and without ended(): it will be resumed. */
void myna_lk_signal_cut(struct myna_lk_signal *s);

const char *myna_lk_signal_token(const struct myna_lk_signal *s); /* the newest; "" none */

#endif
