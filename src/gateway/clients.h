/* clients.h - what the gateway remembers of single people in the room: who asked not to be heard,
 * and whose messages it refuses (voice-gateway 4.3, 4.5). Bounded. Pure. */
#ifndef MYNA_GATEWAY_CLIENTS_H
#define MYNA_GATEWAY_CLIENTS_H

#include <stdbool.h>

#include <myna/frame.h>

enum { MYNA_GW_MUTED = 64, MYNA_GW_STRANGERS = 16 };
#define MYNA_GW_STRANGER_EVERY (60 * MYNA_S)

struct myna_gw_clients {
    bool everybody; /* mode compat: one who is muted mutes all */
    bool all_muted;
    char *muted[MYNA_GW_MUTED];
    size_t n_muted;
    struct {
        uint32_t hash;
        myna_us at;
    } strangers[MYNA_GW_STRANGERS];
    size_t n_strangers;
};

void myna_gw_clients_fini(struct myna_gw_clients *c); /* all zero is a fresh one */
void myna_gw_clients_mute(struct myna_gw_clients *c, const char *identity, bool on);
bool myna_gw_clients_muted(const struct myna_gw_clients *c, const char *identity); /* media tick */
void myna_gw_clients_left(struct myna_gw_clients *c, const char *identity);
/* Is it time for a line in the log about this stranger? Once a minute each. */
bool myna_gw_clients_stranger(struct myna_gw_clients *c, const char *identity, myna_us now);

#endif
