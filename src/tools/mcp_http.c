/* mcp_http.c - an MCP server behind a URL (streamable HTTP): each message is a POST, its answer one
 * JSON object or a stream of events.
 *
 * Older revisions give a session id with the answer of `initialize`, tell changes on the stream of
 * a GET, and let a stream that broke be gone on with by Last-Event-ID. A session that the server
 * has forgotten (404) is begun anew.
 */
#include "tools/mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/host.h"
#include "util/http.h"
#include "util/log.h"
#include "util/sse.h"
#include "util/json_dump.h"
#include "util/json_load.h"

enum { LEAVE_MS = 500, CONNECT_MS = 5000, MAX_PARAMS = 16, RESUMES_MAX = 8, LEAST_RETRY_MS = 100 };

struct http_line {
    char session[256]; /* "" none */
    struct post *posts;
    struct myna_http_request *leaving; /* it is told that the session is over */
};

/* One request of ours, and every one that goes on with its stream. */
struct post {
    struct post *next;
    struct mcp *mcp;
    struct mcp_request *rq; /* NULL: nobody waits (a notification), or it is the GET */
    struct myna_http_request *http;
    struct myna_sse sse;
    struct myna_buf body; /* of a JSON answer */
    bool stream, is_get, ended;
    int resumes;
    int64_t retry_ms;
    char last_id[128];
    struct myna_timer later; /* goes on then */
};

static void start_get(struct mcp *m);

