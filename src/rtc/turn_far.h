/* turn_far.h - the far end of a line to a TURN server: TLS, or TCP as it is.
 *
 * TLS is a raw line of the HTTP client (util/http.h): the certificate checked as for every other
 * address, the proxy of the environment. TCP is dialled from here, without a proxy.
 *
 * Loop thread; no event comes from inside a call. The storage is the owner's.
 */
#ifndef MYNA_RTC_TURN_FAR_H
#define MYNA_RTC_TURN_FAR_H

#include <stddef.h>
#include <sys/types.h>

#include <myna/host.h>

struct myna_http_request;

struct myna_turn_far {
    struct myna_host *host;
    const struct myna_turn_far_events *events;
    void *arg;
    const char *url;               /* the owner's */
    struct myna_http_request *tls; /* NULL: TCP, or closed */
    int fd;                        /* TCP; < 0: TLS, or closed */
    struct myna_poll *poll;
    struct myna_timer limit;
    int error; /* TCP: what it is over with when the limit is there */
    bool up;
};

struct myna_turn_far_events {
    void (*up)(void *arg);    /* the server is there: send, receive */
    void (*ready)(void *arg); /* may be read or written again; only once it is up */
    void (*failed)(void *arg,
                   const char *why); /* it never came up; closed. The sentence is borrowed */
};

/* For close() of what was never opened. */
void myna_turn_far_init(struct myna_turn_far *f, struct myna_host *host,
                        const struct myna_turn_far_events *events, void *arg);
/* "https://NAME:443"; kept until close. false: memory is short. */
bool myna_turn_far_open_tls(struct myna_turn_far *f, const char *url);
/* An IPv4 address. false: no descriptor or memory is left. */
bool myna_turn_far_open_tcp(struct myna_turn_far *f, const char *ip, int port);
void myna_turn_far_close(struct myna_turn_far *f);

/* Bytes taken or given; 0: not now; < 0: it is gone. */
ptrdiff_t myna_turn_far_send(struct myna_turn_far *f, const void *bytes, size_t len);
ptrdiff_t myna_turn_far_recv(struct myna_turn_far *f, void *into, size_t cap);
void myna_turn_far_listen(struct myna_turn_far *f, int events); /* for what: 1 read, 2 write */

#endif
