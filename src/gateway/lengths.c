/* lengths.c - see lengths.h. */
#include "gateway/lengths.h"

#include <stdio.h>
#include <string.h>

#include "gateway/silence.h"

static struct myna_gw_began *find(struct myna_gw_lengths *l, const char *identity)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->began[i].identity, identity))
            return &l->began[i];
    return NULL;
}

static void began(struct myna_gw_lengths *l, const struct myna_event *ev)
{
    struct myna_gw_began *b = find(l, ev->u.person.identity);

    if (!b && l->n < MYNA_GW_SPEAKERS)
        b = &l->began[l->n++];
    if (!b)
        return;
    snprintf(b->identity, sizeof b->identity, "%s", ev->u.person.identity);
    b->at = ev->at;
}

enum myna_gw_length myna_gw_lengths_told(struct myna_gw_lengths *l,
                                         const struct myna_gw_options *conf,
                                         const struct myna_event *ev)
{
    struct myna_gw_began *b;
    myna_us ticks, length;

    if (ev->u.person.speaking) {
        began(l, ev);
        return MYNA_GW_LENGTH_FINE;
    }
    b = find(l, ev->u.person.identity);
    if (!b)
        return MYNA_GW_LENGTH_FINE;
    ticks = (ev->at - b->at + MYNA_GW_TICK / 2) / MYNA_GW_TICK;
    *b = l->began[--l->n];
    length = (ticks + 1) * MYNA_GW_TICK;
    if (length / MYNA_GW_TICK == conf->max_utterance_ms * MYNA_MS / MYNA_GW_TICK)
        return MYNA_GW_LENGTH_CUT;
    return length - (myna_us)(conf->silence_duration * (double)MYNA_S) <
                   (myna_us)(conf->min_speech_duration * (double)MYNA_S)
               ? MYNA_GW_LENGTH_NOISE
               : MYNA_GW_LENGTH_FINE;
}

bool myna_gw_lengths_close(struct myna_gw_lengths *l, const struct myna_gw_options *conf,
                           const char *identity, myna_us at)
{
    struct myna_gw_began *b = find(l, identity);
    myna_us length;

    if (!b)
        return true;
    length = at - b->at + MYNA_GW_TICK; /* the loud tick before it was told, too */
    *b = l->began[--l->n];
    return length >= (myna_us)(conf->min_speech_duration * (double)MYNA_S);
}