static void free_post(struct post *p)
{
    struct http_line *l = p->mcp->line;

    for (struct post **at = l ? &l->posts : NULL; at && *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    if (p->rq)
        p->rq->wire = NULL;
    if (p->later.in)
        myna_timer_clear(&p->later);
    myna_http_cancel(p->http);
    myna_sse_fini(&p->sse);
    myna_buf_fini(&p->body);
    free(p);
}

/* ---- what comes */

/* A message of the stream. false: the post is gone, or has its answer. */
static bool take(struct post *p, struct myna_view text)
{
    struct mcp *m = p->mcp;
    struct http_line *l = m->line;
    json_t *msg = myna_json_loadb((const char *)text.ptr, text.len, 0, NULL);
    bool here = false;

    if (json_is_object(msg)) {
        myna_mcp_message(m, msg);
        if (m->line == l) /* else all of it is gone */
            for (struct post *q = l->posts; q; q = q->next)
                here = here || q == p;
    } else {
        here = true;
        if (++m->unasked > MCP_UNASKED_MAX) {
            myna_mcp_broken(m, "what it sends is not the protocol");
            here = false;
        }
    }
    json_decref(msg);
    return here;
}

static bool on_event(void *arg, const struct myna_sse_event *ev)
{
    struct post *p = arg;

    snprintf(p->last_id, sizeof p->last_id, "%s", ev->id);
    if (!ev->data.len)
        return true; /* only to give an id */
    return take(p, ev->data);
}

static void on_head(void *arg, struct myna_http_request *http, int status)
{
    struct post *p = arg;
    struct http_line *l = p->mcp->line;
    const char *type = myna_http_header(http, "content-type"),
               *session = myna_http_header(http, "mcp-session-id");

    (void)status;
    p->stream = type && !strncasecmp(type, "text/event-stream", 17);
    if (session && p->rq && !strcmp(p->rq->method, "initialize"))
        snprintf(l->session, sizeof l->session, "%s", session);
}

static void on_data(void *arg, struct myna_http_request *http, struct myna_view bytes)
{
    struct post *p = arg;
    struct mcp *m = p->mcp;
    enum myna_err err = MYNA_OK;

    (void)http;
    if (p->stream)
        err = myna_sse_feed(&p->sse, bytes); /* CANCELED: the post is gone */
    else
        err = myna_buf_put(&p->body, bytes.ptr, bytes.len);
    if (err == MYNA_ELIMIT || err == MYNA_ENOMEM)
        myna_mcp_broken(m, "it sent a message of more than %d bytes", MCP_MESSAGE_MAX);
}

/* ---- how it ends */

static void go_on(struct myna_timer *t);

/* The stream broke before its answer: older servers tell the rest to who knows the last id. */
static bool may_resume(struct post *p)
{
    int64_t wait = p->sse.retry_ms >= 0 ? p->sse.retry_ms : p->retry_ms;

    if (p->mcp->era != MCP_LEGACY_ERA || !p->last_id[0] || p->resumes >= RESUMES_MAX || p->is_get)
        return false;
    p->resumes++;
    p->retry_ms = wait;
    if (wait < LEAST_RETRY_MS)
        wait = LEAST_RETRY_MS;
    return !myna_timer_set(&p->later, myna_host_now(p->mcp->src->host) + wait * MYNA_MS);
}

static void ended_well(struct post *p)
{
    struct mcp_request *rq = p->rq;
    struct mcp *m = p->mcp;

    if (p->stream && myna_sse_end(&p->sse) == MYNA_ECANCELED)
        return; /* gone */
    if (!p->stream && p->body.len && !take(p, myna_buf_view(&p->body)))
        return;
    if (p->is_get) {
        free_post(p);
        if (m->state == MCP_READY && !m->resting)
            start_get(m);
        return;
    }
    if (p->rq && may_resume(p))
        return;
    rq = p->rq;
    free_post(p);
    if (rq)
        myna_mcp_trouble(rq, "was not answered: the stream ended before");
}

/* A JSON-RPC error in the body of a 4xx is the answer; else the status is. */
static void refused(struct post *p, const struct myna_http_error *e)
{
    struct mcp *m = p->mcp;
    struct mcp_request *rq = p->rq;
    struct http_line *l = m->line;
    json_t *msg = myna_json_loadb((const char *)e->body.ptr, e->body.len, 0, NULL);
    const json_t *error = json_object_get(msg, "error");
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    bool ours = rq && json_is_object(error) && json_is_integer(json_object_get(msg, "id")) &&
                json_integer_value(json_object_get(msg, "id")) == rq->id;
    bool key = e->status == 401 || e->status == 403, forgotten = e->status == 404 && l->session[0];
    char text[300];

    free_post(p);
    if (!rq) {
        json_decref(msg);
        return;
    }
    if (m->era == MCP_UNKNOWN_ERA && !(code <= -32020 && code >= -32099)) {
        myna_mcp_is_legacy(m, rq);
    } else if (forgotten) {
        myna_mcp_broken(m, "it has forgotten our session");
    } else if (ours) {
        myna_mcp_message(m, msg);
    } else {
        snprintf(text, sizeof text, "was refused with status %d%s%.200s%s%s%s", e->status,
                 e->excerpt[0] ? ": " : "", e->excerpt, key ? " (is the token in tools." : "",
                 key ? m->src->name : "", key ? ".headers right?)" : "");
        myna_mcp_trouble(rq, text);
    }
    json_decref(msg);
}

static void on_done(void *arg, struct myna_http_request *http, const struct myna_http_error *e)
{
    struct post *p = arg;
    struct mcp *m = p->mcp;
    struct mcp_request *rq = p->rq;

    (void)http;
    p->http = NULL;
    if (!e) {
        ended_well(p);
    } else if (e->kind == MYNA_HTTP_STATUS) {
        refused(p, e);
    } else if (e->began && rq && may_resume(p)) {
        return;
    } else if (p->is_get || !rq) {
        free_post(p);
    } else if (e->kind == MYNA_HTTP_REFUSED || e->kind == MYNA_HTTP_DNS ||
               e->kind == MYNA_HTTP_TLS || m->state == MCP_ASKING) {
        myna_mcp_broken(m, "%s", e->message);
    } else {
        free_post(p);
        myna_mcp_trouble(rq, e->kind == MYNA_HTTP_TOO_LARGE ? "was answered with too much"
                                                            : "was not answered: the line broke");
    }
}

/* ---- what is sent */

struct header_list {
    struct myna_http_header rows[64];
    size_t n;
    char values[MAX_PARAMS][400];
    char names[MAX_PARAMS][160];
    size_t n_values;
};

static void add(struct header_list *h, const char *name, const char *value, bool secret)
{
    if (h->n < sizeof h->rows / sizeof *h->rows)
        h->rows[h->n++] = (struct myna_http_header){name, value, secret};
}

/* Text that cannot stand in a header as it is goes as =?base64?…?=. */
static bool plain(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            return false;
    return n && text[0] != ' ' && text[n - 1] != ' ' &&
           !(n > 11 && !strncmp(text, "=?base64?", 9) && !strcmp(text + n - 2, "?="));
}

static void encode(char *out, size_t size, const char *text)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)text;
    size_t left = strlen(text), n = (size_t)snprintf(out, size, "=?base64?");

    for (; left && n + 8 < size; in += 3) {
        unsigned v =
            (unsigned)in[0] << 16 | (left > 1 ? (unsigned)in[1] << 8 : 0) | (left > 2 ? in[2] : 0);

        out[n++] = set[v >> 18];
        out[n++] = set[v >> 12 & 63];
        out[n++] = left > 1 ? set[v >> 6 & 63] : '=';
        out[n++] = left > 2 ? set[v & 63] : '=';
        left -= left > 3 ? 3 : left;
    }
    snprintf(out + n, size - n, "?=");
}

