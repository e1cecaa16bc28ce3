/* ws.c - the handshake, then frames both ways. */
#include "util/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/crypto.h"
#include "util/host.h"

#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */
#define MAX_HEAD    16384
#define MAX_EXCERPT 4096 /* of the body of a refusal */
#define CHUNK       16384
#define MAX_READS   32 /* chunks in one turn */

enum state { CONNECTING, UPGRADING, REFUSED, OPEN, CLOSING };

struct myna_ws {
    struct myna_host *host;
    struct myna_ws_open how; /* limits and callbacks; its pointers are not ours */
    struct myna_http_request *line;
    struct myna_timer timer;
    enum state state;
    bool *gone; /* set by destroy while one of our callbacks is running */
    bool pinged, close_sent;
    char *url, *protocol, *headers, *secret;
    char accept[29];     /* what the server must answer to our key */
    struct myna_buf in;  /* the head, until it is whole */
    struct myna_buf out; /* on its way */
    size_t sent;         /* of out */
    struct myna_ws_reader reader;
    int status;
    size_t body_left;
};

static void mask_of(struct myna_ws *ws, uint8_t mask[4])
{
    uint32_t r = myna_host_random(ws->host);

    memcpy(mask, &r, 4);
}

static void arm(struct myna_ws *ws, int ms)
{
    if (ms > 0)
        (void)!myna_timer_set(&ws->timer, myna_host_now(ws->host) + ms * MYNA_MS);
    else
        myna_timer_clear(&ws->timer);
}

void myna_ws_destroy(struct myna_ws *ws)
{
    if (!ws)
        return;
    if (ws->gone)
        *ws->gone = true;
    myna_timer_clear(&ws->timer);
    myna_http_cancel(ws->line);
    myna_ws_reader_fini(&ws->reader);
    myna_buf_fini(&ws->in);
    myna_buf_fini(&ws->out);
    free(ws->url);
    free(ws->protocol);
    free(ws->headers);
    free(ws->secret);
    free(ws);
}

/* Tells closed() and ends. */
static void end(struct myna_ws *ws, const struct myna_http_error *error, int code,
                const char *reason)
{
    char url[200], text[640];
    struct myna_ws_end e = {.error = error, .code = code, .message = text};
    bool gone = false;

    myna_http_show_url(ws->url, url, sizeof url);
    if (error)
        snprintf(text, sizeof text, "%s", error->message);
    else
        snprintf(text, sizeof text, "%s: %s", url, reason);
    /* cppcheck-suppress autoVariables ; taken back below */
    ws->gone = &gone;
    ws->how.closed(ws->how.arg, ws, &e);
    if (gone)
        return;
    ws->gone = NULL;
    myna_ws_destroy(ws);
}

static void no_websocket(struct myna_ws *ws, enum myna_http_kind kind, const char *text)
{
    char url[200], message[400], whole[640];
    struct myna_http_error e = {
        .kind = kind, .retry_after_ms = -1, .message = whole, .excerpt = ""};

    myna_http_show_url(ws->url, url, sizeof url);
    snprintf(message, sizeof message, "%s", text);
    snprintf(whole, sizeof whole, "%s: %s", url, message);
    end(ws, &e, MYNA_WS_DROPPED, message);
}

/* ---- out */

/* False: the line is gone, and the end was told. */
static bool flush(struct myna_ws *ws)
{
    while (ws->sent < ws->out.len) {
        ptrdiff_t n = myna_http_raw_send(ws->line, ws->out.ptr + ws->sent, ws->out.len - ws->sent);

        if (n < 0)
            return false;
        if (n == 0)
            break;
        ws->sent += (size_t)n;
    }
    if (ws->sent == ws->out.len) {
        myna_buf_clear(&ws->out);
        ws->sent = 0;
    } else if (ws->sent > CHUNK) {
        myna_buf_drop(&ws->out, ws->sent);
        ws->sent = 0;
    }
    myna_http_raw_events(ws->line, ws->out.len ? 3 : 1);
    return true;
}

static enum myna_err put(struct myna_ws *ws, enum myna_ws_opcode op, struct myna_view body)
{
    uint8_t mask[4];
    size_t before = ws->out.len;

