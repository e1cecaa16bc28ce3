/* jitter.h - the packets that wait for their turn, in the order of their time stamps.
 *
 * Storage is made once. A full buffer drops its oldest packet. Pure; one owner.
 */
#ifndef MYNA_RTC_JITTER_H
#define MYNA_RTC_JITTER_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

enum { MYNA_JITTER_PACKETS = 100, MYNA_JITTER_BYTES = 1500 };

struct myna_jitter_packet {
    int64_t ticks; /* time stamp, unwrapped */
    myna_us arrived;
    uint32_t length; /* ticks */
    uint16_t seq;
    bool redundant; /* out of RED: as good as the packet, but not it */
    size_t len;
    uint8_t data[MYNA_JITTER_BYTES];
};

struct myna_jitter;

struct myna_jitter *myna_jitter_create(void);    /* NULL: memory is short */
void myna_jitter_destroy(struct myna_jitter *j); /* NULL is fine */
void myna_jitter_clear(struct myna_jitter *j);
enum myna_jitter_put {
    MYNA_JITTER_NEW,
    MYNA_JITTER_PUSHED,    /* new, and the oldest had to go */
    MYNA_JITTER_DUPLICATE, /* that time is here already */
    MYNA_JITTER_TOO_OLD,   /* full, and all that wait are newer */
    MYNA_JITTER_TOO_LONG,
};
/* head: all but len and data. A redundant copy never takes a packet's place. */
enum myna_jitter_put myna_jitter_insert(struct myna_jitter *j,
                                        const struct myna_jitter_packet *head,
                                        struct myna_view payload);
const struct myna_jitter_packet *myna_jitter_first(const struct myna_jitter *j); /* NULL: empty */
const struct myna_jitter_packet *myna_jitter_last(const struct myna_jitter *j);
void myna_jitter_drop_first(struct myna_jitter *j);
size_t myna_jitter_count(const struct myna_jitter *j);

#endif
