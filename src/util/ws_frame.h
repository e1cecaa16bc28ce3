/* ws_frame.h - WebSocket frames (RFC 6455 5) as bytes: writes them, and puts together what arrives.
 *
 * No extension is spoken, so a reserved bit is an error. What a stranger sends is bounded: a
 * message by `max`, a control frame by the RFC. Pure.
 */
#ifndef MYNA_UTIL_WS_FRAME_H
#define MYNA_UTIL_WS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

enum myna_ws_opcode {
    MYNA_WS_MORE = 0,
    MYNA_WS_TEXT = 1,
    MYNA_WS_BINARY = 2,
    MYNA_WS_CLOSE = 8,
    MYNA_WS_PING = 9,
    MYNA_WS_PONG = 10,
};

enum { /* close codes, RFC 6455 7.4.1 */
       MYNA_WS_NORMAL = 1000,
       MYNA_WS_AWAY = 1001,
       MYNA_WS_BAD_FRAME = 1002,
       MYNA_WS_NO_STATUS = 1005, /* never on the wire: a close without a code */
       MYNA_WS_DROPPED = 1006,   /* never on the wire: no close at all */
       MYNA_WS_BAD_TEXT = 1007,
       MYNA_WS_TOO_BIG = 1009,
       MYNA_WS_INTERNAL = 1011,
};

/* One whole frame. `mask` NULL: unmasked, as servers send. */
void myna_ws_put_frame(struct myna_buf *out, enum myna_ws_opcode op, struct myna_view body,
                       const uint8_t mask[4]);

struct myna_ws_reader {
    bool masked; /* frames must be (we are the server), or must not */
    uint8_t head[14];
    size_t n_head;
    uint64_t left; /* bytes of the frame's body still to come */
    uint64_t at;   /* bytes of it seen */
    uint8_t mask[4];
    enum myna_ws_opcode frame, message; /* message: of the fragments so far; MORE: none */
    bool fin, in_body;
    uint8_t control[125];
    size_t n_control;
    struct myna_buf body; /* the message so far */
    size_t max;
    int error; /* close code; 0 all is well */
    const char *error_text;
};

void myna_ws_reader_init(struct myna_ws_reader *r, bool masked, size_t max_message);
void myna_ws_reader_fini(struct myna_ws_reader *r);
/* Takes bytes off `in` until something is whole. Returns its opcode (TEXT and BINARY: a message,
 * else a control frame; the body is borrowed until the next call); -1: all bytes are eaten; -2:
 * the other side breaks the rules, see error. */
int myna_ws_read(struct myna_ws_reader *r, struct myna_view *in, struct myna_view *body);

#endif