    if (ws->out.len - ws->sent + body.len > ws->how.max_queued)
        return MYNA_ELIMIT;
    mask_of(ws, mask);
    myna_ws_put_frame(&ws->out, op, body, mask);
    if (ws->out.err) {
        enum myna_err err = ws->out.err;

        ws->out.len = before;
        ws->out.err = MYNA_OK;
        return err;
    }
    /* A line that breaks here is told by the next read. */
    (void)!flush(ws);
    return MYNA_OK;
}

enum myna_err myna_ws_send(struct myna_ws *ws, struct myna_view body, bool is_text)
{
    if (ws->state != OPEN)
        return MYNA_ESTATE;
    return put(ws, is_text ? MYNA_WS_TEXT : MYNA_WS_BINARY, body);
}

static void put_close(struct myna_ws *ws, int code, const char *reason)
{
    uint8_t body[125];
    size_t n = reason ? strlen(reason) : 0;

    if (ws->close_sent)
        return;
    ws->close_sent = true;
    if (n > sizeof body - 2)
        n = sizeof body - 2;
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    if (n > 0)
        memcpy(body + 2, reason, n);
    (void)!put(ws, MYNA_WS_CLOSE, (struct myna_view){body, code == MYNA_WS_NO_STATUS ? 0 : n + 2});
}

void myna_ws_close(struct myna_ws *ws, int code, const char *reason)
{
    if (ws->state == OPEN) {
        ws->state = CLOSING;
        put_close(ws, code, reason);
    }
    ws->state = CLOSING;
    arm(ws, 1000);
}

size_t myna_ws_queued(const struct myna_ws *ws)
{
    return ws->out.len - ws->sent;
}

/* ---- the handshake */

