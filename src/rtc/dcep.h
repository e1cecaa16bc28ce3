/* dcep.h - how a data channel is opened inside its own stream (RFC 8832). Pure; any thread. */
#ifndef MYNA_RTC_DCEP_H
#define MYNA_RTC_DCEP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

enum { MYNA_DCEP_MAX = 12 + 2 * 256 };

struct myna_dcep_open {
    bool unordered;
    int max_retransmits; /* -1: none */
    int max_lifetime_ms; /* -1: none */
    uint16_t priority;
    char label[257], protocol[257]; /* longer ones are refused; no '\0' inside */
};

enum myna_dcep_type { MYNA_DCEP_BAD, MYNA_DCEP_ACK, MYNA_DCEP_OPEN };

enum myna_dcep_type myna_dcep_parse(struct myna_view v, struct myna_dcep_open *open);
size_t myna_dcep_write_open(const struct myna_dcep_open *open, uint8_t into[MYNA_DCEP_MAX]);
size_t myna_dcep_write_ack(uint8_t into[MYNA_DCEP_MAX]);

#endif