static void add_text(struct header_list *h, const char *name, const char *value)
{
    size_t i = h->n_values;

    if (i == MAX_PARAMS || strlen(value) > 256)
        return;
    h->n_values++;
    snprintf(h->names[i], sizeof h->names[i], "%s", name);
    if (plain(value))
        snprintf(h->values[i], sizeof h->values[i], "%s", value);
    else
        encode(h->values[i], sizeof h->values[i], value);
    add(h, h->names[i], h->values[i], false);
}

/* Arguments that the tool's schema wants to be seen on the way (x-mcp-header). */
static void add_params(struct header_list *h, const json_t *schema, const json_t *args, int depth)
{
    const char *key;
    json_t *row;

    json_object_foreach(json_object_get(schema, "properties"), key, row)
    {
        const char *header = json_string_value(json_object_get(row, "x-mcp-header"));
        const json_t *value = json_object_get(args, key);
        char name[160], number[40];

        if (!value || depth > 8)
            continue;
        if (!header) {
            add_params(h, row, value, depth + 1);
            continue;
        }
        snprintf(name, sizeof name, "Mcp-Param-%.128s", header);
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (json_is_string(value))
            add_text(h, name, json_string_value(value));
        else if (json_is_integer(value))
            add_text(h, name, number);
        else if (json_is_boolean(value))
            add_text(h, name, json_is_true(value) ? "true" : "false");
    }
}

static void add_modern(struct header_list *h, const struct mcp *m, const json_t *message)
{
    const json_t *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method"));
    const char *name = json_string_value(json_object_get(params, "name"));

    if (method)
        add(h, "Mcp-Method", method, false);
    if (!method || !name || strcmp(method, "tools/call") != 0)
        return;
    add_text(h, "Mcp-Name", name);
    for (size_t i = 0; i < m->src->n_offers; i++)
        if (!strcmp(m->src->offers[i].name, name)) {
            json_t *schema = myna_json_loads(m->src->offers[i].parameters, 0, NULL);

            add_params(h, schema, json_object_get(params, "arguments"), 0);
            json_decref(schema);
        }
}

static struct post *new_post(struct mcp *m, struct mcp_request *rq)
{
    struct http_line *l = m->line;
    struct post *p = l ? calloc(1, sizeof *p) : NULL;

    if (!p)
        return NULL;
    p->mcp = m;
    p->rq = rq;
    p->retry_ms = MCP_FIRST_WAIT_MS;
    p->next = l->posts;
    l->posts = p;
    if (rq)
        rq->wire = p;
    myna_sse_init(&p->sse, MCP_MESSAGE_MAX, on_event, p);
    myna_buf_init(&p->body, MCP_MESSAGE_MAX);
    myna_host_timer_init(m->src->host, &p->later, go_on, p);
    return p;
}

/* message NULL: a GET, which goes on with a stream or listens to what is told unasked. */
static enum myna_err send_post(struct post *p, const json_t *message)
{
    struct mcp *m = p->mcp;
    struct http_line *l = m->line;
    struct myna_http *http = myna_host_http(m->src->host);
    struct header_list *h = calloc(1, sizeof *h);
    char *body = message ? myna_json_dump(message, JSON_COMPACT) : NULL;
    bool open_end = p->is_get || (p->rq && !p->rq->deadline);
    struct myna_http_start how = {.method = message ? "POST" : "GET",
                                  .url = m->src->url,
                                  .connect_ms = CONNECT_MS,
                                  .total_ms = p->rq || p->is_get ? 0 : MCP_ASK_MS,
                                  .max_body = open_end ? (size_t)1 << 30 : 0,
                                  .background = open_end,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = p};
    enum myna_err err = MYNA_ENOMEM;

