/* clients.c - see clients.h. */
#include "gateway/clients.h"

#include <stdlib.h>
#include <string.h>

void myna_gw_clients_fini(struct myna_gw_clients *c)
{
    for (size_t i = 0; i < c->n_muted; i++)
        free(c->muted[i]);
    c->n_muted = 0;
}

static size_t find(const struct myna_gw_clients *c, const char *identity)
{
    size_t i = 0;

    while (i < c->n_muted && strcmp(c->muted[i], identity) != 0)
        i++;
    return i;
}

void myna_gw_clients_mute(struct myna_gw_clients *c, const char *identity, bool on)
{
    size_t at = find(c, identity);

    if (c->everybody) {
        c->all_muted = on;
    } else if (!on && at < c->n_muted) {
        free(c->muted[at]);
        c->muted[at] = c->muted[--c->n_muted];
    } else if (on && at == c->n_muted && at < MYNA_GW_MUTED) {
        c->muted[at] = strdup(identity);
        c->n_muted += c->muted[at] != NULL;
    }
}

bool myna_gw_clients_muted(const struct myna_gw_clients *c, const char *identity)
{
    return c->all_muted || find(c, identity) < c->n_muted;
}

void myna_gw_clients_left(struct myna_gw_clients *c, const char *identity)
{
    if (!c->everybody)
        myna_gw_clients_mute(c, identity, false);
}

/* Two of one hash share their minute; nobody is hurt. */
static uint32_t hash_of(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

bool myna_gw_clients_stranger(struct myna_gw_clients *c, const char *identity, myna_us now)
{
    uint32_t hash = hash_of(identity);
    size_t oldest = 0;

    for (size_t i = 0; i < c->n_strangers; i++) {
        if (c->strangers[i].hash == hash) {
            if (now - c->strangers[i].at < MYNA_GW_STRANGER_EVERY)
                return false;
            c->strangers[i].at = now;
            return true;
        }
        if (c->strangers[i].at < c->strangers[oldest].at)
            oldest = i;
    }
    if (c->n_strangers < MYNA_GW_STRANGERS)
        oldest = c->n_strangers++;
    c->strangers[oldest].hash = hash;
    c->strangers[oldest].at = now;
    return true;
}
