/* transport.h - how sound and data arrive and leave: file, terminal, room, browser, phone.
 *
 * A transport knows no AI. One transport object carries one session; it may carry several people:
 * each who was told by joined() is heard by a VAD and a recogniser of their own (16 at most), their
 * turns end each for itself, and what they say carries their name once a second one has come. Who
 * shall not be heard is not told, and no frame of theirs either.
 * It hands over 20 ms frames with their capture time, asks for sound at its own pace, and reports
 * what was really heard. It draws sound (pull) and is never pushed to: a sound card pulls a frame
 * every 20 ms, a broker or a carrier that buffers ahead pulls faster and reports later. That makes
 * three ways of knowing what was heard, told by `heard`:
 *
 *   AT_PULL    what is pulled is heard `latency` later (sound card, RTP, file): nothing to report;
 *   REPORTED   the transport calls transport_heard() with growing sample positions, late or in
 *              pieces (phone marks, LiveKit playout);
 *   HANDSHAKE  at the end of a segment the session calls flush(); the far side answers by
 *              transport_finished(), or the session calls clear() and it does not (console broker,
 *              avatar).
 *
 * Positions count samples at 24 kHz of one segment, from 0.
 *
 * Thread: everything on the session's loop thread. The calls into the transport return at once.
 */
#ifndef MYNA_TRANSPORT_H
#define MYNA_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/error.h>
#include <myna/frame.h>
#include <myna/message.h>
#include <myna/provider.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_heard { MYNA_HEARD_AT_PULL, MYNA_HEARD_REPORTED, MYNA_HEARD_HANDSHAKE };

enum myna_transport_cap {
    MYNA_TRANSPORT_AUDIO_IN = 1,
    MYNA_TRANSPORT_AUDIO_OUT = 2,
    MYNA_TRANSPORT_PAUSE = 4, /* sound not yet pulled can be held back without loss: true unless
                                 the far side buffers what it pulled */
    MYNA_TRANSPORT_TEXT = 8,  /* typed input and captions */
    MYNA_TRANSPORT_DATA = 16, /* messages on topics, text streams, attributes */
    MYNA_TRANSPORT_DTMF = 32,
    MYNA_TRANSPORT_NO_ECHO = 64, /* the person's sound cannot hold ours: no echo warm-up (1.2) */
    MYNA_TRANSPORT_STAYS = 128,  /* the call goes on when nobody is there any more */
    MYNA_TRANSPORT_AHEAD = 256, /* the agent's captions as it writes them; else as they are heard */
};

struct myna_session;

struct myna_transport {
    const struct myna_transport_class *cls;
    struct myna_host *host;
    struct myna_session *session; /* set by the session before start() */
    uint32_t caps;                /* set by create(); may depend on the machine */
    enum myna_heard heard;
    myna_us latency; /* AT_PULL: from pull to the ear */
    myna_us rewinds; /* AT_PULL: how far back rewind() may ask; 0: never */
};

enum myna_delivery { MYNA_DELIVER_RELIABLE, MYNA_DELIVER_LOSSY };

