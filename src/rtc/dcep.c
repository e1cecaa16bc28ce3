/* dcep.c - two messages: OPEN and ACK. */
#include "rtc/dcep.h"

#include <string.h>

#include "util/bytes.h"

enum { ACK = 0x02, OPEN = 0x03, HEADER = 12 };
enum { RELIABLE = 0, RETRANSMITS = 1, LIFETIME = 2, UNORDERED = 0x80 };

static bool take_text(const uint8_t *p, size_t n, char into[257])
{
    if (n > 256 || memchr(p, '\0', n))
        return false;
    memcpy(into, p, n);
    into[n] = '\0';
    return true;
}

enum myna_dcep_type myna_dcep_parse(struct myna_view v, struct myna_dcep_open *open)
{
    struct myna_dcep_open o = {.max_retransmits = -1, .max_lifetime_ms = -1};
    size_t label, protocol;
    uint32_t bound;

    if (v.len >= 1 && v.ptr[0] == ACK)
        return MYNA_DCEP_ACK;
    if (v.len < HEADER || v.ptr[0] != OPEN)
        return MYNA_DCEP_BAD;
    label = myna_get_be16(v.ptr + 8);
    protocol = myna_get_be16(v.ptr + 10);
    if (v.len != HEADER + label + protocol || !take_text(v.ptr + HEADER, label, o.label) ||
        !take_text(v.ptr + HEADER + label, protocol, o.protocol))
        return MYNA_DCEP_BAD;
    o.unordered = v.ptr[1] & UNORDERED;
    o.priority = myna_get_be16(v.ptr + 2);
    bound = myna_get_be32(v.ptr + 4) & INT32_MAX;
    switch (v.ptr[1] & ~UNORDERED) {
    case RELIABLE:
        break;
    case RETRANSMITS:
        o.max_retransmits = (int)bound;
        break;
    case LIFETIME:
        o.max_lifetime_ms = (int)bound;
        break;
    default:
        return MYNA_DCEP_BAD;
    }
    *open = o;
    return MYNA_DCEP_OPEN;
}

size_t myna_dcep_write_open(const struct myna_dcep_open *o, uint8_t into[MYNA_DCEP_MAX])
{
    size_t label = strlen(o->label), protocol = strlen(o->protocol);
    uint32_t bound = 0;
    int type = RELIABLE;

    if (o->max_retransmits >= 0) {
        type = RETRANSMITS;
        bound = (uint32_t)o->max_retransmits;
    } else if (o->max_lifetime_ms > 0) {
        type = LIFETIME;
        bound = (uint32_t)o->max_lifetime_ms;
    }
    into[0] = OPEN;
    into[1] = (uint8_t)(type | (o->unordered ? UNORDERED : 0));
    myna_put_be16(into + 2, o->priority);
    myna_put_be32(into + 4, bound);
    myna_put_be16(into + 8, (uint32_t)label);
    myna_put_be16(into + 10, (uint32_t)protocol);
    memcpy(into + HEADER, o->label, label);
    memcpy(into + HEADER + label, o->protocol, protocol);
    return HEADER + label + protocol;
}

size_t myna_dcep_write_ack(uint8_t into[MYNA_DCEP_MAX])
{
    into[0] = ACK;
    return 1;
}
