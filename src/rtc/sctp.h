/* sctp.h - messages on numbered streams, inside DTLS (RFC 8831). sctp_usrsctp.c alone knows
 * usrsctp.
 *
 * usrsctp is one state for the whole process: it is set up at the first create() and stays; its
 * clock is driven by the host timer of one connection at a time, so all connections of a process
 * belong to one loop. Nothing else is shared. What is old enough to be sent again it judges by the
 * system's clock: a virtual one stays out.
 *
 * Loop thread. Events come from receive() and from the timer, never from within send(); they may
 * call back in; destroy is for outside of its own.
 */
#ifndef MYNA_RTC_SCTP_H
#define MYNA_RTC_SCTP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/host.h>

struct myna_sctp;

enum { /* payload protocol identifiers (RFC 8831, 8) */
       MYNA_PPID_DCEP = 50,
       MYNA_PPID_TEXT = 51,
       MYNA_PPID_BINARY = 53,
       MYNA_PPID_TEXT_EMPTY = 56,
       MYNA_PPID_BINARY_EMPTY = 57,
};

enum {
    MYNA_SCTP_STREAMS = 256,         /* each way: as many channels may be open */
    MYNA_SCTP_MAX_SEND = 256 * 1024, /* longest message that we send */
};

struct myna_sctp_events {
    void (*send)(void *arg, const uint8_t *data, size_t len);
    void (*up)(void *arg);
    void (*message)(void *arg, uint16_t stream, uint32_t ppid, struct myna_view body);
    void (*stream_reset)(void *arg, uint16_t stream); /* the peer sends no more on it */
    void (*writable)(void *arg);                      /* after send() said EAGAIN */
    void (*down)(void *arg, const char *why);         /* once */
};

struct myna_sctp_send {
    uint16_t stream;
    uint32_t ppid;
    bool unordered;
    int max_retransmits; /* < 0: no bound */
    int max_lifetime_ms; /* > 0 and max_retransmits < 0: bound */
};

/* max_message: longer ones of the peer are dropped and told in the log. */
MYNA_MUST enum myna_err myna_sctp_create(struct myna_sctp **out, struct myna_host *host,
                                         size_t max_message, const struct myna_sctp_events *events,
                                         void *arg, struct myna_why *why);
void myna_sctp_destroy(struct myna_sctp *s); /* aborts the association; NULL is fine */
/* Once DTLS stands; both sides do it (simultaneous INIT). */
MYNA_MUST enum myna_err myna_sctp_connect(struct myna_sctp *s, int remote_port,
                                          struct myna_why *why);
void myna_sctp_receive(struct myna_sctp *s, const uint8_t *data, size_t len);
/* EAGAIN: its buffer is full; ELIMIT: longer than the buffer; EIO: the association is gone. */
MYNA_MUST enum myna_err myna_sctp_send(struct myna_sctp *s, const struct myna_sctp_send *how,
                                       struct myna_view body);
/* false: not now (another reset is on its way): try again later. */
bool myna_sctp_reset_stream(struct myna_sctp *s, uint16_t stream);

#endif
