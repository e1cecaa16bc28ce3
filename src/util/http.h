/* http.h - HTTP requests on the loop: streamed answers, kept connections, cancelled at any moment.
 *
 * For providers and tools. One client serves all sessions of a runtime (myna_host_http()); it keeps
 * connections open between requests, so the second request to a host costs no connect and no TLS.
 * HTTP/1.1: to cancel is to close the socket, which is how an agent learns that it was interrupted.
 *
 * A request is told head() once, data() as bytes come, done() last and once; all from the loop,
 * never from inside myna_http_start(). An answer with status 300 or more tells neither head() nor
 * data(): what it said is in the error. Any of the calls below may be made inside any callback, on
 * any request. After done() or cancel the request is gone.
 *
 * Limits count real time, on the virtual clock too, which stands still while a request is out.
 * Proxies: http_proxy, https_proxy, no_proxy as curl knows them, never for this machine's own
 * addresses. Certificates are verified, by the system's store or by $SSL_CERT_FILE. Redirects are
 * not followed. SIGPIPE is ignored from the first use on if nobody handles it.
 *
 * Loop thread.
 */
#ifndef MYNA_UTIL_HTTP_H
#define MYNA_UTIL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/host.h>

enum {
    MYNA_HTTP_MAX_REQUEST = 32 << 20, /* bytes of a body that is sent */
    MYNA_HTTP_MAX_HEAD = 64 << 10,    /* bytes of header lines that are taken */
    MYNA_HTTP_EXCERPT = 200,          /* characters of a body that an error repeats */
};

struct myna_http;
struct myna_http_request;

struct myna_http_header {
    const char *name, *value;
    bool secret; /* taken out of what the server says back before that is shown */
};

enum myna_http_kind {
    MYNA_HTTP_STATUS, /* an answer, but status 300 or more */
    MYNA_HTTP_REFUSED,
    MYNA_HTTP_DNS,
    MYNA_HTTP_TLS,
    MYNA_HTTP_TIMEOUT,
    MYNA_HTTP_RESET,     /* the connection ended before the answer did */
    MYNA_HTTP_TOO_LARGE, /* head or body past its limit */
    MYNA_HTTP_PROTOCOL,  /* what answered does not speak HTTP */
    MYNA_HTTP_URL,       /* the URL or a header is none */
    MYNA_HTTP_MEMORY,
    MYNA_HTTP_NO_LIBRARY, /* libcurl is not on this machine; the sentence names the package */
};

struct myna_http_error {
    enum myna_http_kind kind;
    int status;             /* 0: there was no answer */
    int64_t retry_after_ms; /* as the server asked; -1: it did not */
    bool began;             /* bytes of the answer were told before */
    /* One sentence: what, where (without query and password), remedy. Never a key. */
    const char *message;
    const char *excerpt;   /* STATUS: the body on one line, cut; "" when there was none */
    struct myna_view body; /* STATUS: the body, its first 64 KiB, for who can read it */
};

struct myna_http_start {
    const char *method; /* NULL: GET, with a body POST */
    const char *url;
    const struct myna_http_header *headers;
    size_t n_headers;
    struct myna_view body; /* copied */
    /* ms; 0: no such limit. Connect covers name and TLS; first byte counts from the start; idle
     * begins anew with each byte that arrives. */
    int delay_ms; /* wait before it is sent */
    int connect_ms, first_byte_ms, idle_ms, total_ms;
    size_t max_body; /* bytes of the answer; 0: 16 MiB */
    bool background; /* nobody waits for it: does not hold the virtual clock */
    /* Only connect (name, proxy, certificate) and send nothing: head() with status 0 tells that the
     * line is there, then it is the owner's by myna_http_raw_…(). For protocols that begin like
     * HTTP (ws.h). done() is told only when there is no connection; a raw line ends by cancel. */
    bool raw;
    bool no_alpn; /* raw: the TLS handshake does not say that HTTP will follow */
    void (*raw_ready)(void *arg, struct myna_http_request *rq, int events); /* 1 read, 2 write */
    void (*head)(void *arg, struct myna_http_request *rq, int status);      /* may be NULL */
    void (*data)(void *arg, struct myna_http_request *rq, struct myna_view bytes);
    /* NULL: the answer is complete. */
    void (*done)(void *arg, struct myna_http_request *rq, const struct myna_http_error *error);
    void *arg;
};

