/* packets.h - data packets in order, once, and over a resume (livekit-rtc 4).
 *
 * Out: reliable packets are numbered from 1 and kept until they are old: what the channel does not
 * take yet waits, and after a resume the server says what it has seen and the rest goes again.
 * Lossy ones go now or never. In: of each sender's numbered packets none is told twice.
 *
 * Bounded: waiting bytes, kept bytes, senders remembered. No I/O but through send(). One owner.
 */
#ifndef MYNA_LIVEKIT_PACKETS_H
#define MYNA_LIVEKIT_PACKETS_H

#include "livekit/e2ee.h"
#include "livekit/pb.h"

enum {
    MYNA_LK_MAX_PACKET = 64000, /* a longer one would kill the channel at the server */
    MYNA_LK_MAX_UNSENT = 4 << 20,
    MYNA_LK_KEEP_SENT = 256 << 10, /* the server remembers 100,000 bytes */
};

struct myna_lk_packets;

struct myna_lk_packets_events {
    /* OK: handed over; EAGAIN: not now, see pump(); else it is lost. */
    enum myna_err (*send)(void *arg, struct myna_view packet, bool reliable);
    void (*packet)(void *arg, const Myna__Lk__DataPacket *m); /* borrowed for the event */
    /* What came sealed (m->encrypted_packet) does not open, or what came bare must not; may be
     * NULL. */
    void (*unreadable)(void *arg, const Myna__Lk__DataPacket *m, enum myna_lk_opened why);
};

struct myna_lk_packets *myna_lk_packets_create(const struct myna_lk_packets_events *events,
                                               void *arg);
void myna_lk_packets_destroy(struct myna_lk_packets *p); /* NULL is fine */
/* From here on what people say to each other is sealed (kept; NULL: nothing is), and what comes
 * sealed is opened. Digits and transcriptions no SDK seals: the latter are not sent then. */
void myna_lk_packets_protect(struct myna_lk_packets *p, struct myna_lk_e2ee *e2ee);

/* ELIMIT: too long, or too much waits; ENOMEM. A lossy packet that does not go is no error. */
MYNA_MUST enum myna_err myna_lk_packets_send(struct myna_lk_packets *p, Myna__Lk__DataPacket *m,
                                             bool reliable);
void myna_lk_packets_pump(struct myna_lk_packets *p); /* the channel takes again */
/* The session goes on; the server has all up to `last`. */
void myna_lk_packets_resume(struct myna_lk_packets *p, uint32_t last);
/* A new session: numbers begin at 1, what was handed over is forgotten, what waits goes on waiting,
 * nothing is remembered of anybody. */
void myna_lk_packets_renew(struct myna_lk_packets *p);

void myna_lk_packets_receive(struct myna_lk_packets *p, myna_us now, struct myna_view bytes);
/* What was heard from whom last, for the server; in `mem`. */
Myna__Lk__DataChannelReceiveState **myna_lk_packets_heard(const struct myna_lk_packets *p,
                                                          struct myna_arena *mem, myna_us now,
                                                          size_t *n);

#endif
