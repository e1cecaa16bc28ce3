/* ice.h - finds a path to the peer and keeps it (ICE, RFC 8445, with trickle, TCP and TURN).
 *
 * One component, one stream: everything is bundled. ice_nice.c alone knows libnice. Packets come
 * and go whole; over TCP the framing is libnice's.
 *
 * Loop thread. Events may call back in; destroy is for outside of them (connection.c sees to that).
 */
#ifndef MYNA_RTC_ICE_H
#define MYNA_RTC_ICE_H

#include "rtc/rtc.h"
#include "rtc/sdp.h"

struct myna_ice;

enum myna_ice_state {
    MYNA_ICE_NEW,
    MYNA_ICE_CHECKING,
    MYNA_ICE_CONNECTED, /* packets pass */
    MYNA_ICE_LOST,      /* they no longer do; checks go on */
    MYNA_ICE_FAILED,
};

struct myna_ice_events {
    void (*state)(void *arg, enum myna_ice_state state);
    void (*candidate)(void *arg, const struct myna_candidate *c); /* NULL: that was all */
    void (*packet)(void *arg, uint8_t *data, size_t len);         /* may be overwritten */
};

/* Once a process, 15 ms of loading: the first create() does it if nobody did. Any thread. */
MYNA_MUST enum myna_err myna_ice_prepare(struct myna_why *why);
bool myna_ice_is_prepared(void);
MYNA_MUST enum myna_err myna_ice_create(struct myna_ice **out, const struct myna_rtc_options *opt,
                                        const struct myna_ice_events *events, void *arg,
                                        struct myna_why *why);
void myna_ice_destroy(struct myna_ice *ice); /* NULL is fine */
/* For the next gathering. What is no URL of STUN or TURN is left out, with a warning. */
void myna_ice_set_servers(struct myna_ice *ice, const struct myna_rtc_server *servers, size_t n);
/* The same. Then nothing is sent to the peer but through a relay, nor is it told any other address
 * of ours. */
void myna_ice_set_relay_only(struct myna_ice *ice, bool on);
void myna_ice_set_controlling(struct myna_ice *ice, bool controlling);
/* Begins once; further calls do nothing. Looks server names up on a worker first. */
void myna_ice_gather(struct myna_ice *ice);
/* Fresh credentials. While a path stands the sockets stay, and with them what is sent over it; a
 * path that is lost is given up with its sockets (the machine's address may have changed): returns
 * true then, what was told of candidates is void, and gather() is due again. */
bool myna_ice_restart(struct myna_ice *ice);
void myna_ice_lost(struct myna_ice *ice); /* the owner knows better: the path leads nowhere */
/* A sentence that says why there can be no path and what would help; "" as far as is known. */
const char *myna_ice_problem(const struct myna_ice *ice);
const char *myna_ice_ufrag(const struct myna_ice *ice);
const char *myna_ice_pwd(const struct myna_ice *ice);
void myna_ice_set_remote(struct myna_ice *ice, const char *ufrag, const char *pwd);
/* After set_remote(). What cannot be used is passed over. */
void myna_ice_add_candidate(struct myna_ice *ice, const struct myna_candidate *c);
void myna_ice_remote_done(struct myna_ice *ice);
bool myna_ice_send(struct myna_ice *ice, const uint8_t *data, size_t len);
/* "host udp 127.0.0.1:1234", "" when there is no pair. */
void myna_ice_pair(const struct myna_ice *ice, char local[96], char remote[96]);

/* "turn:HOST:PORT?transport=tcp" taken apart; pure. What is none is ECONFIG, what we do not speak
 * EUNAVAIL, with the URL named. */
struct myna_ice_url {
    bool is_turn, is_tcp, is_tls; /* over TLS is over TCP as well */
    char host[256];
    int port;
};
MYNA_MUST enum myna_err myna_ice_url_parse(struct myna_ice_url *into, const char *url,
                                           struct myna_why *why);

#endif
