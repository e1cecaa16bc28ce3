/* message.h - what a program and the people of a call say to each other beside sound and chat:
 * messages on topics, attributes, calls of methods. In a LiveKit room these are data packets, text
 * and byte streams, participant attributes and RPC (spec livekit-rtc 5).
 *
 * In: a message on one of the topics of `session.topics` is the event data_received, an attribute
 * of somebody we talk with attribute_changed. A method that somebody calls is asked of the host by
 * on_method() (session.h). Out: the calls below. Whoever is named is somebody the agent talks with.
 *
 * Thread: the session's. Nothing here changes what the agent hears, says or remembers; of what
 * comes in a recording keeps what the events tell, of what goes out nothing.
 */
#ifndef MYNA_MESSAGE_H
#define MYNA_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_session;

enum myna_message_way {
    MYNA_MESSAGE_PACKET, /* one data packet, sent again until it has come; at most 15 KiB */
    MYNA_MESSAGE_LOSSY,  /* one that may be lost, and comes at once; as long */
    MYNA_MESSAGE_TEXT,   /* a text stream, UTF-8 */
    MYNA_MESSAGE_BYTES,  /* a byte stream, such as a file */
};

struct myna_message {
    size_t size; /* sizeof(struct myna_message) */
    enum myna_message_way way;
    const char *topic;
    struct myna_view body; /* of a stream at most 2 MiB */
    const char *to;        /* identity; NULL: everybody in the room */
    const char *name;      /* BYTES: of the file; NULL: "data" */
    const char *type;      /* BYTES: MIME type; NULL: application/octet-stream */
};
/* Copied or sent at once. MYNA_EINVAL: no topic, or a TEXT that is not UTF-8; MYNA_ELIMIT: too
 * long, or too much waits; MYNA_ENOENT: nobody of that identity; MYNA_ESTATE: the call does not
 * run, or its transport has no messages. */
MYNA_API MYNA_MUST enum myna_err myna_session_send(struct myna_session *s,
                                                   const struct myna_message *m);
/* An attribute of the agent, for all to read; "" takes it away. Those that begin with "lk." are the
 * session's own: MYNA_EINVAL. MYNA_ESTATE as above. */
MYNA_API MYNA_MUST enum myna_err myna_session_attribute(struct myna_session *s, const char *key,
                                                        const char *value);

/* ---- methods */

enum { MYNA_METHODS_OPEN = 64 };

/* Somebody calls a method of the program's; borrowed, only for the time of on_method(). */
struct myna_method_call {
    size_t size;         /* sizeof(struct myna_method_call): lets the struct grow */
    const char *call_id; /* names it in the result */
    const char *identity;
    const char *name, *payload; /* UTF-8 */
    uint32_t timeout_ms;        /* in which they wait for the result */
};
/* code 0: `text` is the answer. Else what went wrong, in words for the caller: 1500, or a number of
 * the program's own from 1 to 999. MYNA_ESTATE: nobody waits for it any more. */
MYNA_API enum myna_err myna_session_method_result(struct myna_session *s, const char *call_id,
                                                  int code, const char *text);

/* code 0: `text` is the answer; else what went wrong: a code of LiveKit's (1400 to 1505), or the
 * other side's own. Borrowed. */
typedef void myna_method_done(void *arg, struct myna_session *s, int code, const char *text);
/* Calls a method of somebody's. `done` is told once, later, or not at all when the session is
 * destroyed before. MYNA_ENOENT: nobody of that identity; MYNA_ELIMIT: too long, or
 * MYNA_METHODS_OPEN are open; MYNA_ESTATE as above. timeout_ms 0: 15 s. */
MYNA_API MYNA_MUST enum myna_err myna_session_call(struct myna_session *s, const char *identity,
                                                   const char *name, const char *payload,
                                                   int timeout_ms, myna_method_done *done,
                                                   void *arg);

#ifdef __cplusplus
}
#endif
#endif
