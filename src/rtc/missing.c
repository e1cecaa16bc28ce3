/* missing.c - see missing.h. */
#include "rtc/missing.h"

#include <string.h>

#include "rtc/rtp.h"

enum { TIMES = 4 };

static const myna_us patience = 5 * MYNA_MS, lifetime = 500 * MYNA_MS;

void myna_missing_clear(struct myna_missing *m)
{
    *m = (struct myna_missing){0};
}

static void drop(struct myna_missing *m, size_t i)
{
    memmove(&m->list[i], &m->list[i + 1], (--m->n - i) * sizeof m->list[0]);
}

void myna_missing_add(struct myna_missing *m, myna_us now, uint16_t seq)
{
    if (m->n == MYNA_MISSING_MAX)
        drop(m, 0);
    m->list[m->n].since = now;
    m->list[m->n].asked = 0;
    m->list[m->n].seq = seq;
    m->list[m->n].times = 0;
    m->n++;
    m->rate += (1 - m->rate) / 100;
}

void myna_missing_good(struct myna_missing *m)
{
    m->rate -= m->rate / 100;
}

bool myna_missing_found(struct myna_missing *m, uint16_t seq, bool *asked)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].seq == seq) {
            *asked = m->list[i].times > 0;
            drop(m, i);
            return true;
        }
    return false;
}

size_t myna_missing_ask(struct myna_missing *m, myna_us now, myna_us again, uint16_t useful,
                        uint16_t *into, size_t max)
{
    size_t n = 0;

    while (m->n && now - m->list[0].since > lifetime)
        drop(m, 0);
    for (size_t i = 0; i < m->n && n < max; i++) {
        if (m->list[i].times >= TIMES || now - m->list[i].since < patience ||
            myna_seq_diff(m->list[i].seq, useful) < 0 ||
            (m->list[i].times && now - m->list[i].asked < again))
            continue;
        m->list[i].asked = now;
        m->list[i].times++;
        into[n++] = m->list[i].seq;
    }
    return n;
}
