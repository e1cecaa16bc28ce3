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
};

struct myna_session;

struct myna_transport {
    const struct myna_transport_class *cls;
    struct myna_host *host;
    struct myna_session *session; /* set by the session before start() */
    uint32_t caps;                /* set by create(); may depend on the machine */
    enum myna_heard heard;
    myna_us latency; /* AT_PULL: from pull to the ear */
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
    void (*ready)(struct myna_transport *t); /* sound waits: pull if you pull ahead of time */
    void (*flush)(struct myna_transport *t,
                  uint32_t segment); /* HANDSHAKE, REPORTED: segment ends */
    void (*clear)(struct myna_transport *t,
                  uint32_t segment); /* drop what was pulled but not heard */
    /* Captions: of person `who`, or of the agent (from_user false). */
    enum myna_err (*text)(struct myna_transport *t, uint32_t who, const char *stream_id,
                          const char *text, bool from_user, bool is_final);
    enum myna_err (*data)(struct myna_transport *t, const char *topic, struct myna_view body,
                          uint32_t to_who, enum myna_delivery how);
    enum myna_err (*text_stream)(struct myna_transport *t, const char *topic, const char *stream_id,
                                 struct myna_view part, bool last, uint32_t to_who);
    enum myna_err (*attribute)(struct myna_transport *t, const char *key, const char *value);
    enum myna_err (*dtmf)(struct myna_transport *t, const char *digits);
};

/* ---- what a transport tells the session (loop thread, from loop callbacks only) */

/* Somebody is there / left. `who` is any number of the transport's, stable while present. When the
 * last one has left, the call ends (unless STAYS). */
MYNA_API void myna_transport_joined(struct myna_transport *t, uint32_t who, const char *identity,
                                    const char *name);
MYNA_API void myna_transport_left(struct myna_transport *t, uint32_t who, const char *reason);
/* 20 ms from one person; borrowed. The media tick. */
MYNA_API void myna_transport_frame(struct myna_transport *t, const struct myna_frame *f);
/* Next 480 samples (24 kHz) to be heard. true: the agent's speech is in it; false: it is not, and
 * `out` holds silence or, AT_PULL only, background sounds: to be heard all the same. Media tick. */
MYNA_API bool myna_transport_pull(struct myna_transport *t, int16_t out[MYNA_OUT_SAMPLES]);
/* Number of the segment that the last sound drawn belongs to, for a later heard() or finished();
 * right after a pull() that gave sound. 0: none is open. */
MYNA_API uint32_t myna_transport_segment(const struct myna_transport *t);
/* REPORTED: samples of `segment` heard up to here. */
MYNA_API void myna_transport_heard(struct myna_transport *t, uint32_t segment, uint64_t samples);
/* HANDSHAKE, REPORTED: the flushed segment has been heard to its end. */
MYNA_API void myna_transport_finished(struct myna_transport *t, uint32_t segment);
MYNA_API void myna_transport_text_in(struct myna_transport *t, uint32_t who, const char *text);
MYNA_API void myna_transport_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                                     struct myna_view body);
MYNA_API void myna_transport_attribute_in(struct myna_transport *t, uint32_t who, const char *key,
                                          const char *value);
MYNA_API void myna_transport_dtmf_in(struct myna_transport *t, uint32_t who, char digit);
/* The far side or the device is gone; `fault` NULL for a normal end. */
MYNA_API void myna_transport_closed(struct myna_transport *t, const char *reason,
                                    const struct myna_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