static void put_request(struct myna_ws *ws)
{
    const char *rest = strstr(ws->url, "://"), *path, *at;
    uint8_t key[16], sha[20];
    struct myna_buf text;
    size_t len;

    rest = rest ? rest + 3 : ws->url;
    len = strcspn(rest, "/?#");
    path = rest + len;
    at = memchr(rest, '@', len);
    if (at) {
        len -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    for (int i = 0; i < 4; i++) {
        uint32_t r = myna_host_random(ws->host);

        memcpy(key + 4 * i, &r, 4);
    }
    myna_buf_init(&text, 0);
    myna_base64_put(&text, (struct myna_view){key, sizeof key}, MYNA_BASE64);
    myna_buf_printf(&ws->out, "GET %s%s HTTP/1.1\r\nHost: %.*s\r\n", *path == '/' ? "" : "/", path,
                    (int)len, rest);
    myna_buf_printf(&ws->out,
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: %s\r\n",
                    myna_buf_str(&text));
    if (ws->protocol)
        myna_buf_printf(&ws->out, "Sec-WebSocket-Protocol: %s\r\n", ws->protocol);
    myna_buf_printf(&ws->out, "%s\r\n", ws->headers);
    myna_buf_puts(&text, GUID);
    if (text.err || !myna_sha1(myna_buf_view(&text), sha))
        ws->out.err = MYNA_ENOMEM;
    myna_buf_clear(&text);
    myna_base64_put(&text, (struct myna_view){sha, sizeof sha}, MYNA_BASE64);
    snprintf(ws->accept, sizeof ws->accept, "%s", myna_buf_str(&text));
    myna_buf_fini(&text);
}

static void line_up(void *arg, struct myna_http_request *rq, int status)
{
    struct myna_ws *ws = arg;

    (void)rq, (void)status;
    ws->state = UPGRADING;
    arm(ws, ws->how.upgrade_ms);
    put_request(ws);
    if (ws->out.err)
        no_websocket(ws, MYNA_HTTP_MEMORY, "no memory for the handshake");
    else if (!flush(ws))
        no_websocket(ws, MYNA_HTTP_RESET, "the connection was closed without an answer");
    else if (ws->how.asked)
        ws->how.asked(ws->how.arg, ws);
}

static void no_line(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_ws *ws = arg;

    (void)rq;
    ws->line = NULL; /* the client frees it */
    end(ws, error, MYNA_WS_DROPPED, "");
}

/* Value of a header in the head, which is '\0'-terminated lines; NULL. */
static const char *header(const struct myna_buf *head, const char *name)
{
    const char *line = myna_buf_str(head), *stop = line + head->len;
    size_t n = strlen(name);

    for (; line < stop; line += strlen(line) + 1)
        if (!strncasecmp(line, name, n) && line[n] == ':')
            return line + n + 1 + strspn(line + n + 1, " \t");
    return NULL;
}

static bool has_word(const char *value, const char *word)
{
    size_t n = strlen(word);

    while (value && *value) {
        value += strspn(value, " \t,");
        if (!strncasecmp(value, word, n) && strchr(" \t,", value[n]))
            return true;
        value += strcspn(value, ",");
    }
    return false;
}

/* The head is whole: its lines become '\0'-terminated. False: the end was told. */
static bool check_head(struct myna_ws *ws)
{
    const char *value;
    char *p = (char *)ws->in.ptr;

    for (size_t i = 0; i < ws->in.len; i++)
        if (p[i] == '\r' || p[i] == '\n')
            p[i] = '\0';
    if (strncmp(p, "HTTP/1.1 ", 9) != 0 || strlen(p) < 12) {
        no_websocket(ws, MYNA_HTTP_PROTOCOL, "what answers there does not speak HTTP/1.1");
        return false;
    }
    ws->status = (int)strtol(p + 9, NULL, 10);
    if (ws->status != 101) {
        value = header(&ws->in, "Content-Length");
        ws->body_left = value ? (size_t)strtoul(value, NULL, 10) : MAX_EXCERPT;
        if (ws->body_left > MAX_EXCERPT)
            ws->body_left = MAX_EXCERPT;
        ws->state = REFUSED;
        myna_buf_clear(&ws->in);
        return true;
    }
    value = header(&ws->in, "Sec-WebSocket-Accept");
    if (!has_word(header(&ws->in, "Upgrade"), "websocket") || !value ||
        strcmp(value, ws->accept) != 0 || header(&ws->in, "Sec-WebSocket-Extensions") ||
        (!ws->protocol && header(&ws->in, "Sec-WebSocket-Protocol"))) {
        no_websocket(ws, MYNA_HTTP_PROTOCOL, "what answers there breaks the WebSocket handshake");
        return false;
    }
    ws->state = OPEN;
    myna_buf_fini(&ws->in);
    myna_buf_init(&ws->in, MAX_HEAD);
    arm(ws, ws->how.ping_ms);
    return true;
}

static void tell_refused(struct myna_ws *ws)
{
    char url[200], text[640];
    struct myna_buf excerpt;
    struct myna_http_error e = {.kind = MYNA_HTTP_STATUS,
                                .status = ws->status,
                                .retry_after_ms = -1,
                                .message = text,
                                .body = myna_buf_view(&ws->in)};
    const char *secret = ws->secret;

    myna_buf_init(&excerpt, 0);
    myna_http_excerpt(&excerpt, e.body, &secret, secret ? 1 : 0);
    e.excerpt = myna_buf_str(&excerpt);
    myna_http_show_url(ws->url, url, sizeof url);
    snprintf(text, sizeof text, "%s: HTTP %d%s%s", url, ws->status, e.excerpt[0] ? ": " : "",
             e.excerpt);
    myna_timer_clear(&ws->timer);
    /* `excerpt` must outlive closed(), which may destroy the socket: end() needs nothing of it. */
    end(ws, &e, MYNA_WS_DROPPED, "");
    myna_buf_fini(&excerpt);
}

/* ---- in */

static void obey_close(struct myna_ws *ws, struct myna_view body)
{
    int code = body.len >= 2 ? body.ptr[0] << 8 | body.ptr[1] : MYNA_WS_NO_STATUS;
    char reason[200];

    put_close(ws, code, NULL);
    snprintf(reason, sizeof reason, "the other side closed (%d%s%.*s)", code,
             body.len > 2 ? ": " : "", body.len > 2 ? (int)body.len - 2 : 0,
             body.len > 2 ? (const char *)body.ptr + 2 : "");
    end(ws, NULL, code, reason);
}

/* Messages out of `in`. False: the socket is gone. */
static bool read_frames(struct myna_ws *ws, struct myna_view in)
{
    struct myna_view body;
    bool gone = false;
    int op;

    while ((op = myna_ws_read(&ws->reader, &in, &body)) >= 0) {
        if (op == MYNA_WS_PING) {
            (void)!put(ws, MYNA_WS_PONG, body);
        } else if (op == MYNA_WS_CLOSE) {
            obey_close(ws, body);
            return false;
        } else if (op != MYNA_WS_PONG && ws->state == OPEN) {
            /* cppcheck-suppress autoVariables ; taken back below */
            ws->gone = &gone;
            ws->how.message(ws->how.arg, ws, body, op == MYNA_WS_TEXT);
            if (gone)
                return false;
            ws->gone = NULL;
        }
    }
    if (op == -2) {
        put_close(ws, ws->reader.error, ws->reader.error_text);
        end(ws, NULL, ws->reader.error, ws->reader.error_text);
        return false;
    }
    return true;
}

/* Bytes of the head or of a refusal's body; what is left in `in` are frames. */
static bool read_head(struct myna_ws *ws, struct myna_view *in)
{
    bool gone = false;
    size_t take;
    const uint8_t *stop;

    if (ws->state == UPGRADING) {
        size_t old = ws->in.len, from = old > 3 ? old - 3 : 0;

        if (myna_buf_put(&ws->in, in->ptr, in->len)) {
            no_websocket(ws, MYNA_HTTP_TOO_LARGE, "the answer's head is too long");
            return false;
        }
        stop = memmem(ws->in.ptr + from, ws->in.len - from, "\r\n\r\n", 4);
        take = stop ? (size_t)(stop + 4 - ws->in.ptr) - old : in->len;
        if (stop)
            ws->in.len = old + take;
        in->ptr += take;
        in->len -= take;
        if (!stop)
            return true;
        if (!check_head(ws))
            return false;
        if (ws->state == OPEN && ws->how.opened) {
            /* cppcheck-suppress autoVariables ; taken back below */
            ws->gone = &gone;
            ws->how.opened(ws->how.arg, ws);
            if (gone)
                return false;
            ws->gone = NULL;
        }
    }
    if (ws->state == REFUSED) {
        take = in->len < ws->body_left ? in->len : ws->body_left;
        (void)!myna_buf_put(&ws->in, in->ptr, take);
        ws->body_left -= take;
        if (ws->body_left == 0) {
            tell_refused(ws);
            return false;
        }
        in->len = 0;
    }
    return true;
}

static void line_broke(struct myna_ws *ws)
{
    if (ws->state == REFUSED)
        tell_refused(ws);
    else if (ws->state == UPGRADING)
        no_websocket(ws, MYNA_HTTP_RESET, "the connection was closed without an answer");
    else
        end(ws, NULL, MYNA_WS_DROPPED, "the connection was lost");
}

static void line_ready(void *arg, struct myna_http_request *rq, int events)
{
    struct myna_ws *ws = arg;
    uint8_t chunk[CHUNK];
    ptrdiff_t n;

    (void)rq;
    if (events & 2 && !flush(ws)) {
        line_broke(ws);
        return;
    }
    /* TLS may hold more than the socket shows, so it is read until it is dry, though not for longer
     * than others on the loop can wait: then being writable calls us again. */
    n = 0;
    for (int i = 0; i < MAX_READS; i++) {
        struct myna_view in = {chunk, 0};

        n = myna_http_raw_recv(ws->line, chunk, sizeof chunk);
        if (n <= 0)
            break;
        in.len = (size_t)n;

        if (ws->how.ping_ms > 0 && ws->state == OPEN) {
            ws->pinged = false;
            arm(ws, ws->how.ping_ms);
        }
        if (ws->state == UPGRADING || ws->state == REFUSED)
            if (!read_head(ws, &in))
                return;
        if ((ws->state == OPEN || ws->state == CLOSING) && !read_frames(ws, in))
            return;
    }
    if (n < 0)
        line_broke(ws);
    else if (n > 0)
        myna_http_raw_events(ws->line, 3);
}

static void timer_fired(struct myna_timer *t)
{
    struct myna_ws *ws = t->arg;
    char text[120];

    if (ws->state == OPEN && !ws->pinged) {
        ws->pinged = true;
        (void)!put(ws, MYNA_WS_PING, (struct myna_view){NULL, 0});
        arm(ws, ws->how.ping_ms);
    } else if (ws->state == OPEN) {
        end(ws, NULL, MYNA_WS_DROPPED, "nothing comes any more: the connection is lost");
    } else if (ws->state == CLOSING) {
        end(ws, NULL, MYNA_WS_NORMAL, "closed");
    } else if (ws->state == REFUSED) {
        tell_refused(ws);
    } else {
        snprintf(text, sizeof text, "no answer to the WebSocket handshake within %d ms",
                 ws->how.upgrade_ms);
        no_websocket(ws, MYNA_HTTP_TIMEOUT, text);
    }
}

/* ---- open */

static char *http_url(const char *url)
{
    struct myna_buf b;
    char *text;

    myna_buf_init(&b, 0);
    if (!strncasecmp(url, "ws:", 3))
        myna_buf_printf(&b, "http:%s", url + 3);
    else if (!strncasecmp(url, "wss:", 4))
        myna_buf_printf(&b, "https:%s", url + 4);
    else
        myna_buf_puts(&b, url);
    text = myna_buf_take(&b);
    myna_buf_fini(&b);
    return text;
}

static enum myna_err keep_headers(struct myna_ws *ws, const struct myna_ws_open *how)
{
    struct myna_buf b;

    myna_buf_init(&b, MAX_HEAD);
    myna_buf_puts(&b, "");
    for (size_t i = 0; i < how->n_headers; i++) {
        const char *value = how->headers[i].value;

        if (strpbrk(value, "\r\n") || strpbrk(how->headers[i].name, "\r\n: ")) {
            myna_buf_fini(&b);
            return MYNA_EINVAL;
        }
        myna_buf_printf(&b, "%s: %s\r\n", how->headers[i].name, value);
        if (how->headers[i].secret && !ws->secret) {
            const char *space = strrchr(value, ' ');

            ws->secret = strdup(space ? space + 1 : value);
            if (!ws->secret)
                b.err = MYNA_ENOMEM;
        }
    }
    ws->headers = myna_buf_take(&b);
    myna_buf_fini(&b);
    return ws->headers ? MYNA_OK : MYNA_ENOMEM;
}

enum myna_err myna_ws_open(struct myna_host *host, const struct myna_ws_open *how,
                           struct myna_ws **out)
{
    struct myna_ws *ws = calloc(1, sizeof *ws);
    struct myna_http *http = myna_host_http(host);
    enum myna_err err = MYNA_ENOMEM;
    struct myna_http_start start = {.raw = true,
                                    .background = true,
                                    .head = line_up,
                                    .done = no_line,
                                    .raw_ready = line_ready,
                                    .arg = ws};

    if (!ws || !http) {
        free(ws);
        return MYNA_ENOMEM;
    }
    ws->host = host;
    ws->how = *how;
    ws->how.upgrade_ms = how->upgrade_ms ? how->upgrade_ms : 10000;
    ws->how.max_queued = how->max_queued ? how->max_queued : 2 << 20;
    myna_host_timer_init(host, &ws->timer, timer_fired, ws);
    myna_buf_init(&ws->in, MAX_HEAD + MAX_EXCERPT);
    myna_buf_init(&ws->out, ws->how.max_queued * 2 + MAX_HEAD);
    myna_ws_reader_init(&ws->reader, false, how->max_message ? how->max_message : 2 << 20);
    ws->url = http_url(how->url);
    if (how->protocol)
        ws->protocol = strdup(how->protocol);
    if (!ws->url || (how->protocol && !ws->protocol))
        goto fail;
    err = keep_headers(ws, how);
    if (err)
        goto fail;
    start.url = ws->url;
    start.connect_ms = how->connect_ms ? how->connect_ms : 10000;
    err = myna_http_start(http, &start, &ws->line);
    if (err)
        goto fail;
    *out = ws;
    return MYNA_OK;
fail:
    myna_ws_destroy(ws);
    return err;
}
