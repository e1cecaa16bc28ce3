/* fake_ws.h - the WebSocket side of a server in the test's own loop: the upgrade and a frame. */
#ifndef TESTS_FAKE_WS_H
#define TESTS_FAKE_WS_H

#include "fake_http.h"

#include "util/crypto.h"
#include "util/ws_frame.h"

/* The whole request in c->request is taken; `accept` is said instead of the right answer to its
 * key, NULL: the right one. From here on c->request holds frames. */
static inline void fake_ws_upgrade(struct fake_conn *c, const char *accept)
{
    const char *key = strcasestr(c->request, "sec-websocket-key: ");
    char text[200];
    uint8_t sha[20];
    struct myna_buf b;

    CHECK(key);
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    CHECK(myna_sha1(myna_view_of(text), sha));
    myna_buf_init(&b, 0);
    myna_base64_put(&b, (struct myna_view){sha, 20}, MYNA_BASE64);
    snprintf(text, sizeof text,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept ? accept : myna_buf_str(&b));
    fake_say(c, text);
    myna_buf_fini(&b);
    c->len = 0;
}

static inline void fake_ws_send(struct fake_conn *c, enum myna_ws_opcode op, struct myna_view body)
{
    struct myna_buf b;

    CHECK(c);
    myna_buf_init(&b, 4 << 20);
    myna_ws_put_frame(&b, op, body, NULL);
    fake_send(c, (const char *)b.ptr, b.len);
    myna_buf_fini(&b);
}

#endif
