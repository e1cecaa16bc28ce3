/* home.h - messages for the room that come while nobody is in it (voice-gateway 13): kept, at most
 * twenty and for a day, and delivered at the next meeting. Pure; the owner brings the time of day.
 */
#ifndef MYNA_GATEWAY_HOME_H
#define MYNA_GATEWAY_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MYNA_GW_HOME_MAX = 20 };
#define MYNA_GW_HOME_MS ((int64_t)24 * 3600 * 1000)

struct myna_gw_home { /* all zero is an empty one */
    struct {
        char *text;
        int64_t wall_ms;
    } kept[MYNA_GW_HOME_MAX];
    size_t n;
};

void myna_gw_home_fini(struct myna_gw_home *h);
/* Copied; the oldest makes room. False: memory is short. */
bool myna_gw_home_keep(struct myna_gw_home *h, const char *text, int64_t wall_ms);
/* The oldest that is not too old; the caller frees. NULL: there is none any more. */
char *myna_gw_home_take(struct myna_gw_home *h, int64_t wall_ms);
size_t myna_gw_home_count(struct myna_gw_home *h, int64_t wall_ms);

#endif