struct myna_transport_class {
    const char *name, *summary;
    const struct myna_option *options; /* section "transport.NAME" */
    enum myna_err (*create)(struct myna_transport **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    enum myna_err (*start)(struct myna_transport *t, struct myna_why *why); /* the call begins */
    /* The session is over. Must end with transport_closed(), at once or when the last sound left.
     */
    void (*hangup)(struct myna_transport *t, const char *reason);
    void (*destroy)(struct myna_transport *t);

    /* Optional: NULL where the caps do not promise it. */
    /* Sound waits: pull if you pull ahead of time, or did not pull because of idle(). */
    void (*ready)(struct myna_transport *t);
    void (*flush)(struct myna_transport *t,
                  uint32_t segment); /* HANDSHAKE, REPORTED: segment ends */
    void (*clear)(struct myna_transport *t,
                  uint32_t segment); /* drop what was pulled but not heard */
    /* Captions: of person `who`, or of the agent (from_user false). */
    enum myna_err (*text)(struct myna_transport *t, uint32_t who, const char *stream_id,
                          const char *text, bool from_user, bool is_final);
    enum myna_err (*data)(struct myna_transport *t, const char *topic, struct myna_view body,
                          uint32_t to_who, enum myna_delivery how);
    /* A whole text stream (bytes NULL), or a byte stream (its name and type). */
    enum myna_err (*stream)(struct myna_transport *t, const char *topic, struct myna_view body,
                            const struct myna_message *bytes, uint32_t to_who);
    /* A method of theirs; *number names it in transport_answered(). timeout_ms 0: as usual. */
    enum myna_err (*call)(struct myna_transport *t, uint32_t who, const char *method,
                          const char *payload, int timeout_ms, uint32_t *number);
    /* To a call that transport_called() took. */
    enum myna_err (*answer)(struct myna_transport *t, const char *call_id, int code,
                            const char *text);
    enum myna_err (*attribute)(struct myna_transport *t, const char *key, const char *value);
    enum myna_err (*dtmf)(struct myna_transport *t, const char *digits);
    /* A session that will use the class is being made: what takes long and asks no configuration
     * may begin on a worker. */
    void (*prepare)(struct myna_host *host);
    /* From now on this one person is talked with, as soon as they are there; NULL: the next one who
     * comes. Whoever was talked with until now has left(), as MYNA_LEFT_UNLINKED. */
    enum myna_err (*link)(struct myna_transport *t, const char *identity);
};

/* ---- what a transport tells the session (loop thread, from loop callbacks only) */

/* Somebody is there / left. `who` is any number of the transport's, stable while present. When the
 * last one has left, the call ends (unless STAYS, and not for the reason MYNA_LEFT_UNLINKED). */
#define MYNA_LEFT_UNLINKED "unlinked" /* the host talks with somebody else now */
MYNA_API void myna_transport_joined(struct myna_transport *t, uint32_t who, const char *identity,
                                    const char *name);
MYNA_API void myna_transport_left(struct myna_transport *t, uint32_t who, const char *reason);
/* 20 ms from one person; borrowed. The media tick. */
MYNA_API void myna_transport_frame(struct myna_transport *t, const struct myna_frame *f);
/* Next 480 samples (24 kHz) to be heard. true: the agent's speech is in it; false: it is not, and
 * `out` holds silence or, AT_PULL only, background sounds: to be heard all the same. Media tick. */
MYNA_API bool myna_transport_pull(struct myna_transport *t, int16_t out[MYNA_OUT_SAMPLES]);
/* Nobody has spoken for a while, the agent neither speaks nor is about to. Until ready() nothing
 * has to be pulled, and frames of digital silence may be handed over up to 400 ms late, as many as
 * ever: a call in which nothing happens need not wake the process 50 times a second. */
MYNA_API bool myna_transport_idle(const struct myna_transport *t);
/* Number of the segment that the last sound drawn belongs to, for a later heard() or finished();
 * right after a pull() that gave sound. 0: none is open. */
MYNA_API uint32_t myna_transport_segment(const struct myna_transport *t);
/* REPORTED: samples of `segment` heard up to here. */
MYNA_API void myna_transport_heard(struct myna_transport *t, uint32_t segment, uint64_t samples);
/* AT_PULL: what was pulled after `since` went into a line that was dead, and nothing is pulled
 * until that is back. It counts as not heard, and the next pulls give it once more, as far as
 * `rewinds` reaches; what is cut meanwhile is not given again. */
MYNA_API void myna_transport_rewind(struct myna_transport *t, myna_us since);
/* HANDSHAKE, REPORTED: the flushed segment has been heard to its end. */
MYNA_API void myna_transport_finished(struct myna_transport *t, uint32_t segment);
MYNA_API void myna_transport_text_in(struct myna_transport *t, uint32_t who, const char *text);
/* Does anybody read messages on this topic? What nobody reads need not be put together. */
MYNA_API bool myna_transport_wants(const struct myna_transport *t, const char *topic);
MYNA_API void myna_transport_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                                     struct myna_view body);
MYNA_API void myna_transport_attribute_in(struct myna_transport *t, uint32_t who, const char *key,
                                          const char *value);
/* Somebody we talk with calls a method: is it taken? Borrowed. */
MYNA_API bool myna_transport_called(struct myna_transport *t, const struct myna_method_call *call);
/* Does anybody answer calls of methods? */
MYNA_API bool myna_transport_has_methods(const struct myna_transport *t);
/* What became of a call() of ours. */
MYNA_API void myna_transport_answered(struct myna_transport *t, uint32_t number, int code,
                                      const char *text);
MYNA_API void myna_transport_dtmf_in(struct myna_transport *t, uint32_t who, char digit);
/* Something of the call does not work and the call goes on: told as the event `error`. `who` 0:
 * concerns nobody in particular. */
MYNA_API void myna_transport_fault(struct myna_transport *t, uint32_t who,
                                   const struct myna_fault *fault);
/* The far side or the device is gone; `fault` NULL for a normal end. */
MYNA_API void myna_transport_closed(struct myna_transport *t, const char *reason,
                                    const struct myna_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