/* The runtime's client, made at first use; NULL: memory or descriptors are short. Without libcurl
 * on the machine there is a client too, each of whose requests ends with NO_LIBRARY. */
struct myna_http *myna_host_http(struct myna_host *host);
/* MYNA_EUNAVAIL with the sentence, for who would ask again and again or take silence for an answer.
 * Any thread. */
MYNA_MUST enum myna_err myna_http_available(struct myna_why *why);
/* libcurl comes into memory at the first of these calls, in 8 ms; or now, on a worker. */
void myna_http_prepare(struct myna_host *host);
/* Requests still out are dropped without a word. NULL is fine. */
void myna_http_destroy(struct myna_http *http);

/* MYNA_ENOMEM, MYNA_ELIMIT (the body is longer than MAX_REQUEST); all else is told by done(). */
MYNA_MUST enum myna_err myna_http_start(struct myna_http *http, const struct myna_http_start *how,
                                        struct myna_http_request **out);
/* Closes the socket before it returns; nothing is told any more. NULL is fine. */
void myna_http_cancel(struct myna_http_request *rq);
/* All that matters was told: what is left of the answer (little, soon) is read by the client alone,
 * so that the connection can be used again. Nothing is told any more. NULL is fine. */
void myna_http_drain(struct myna_http_request *rq);
/* Back-pressure: while paused no data() comes, and the sender is held back by TCP. */
void myna_http_pause(struct myna_http_request *rq, bool pause);
void myna_http_set_idle(struct myna_http_request *rq, int ms); /* from now on */
/* A header of the answer, from head() on; NULL: it has none of that name. Borrowed for the
 * callback. */
const char *myna_http_header(const struct myna_http_request *rq, const char *name);
bool myna_http_reused(const struct myna_http_request *rq); /* it went over a kept connection */
size_t myna_http_active(const struct myna_http *http);     /* requests out, drained ones too */

/* ---- a raw line, from head() on */

/* Bytes taken or given; 0: not now, wait for raw_ready(); -1: the line is gone (for recv: also when
 * the other side has closed). What was not taken comes first the next time, from wherever it lies
 * then. */
ptrdiff_t myna_http_raw_send(struct myna_http_request *rq, const void *ptr, size_t len);
ptrdiff_t myna_http_raw_recv(struct myna_http_request *rq, void *ptr, size_t size);
/* 1: tell when bytes came, 2: when there is room to send, 3: both; at first 1. */
void myna_http_raw_events(struct myna_http_request *rq, int events);

/* ---- pure helpers, http.c */

struct myna_buf;
/* Milliseconds that `Retry-After: text` asks for; `wall_ms` is now. -1: it cannot be read. Seconds
 * or an HTTP date (RFC 9110 10.2.3); a past date is 0, a day is the most. */
int64_t myna_http_retry_after(const char *text, int64_t wall_ms);
/* Scheme, host, port and path of a URL: no user, password, query. Broken ones are shown as "". */
void myna_http_show_url(const char *url, char *out, size_t size);
/* The host of a URL is this machine: localhost, 127.x.x.x, [::1]. */
bool myna_http_is_loopback(const char *url);
/* `text` on one line: whole UTF-8, no control characters, white space folded, at most EXCERPT
 * characters; each of the `n` secrets (those of 4 bytes and more) becomes ***. */
void myna_http_excerpt(struct myna_buf *into, struct myna_view text, const char *const *secrets,
                       size_t n);

#endif
