/* ice_servers.h - the STUN and TURN servers of a connection, and their addresses.
 *
 * libnice wants addresses, so names are looked up on a worker, before each gathering. A server that
 * is written wrong or does not resolve is left out with a warning: neither a slip of the pen nor
 * DNS costs the call its other servers. A list that is replaced while names are looked up has its
 * own looked up next, before anybody is told. A relay behind TLS is reached over this machine's
 * loopback (turn_tunnel.h), which needs no lookup.
 *
 * Loop thread, but for the lookup itself. The storage is the owner's.
 */
#ifndef MYNA_RTC_ICE_SERVERS_H
#define MYNA_RTC_ICE_SERVERS_H

#include "rtc/ice.h"

enum { MYNA_ICE_MAX_SERVERS = 8 };

struct myna_ice_server {
    struct myna_ice_url url;
    char username[512], credential[512];
    char ip[64]; /* found by the lookup; "" before, or when there is none; with TLS our loopback */
};

struct myna_ice_lookup;

struct myna_ice_servers {
    struct myna_host *host; /* kept */
    struct myna_ice_server list[MYNA_ICE_MAX_SERVERS];
    size_t n;
    struct myna_ice_lookup *lookup; /* NULL: none is under way */
    bool replaced;                  /* the list, since that began */
    bool told; /* what is wrong with the list: it comes again with each restart */
};

void myna_ice_servers_init(struct myna_ice_servers *s, struct myna_host *host);
/* A lookup that is under way tells nobody. Before the storage goes; there is nothing else to free.
 */
void myna_ice_servers_stop(struct myna_ice_servers *s);
void myna_ice_servers_set(struct myna_ice_servers *s, const struct myna_rtc_server *servers,
                          size_t n);
/* done(arg) within the call where there are only addresses, else later. A lookup that is under way
 * is given up. */
void myna_ice_servers_find(struct myna_ice_servers *s, void (*done)(void *arg), void *arg);
bool myna_ice_servers_have_relay(const struct myna_ice_servers *s); /* with a known address */

#endif