    if (http && h && (body || !message)) {
        for (size_t i = 0; i < m->src->n_headers; i++)
            add(h, m->src->headers[i].name, m->src->headers[i].value, m->src->headers[i].secret);
        add(h, "Accept", message ? "application/json, text/event-stream" : "text/event-stream",
            false);
        if (message)
            add(h, "Content-Type", "application/json", false);
        if (m->version[0])
            add(h, "MCP-Protocol-Version", m->version, false);
        if (l->session[0])
            add(h, "Mcp-Session-Id", l->session, true);
        if (p->last_id[0])
            add(h, "Last-Event-ID", p->last_id, false);
        if (message && m->era != MCP_LEGACY_ERA)
            add_modern(h, m, message);
        how.headers = h->rows;
        how.n_headers = h->n;
        how.body = myna_view_of(body);
        err = myna_http_start(http, &how, &p->http);
    }
    free(body);
    free(h);
    return err;
}

static enum myna_err http_send(struct mcp *m, struct mcp_request *rq, const json_t *message)
{
    struct post *p = new_post(m, rq);
    enum myna_err err = p ? send_post(p, message) : MYNA_ENOMEM;

    if (err && p)
        free_post(p);
    return err;
}

static void go_on(struct myna_timer *t)
{
    struct post *p = t->arg;
    struct mcp_request *rq = p->rq;

    myna_sse_fini(&p->sse);
    myna_sse_init(&p->sse, MCP_MESSAGE_MAX, on_event, p);
    if (!send_post(p, NULL))
        return;
    free_post(p);
    if (rq)
        myna_mcp_trouble(rq, "was not answered: no memory");
}

static void start_get(struct mcp *m)
{
    struct post *p = new_post(m, NULL);

    if (!p)
        return;
    p->is_get = true;
    if (myna_timer_set(&p->later, myna_host_now(m->src->host) + MCP_FIRST_WAIT_MS * MYNA_MS))
        free_post(p);
}

/* ---- the wire */

static enum myna_err http_open(struct mcp *m, struct myna_why *why)
{
    m->line = calloc(1, sizeof(struct http_line));
    return m->line ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the server");
}

static void http_close(struct mcp *m)
{
    struct http_line *l = m->line;

    if (!l)
        return;
    while (l->posts)
        free_post(l->posts);
    myna_http_cancel(l->leaving);
    free(l);
    m->line = NULL;
}

static void on_left(void *arg, struct myna_http_request *http, const struct myna_http_error *e)
{
    struct http_line *l = ((struct mcp *)arg)->line;

    (void)http;
    (void)e; /* a server may refuse it (405): it forgets us by itself */
    if (l)
        l->leaving = NULL;
}

static void on_left_data(void *arg, struct myna_http_request *http, struct myna_view bytes)
{
    (void)arg;
    (void)http;
    (void)bytes;
}

/* Once; a session of older revisions is ended by DELETE. */
static bool http_leave(struct mcp *m)
{
    struct http_line *l = m->line;
    struct myna_http *http = l && l->session[0] ? myna_host_http(m->src->host) : NULL;
    struct header_list *h = http ? calloc(1, sizeof *h) : NULL;
    struct myna_http_start how = {.method = "DELETE",
                                  .url = m->src->url,
                                  .connect_ms = LEAVE_MS,
                                  .total_ms = LEAVE_MS,
                                  .data = on_left_data,
                                  .done = on_left,
                                  .arg = m};

    if (h) {
        for (size_t i = 0; i < m->src->n_headers; i++)
            add(h, m->src->headers[i].name, m->src->headers[i].value, m->src->headers[i].secret);
        add(h, "MCP-Protocol-Version", m->version, false);
        add(h, "Mcp-Session-Id", l->session, true);
        how.headers = h->rows;
        how.n_headers = h->n;
        if (myna_http_start(http, &how, &l->leaving))
            l->leaving = NULL;
        l->session[0] = '\0';
    }
    free(h);
    return l && l->leaving;
}

static void http_forget(struct mcp *m, struct mcp_request *rq)
{
    struct post *p = rq->wire;

    (void)m;
    if (p)
        free_post(p);
}

/* Older revisions tell of changes on a stream of its own; a server without one answers 405. */
static void http_listen(struct mcp *m, bool on)
{
    struct http_line *l = m->line;
    struct post *p = l ? l->posts : NULL;

    while (p && !p->is_get)
        p = p->next;
    if (p && !on)
        free_post(p);
    p = p || !on ? NULL : new_post(m, NULL);
    if (!p)
        return;
    p->is_get = true;
    if (send_post(p, NULL))
        free_post(p);
}

const struct mcp_wire myna_mcp_http = {.open = http_open,
                                       .close = http_close,
                                       .send = http_send,
                                       .forget = http_forget,
                                       .leave = http_leave,
                                       .listen = http_listen};
