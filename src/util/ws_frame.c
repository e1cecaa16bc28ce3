/* ws_frame.c - see ws_frame.h. */
#include "util/ws_frame.h"

#include <string.h>

#include "util/utf8.h"

void myna_ws_put_frame(struct myna_buf *out, enum myna_ws_opcode op, struct myna_view body,
                       const uint8_t mask[4])
{
    uint8_t head[14];
    size_t n = 2, start;

    head[0] = (uint8_t)(0x80 | op);
    if (body.len < 126) {
        head[1] = (uint8_t)body.len;
    } else if (body.len < 65536) {
        head[1] = 126;
        head[2] = (uint8_t)(body.len >> 8);
        head[3] = (uint8_t)body.len;
        n = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (uint8_t)((uint64_t)body.len >> (56 - 8 * i));
        n = 10;
    }
    if (mask) {
        head[1] |= 0x80;
        memcpy(head + n, mask, 4);
        n += 4;
    }
    myna_buf_put(out, head, n);
    start = out->len;
    if (body.len > 0)
        myna_buf_put(out, body.ptr, body.len);
    if (mask && !out->err)
        for (size_t i = 0; i < body.len; i++)
            out->ptr[start + i] ^= mask[i & 3];
}

void myna_ws_reader_init(struct myna_ws_reader *r, bool masked, size_t max_message)
{
    memset(r, 0, sizeof *r);
    r->masked = masked;
    r->max = max_message;
    myna_buf_init(&r->body, max_message);
}

void myna_ws_reader_fini(struct myna_ws_reader *r)
{
    myna_buf_fini(&r->body);
}

static int refuse(struct myna_ws_reader *r, int code, const char *text)
{
    r->error = code;
    r->error_text = text;
    return -2;
}

static size_t head_size(const struct myna_ws_reader *r)
{
    size_t n = 2;

    if (r->n_head < 2)
        return 2;
    if ((r->head[1] & 127) == 126)
        n += 2;
    if ((r->head[1] & 127) == 127)
        n += 8;
    return n + (r->head[1] & 128 ? 4 : 0);
}

static bool is_control(int op)
{
    return op >= MYNA_WS_CLOSE;
}

/* The head is whole: may this frame come now? */
static int begin_frame(struct myna_ws_reader *r)
{
    const uint8_t *h = r->head;
    int op = h[0] & 15, n = h[1] & 127;
    const uint8_t *mask = h + 2;

    r->fin = (h[0] & 128) != 0;
    r->at = 0;
    r->left = (uint64_t)n;
    if (n == 126) {
        r->left = (uint64_t)h[2] << 8 | h[3];
        mask += 2;
    } else if (n == 127) {
        r->left = 0;
        for (int i = 0; i < 8; i++)
            r->left = r->left << 8 | h[2 + i];
        mask += 8;
    }
    memset(r->mask, 0, 4);
    if (h[1] & 128)
        memcpy(r->mask, mask, 4);
    if (h[0] & 0x70)
        return refuse(r, MYNA_WS_BAD_FRAME, "a reserved bit is set");
    if (((h[1] & 128) != 0) != r->masked)
        return refuse(r, MYNA_WS_BAD_FRAME,
                      r->masked ? "a frame is not masked" : "a frame is masked");
    if (op > MYNA_WS_PONG || (op > MYNA_WS_BINARY && op < MYNA_WS_CLOSE))
        return refuse(r, MYNA_WS_BAD_FRAME, "a frame of no known kind");
    if (is_control(op) && (!r->fin || n > 125))
        return refuse(r, MYNA_WS_BAD_FRAME, "a control frame in pieces or too long");
    if (op == MYNA_WS_MORE && r->message == MYNA_WS_MORE)
        return refuse(r, MYNA_WS_BAD_FRAME, "a message goes on that never began");
    if ((op == MYNA_WS_TEXT || op == MYNA_WS_BINARY) && r->message != MYNA_WS_MORE)
        return refuse(r, MYNA_WS_BAD_FRAME, "a message begins inside another");
    if (!is_control(op) && (r->left > r->max || r->body.len + r->left > r->max))
        return refuse(r, MYNA_WS_TOO_BIG, "a message is too long");
    if (op == MYNA_WS_TEXT || op == MYNA_WS_BINARY) {
        r->message = (enum myna_ws_opcode)op;
        myna_buf_clear(&r->body);
    }
    r->frame = (enum myna_ws_opcode)op;
    r->n_control = 0;
    r->in_body = true;
    return 0;
}

static bool take_body(struct myna_ws_reader *r, struct myna_view *in)
{
    size_t n = r->left < in->len ? (size_t)r->left : in->len, start = r->body.len;
    uint8_t *to;

    if (is_control(r->frame)) {
        to = r->control + r->n_control;
        memcpy(to, in->ptr, n);
        r->n_control += n;
    } else {
        if (n > 0 && myna_buf_put(&r->body, in->ptr, n))
            return false;
        to = r->body.ptr + start;
    }
    if (r->masked)
        for (size_t i = 0; i < n; i++)
            to[i] ^= r->mask[(r->at + i) & 3];
    r->at += n;
    r->left -= n;
    in->ptr += n;
    in->len -= n;
    return true;
}

/* The frame is whole: 0: more belongs to it. */
static int end_frame(struct myna_ws_reader *r, struct myna_view *body)
{
    int op = r->frame;

    r->in_body = false;
    r->n_head = 0;
    if (is_control(op)) {
        *body = (struct myna_view){r->control, r->n_control};
        if (op == MYNA_WS_CLOSE &&
            (body->len == 1 ||
             (body->len > 2 && myna_utf8_span(body->ptr + 2, body->len - 2) != body->len - 2)))
            return refuse(r, MYNA_WS_BAD_FRAME, "a close frame is broken");
        return op;
    }
    if (!r->fin)
        return 0;
    op = r->message;
    r->message = MYNA_WS_MORE;
    *body = myna_buf_view(&r->body);
    if (op == MYNA_WS_TEXT && myna_utf8_span(body->ptr, body->len) != body->len)
        return refuse(r, MYNA_WS_BAD_TEXT, "a text message is not UTF-8");
    return op;
}

int myna_ws_read(struct myna_ws_reader *r, struct myna_view *in, struct myna_view *body)
{
    if (r->error)
        return -2;
    for (;;) {
        int op;

        while (!r->in_body && in->len > 0 && r->n_head < head_size(r)) {
            r->head[r->n_head++] = *in->ptr++;
            in->len--;
        }
        if (!r->in_body) {
            if (r->n_head < 2 || r->n_head < head_size(r))
                return -1;
            if (begin_frame(r))
                return -2;
        }
        if (!take_body(r, in))
            return refuse(r, MYNA_WS_INTERNAL, "no memory for a message");
        if (r->left > 0)
            return -1;
        op = end_frame(r, body);
        if (op)
            return op;
    }
}
